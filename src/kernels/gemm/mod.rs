//! Matrix products on one thread: a register-tiled micro-kernel and packing of the right-hand side.

mod block;
mod matmul;
mod matrices;
mod micro;
mod over_rows;
mod pack;
mod sweep;

pub(super) use block::{block, block_at};
pub(super) use matmul::matmul_then;
pub use matmul::{Order, Start, matmul, workspace};
pub(super) use matrices::{Left, PANEL, Right, Target};
pub use over_rows::{over_rows, over_rows_workspace};
pub(super) use pack::{pack_panel, packed_len, panel_width, turn_panel};
pub(super) use sweep::{Run, sweep};

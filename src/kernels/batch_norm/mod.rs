//! Batch normalisation of NHWC rows with ReLU and a residual sum: by itself in two passes each way, or in parts that
//! the convolutions before and behind it take over.

mod affine;
mod backward;
mod columns;
mod epilogue;
mod forward;
mod moments;
mod reduce;

pub use affine::ScaleShift;
pub use backward::{AffineGradient, backward};
pub use epilogue::{Epilogue, Finish, Input};
pub use forward::apply;
pub use moments::{ChannelMoments, Sums};
pub use reduce::{Gate, GatedSums, NormSums};

pub(super) use reduce::gated;

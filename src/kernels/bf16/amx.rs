//! The micro-kernel with AMX.

use std::arch::asm;

use super::operands::{BLOCK, Term, Terms};

/// How the eight tiles are divided: each 16 rows of 64 bytes.
#[repr(C, align(64))]
struct TileConfig {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static TILES: TileConfig = TileConfig {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// Tiles 0 to 3 for a block, 4 and 5 for sixteen rows each, 6 and 7 for sixteen columns each.
///
/// # Safety
/// The processor has AMX, which the system permits.
pub(super) unsafe fn set_up() {
    // SAFETY: the caller's promise; the configuration is whole.
    unsafe { asm!("ldtilecfg [{tiles}]", tiles = in(reg) &raw const TILES, options(nostack)) };
}

/// Tiles as they were before [`set_up`].
///
/// # Safety
/// The processor has AMX.
pub(super) unsafe fn release() {
    // SAFETY: the caller's promise.
    unsafe { asm!("tilerelease", options(nostack, nomem)) };
}

/// Where a block's sums and operands lie; distances in bytes.
#[repr(C)]
struct Places {
    c: *mut f32,
    terms: *const Term,
    count: usize,
    depth: usize,
    /// From the first sixteen rows to the others.
    half: usize,
    /// From one part of the depth to the next.
    part: usize,
    /// From a number's one part to the next, of rows and of panels.
    next: [usize; 2],
}

/// Rows of a number's first, second or third part to tiles 4 and 5.
macro_rules! rows {
    () => {
        "tileloadd tmm4, [{t} + {pitch} * 1]\n add {t}, [{p} + 32]\n tileloadd tmm5, [{t} + {pitch} * 1]"
    };
    (0) => {
        concat!("mov {t}, {a}\n", rows!())
    };
    (1) => {
        concat!("mov {t}, {a}\n add {t}, [{p} + 48]\n", rows!())
    };
    (2) => {
        concat!("mov {t}, {a}\n add {t}, [{p} + 48]\n add {t}, [{p} + 48]\n", rows!())
    };
}

/// A panel's likewise to tiles 6 and 7.
macro_rules! panel {
    () => {
        "tileloadd tmm6, [{t} + {line} * 1]\n tileloadd tmm7, [{t} + {line} * 1 + 1024]"
    };
    (0) => {
        concat!("mov {t}, {b}\n", panel!())
    };
    (1) => {
        concat!("mov {t}, {b}\n add {t}, [{p} + 56]\n", panel!())
    };
    (2) => {
        concat!(
            "mov {t}, {b}\n add {t}, [{p} + 56]\n add {t}, [{p} + 56]\n",
            panel!()
        )
    };
}

/// Rows by panel, added to tiles 0 to 3.
macro_rules! products {
    () => {
        concat!(
            "tdpbf16ps tmm0, tmm4, tmm6\n tdpbf16ps tmm1, tmm4, tmm7\n",
            "tdpbf16ps tmm2, tmm5, tmm6\n tdpbf16ps tmm3, tmm5, tmm7",
        )
    };
}

/// A block's sums, for operands whose pairs of parts are loaded and multiplied so.
macro_rules! block {
    ($name:ident: $($step:expr),*) => {
        /// # Safety
        /// All that `places` point to is readable, the block is nobody else's, this thread's tiles are set up.
        unsafe fn $name(places: &Places, pitch: usize, add: bool) {
            // SAFETY: the caller's promise.
            unsafe {
                asm!(
                    "test {k}, {k}",
                    "mov {t}, [{p}]",
                    "jz 2f",
                    "tileloadd tmm0, [{t} + {line} * 2]",
                    "tileloadd tmm1, [{t} + {line} * 2 + 64]",
                    "tileloadd tmm2, [{t} + {line} * 2 + 2048]",
                    "tileloadd tmm3, [{t} + {line} * 2 + 2112]",
                    "jmp 3f",
                    "2:",
                    "tilezero tmm0",
                    "tilezero tmm1",
                    "tilezero tmm2",
                    "tilezero tmm3",
                    "3:",
                    "mov {terms}, [{p} + 8]",
                    "mov {count}, [{p} + 16]",
                    "4:",
                    "mov {a}, [{terms}]",
                    "mov {b}, [{terms} + 8]",
                    "add {terms}, 16",
                    "mov {k}, [{p} + 24]",
                    "5:",
                    $($step,)*
                    "add {a}, [{p} + 40]",
                    "add {b}, 2048",
                    "dec {k}",
                    "jnz 5b",
                    "dec {count}",
                    "jnz 4b",
                    "mov {t}, [{p}]",
                    "tilestored [{t} + {line} * 2], tmm0",
                    "tilestored [{t} + {line} * 2 + 64], tmm1",
                    "tilestored [{t} + {line} * 2 + 2048], tmm2",
                    "tilestored [{t} + {line} * 2 + 2112], tmm3",
                    p = in(reg) &raw const *places,
                    line = in(reg) 64_usize,
                    pitch = in(reg) pitch,
                    k = inout(reg) usize::from(add) => _,
                    terms = out(reg) _,
                    count = out(reg) _,
                    a = out(reg) _,
                    b = out(reg) _,
                    t = out(reg) _,
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                    options(nostack),
                );
            }
        }
    };
}

// The pairs and their order are those of `Terms::pairs`.
block!(one: rows!(0), panel!(0), products!());
block!(two: rows!(0), panel!(1), products!(), panel!(0), products!(), rows!(1), products!());
block!(three:
    rows!(0), panel!(2), products!(), panel!(1), products!(), rows!(1), products!(),
    panel!(0), products!(), rows!(2), products!(), rows!(0), products!()
);

/// `c = Σ rows · panel` over the terms, or `c += ..` when `add`, with AMX.
///
/// # Safety
/// Of every term, 32 rows and a panel's parts are readable to their depth, and `c` is a whole block that nothing else
/// touches meanwhile. This thread's tiles are set up.
pub(super) unsafe fn amx(terms: &Terms, c: *mut f32, add: bool) {
    if terms.of.is_empty() || terms.depth == 0 {
        if !add {
            // SAFETY: the caller's promise: a whole block.
            unsafe { std::slice::from_raw_parts_mut(c, BLOCK).fill(0.0) };
        }
        return;
    }
    let bytes = |numbers: usize| numbers * size_of::<u16>();
    let places = Places {
        c,
        terms: terms.of.as_ptr(),
        count: terms.of.len(),
        depth: terms.depth,
        half: bytes(terms.lay.half),
        part: bytes(terms.lay.part),
        next: [bytes(terms.next.0), bytes(terms.next.1)],
    };
    let pitch = bytes(terms.lay.row);
    // SAFETY: all addresses lie in what the caller promises.
    unsafe {
        match terms.parts {
            1 => one(&places, pitch, add),
            2 => two(&places, pitch, add),
            _ => three(&places, pitch, add),
        }
    }
}

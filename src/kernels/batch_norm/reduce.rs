//! Gradients of a batch norm's output: through the ReLU, then summed.

use std::ops::Range;

use super::affine::ScaleShift;
use super::columns::{by_columns, load, store};
use super::moments::Sums;
use crate::kernels::simd::{Lanes, Simd, multiversion};

/// Where the ReLU after the norm let the gradient through.
#[derive(Clone, Copy, Debug)]
pub enum Gate<'a> {
    /// There is no ReLU.
    Open,
    /// `x · scale + shift > 0`: nothing but the input needs to be kept.
    Input,
    /// `y > 0` for these outputs: a residual was added.
    Output(&'a [f32]),
}

/// What a gradient goes through that arrives at a batch norm's output.
#[derive(Clone, Copy, Debug)]
pub struct GatedSums<'a> {
    /// The norm's input.
    pub x: &'a [f32],
    /// What it does.
    pub affine: &'a ScaleShift,
    /// The ReLU behind it.
    pub gate: Gate<'a>,
}

/// Sums over all rows, for each channel.
#[derive(Clone, Debug, PartialEq)]
pub struct NormSums {
    /// Σ g
    pub plain: Vec<f64>,
    /// Σ g · (x − mean)
    pub along: Vec<f64>,
}

impl NormSums {
    /// The parts added in their order and in 64 bits.
    #[must_use]
    pub fn join(parts: &[Sums], channels: usize) -> Self {
        let sum = |row: usize| {
            let mut sums = vec![0.0; channels];
            for part in parts {
                for (sum, value) in sums.iter_mut().zip(&part.values[row * channels..]) {
                    *sum += f64::from(*value);
                }
            }
            sums
        };
        Self {
            plain: sum(1),
            along: sum(2),
        }
    }
}

impl GatedSums<'_> {
    /// Gate and sum all rows.
    #[must_use]
    pub fn all(&self, simd: Simd, g: &mut [f32]) -> NormSums {
        let channels = self.affine.channels();
        let sums = Sums::by_chunks(channels, g, |rows, g| Some(self.run(simd, rows, g)));
        NormSums::join(&sums.unwrap_or_default(), channels)
    }

    /// Gate and sum the rows `rows`, whose gradient is `g`, on this thread.
    pub(super) fn run(&self, simd: Simd, rows: Range<usize>, g: &mut [f32]) -> Sums {
        let c = self.affine.channels();
        let floats = rows.start * c..rows.end * c;
        let gate = match self.gate {
            Gate::Output(y) => Gate::Output(&y[floats.clone()]),
            other => other,
        };
        let mut sums = Sums::new(&self.affine.mean, rows.len());
        reduce_rows(
            simd,
            &self.x[floats],
            gate,
            self.affine,
            g,
            &mut sums.values,
        );
        sums
    }
}

/// The gradient after the ReLU's gate.
///
/// # Safety
/// `output` is valid for these channels where `GATE` is 2. The processor has the instructions of `L`.
#[inline(always)]
pub(in crate::kernels) unsafe fn gated<L: Lanes, const NZ: usize, const GATE: u8>(
    mut g: [L; NZ],
    x: &[L; NZ],
    (scale, shift): (&[L; NZ], &[L; NZ]),
    output: *const f32,
    last: usize,
) -> [L; NZ] {
    // SAFETY: `output` is valid for these channels where GATE is 2.
    unsafe {
        if GATE == 1 {
            for j in 0..NZ {
                g[j] = g[j].where_positive(x[j].fma(scale[j], shift[j]));
            }
        }
        if GATE == 2 {
            let y = load::<L, NZ>(output, last);
            for j in 0..NZ {
                g[j] = g[j].where_positive(y[j]);
            }
        }
        g
    }
}

/// [`reduce_rows`] of the channels from `q` on.
///
/// # Safety
/// `g`, and `output` where `GATE` is 2, hold as many rows of `c` channels as `x`, and nothing else touches `g`
/// meanwhile; `affine` has `c` channels and `sums` three rows of them. The channels from `q` on are there as
/// for [`load`].
#[inline(always)]
unsafe fn reduce_to<L: Lanes, const NZ: usize, const GATE: u8>(
    (x, output, g): (&[f32], *const f32, *mut f32),
    affine: &ScaleShift,
    sums: &mut [f32],
    c: usize,
    q: usize,
    last: usize,
) {
    // SAFETY: rows of `c` channels everywhere, `sums` holds three rows.
    unsafe {
        let scale = load::<L, NZ>(affine.scale.as_ptr().add(q), last);
        let shift = load::<L, NZ>(affine.shift.as_ptr().add(q), last);
        let mean = load::<L, NZ>(affine.mean.as_ptr().add(q), last);
        let mut first = [L::splat(0.0); NZ];
        let mut second = first;
        for row in 0..x.len() / c {
            let at = row * c + q;
            let values = load::<L, NZ>(x.as_ptr().add(at), last);
            let gradient = load::<L, NZ>(g.add(at), last);
            let gate = output.wrapping_add(at);
            let gradient = gated::<L, NZ, GATE>(gradient, &values, (&scale, &shift), gate, last);
            if GATE > 0 {
                store(gradient, g.add(at), last);
            }
            for j in 0..NZ {
                first[j] = first[j].add(gradient[j]);
                second[j] = gradient[j].fma(values[j].sub(mean[j]), second[j]);
            }
        }
        store(first, sums.as_mut_ptr().add(c + q), last);
        store(second, sums.as_mut_ptr().add(2 * c + q), last);
    }
}

multiversion! {
    /// Let the rows of `g` through the gate, and sum them and their products with those of `x`.
    fn reduce_rows<L>(x: &[f32], gate: Gate<'_>, affine: &ScaleShift, g: &mut [f32], sums: &mut [f32]) {
        let c = affine.channels();
        assert!(g.len() >= x.len() && sums.len() >= 3 * c);
        if let Gate::Output(y) = gate {
            assert!(y.len() >= x.len());
        }
        let (none, g) = (std::ptr::null(), g.as_mut_ptr());
        // SAFETY: lengths are checked above; `L` was proved by the `Simd`.
        unsafe {
            match gate {
                Gate::Open => by_columns!(c, reduce_to::<L, 0>((x, none, g), affine, sums)),
                Gate::Input => by_columns!(c, reduce_to::<L, 1>((x, none, g), affine, sums)),
                Gate::Output(y) => by_columns!(c, reduce_to::<L, 2>((x, y.as_ptr(), g), affine, sums)),
            }
        }
    }
}

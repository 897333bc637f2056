//! What happens to outputs between the transform back and memory.

use crate::kernels::batch_norm::{Finish, Gate, GatedSums, Sums, gated};
use crate::kernels::simd::Lanes;

/// Sees every output once, sixteen channels of a tile at a time.
pub(super) trait TileEpilogue<L: Lanes> {
    /// The channels from `q` on of a tile come next; `first` before those of the first tile.
    ///
    /// # Safety
    /// Sixteen channels are there from `q` on in all that the implementor was given. The processor has the
    /// instructions of `L`.
    unsafe fn start(&mut self, q: usize, first: bool);

    /// What is written instead of `value`, to float `at`.
    ///
    /// # Safety
    /// Sixteen floats are there from `at` on in all tensors that the implementor was given, of the channels last
    /// started. The processor has the instructions of `L`.
    unsafe fn take(&mut self, value: L, at: usize) -> L;

    /// The channels from `q` on of this tile are done.
    ///
    /// # Safety
    /// As for [`TileEpilogue::start`].
    unsafe fn end(&mut self, q: usize);
}

/// Leaves outputs as they are.
pub(super) struct Plain;

impl<L: Lanes> TileEpilogue<L> for Plain {
    #[inline(always)]
    unsafe fn start(&mut self, _: usize, _: bool) {}

    #[inline(always)]
    unsafe fn take(&mut self, value: L, _: usize) -> L {
        value
    }

    #[inline(always)]
    unsafe fn end(&mut self, _: usize) {}
}

/// Scales and shifts, adds a residual, cuts off what is negative.
pub(super) struct Finishing<'a, L> {
    finish: Finish<'a>,
    affine: [L; 2],
}

impl<'a, L: Lanes> Finishing<'a, L> {
    #[inline(always)]
    pub(super) fn new(finish: Finish<'a>, zero: L) -> Self {
        let affine = [zero; 2];
        Self { finish, affine }
    }
}

impl<L: Lanes> TileEpilogue<L> for Finishing<'_, L> {
    #[inline(always)]
    unsafe fn start(&mut self, q: usize, _: bool) {
        let affine = self.finish.affine;
        // SAFETY: the caller's promise.
        unsafe {
            self.affine = [
                L::load(affine.scale.as_ptr().add(q)),
                L::load(affine.shift.as_ptr().add(q)),
            ];
        }
    }

    #[inline(always)]
    unsafe fn take(&mut self, value: L, at: usize) -> L {
        // SAFETY: the caller's promise.
        unsafe {
            let mut value = value.fma(self.affine[0], self.affine[1]);
            if let Some(residual) = self.finish.residual {
                value = value.add(L::load(residual.as_ptr().add(at)));
            }
            if self.finish.relu {
                value.positive()
            } else {
                value
            }
        }
    }

    #[inline(always)]
    unsafe fn end(&mut self, _: usize) {}
}

/// Sums outputs and their squares, both from an origin.
pub(super) struct Measuring<'a, L> {
    sums: &'a mut Sums,
    tally: [L; 3],
    first: bool,
}

impl<'a, L: Lanes> Measuring<'a, L> {
    #[inline(always)]
    pub(super) fn new(sums: &'a mut Sums, zero: L) -> Self {
        Self {
            sums,
            tally: [zero; 3],
            first: false,
        }
    }
}

impl<L: Lanes> TileEpilogue<L> for Measuring<'_, L> {
    #[inline(always)]
    unsafe fn start(&mut self, q: usize, first: bool) {
        // SAFETY: the caller's promise.
        self.tally = unsafe { self.sums.load(q) };
        self.first = first;
    }

    #[inline(always)]
    unsafe fn take(&mut self, value: L, _: usize) -> L {
        if self.first {
            self.tally[0] = value;
            self.first = false;
        }
        // SAFETY: the caller's promise.
        unsafe {
            let distance = value.sub(self.tally[0]);
            self.tally[1] = self.tally[1].add(distance);
            self.tally[2] = distance.fma(distance, self.tally[2]);
        }
        value
    }

    #[inline(always)]
    unsafe fn end(&mut self, q: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.sums.store(q, self.tally) }
    }
}

/// Lets outputs, gradients of a batch norm's, through its ReLU, and sums them and their products with its input.
pub(super) struct Reducing<'a, L, const GATE: u8> {
    reduce: GatedSums<'a>,
    sums: &'a mut Sums,
    /// The norm's output, where it is the gate.
    output: *const f32,
    /// Scale and shift, for the gate.
    affine: ([L; 1], [L; 1]),
    tally: [L; 3],
}

impl<'a, L: Lanes, const GATE: u8> Reducing<'a, L, GATE> {
    #[inline(always)]
    pub(super) fn new(reduce: GatedSums<'a>, sums: &'a mut Sums, zero: L) -> Self {
        let output = match reduce.gate {
            Gate::Output(y) => y.as_ptr(),
            _ => std::ptr::null(),
        };
        Self {
            reduce,
            sums,
            output,
            affine: ([zero], [zero]),
            tally: [zero; 3],
        }
    }
}

impl<L: Lanes, const GATE: u8> TileEpilogue<L> for Reducing<'_, L, GATE> {
    #[inline(always)]
    unsafe fn start(&mut self, q: usize, _: bool) {
        let affine = self.reduce.affine;
        // SAFETY: the caller's promise.
        unsafe {
            self.affine.0 = [L::load(affine.scale.as_ptr().add(q))];
            self.affine.1 = [L::load(affine.shift.as_ptr().add(q))];
            self.tally = self.sums.load(q);
        }
    }

    #[inline(always)]
    unsafe fn take(&mut self, value: L, at: usize) -> L {
        let affine = (&self.affine.0, &self.affine.1);
        // SAFETY: the caller's promise.
        unsafe {
            let x = L::load(self.reduce.x.as_ptr().add(at));
            let y = self.output.wrapping_add(at);
            let [value] = gated::<L, 1, GATE>([value], &[x], affine, y, 16);
            self.tally[1] = self.tally[1].add(value);
            self.tally[2] = value.fma(x.sub(self.tally[0]), self.tally[2]);
            value
        }
    }

    #[inline(always)]
    unsafe fn end(&mut self, q: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.sums.store(q, self.tally) }
    }
}

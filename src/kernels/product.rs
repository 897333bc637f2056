//! Sizes multiplied.

/// The number of elements of a tensor of these sizes; `usize::MAX`, which no slice is long, where it does not fit.
pub(super) fn product<const N: usize>(sizes: [usize; N]) -> usize {
    sizes.into_iter().fold(1, usize::saturating_mul)
}

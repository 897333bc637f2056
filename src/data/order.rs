//! The order of samples in an epoch.

use std::ops::Range;

use crate::random::{Purpose, shuffle, stream};

/// Every index once, in an order that is a pure function of (`seed`, `epoch`).
///
/// Blocks are shuffled, then the samples of each window of `at_once` blocks: no block is read twice, and with one block
/// this is a permutation of the whole set.
pub(super) fn shuffled(blocks: &[Range<usize>], at_once: usize, seed: u64, epoch: u64) -> Vec<u32> {
    let mut rng = stream(seed, Purpose::Order, epoch, 0, 0);
    let mut blocks = blocks.to_vec();
    shuffle(&mut blocks, &mut rng);
    let mut order = Vec::with_capacity(blocks.iter().map(ExactSizeIterator::len).sum());
    for window in blocks.chunks(at_once.max(1)) {
        let start = order.len();
        for block in window {
            order.extend(block.clone().map(|index| index as u32));
        }
        shuffle(&mut order[start..], &mut rng);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_comes_once_and_windows_stay_together() {
        let blocks: Vec<_> = (0..10).map(|b| b * 7..(b + 1) * 7).collect();
        let order = shuffled(&blocks, 2, 5, 1);
        assert_eq!(order, shuffled(&blocks, 2, 5, 1));
        assert_ne!(order, shuffled(&blocks, 2, 5, 2));
        for window in order.chunks(14) {
            let mut seen: Vec<u32> = window.iter().map(|index| index / 7).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), 2, "{window:?}");
        }
        let mut sorted = order;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..70).collect::<Vec<u32>>());
    }
}

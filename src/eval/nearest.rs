//! A running list of the nearest rows.

use crate::kernels::cosines::cosine;
use crate::kernels::{Simd, above};

/// A row of a bank, and how near it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbor {
    /// Cosine to the query.
    pub cosine: f32,
    /// Row of the bank.
    pub row: usize,
}

/// The best k so far, kept as a list of up to 2k that is cut back to k when full.
pub(super) struct Best {
    k: usize,
    kept: Vec<Key>,
    threshold: f32,
}

impl Best {
    pub(super) fn new(k: usize) -> Self {
        Self {
            k,
            kept: Vec::new(),
            threshold: f32::NEG_INFINITY,
        }
    }

    /// Take what is near enough of the next rows, of which `first` is the first.
    pub(super) fn offer(&mut self, products: &[f32], scales: &[f32], first: usize) {
        let simd = Simd::detect();
        let mut at = 0;
        loop {
            at += above::skip(simd, &products[at..], &scales[at..], self.threshold);
            let end = products.len().min(at + above::TOGETHER);
            if at == end {
                return;
            }
            for i in at..end {
                let cosine = cosine(products[i], scales[i]);
                // Rows come in order: a later row with the cosine of the threshold would lose its tie anyway.
                if cosine > self.threshold {
                    self.kept.push(Key::of(cosine, first + i));
                    if self.kept.len() >= 2 * self.k {
                        self.cut();
                    }
                }
            }
            at = end;
        }
    }

    fn cut(&mut self) {
        let (_, last, _) = self.kept.select_nth_unstable(self.k - 1);
        self.threshold = last.cosine();
        self.kept.truncate(self.k);
    }

    /// The best `k` of several lists, nearest first.
    pub(super) fn together<'a>(lists: impl Iterator<Item = &'a Self>, k: usize) -> Vec<Neighbor> {
        let mut all: Vec<Key> = lists.flat_map(|list| &list.kept).copied().collect();
        if all.len() > k {
            all.select_nth_unstable(k - 1);
            all.truncate(k);
        }
        all.sort_unstable();
        all.into_iter().map(Key::neighbor).collect()
    }
}

/// A neighbor as one number, which is lower the nearer it is and, of equally near ones, the earlier: a total order, so
/// that ties depend on neither blocks nor threads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u64);

impl Key {
    fn of(cosine: f32, row: usize) -> Self {
        let bits = cosine.to_bits();
        // Of negative numbers larger bits are farther already.
        let far = if bits >> 31 == 1 {
            bits
        } else {
            !bits ^ (1 << 31)
        };
        Self(u64::from(far) << 32 | row as u64)
    }

    fn cosine(self) -> f32 {
        let far = (self.0 >> 32) as u32;
        f32::from_bits(if far >> 31 == 1 {
            far
        } else {
            !far ^ (1 << 31)
        })
    }

    fn neighbor(self) -> Neighbor {
        Neighbor {
            cosine: self.cosine(),
            row: (self.0 & u64::from(u32::MAX)) as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ordered_by_cosine_then_row_and_give_both_back() {
        let cosines = [1.9, 1.0, 0.5, 1e-30, 0.0, -1e-30, -0.5, -1.0, -1.9];
        let mut before = None;
        for cosine in cosines {
            for row in [0, 1, 4_000_000_000] {
                let key = Key::of(cosine, row);
                assert!(before < Some(key));
                assert_eq!(key.neighbor(), Neighbor { cosine, row });
                before = Some(key);
            }
        }
    }
}

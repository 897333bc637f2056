//! The ranks of the rows of a class by cosine, without sorting all rows.

use super::bank::{Bank, ROWS};
use crate::kernels::{Simd, cosines};

/// Rows of a bucket up to which ranks are counted; more are sorted.
const FEW: usize = 32;
/// Most buckets: what is counted and looked up in them stays in a core's own cache.
const MOST: usize = 1 << 14;

/// The cosines of a query with a whole bank, and working memory that the next query reuses.
#[derive(Default)]
pub(super) struct Ranks {
    cosines: Vec<f32>,
    /// Of each row: a number that is lower the nearer it is, times 2, plus 1 for rows of the class.
    keys: Vec<u32>,
    /// Of each row, one after the other from the nearest to the farthest.
    buckets: Vec<u16>,
    /// Where each bucket begins in `order`.
    places: Vec<u32>,
    /// The keys, bucket after bucket, of equal ones the earlier row first.
    order: Vec<u32>,
    /// A bit for each bucket with a row of the class.
    asked: Vec<u64>,
}

impl Ranks {
    /// Call `found` with the rank of each row of class `label`, whose rows are `own`, in ascending order: 0 for the nearest
    /// of all rows of the bank, of equally near ones the first. `labels` are those of all rows, `products` those of the query.
    ///
    /// Buckets of equal width between the nearest and the farthest row split all; only rows that share a bucket with one
    /// of the class are compared.
    pub(super) fn each<'a>(
        &mut self,
        bank: &Bank,
        products: impl Iterator<Item = &'a [f32]>,
        (label, labels, own): (u32, &[u32], &[u32]),
        mut found: impl FnMut(usize),
    ) {
        if own.is_empty() {
            return;
        }
        self.split(bank, products, (label, labels));
        self.asked.clear();
        self.asked.resize(MOST / 64, 0);
        for &row in own {
            let bucket = usize::from(self.buckets[row as usize]);
            self.asked[bucket / 64] |= 1 << (bucket % 64);
        }
        for (word, &bits) in self.asked.iter().enumerate() {
            for bit in set(bits) {
                let bucket = 64 * word + bit;
                let begin = self.places[bucket] as usize;
                let keys = &mut self.order[begin..self.places[bucket + 1] as usize];
                if keys.len() <= FEW {
                    set(counted(keys)).for_each(|place| found(begin + place));
                    continue;
                }
                keys.sort_by_key(|key| key >> 1);
                let own = keys.iter().enumerate().filter(|(_, key)| *key & 1 == 1);
                own.for_each(|(place, _)| found(begin + place));
            }
        }
    }

    /// All rows to their buckets.
    fn split<'a>(
        &mut self,
        bank: &Bank,
        products: impl Iterator<Item = &'a [f32]>,
        (label, labels): (u32, &[u32]),
    ) {
        let simd = Simd::detect();
        let rows = labels.len();
        self.cosines.resize(rows, 0.0);
        let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
        for ((part, products), to) in products.enumerate().zip(self.cosines.chunks_mut(ROWS)) {
            let scales = bank.scales(part * ROWS, products.len());
            let (least, most) = cosines::cosines(simd, products, scales, to);
            (low, high) = (low.min(least), high.max(most));
        }
        let buckets = rows.next_power_of_two().min(MOST);
        // Rounding keeps the order: no row comes into a later bucket than a farther one.
        let per = (buckets - 1) as f32 / (high - low).max(1e-30);
        self.keys.resize(rows, 0);
        self.buckets.resize(rows, 0);
        let to = (&mut self.keys, &mut self.buckets);
        cosines::keys(simd, &self.cosines, high, per, labels, label, to.0, to.1);
        // Counts two places on become beginnings one place on, which move to the next beginnings while buckets fill.
        self.places.clear();
        self.places.resize(MOST + 2, 0);
        for &bucket in &self.buckets {
            self.places[usize::from(bucket) + 2] += 1;
        }
        let mut sum = 0;
        for place in &mut self.places {
            sum += *place;
            *place = sum;
        }
        self.order.resize(rows, 0);
        for (&key, &bucket) in self.keys.iter().zip(&self.buckets) {
            let place = &mut self.places[usize::from(bucket) + 1];
            self.order[*place as usize] = key;
            *place += 1;
        }
    }
}

/// A bit for the place of each key of the class among all `keys`, which are few.
fn counted(keys: &[u32]) -> u64 {
    let mut all = [u32::MAX; FEW];
    all[..keys.len()].copy_from_slice(keys);
    let mut places = 0;
    for (i, &key) in keys.iter().enumerate() {
        if key & 1 == 1 {
            // Without a branch a key: earlier ones come before it where they are equal, too.
            let mut before = 0;
            for (j, &other) in all.iter().enumerate() {
                let bound = (key >> 1) + u32::from(j < i);
                before += u32::from(other >> 1 < bound);
            }
            places |= 1 << before;
        }
    }
    places
}

/// The places of the bits that are set, the lowest first.
fn set(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = (bits != 0).then(|| bits.trailing_zeros() as usize);
        bits &= bits.wrapping_sub(1);
        place
    })
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::random::{Purpose, stream};

    /// The ranks of every seventh row, of rows whose cosines with the query are `cosines`.
    fn check(cosines: &[f32]) {
        let points: Vec<f32> = vec![1.0; cosines.len()]; // of one dimension: all scales are 1
        let bank = Bank::new(&points, 1);
        let labels: Vec<u32> = (0..cosines.len() as u32)
            .map(|i| u32::from(i % 7 == 0))
            .collect();
        let own: Vec<u32> = (0..cosines.len() as u32).step_by(7).collect();
        let mut order: Vec<usize> = (0..cosines.len()).collect();
        order.sort_by(|&a, &b| cosines[b].total_cmp(&cosines[a]));
        let ranked = order
            .iter()
            .enumerate()
            .filter(|(_, row)| labels[**row] == 1);
        let wanted: Vec<usize> = ranked.map(|(rank, _)| rank).collect();
        let mut ranks = Ranks::default();
        for _ in 0..2 {
            let mut found = Vec::new(); // the second time in memory that the first has left
            let products = cosines.chunks(ROWS);
            ranks.each(&bank, products, (1, &labels, &own), |rank| found.push(rank));
            assert_eq!(found, wanted);
        }
        ranks.each(
            &bank,
            cosines.chunks(ROWS),
            (2, &labels, &[]),
            |_| unreachable!(),
        );
    }

    #[test]
    fn ranks_are_those_of_a_stable_sort() {
        let mut rng = stream(1, Purpose::Check, 0, 0, 0);
        let mut draw = |count: usize, steps: u32| -> Vec<f32> {
            let values = (0..count).map(|_| rng.random_range(0..steps) as f32);
            values.map(|x| x / steps as f32 - 0.5).collect()
        };
        check(&draw(3000, 1 << 20)); // hardly a tie
        check(&draw(70_000, 1 << 22)); // more rows than buckets
        check(&draw(3000, 500)); // many ties
        check(&draw(3000, 2));
        check(&vec![0.25; 3000]);
        check(&[0.5]);
        let mut outlying = draw(3000, 1 << 20);
        for x in &mut outlying {
            *x *= 1e-5; // all in few buckets but two
        }
        outlying[3] = 1.0;
        outlying[5] = -1.0;
        check(&outlying);
    }
}

//! What ops that draw draw from.

use rand::RngExt;

use crate::random::{Purpose, stream};

/// Which samples of which step the rows of a pass are: a draw is a function of them, never of chunks or threads.
///
/// Row r is sample `first + r % samples` of the batch, in view `view + r / samples`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draws {
    /// The run's seed.
    pub seed: u64,
    /// The step.
    pub step: u64,
    /// Position in the whole batch of the first sample.
    pub first: usize,
    /// Samples of a view.
    pub samples: usize,
    /// The view of the first row.
    pub view: usize,
}

impl Draws {
    /// Those of a whole batch of `samples`, from its first view on.
    #[must_use]
    pub fn whole(seed: u64, step: u64, samples: usize) -> Self {
        Self {
            seed,
            step,
            first: 0,
            samples,
            view: 0,
        }
    }

    /// A number in [0, 1) for each of `rows` rows; two places in a network, numbered below 2³², share none.
    pub fn uniform(self, place: u32, rows: usize) -> impl Iterator<Item = f64> {
        let samples = self.samples.max(1);
        (0..rows).map(move |row| {
            let sample = (self.first + row % samples) as u64;
            let view = (self.view + row / samples) as u64;
            let number = view << 32 | u64::from(place);
            stream(self.seed, Purpose::DropPath, self.step, sample, number).random()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(draws: Draws, place: u32, rows: usize) -> Vec<f64> {
        draws.uniform(place, rows).collect()
    }

    #[test]
    fn chunks_and_views_that_pass_apart_draw_what_the_whole_batch_does() {
        let all = Draws::whole(1, 2, 6);
        let whole = numbers(all, 3, 12); // two views of six samples
        let chunk = Draws {
            first: 2,
            samples: 3,
            ..all
        };
        let apart = numbers(chunk, 3, 6);
        assert_eq!(apart, [&whole[2..5], &whole[8..11]].concat());
        let second = Draws { view: 1, ..all };
        assert_eq!(numbers(second, 3, 6), whole[6..]);
    }

    #[test]
    fn everything_that_tells_rows_apart_changes_the_numbers() {
        let all = Draws::whole(1, 2, 6);
        let base = numbers(all, 3, 6);
        for (draws, place) in [
            (Draws { seed: 0, ..all }, 3),
            (Draws { step: 3, ..all }, 3),
            (Draws { first: 6, ..all }, 3),
            (Draws { view: 1, ..all }, 3),
            (all, 4),
        ] {
            let other = numbers(draws, place, 6);
            assert!(base.iter().all(|number| !other.contains(number)));
        }
    }
}

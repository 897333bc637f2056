//! Runs of images that are numbered one after the other.

use std::ops::Range;

/// Where each run starts, and where the last one ends.
#[derive(Clone, Debug)]
pub(super) struct Starts(Vec<usize>); // (runs + 1)

impl Starts {
    /// No run yet.
    pub(super) fn new() -> Self {
        Self(vec![0])
    }

    /// Add a run of `length` images behind the others.
    pub(super) fn push(&mut self, length: usize) {
        self.0.push(self.total() + length);
    }

    /// Images of all runs.
    pub(super) fn total(&self) -> usize {
        self.0[self.0.len() - 1]
    }

    /// The first image of `run`.
    pub(super) fn of(&self, run: usize) -> usize {
        self.0[run]
    }

    /// The run that holds image `index`, and its place in the run.
    pub(super) fn locate(&self, index: usize) -> (usize, usize) {
        let run = self.0.partition_point(|&start| start <= index) - 1;
        (run, index - self.0[run])
    }

    /// The images of each run.
    pub(super) fn ranges(&self) -> Vec<Range<usize>> {
        self.0.windows(2).map(|pair| pair[0]..pair[1]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_leads_to_its_run_past_empty_ones() {
        let mut starts = Starts::new();
        for length in [2, 0, 3] {
            starts.push(length);
        }
        assert_eq!(starts.total(), 5);
        assert_eq!(starts.ranges(), [0..2, 2..2, 2..5]);
        assert_eq!((starts.locate(1), starts.locate(2)), ((0, 1), (2, 0)));
        assert_eq!(starts.of(2), 2);
    }
}

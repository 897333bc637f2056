//! Counter-based random streams: every draw is a function of (seed, purpose, epoch or step, sample, view).
//!
//! Nothing random is stored or shared, so the number of workers, resuming and slicing change nothing.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream is used for: two purposes never share numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Initial values of parameters; `sample` is a hash of the parameter's name.
    Initialize = 1,
    /// The order of samples in an epoch.
    Order = 2,
    /// Augmentation of one view of one sample in one epoch.
    Augment = 3,
    /// Carving the validation and test parts out of a data set.
    Split = 4,
    /// Which labels a few-label probe may see; `step` is the repetition.
    Labels = 5,
    /// Directions of projections and other draws of a regularizer at a step.
    Directions = 6,
    /// Which images an online probe looks at.
    Probe = 7,
    /// Numbers for tests and self-checks.
    Check = 8,
    /// Rows of a generated table; `step` is the part.
    Generate = 9,
    /// Wrong answers drawn at a step; `view` is the chain or draw.
    Negatives = 10,
    /// Starts and noise of a search for answers; `sample` is the question.
    Inference = 11,
    /// Noise and starts of latent values.
    Latent = 12,
    /// Residual branches that samples skip at a step; `view` is the view and the place in the network.
    DropPath = 13,
    /// Centers that clusters of embeddings start from.
    Clusters = 14,
    /// Values of a random search; `step` is the trial, `sample` a hash of the key's name.
    Sweep = 15,
    /// Starts and draws of a map of embeddings; `step` is the round, `sample` the row.
    Projection = 16,
}

/// A ChaCha8 generator positioned at its own key: no two (seed, purpose, step, sample, view) share one.
pub type Stream = ChaCha8Rng;

/// The stream of (`seed`, `purpose`, `step`, `sample`, `view`).
///
/// `step` is the epoch or step, whichever the purpose counts in. ChaCha8 is keyed by the first four
/// (little-endian, 8 bytes each) and its stream number is `view`.
#[must_use]
pub fn stream(seed: u64, purpose: Purpose, step: u64, sample: u64, view: u64) -> Stream {
    let mut key = [0_u8; 32];
    for (bytes, word) in key
        .chunks_exact_mut(8)
        .zip([seed, purpose as u64, step, sample])
    {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(view);
    rng
}

/// FNV-1a hash of a name, the same on every machine: the `sample` of a parameter's stream.
#[must_use]
pub fn name_hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A standard normal draw (Box-Muller, one of the pair).
pub fn normal(rng: &mut Stream) -> f64 {
    let u: f64 = 1.0 - rng.random::<f64>(); // (0, 1]: the logarithm is finite
    let v: f64 = rng.random();
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// `0..n` in a random order (Fisher-Yates).
pub fn permutation(n: usize, rng: &mut Stream) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    shuffle(&mut order, rng);
    order
}

/// Put `items` in a random order (Fisher-Yates).
pub fn shuffle<T>(items: &mut [T], rng: &mut Stream) {
    for i in (1..items.len()).rev() {
        items.swap(i, rng.random_range(0..=i));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_coordinate_changes_the_stream_and_equal_ones_repeat_it() {
        let draw = |seed, purpose, step, sample, view| {
            stream(seed, purpose, step, sample, view).random::<u64>()
        };
        let base = draw(1, Purpose::Augment, 2, 3, 4);
        assert_eq!(base, draw(1, Purpose::Augment, 2, 3, 4));
        for other in [
            draw(0, Purpose::Augment, 2, 3, 4),
            draw(1, Purpose::Order, 2, 3, 4),
            draw(1, Purpose::Augment, 3, 3, 4),
            draw(1, Purpose::Augment, 2, 2, 4),
            draw(1, Purpose::Augment, 2, 3, 5),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn normal_has_mean_zero_and_variance_one() {
        let mut rng = stream(0, Purpose::Check, 0, 0, 0);
        let draws: Vec<f64> = (0..20_000).map(|_| normal(&mut rng)).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05);
    }

    #[test]
    fn a_permutation_holds_every_index_once() {
        let mut order = permutation(100, &mut stream(3, Purpose::Order, 0, 0, 0));
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }
}

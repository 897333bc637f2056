//! Pairs of numbers turned by an angle.

use rayon::prelude::*;

use super::simd::{Simd, multiversion};

/// What is turned.
#[derive(Clone, Copy, Debug)]
pub struct Turned {
    /// Numbers of a token.
    pub width: usize,
    /// Numbers at the start of a token whose heads are turned.
    pub turned: usize,
    /// Numbers of a head.
    pub size: usize,
    /// Tokens in front that are left as they are.
    pub prefix: usize,
}

multiversion! {
    fn sample<L>(t: &Turned, x: &mut [f32], cos: &[f32], sin: &[f32]) {
        let half = t.size / 2;
        let tokens = x.chunks_exact_mut(t.width).skip(t.prefix);
        for ((token, cos), sin) in tokens.zip(cos.chunks_exact(half)).zip(sin.chunks_exact(half)) {
            for head in token[..t.turned].chunks_exact_mut(t.size) {
                let (a, b) = head.split_at_mut(half);
                for i in 0..half {
                    let first = a[i] * cos[i] - b[i] * sin[i];
                    b[i] = b[i] * cos[i] + a[i] * sin[i];
                    a[i] = first;
                }
            }
        }
    }
}

/// Turn the heads of every token behind the first few by the angles whose cosines and sines (tokens, size / 2) are given.
pub fn turn(simd: Simd, t: &Turned, x: &mut [f32], cos: &[f32], sin: &[f32]) {
    let tokens = t.prefix + cos.len() / (t.size / 2).max(1);
    x.par_chunks_mut(tokens * t.width)
        .for_each(|x| sample(simd, t, x, cos, sin));
}

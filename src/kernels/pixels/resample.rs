//! The two passes of a separable resize: rows of bytes or floats blended downwards, then columns gathered across.

/// Two rows of numbers of the kind `$value` into one of floats.
macro_rules! rows {
    ($blend:ident, $add:ident, $value:ty) => {
        dispatch! {
            /// `out = a_weight · a + b_weight · b`, numbers to floats.
            pub fn $blend(out: &mut [f32], a: &[$value], a_weight: f32, b: &[$value], b_weight: f32) {
                for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                    *out = a_weight * f32::from(*a) + b_weight * f32::from(*b);
                }
            }
        }

        dispatch! {
            /// `out += a_weight · a + b_weight · b`, numbers to floats.
            pub fn $add(out: &mut [f32], a: &[$value], a_weight: f32, b: &[$value], b_weight: f32) {
                for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                    *out += a_weight * f32::from(*a) + b_weight * f32::from(*b);
                }
            }
        }
    };
}

rows!(blend_rows, add_rows, u8);
rows!(blend_float_rows, add_float_rows, f32);

dispatch! {
    /// `out[x] = Σ_k weights[k, x] · row[first[x] + k · stride + channel]`: one channel of an interleaved row.
    ///
    /// `weights` is (taps, outputs). Places past the row's end (padding taps, of weight 0) read its last value.
    pub fn gather(out: &mut [f32], row: &[f32], first: &[u32], weights: &[f32], stride: u32, channel: u32) {
        if row.is_empty() || out.is_empty() {
            return;
        }
        let last = row.len() - 1;
        let width = out.len();
        let mut offset = channel;
        for (tap, weights) in weights.chunks_exact(width).enumerate() {
            let places = out.iter_mut().zip(&first[..width]).zip(weights);
            if tap == 0 {
                for ((out, first), weight) in places {
                    *out = weight * row[(first.wrapping_add(offset) as usize).min(last)];
                }
            } else {
                for ((out, first), weight) in places {
                    *out += weight * row[(first.wrapping_add(offset) as usize).min(last)];
                }
            }
            offset = offset.wrapping_add(stride);
        }
    }
}

dispatch! {
    /// Luma of an interleaved colour row, in place: the first third of `row` then holds it.
    pub fn interleaved_luma(row: &mut [f32]) {
        for x in 0..row.len() / 3 {
            row[x] = 0.2989 * row[3 * x] + 0.587 * row[3 * x + 1] + 0.114 * row[3 * x + 2];
        }
    }
}

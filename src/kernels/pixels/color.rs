//! Colour arithmetic on planes with values in [0, 1].

/// Luma weights of red, green and blue (ITU-R BT.601, rounded as torchvision does).
const LUMA: [f32; 3] = [0.2989, 0.587, 0.114];

/// Accumulators of a sum: a fixed number, so that it is the same on every processor.
const LANES: usize = 16;

/// `x` limited to [0, 1]; plain comparisons compile to one minimum and one maximum.
#[inline(always)]
fn unit(x: f32) -> f32 {
    let x = if x > 0.0 { x } else { 0.0 };
    if x < 1.0 { x } else { 1.0 }
}

#[inline(always)]
fn luma_of(r: f32, g: f32, b: f32) -> f32 {
    LUMA[0] * r + LUMA[1] * g + LUMA[2] * b
}

dispatch! {
    /// Limit every value to [0, 1].
    pub fn clamp(values: &mut [f32]) {
        for x in values {
            *x = unit(*x);
        }
    }
}

dispatch! {
    /// `clamp(scale · x + shift)`: brightness with `shift = 0`, contrast with `shift = (1 − scale) · mean`.
    pub fn scale_shift(values: &mut [f32], scale: f32, shift: f32) {
        for x in values {
            *x = unit(scale * *x + shift);
        }
    }
}

dispatch! {
    /// `(x − mean) · scale`.
    pub fn normalize(values: &mut [f32], mean: f32, scale: f32) {
        for x in values {
            *x = (*x - mean) * scale;
        }
    }
}

dispatch! {
    /// `1 − x` where `x >= threshold`, else `x`.
    pub fn solarize(values: &mut [f32], threshold: f32) {
        for x in values {
            *x = if *x >= threshold { 1.0 - *x } else { *x };
        }
    }
}

dispatch! {
    /// `clamp(factor · x + (1 − factor) · luma)`, pixel by pixel.
    pub fn saturation(r: &mut [f32], g: &mut [f32], b: &mut [f32], factor: f32) {
        for ((r, g), b) in r.iter_mut().zip(g).zip(b) {
            let grey = (1.0 - factor) * luma_of(*r, *g, *b);
            *r = unit(factor * *r + grey);
            *g = unit(factor * *g + grey);
            *b = unit(factor * *b + grey);
        }
    }
}

/// `value − range · clamp(min(k, 4 − k))` with `k = (sixths + offset) mod 6`: one channel of HSV -> RGB.
#[inline(always)]
fn channel(sixths: f32, offset: f32, value: f32, range: f32) -> f32 {
    let k = sixths + offset;
    let k = if k >= 6.0 { k - 6.0 } else { k };
    let other = 4.0 - k;
    value - range * unit(if k < other { k } else { other })
}

dispatch! {
    /// Turn the hue of every pixel by `turn` (in sixths of the circle, in [0, 6)); saturation and value stay.
    ///
    /// Without branches: value `V = max`, range `C = max − min`, hue in sixths from the largest channel, then
    /// each channel is `V − C · clamp(min(k, 4 − k))`, `k = (n + hue) mod 6`, n = 5, 3, 1. Grey pixels (C = 0)
    /// divide by one instead.
    pub fn hue(r: &mut [f32], g: &mut [f32], b: &mut [f32], turn: f32) {
        for ((red, green), blue) in r.iter_mut().zip(g).zip(b) {
            let (r, g, b) = (*red, *green, *blue);
            let high = if r > g { r } else { g };
            let high = if high > b { high } else { b };
            let low = if r < g { r } else { g };
            let low = if low < b { low } else { b };
            let range = high - low;
            let divisor = if range > 0.0 { range } else { 1.0 };

            let at_blue = (r - g, 4.0);
            let (difference, base) = if g >= high { (b - r, 2.0) } else { at_blue };
            let (difference, base) = if r >= high { (g - b, 0.0) } else { (difference, base) };
            let sixths = base + difference / divisor + turn; // [-1, 11)
            let sixths = if sixths < 0.0 { sixths + 6.0 } else { sixths };
            let sixths = if sixths >= 6.0 { sixths - 6.0 } else { sixths };

            *red = channel(sixths, 5.0, high, range);
            *green = channel(sixths, 3.0, high, range);
            *blue = channel(sixths, 1.0, high, range);
        }
    }
}

dispatch! {
    /// Luma of three planes into a fourth.
    pub fn luma(r: &[f32], g: &[f32], b: &[f32], out: &mut [f32]) {
        for (((r, g), b), out) in r.iter().zip(g).zip(b).zip(out) {
            *out = luma_of(*r, *g, *b);
        }
    }
}

dispatch! {
    /// Luma of three planes into all three.
    pub fn spread_luma(r: &mut [f32], g: &mut [f32], b: &mut [f32]) {
        for ((r, g), b) in r.iter_mut().zip(g).zip(b) {
            let grey = luma_of(*r, *g, *b);
            *r = grey;
            *g = grey;
            *b = grey;
        }
    }
}

dispatch! {
    /// Sum of the luma; keep slices under a few thousand pixels, it adds in f32.
    pub fn luma_sum(r: &[f32], g: &[f32], b: &[f32]) -> f64 {
        let mut lanes = [0.0_f32; LANES];
        let whole = r.len() - r.len() % LANES;
        for ((r, g), b) in r[..whole]
            .chunks_exact(LANES)
            .zip(g.chunks_exact(LANES))
            .zip(b.chunks_exact(LANES))
        {
            for i in 0..LANES {
                lanes[i] += luma_of(r[i], g[i], b[i]);
            }
        }
        for i in whole..r.len() {
            lanes[i - whole] += luma_of(r[i], g[i], b[i]);
        }
        lanes.iter().map(|&lane| f64::from(lane)).sum()
    }
}

dispatch! {
    /// Sum of the values; keep slices under a few thousand, it adds in f32.
    pub fn sum(values: &[f32]) -> f64 {
        let mut lanes = [0.0_f32; LANES];
        let (blocks, rest) = values.as_chunks::<LANES>();
        for block in blocks {
            for i in 0..LANES {
                lanes[i] += block[i];
            }
        }
        for (lane, value) in lanes.iter_mut().zip(rest) {
            *lane += value;
        }
        lanes.iter().map(|&lane| f64::from(lane)).sum()
    }
}

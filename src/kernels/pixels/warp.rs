//! Bilinear sampling of a plane along a line.

dispatch! {
    /// `out[i]` = the plane between its pixels at `start + i · step` (x, y).
    ///
    /// `plane` has rows of `stride` values and is surrounded by zeros: one row or column before the picture and two
    /// after it. Places count from the first zero; they are limited to `most` (x, y) = the picture's sides + 1,
    /// where only zeros are seen.
    pub fn warp(out: &mut [f32], plane: &[f32], stride: u32, most: [f32; 2], start: [f32; 2], step: [f32; 2]) {
        if plane.is_empty() {
            return;
        }
        let last = plane.len() - 1;
        let limit = |x: f32, most: f32| {
            let x = if x > 0.0 { x } else { 0.0 };
            if x < most { x } else { most }
        };
        for (i, out) in out.iter_mut().enumerate() {
            let i = i as i32 as f32; // a signed conversion is one vector instruction everywhere
            let x = limit(start[0] + step[0] * i, most[0]);
            let y = limit(start[1] + step[1] * i, most[1]);
            let (left, top) = (x as i32, y as i32);
            let (right_share, low_share) = (x - left as f32, y - top as f32);
            let first = (top as u32).wrapping_mul(stride).wrapping_add(left as u32);
            let pixel = |offset: u32| plane[(first.wrapping_add(offset) as usize).min(last)];
            let row = |offset: u32| {
                (1.0 - right_share) * pixel(offset) + right_share * pixel(offset.wrapping_add(1))
            };
            *out = (1.0 - low_share) * row(0) + low_share * row(stride);
        }
    }
}

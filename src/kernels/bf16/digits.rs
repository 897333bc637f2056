//! Numbers as 16-bit floats, and as sums of two or three.
//!
//! A 32-bit float x is its head, the nearest 16-bit float, plus a tail, the nearest to what is left: `x = h + t` up to
//! 2⁻¹⁷ |x|. A product of two numbers is then `h h' + h t' + t h'` up to about 2⁻¹⁶ of it. With what is left once more,
//! `x = h + t + l` holds all 24 bits, and the six products `h h' + h t' + t h' + t t' + h l' + l h'` leave out less than
//! 2⁻²³ of one, half a last digit (Henry, Tang and Heinecke 2019, "Leveraging the bfloat16 Artificial Intelligence
//! Datatype for Higher-Precision Computations").

const HIGH: u32 = 0xffff_0000;

/// The nearest 16-bit float in the upper half, ties away from zero; not for what is not a number.
#[inline(always)]
pub(super) fn near(x: f32) -> u32 {
    x.to_bits().wrapping_add(0x8000)
}

/// [`near`], but what is not a number stays that.
#[inline(always)]
pub(super) fn round(x: f32) -> u32 {
    if x.is_nan() {
        x.to_bits() | 0x40_0000
    } else {
        near(x)
    }
}

/// The nearest 16-bit float.
#[inline(always)]
pub(super) fn head(x: f32) -> u16 {
    (round(x) >> 16) as u16
}

/// What the nearest 16-bit float leaves; of what is not finite, or rounds to it, nothing finite.
#[inline(always)]
pub(super) fn rest(x: f32) -> f32 {
    x - f32::from_bits(near(x) & HIGH)
}

/// The part of a number: itself, what its head leaves, what the head of that leaves; rounded, they sum to the number.
#[inline(always)]
pub(super) fn digit(x: f32, part: usize) -> f32 {
    (0..part).fold(x, |x, _| rest(x))
}

/// Two neighbours of the summed dimension in one word, rounded by [`near`] or [`round`].
#[inline(always)]
pub(super) fn pair(first: u32, second: u32) -> u32 {
    first >> 16 | second & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_to_the_nearest_and_keeps_what_is_no_number() {
        let high = |bits: u32| u32::from(head(f32::from_bits(bits)));
        assert_eq!(high(0x3f80_7fff), 0x3f80);
        assert_eq!(high(0x3f80_8000), 0x3f81);
        assert_eq!(high(0x3f81_8000), 0x3f82);
        assert_eq!(high(0x7f80_0000), 0x7f80);
        assert_eq!(high(0xff80_0000), 0xff80);
        assert!(f32::from_bits(high(0x7fff_ffff) << 16).is_nan());
        assert!(f32::from_bits(high(0x7f80_0001) << 16).is_nan());
    }

    #[test]
    fn two_parts_hold_sixteen_bits_and_three_hold_all() {
        let wide = |x: u16| f32::from_bits(u32::from(x) << 16);
        for x in [1.0f32 / 3.0, -123.456, 3.0e-5, 7.7e20] {
            let sum = wide(head(x)) + wide(head(rest(x)));
            assert!(((sum - x) / x).abs() < 2f32.powi(-17), "{x}: {sum}");
            let three = [2, 1, 0].map(|part| wide(head(digit(x, part))));
            assert_eq!(three.iter().sum::<f32>(), x);
        }
        for x in [f32::INFINITY, f32::MAX, f32::NAN] {
            assert!(!rest(x).is_finite() && !wide(head(rest(x))).is_finite());
        }
    }
}

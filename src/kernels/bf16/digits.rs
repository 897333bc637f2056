//! Numbers as 16-bit floats, and as sums of two.
//!
//! A 32-bit float x is its head, the nearest 16-bit float, plus a tail, the nearest to what is left: `x = h + t` up to
//! 2⁻¹⁷ |x|. A product of two numbers is then `h h' + h t' + t h'` up to about 2⁻¹⁶ of it (Henry, Tang and Heinecke
//! 2019, "Leveraging the bfloat16 Artificial Intelligence Datatype for Higher-Precision Computations").

/// The nearest 16-bit float, ties to even, in the upper half; not a number stays that.
#[inline(always)]
pub(super) fn round(x: f32) -> u32 {
    let bits = x.to_bits();
    let nearest = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
    if x.is_nan() {
        bits | 0x40_0000
    } else {
        nearest
    }
}

/// The nearest 16-bit float.
#[inline(always)]
pub(super) fn head(x: f32) -> u16 {
    (round(x) >> 16) as u16
}

/// What the nearest 16-bit float leaves; nothing where that is not finite.
#[inline(always)]
pub(super) fn rest(x: f32) -> f32 {
    let head = f32::from_bits(round(x) & 0xffff_0000);
    if head.is_finite() { x - head } else { 0.0 }
}

/// Two neighbours of the summed dimension in one word.
#[inline(always)]
pub(super) fn pair(first: f32, second: f32) -> u32 {
    round(first) >> 16 | round(second) & 0xffff_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_to_nearest_even_and_keeps_what_is_no_number() {
        let high = |bits: u32| u32::from(head(f32::from_bits(bits)));
        assert_eq!(high(0x3f80_8000), 0x3f80);
        assert_eq!(high(0x3f81_8000), 0x3f82);
        assert_eq!(high(0x3f80_8001), 0x3f81);
        assert_eq!(high(0x7f80_0000), 0x7f80);
        assert_eq!(high(0xff80_0000), 0xff80);
        assert!(f32::from_bits(high(0x7fff_ffff) << 16).is_nan());
        assert!(f32::from_bits(high(0x7f80_0001) << 16).is_nan());
    }

    #[test]
    fn head_and_tail_hold_sixteen_bits_and_what_is_infinite_has_no_tail() {
        let wide = |x: u16| f32::from_bits(u32::from(x) << 16);
        for x in [1.0f32 / 3.0, -123.456, 3.0e-5, 7.7e20] {
            let sum = wide(head(x)) + wide(head(rest(x)));
            assert!(((sum - x) / x).abs() < 2f32.powi(-17), "{x}: {sum}");
        }
        assert_eq!((rest(f32::INFINITY), rest(f32::MAX)), (0.0, 0.0));
        assert_eq!(rest(f32::NAN), 0.0);
    }
}

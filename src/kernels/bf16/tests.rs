//! Against 32-bit products, on whole numbers: those are exact in 16 bits, and so are their sums in 32.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::kernels::batch_norm::Epilogue;
use crate::kernels::{Simd, im2col};

/// Whole numbers from −3 to 3 that depend on `seed` only.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % 7
    };
    (0..count).map(|_| next() as f32 - 3.0).collect()
}

fn equal(s: &ConvShape) {
    let simd = Simd::detect();
    let (x, dy) = (numbers(s.input_len(), 1), numbers(s.output_len(), 2));
    let weight = numbers(s.weight_len(), 3);
    let mut space = vec![f32::NAN; im2col::workspace(s).max(workspace(s))];
    let mut y = vec![f32::NAN; s.output_len()];
    im2col::forward(
        simd,
        s,
        &x,
        &weight,
        (&mut y, Epilogue::Nothing),
        &mut space,
    );
    let mut dx = numbers(x.len(), 4);
    im2col::backward_data(simd, s, &dy, &weight, (&mut dx, true), &mut space);
    let mut dw = vec![f32::NAN; weight.len()];
    im2col::backward_weight(simd, s, &x, &dy, &mut dw, &mut space);
    let mut all = [Bf16Dot::Portable, Bf16Dot::Avx512, Bf16Dot::Amx]
        .map(Bf16::at_most)
        .to_vec();
    all.dedup();
    for bf16 in all {
        let (mut out, mut gradient) =
            (vec![f32::NAN; s.output_len()], vec![f32::NAN; weight.len()]);
        forward(bf16, s, &x, &weight, &mut out, &mut space);
        assert_eq!(out, y, "{bf16:?}, forward of {s:?}");
        let mut back = numbers(x.len(), 4);
        backward_data(bf16, s, &dy, &weight, (&mut back, true), &mut space);
        assert_eq!(back, dx, "{bf16:?}, backward by data of {s:?}");
        backward_weight(bf16, s, &x, &dy, &mut gradient, &mut space);
        assert_eq!(gradient, dw, "{bf16:?}, backward by weight of {s:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, rng_seed: RngSeed::Fixed(0), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    #[cfg_attr(miri, ignore = "too many products")]
    fn any_convolution_equals_that_of_32_bits(
        (batch, input, output) in (1usize..20, 16usize..70, 16usize..70),
        (kernel, stride, padding, dilation) in (1usize..5, 1usize..4, 0usize..4, 1usize..3),
        height in 1usize..14, width in 1usize..14,
    ) {
        let reach = dilation * (kernel - 1) + 1;
        prop_assume!(height.min(width) + 2 * padding >= reach);
        equal(&ConvShape { batch, height, width, input, output, kernel, stride, padding, dilation, groups: 1 });
    }
}

#[test]
#[cfg_attr(miri, ignore = "too many products")]
fn those_of_residual_networks_equal_that_of_32_bits() {
    let plain = |size, input, output, kernel, stride| ConvShape {
        batch: 19,
        height: size,
        width: size,
        input,
        output,
        kernel,
        stride,
        padding: kernel / 2,
        dilation: 1,
        groups: 1,
    };
    equal(&plain(16, 64, 64, 3, 1));
    equal(&plain(16, 32, 64, 3, 2));
    equal(&plain(16, 32, 64, 1, 2));
    equal(&plain(4, 96, 128, 3, 1));
    equal(&plain(1, 64, 32, 1, 1));
}

#[test]
fn small_ones_equal_that_of_32_bits() {
    equal(&ConvShape {
        batch: 1,
        height: 4,
        width: 3,
        input: 16,
        output: 17,
        kernel: 2,
        stride: 2,
        padding: 1,
        dilation: 1,
        groups: 1,
    });
}

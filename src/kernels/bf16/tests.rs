//! Against 32-bit products, on whole numbers: those are exact in 16 bits, and so are their sums in 32.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::kernels::batch_norm::Epilogue;
use crate::kernels::{Products, Simd, Then, im2col, memory};

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

/// Every way of summing that this processor has, of operands as one number, as two, as three.
fn all() -> Vec<Bf16> {
    let mut all = [Bf16Dot::Portable, Bf16Dot::Avx512, Bf16Dot::Amx]
        .map(Bf16::at_most)
        .to_vec();
    all.dedup();
    let split = |bf16: &Bf16| [*bf16, bf16.in_two(), bf16.in_three()];
    all.iter().flat_map(split).collect()
}

fn equal(s: &ConvShape) {
    let simd = Simd::detect();
    let (x, dy) = (numbers(s.input_len(), 1), numbers(s.output_len(), 2));
    let weight = numbers(s.weight_len(), 3);
    let most = all().into_iter().map(|bf16| workspace(bf16, s)).max();
    let mut space = vec![f32::NAN; im2col::workspace(s).max(most.unwrap_or(0))];
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
    for bf16 in all() {
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

/// Numbers between −1 and 1 with all their digits.
fn fractions(count: usize, seed: u64) -> Vec<f32> {
    let whole = numbers(3 * count, seed);
    let digits = whole.chunks_exact(3);
    digits
        .map(|d| d[0] / 3.1 + d[1] / 333.0 + d[2] / 77_777.0)
        .collect()
}

/// What errors may be of the sum of products' sizes.
fn share(bf16: Bf16) -> f64 {
    2f64.powi([-7, -15, -21][bf16.parts() - 1])
}

/// That no element of `c` is further from `Σ a b` than `share` of `Σ |a b|`.
fn near(
    c: &[f32],
    n: usize,
    k: usize,
    a: impl Fn(usize, usize) -> f32,
    b: impl Fn(usize, usize) -> f32,
    share: f64,
) {
    for (at, c) in c.iter().enumerate() {
        let products = (0..k).map(|p| f64::from(a(at / n, p)) * f64::from(b(p, at % n)));
        let (sum, size) = products.fold((0.0, 0.0), |(sum, size), x| (sum + x, size + x.abs()));
        assert!(
            (f64::from(*c) - sum).abs() <= share * size,
            "{at}: {c} for {sum}, of {size}"
        );
    }
}

#[test]
fn products_of_any_size_keep_the_digits_that_are_promised() {
    let sizes = [(1, 1, 1), (33, 17, 40), (70, 100, 520), (300, 48, 16)];
    let sizes = if cfg!(miri) { &sizes[..2] } else { &sizes };
    for bf16 in all() {
        let share = share(bf16);
        for &(m, n, k) in sizes {
            let (a, b) = (fractions(m * k, 1), fractions(k * n, 2));
            let (bias, residual) = (fractions(n, 3), fractions(m * n, 4));
            let mut space = vec![f32::NAN; bf16.matmul_workspace(n, k)];
            let mut c = vec![f32::NAN; m * n];
            let to = (&mut c[..], Start::Zero);
            bf16.matmul((m, n, k), &a, (&b, Order::Plain), to, &mut space);
            near(&c, n, k, |i, p| a[i * k + p], |p, j| b[p * n + j], share);
            let plain = c.clone();
            bf16.matmul(
                (m, n, k),
                &a,
                (&b, Order::Plain),
                (&mut c, Start::Old),
                &mut space,
            );
            let start = Start::Sum {
                bias: Some(&bias),
                residual: Some(&residual),
            };
            let mut sum = vec![f32::NAN; m * n];
            bf16.matmul(
                (m, n, k),
                &a,
                (&b, Order::Plain),
                (&mut sum, start),
                &mut space,
            );
            for (i, plain) in plain.iter().enumerate() {
                assert_eq!(c[i], plain + plain);
                assert_eq!(sum[i], *plain + bias[i % n] + residual[i]);
            }
            let to = (&mut c[..], Start::Zero);
            bf16.matmul((m, n, k), &a, (&b, Order::Transposed), to, &mut space);
            near(&c, n, k, |i, p| a[i * k + p], |p, j| b[j * k + p], share);
        }
    }
}

#[test]
fn products_over_rows_keep_the_digits_that_are_promised() {
    let sizes = [(1, 1, 1), (17, 33, 40), (100, 70, 1100), (33, 16, 512)];
    let sizes = if cfg!(miri) { &sizes[..2] } else { &sizes };
    for bf16 in all() {
        let share = share(bf16);
        for &(m, n, rows) in sizes {
            let (a, b) = (fractions(m * rows, 1), fractions(rows * n, 2));
            let mut space = vec![f32::NAN; bf16.over_rows_workspace((m, n, rows))];
            let (mut c, mut sums) = (vec![f32::NAN; m * n], vec![f32::NAN; m]);
            let to = (&mut c[..], Some(&mut sums[..]));
            bf16.over_rows((m, n, rows), &a, &b, to, &mut space);
            near(&c, n, rows, |i, p| a[p * m + i], |p, j| b[p * n + j], share);
            near(&sums, 1, rows, |i, p| a[p * m + i], |_, _| 1.0, 1e-6);
        }
    }
}

/// Root of the mean square of `c − a · b`, which is computed in 64 bits.
fn error((m, n, k): (usize, usize, usize), a: &[f32], b: &[f32], c: &[f32]) -> f64 {
    let square = |at: usize| {
        let products = (0..k).map(|p| f64::from(a[at / n * k + p]) * f64::from(b[p * n + at % n]));
        (f64::from(c[at]) - products.sum::<f64>()).powi(2)
    };
    ((0..m * n).map(square).sum::<f64>() / (m * n) as f64).sqrt()
}

#[test]
#[cfg_attr(miri, ignore = "too many products")]
fn products_of_three_parts_are_about_as_near_as_those_of_32_bits() {
    let size @ (m, n, k) = (64, 96, 1600);
    let (a, b) = (fractions(m * k, 1), fractions(k * n, 2));
    let products = |products: Products| {
        let mut space = vec![f32::NAN; products.matmul_workspace(n, k)];
        let mut c = vec![f32::NAN; m * n];
        let to = (&mut c[..], Start::Zero);
        products.matmul(size, &a, (&b, Order::Plain), to, &mut space);
        error(size, &a, &b, &c)
    };
    let plain = products(Products::F32(Simd::detect()));
    for dot in [Bf16Dot::Portable, Bf16Dot::Amx].map(Bf16::at_most) {
        let parts = products(Products::Bf16(dot.in_three()));
        assert!(parts <= 2.0 * plain, "{dot:?}: {parts} for {plain}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "too many products")]
fn large_results_are_the_same_wherever_they_lie() {
    let (m, n, k) = (2048, 1024, 3);
    let bf16 = Bf16::at_most(Bf16Dot::Amx);
    let (a, b) = (fractions(m * k, 1), fractions(k * n, 2));
    let mut space = vec![f32::NAN; bf16.matmul_workspace(n, k)];
    let mut results = [(0, 0), (0, 1), (1, 0)].map(|(here, there)| {
        let (mut c, start) = memory::zeros(m * n + 1);
        let (mut beside, other) = memory::zeros(m * n + 1);
        let then = Then::GeluBeside(&mut beside[other + there..][..m * n]);
        let to = (&mut c[start + here..][..m * n], Start::Zero);
        matmul_then(
            bf16,
            (m, n, k),
            &a,
            (&b, Order::Plain),
            to,
            &mut space,
            then,
        );
        let part = |from: Vec<f32>, at: usize| from[at..][..m * n].to_vec();
        (part(c, start + here), part(beside, other + there))
    });
    let first = std::mem::take(&mut results[0]);
    assert!(first.1.iter().any(|gelu| *gelu > 0.5));
    assert!(results[1..].iter().all(|result| *result == first));
    // Of no rows nothing is asked.
    bf16.matmul(
        (0, n, k),
        &[],
        (&b, Order::Plain),
        (&mut [], Start::Zero),
        &mut space,
    );
}

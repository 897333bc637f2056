//! Convolutions and matrix products one by one: milliseconds (means) and GFLOP/s of the direct method.
//!
//! `cargo bench --bench kernels [-- linear|conv|rest|norm]`

use std::hint::black_box;
use std::time::Instant;

use ravine::kernels::batch_norm::{self, ChannelMoments, Epilogue, Gate, GatedSums, ScaleShift};
use ravine::kernels::bf16::Bf16;
use ravine::kernels::gemm::{Order, Start};
use ravine::kernels::{ConvShape, Products, Simd, conv};

/// Images per call.
const IMAGES: usize = 128;

/// Seconds: on one thread those this thread was on the processor (where Linux tells), else those of the clock.
fn seconds(start: Instant) -> f64 {
    let busy = || {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    match busy() {
        Some(nanoseconds) if rayon::current_num_threads() == 1 => nanoseconds / 1e9,
        _ => start.elapsed().as_secs_f64(),
    }
}

/// Seconds of one call, the mean of several.
fn mean(mut work: impl FnMut()) -> f64 {
    work();
    let start = Instant::now();
    let (begin, mut calls) = (seconds(start), 0);
    while seconds(start) - begin < 0.4 {
        work();
        calls += 1;
    }
    (seconds(start) - begin) / f64::from(calls)
}

fn numbers(count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i * 37 % 1001) as f32 - 500.0) / 500.0)
        .collect()
}

fn convolution(
    simd: Simd,
    (input, output, size): (usize, usize, usize),
    kernel: usize,
    stride: usize,
) {
    let s = ConvShape {
        batch: IMAGES,
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
    let (x, dy, weight) = (
        numbers(s.input_len()),
        numbers(s.output_len()),
        numbers(s.weight_len()),
    );
    let (mut y, mut dx, mut dw) = (dy.clone(), x.clone(), weight.clone());
    let mut space = vec![0.0; conv::workspace(&s)];
    let forward = mean(|| {
        let (x, y) = (x[..].into(), (&mut y[..], Epilogue::Nothing));
        conv::forward(simd, &s, x, &weight, y, &mut space);
    });
    let data = mean(|| {
        let to = (&mut dx[..], false, Epilogue::Nothing);
        conv::backward_data(simd, &s, &dy, &weight, to, &mut space);
    });
    let by_weight =
        mean(|| conv::backward_weight(simd, &s, x[..].into(), &dy, &mut dw, &mut space));
    let work = 2.0 * (s.output_len() * kernel * kernel * input) as f64 / 1e9;
    println!(
        "conv {input:>3} > {output:>3} @ {size:>2}, {kernel}x{kernel} / {stride}: forward {:6.2} ms {:4.0}, data {:6.2} ms {:4.0}, weight {:6.2} ms {:4.0} GFLOP/s",
        forward * 1e3,
        work / forward,
        data * 1e3,
        work / data,
        by_weight * 1e3,
        work / by_weight
    );
    black_box((&y, &dx, &dw));
}

/// The three products of a linear layer on `rows` rows.
fn linear(name: &str, products: Products, (rows, input, output): (usize, usize, usize)) {
    let (x, weight, bias) = (
        numbers(rows * input),
        numbers(input * output),
        numbers(output),
    );
    let (mut y, mut dx) = (numbers(rows * output), numbers(rows * input));
    let (mut dw, mut db) = (numbers(input * output), numbers(output));
    let space = products.matmul_workspace(output, input);
    let mut space = vec![0.0; space.max(products.matmul_workspace(input, output))];
    let forward = mean(|| {
        let start = Start::Sum {
            bias: Some(&bias),
            residual: None,
        };
        let to = (&mut y[..], start);
        let weight = (&weight[..], Order::Transposed);
        products.matmul((rows, output, input), &x, weight, to, &mut space);
    });
    let data = mean(|| {
        let to = (&mut dx[..], Start::Zero);
        let weight = (&weight[..], Order::Plain);
        products.matmul((rows, input, output), &y, weight, to, &mut space);
    });
    let size = (output, input, rows);
    let mut space = vec![0.0; products.over_rows_workspace(size)];
    let by_weight = mean(|| {
        let to = (&mut dw[..], Some(&mut db[..]));
        products.over_rows(size, &y, &x, to, &mut space);
    });
    let work = 2e-9 * (rows * input * output) as f64;
    println!(
        "linear {name} {rows} x {input} -> {output}: forward {:.2} ms {:.0} GFLOP/s, data {:.2} ms {:.0}, weight {:.2} ms {:.0}",
        forward * 1e3,
        work / forward,
        data * 1e3,
        work / data,
        by_weight * 1e3,
        work / by_weight
    );
}

fn norm(simd: Simd, channels: usize, rows: usize) {
    let (x, mut y, mut g) = (
        numbers(rows * channels),
        numbers(rows * channels),
        numbers(rows * channels),
    );
    let statistics = ChannelMoments::of(simd, &x, channels);
    let affine = ScaleShift::new(&statistics, 1e-5, None);
    let statistics = mean(|| drop(ChannelMoments::of(simd, &x, channels)));
    let apply = mean(|| batch_norm::apply(simd, &x, &affine, None, true, &mut y));
    let reduce = GatedSums {
        x: &x,
        affine: &affine,
        gate: Gate::Input,
    };
    let backward = mean(|| {
        let sums = reduce.all(simd, &mut g);
        drop(batch_norm::backward(simd, &x, &affine, &sums, &mut g, None));
    });
    let bytes = (x.len() * 4) as f64 / 1e9;
    println!(
        "batch norm + relu, {channels} channels, {:.1} MB: statistics {:.2} ms ({:.1} GB/s), apply {:.2} ms ({:.1}), backward {:.2} ms ({:.1})",
        bytes * 1e3,
        statistics * 1e3,
        bytes / statistics,
        apply * 1e3,
        2.0 * bytes / apply,
        backward * 1e3,
        5.0 * bytes / backward
    );
}

fn main() {
    // Inside the pool, so that a single worker is the thread whose time is taken.
    rayon::scope(|_| run());
}

fn run() {
    let simd = Simd::detect();
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|c| c == name);
    if wanted("linear") {
        for (rows, input, output) in [
            (1024, 1024, 1024),
            (256, 512, 2048),
            (256, 2048, 128),
            (8320, 192, 576),
            (8320, 192, 192),
            (8320, 192, 768),
            (8320, 768, 192),
            (6304, 384, 1152),
            (6304, 384, 384),
            (6304, 384, 1536),
            (6304, 1536, 384),
        ] {
            linear("f32 ", Products::F32(simd), (rows, input, output));
            if let Some(bf16) = Bf16::detect() {
                linear("bf16", Products::Bf16(bf16), (rows, input, output));
                linear("high", Products::Bf16(bf16.in_two()), (rows, input, output));
                linear(
                    "six ",
                    Products::Bf16(bf16.in_three()),
                    (rows, input, output),
                );
            }
        }
    }
    if wanted("conv") {
        for (channels, size) in [
            (64, 32),
            (128, 16),
            (256, 8),
            (512, 4),
            (16, 32),
            (32, 16),
            (64, 8),
        ] {
            convolution(simd, (channels, channels, size), 3, 1);
        }
    }
    if wanted("rest") {
        for (input, output, size, kernel, stride) in [
            (3, 64, 32, 3, 1),
            (3, 16, 32, 3, 1),
            (3, 32, 32, 3, 2),
            (32, 64, 16, 3, 2),
            (64, 128, 8, 3, 2),
            (64, 128, 32, 3, 2),
            (128, 256, 16, 3, 2),
            (256, 512, 8, 3, 2),
            (16, 32, 32, 3, 2),
            (64, 128, 32, 1, 2),
            (256, 512, 8, 1, 2),
            (64, 64, 32, 1, 1),
            (3, 64, 64, 7, 2),
        ] {
            convolution(simd, (input, output, size), kernel, stride);
        }
    }
    if wanted("norm") {
        norm(simd, 64, IMAGES * 1024);
        norm(simd, 16, IMAGES * 1024);
        norm(simd, 512, IMAGES * 16);
    }
}

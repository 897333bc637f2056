use super::{assert_close, differences, every, levels, numbers, wide};
use crate::kernels::gemm::{Order, Start};
use crate::kernels::{Products, Then, activation, elementwise, gemm, layer_norm};

const EPS: f32 = 1e-3;

/// The layer norm of every row of `x`.
fn defined(x: &[f64], weight: &[f32], bias: &[f32]) -> Vec<f64> {
    let width = weight.len();
    let rows = x.chunks_exact(width).flat_map(|row| {
        let mean = row.iter().sum::<f64>() / width as f64;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / width as f64;
        let scale = 1.0 / (variance + f64::from(EPS)).sqrt();
        let affine = weight.iter().zip(bias);
        row.iter()
            .zip(affine)
            .map(move |(x, (w, b))| (x - mean) * scale * f64::from(*w) + f64::from(*b))
    });
    rows.collect()
}

#[test]
fn layer_norm_and_its_gradient_are_those_of_the_definition() {
    for width in [3, 16, 37] {
        let (x, upstream) = (numbers(3 * width, 1), numbers(3 * width, 2));
        let (weight, bias) = (numbers(width, 3), numbers(width, 4));
        let other = numbers(x.len(), 5);
        let wanted = defined(&wide(&x), &weight, &bias);
        let step = width / 3 + 1;
        let slope = differences(&wide(&x), step, |x| {
            defined(x, &weight, &bias)
                .iter()
                .zip(wide(&upstream))
                .map(|(y, g)| y * g)
                .sum()
        });
        for simd in levels() {
            let mut y = vec![f32::NAN; x.len()];
            layer_norm::forward(simd, &x, &weight, &bias, EPS, &mut y);
            assert_close(&y, &wanted, "layer norm");
            let mut alone = upstream.clone();
            layer_norm::backward(simd, &x, &weight, EPS, &mut alone, None);
            assert_close(&every(step, &alone), &slope, "dx");
            let mut both = upstream.clone();
            let (_, d_bias) = layer_norm::backward(simd, &x, &weight, EPS, &mut both, Some(&other));
            let sum: Vec<f64> = alone
                .iter()
                .zip(&other)
                .map(|(a, o)| f64::from(a + o))
                .collect();
            assert_close(&both, &sum, "dx and another gradient");
            let column = |c: usize| wide(&upstream).into_iter().skip(c).step_by(width);
            assert_close(
                &d_bias,
                &(0..width).map(|c| column(c).sum()).collect::<Vec<f64>>(),
                "d bias",
            );
        }
    }
}

#[test]
fn gelu_has_its_known_values_and_slope() {
    let x: Vec<f32> = (0..19).map(|i| i as f32 / 2.0 - 4.5).collect();
    for simd in levels() {
        let gelu = |x: &[f32]| {
            let mut y = vec![f32::NAN; x.len()];
            activation::gelu(simd, x, &mut y);
            y
        };
        assert_close(
            &gelu(&[0.0, 1.0, -1.0]),
            &[0.0, 0.841_344_7, -0.158_655_3],
            "GELU",
        );
        let mut slope = vec![1.0; x.len()];
        activation::gelu_backward(simd, &x, &mut slope);
        let [above, below] =
            [0.01, -0.01].map(|h| gelu(&x.iter().map(|x| x + h).collect::<Vec<f32>>()));
        for (i, slope) in slope.iter().enumerate() {
            assert!(
                (slope - (above[i] - below[i]) / 0.02).abs() < 1e-3,
                "{}",
                x[i]
            );
        }
    }
}

#[test]
fn a_linear_layer_with_gelu_is_both_one_after_the_other() {
    let (m, n, k) = (3, 18, 5);
    let (x, weight, bias) = (numbers(m * k, 1), numbers(n * k, 2), numbers(n, 3));
    let sum = |i: usize| {
        let products =
            (0..k).map(|p| f64::from(x[i / n * k + p]) * f64::from(weight[i % n * k + p]));
        f64::from(bias[i % n]) + products.sum::<f64>()
    };
    let wanted: Vec<f64> = (0..m * n).map(sum).collect();
    for simd in levels() {
        let products = Products::F32(simd);
        let (mut before, mut after) = (vec![f32::NAN; m * n], vec![f32::NAN; m * n]);
        let mut space = vec![f32::NAN; products.matmul_workspace(n, k)];
        let start = Start::Sum {
            bias: Some(&bias),
            residual: None,
        };
        let to = (&mut before[..], start);
        let weight = (&weight[..], Order::Transposed);
        let then = Then::GeluBeside(&mut after);
        products.matmul_then((m, n, k), &x, weight, to, &mut space, then);
        assert_close(&before, &wanted, "linear");
        let mut gelu = vec![0.0; m * n];
        activation::gelu(simd, &before, &mut gelu);
        assert_eq!(after, gelu);
    }
}

#[test]
fn parts_are_summed() {
    for simd in levels() {
        let mut all: Vec<f32> = (0..12).map(|i| i as f32).collect();
        let mut sums = [f32::NAN; 3];
        elementwise::sum_parts(simd, &all, 3, 1, &mut sums);
        assert_eq!(sums, [15.0, 18.0, 21.0]);
        let all = elementwise::sum_into_first(simd, &mut all, 3);
        assert_eq!(all, [12.0, 15.0, 18.0, 21.0]);
    }
}

#[test]
#[should_panic(expected = "assertion failed")]
fn sizes_whose_product_wraps_around_are_refused() {
    let (size, order) = ((1 << 40, 1, 1 << 24), gemm::Order::Plain);
    let b = vec![0.0; 4];
    let to = (&mut [0.0; 4][..], gemm::Start::Zero);
    gemm::matmul(
        levels()[0],
        size,
        &[0.0; 4],
        (&b, order),
        to,
        &mut [0.0; 64],
    );
}

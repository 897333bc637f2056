use super::{assert_close, differences, every, levels, numbers, wide};
use crate::kernels::batch_norm::{
    ChannelMoments, Epilogue, Finish, Gate, GatedSums, ScaleShift, apply, backward,
};
use crate::kernels::simd::Simd;

const ROWS: usize = 7;
const EPS: f64 = 1e-3;

struct Norm {
    x: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    affine: ScaleShift,
}

fn norm(simd: Simd, channels: usize) -> Norm {
    let x = numbers(ROWS * channels, 1);
    let (weight, bias) = (numbers(channels, 2), numbers(channels, 3));
    let statistics = ChannelMoments::of(simd, &x, channels);
    let affine = ScaleShift::new(&statistics, EPS, Some((&weight, &bias)));
    Norm {
        x,
        weight,
        bias,
        affine,
    }
}

/// The norm of `x` over its rows.
fn defined(x: &[f64], weight: &[f32], bias: &[f32]) -> Vec<f64> {
    let channels = weight.len();
    let mut y = vec![0.0; x.len()];
    for c in 0..channels {
        let column = || x.iter().skip(c).step_by(channels);
        let mean = column().sum::<f64>() / ROWS as f64;
        let variance = column().map(|x| (x - mean).powi(2)).sum::<f64>() / ROWS as f64;
        let scale = f64::from(weight[c]) / (variance + EPS).sqrt();
        for (y, x) in y.iter_mut().skip(c).step_by(channels).zip(column()) {
            *y = (x - mean) * scale + f64::from(bias[c]);
        }
    }
    y
}

#[test]
fn norm_residual_and_relu_are_those_of_the_definition() {
    for (simd, channels) in levels()
        .into_iter()
        .flat_map(|simd| [(simd, 5), (simd, 70)])
    {
        let Norm {
            x,
            weight,
            bias,
            affine,
        } = norm(simd, channels);
        let residual = numbers(x.len(), 4);
        let wanted = defined(&wide(&x), &weight, &bias);
        let mut y = vec![f32::NAN; x.len()];
        apply(simd, &x, &affine, None, false, &mut y);
        assert_close(&y, &wanted, "norm");
        let sum = wanted
            .iter()
            .zip(&residual)
            .map(|(y, r)| (y + f64::from(*r)).max(0.0));
        apply(simd, &x, &affine, Some(&residual), true, &mut y);
        let sum: Vec<f64> = sum.collect();
        assert_close(&y, &sum, "norm, residual and ReLU");
        let mut y = x.clone();
        let finish = Finish {
            affine: &affine,
            residual: Some(&residual),
            relu: true,
        };
        assert!(
            Epilogue::Finish(finish)
                .all(simd, channels, &mut y)
                .is_none()
        );
        assert_close(&y, &sum, "the same in place");
    }
}

#[test]
fn the_gradient_is_the_same_in_place_and_that_of_the_definition() {
    for (simd, channels) in levels()
        .into_iter()
        .flat_map(|simd| [(simd, 5), (simd, 70)])
    {
        let Norm {
            x,
            weight,
            bias,
            affine,
        } = norm(simd, channels);
        let upstream = numbers(x.len(), 5);
        let mut y = vec![0.0; x.len()];
        apply(simd, &x, &affine, None, true, &mut y);
        for gate in [Gate::Open, Gate::Input, Gate::Output(&y)] {
            let mut gated = upstream.clone();
            let sums = GatedSums {
                x: &x,
                affine: &affine,
                gate,
            }
            .all(simd, &mut gated);
            let (mut apart, mut in_place) = (vec![f32::NAN; x.len()], gated.clone());
            let gradient = backward(simd, &x, &affine, &sums, &mut gated, Some(&mut apart));
            backward(simd, &x, &affine, &sums, &mut in_place, None);
            assert_eq!(apart, in_place);
            let loss = |x: &[f64]| -> f64 {
                let y = defined(x, &weight, &bias);
                y.iter().zip(wide(&gated)).map(|(y, g)| y * g).sum()
            };
            let step = 3 * channels + 1;
            assert_close(
                &every(step, &apart),
                &differences(&wide(&x), step, loss),
                "dx",
            );
            let column = |c: usize| wide(&gated).into_iter().skip(c).step_by(channels);
            let bias: Vec<f64> = (0..channels).map(|c| column(c).sum()).collect();
            assert_close(&gradient.bias, &bias, "d bias");
        }
    }
}

#[test]
#[should_panic(expected = "fields of an affine")]
fn an_affine_of_unequal_fields_is_refused() {
    let affine = ScaleShift {
        scale: vec![1.0; 64],
        ..ScaleShift::default()
    };
    let x = vec![1.0; 64];
    apply(Simd::detect(), &x, &affine, None, false, &mut vec![0.0; 64]);
}

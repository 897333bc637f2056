use super::conv::{DIRECT, IM2COL, WINOGRAD};
use super::{assert_close, levels, numbers, wide};
use crate::kernels::batch_norm::{
    ChannelMoments, Epilogue, Finish, Gate, GatedSums, Input, NormSums, ScaleShift, Sums, apply,
};
use crate::kernels::conv::{backward_data, forward, workspace};
use crate::kernels::conv_shape::ConvShape;
use crate::kernels::simd::Simd;

fn affine(channels: usize) -> ScaleShift {
    let (weight, bias) = (numbers(channels, 11), numbers(channels, 12));
    let statistics = ChannelMoments {
        mean: wide(&numbers(channels, 13)),
        variance: vec![1.5; channels],
    };
    ScaleShift::new(&statistics, 1e-5, Some((&weight, &bias)))
}

/// A pass with its epilogue, and one with the epilogue behind it.
fn agree(
    pass: impl Fn(Epilogue) -> (Vec<f32>, Option<Vec<Sums>>),
    (simd, channels): (Simd, usize),
    epilogue: Epilogue,
) {
    let (found, sums) = pass(epilogue);
    let (mut wanted, none) = pass(Epilogue::Nothing);
    assert!(none.is_none());
    let behind = epilogue.all(simd, channels, &mut wanted);
    assert_close(&found, &wide(&wanted), &format!("{epilogue:?}"));
    assert_eq!(sums.is_some(), behind.is_some());
    let (Some(sums), Some(behind)) = (sums, behind) else {
        return;
    };
    let narrow = |values: Vec<f64>| values.into_iter().map(|v| v as f32).collect::<Vec<f32>>();
    if let Epilogue::Moments = epilogue {
        let [found, wanted] = [sums, behind].map(|sums| ChannelMoments::join(&sums, channels));
        assert_close(&narrow(found.mean), &wanted.mean, "mean");
        assert_close(&narrow(found.variance), &wanted.variance, "variance");
    } else {
        let [found, wanted] = [sums, behind].map(|sums| NormSums::join(&sums, channels));
        assert_close(&narrow(found.plain), &wanted.plain, "sums");
        assert_close(&narrow(found.along), &wanted.along, "sums of products");
    }
}

fn forwards(s: &ConvShape, norm: Option<&ScaleShift>) {
    let (x, weight) = (numbers(s.input_len(), 1), numbers(s.weight_len(), 2));
    let (residual, affine) = (numbers(s.output_len(), 3), affine(s.output));
    for simd in levels() {
        let run = |input: Input, epilogue: Epilogue| {
            let (mut y, mut space) = (vec![f32::NAN; s.output_len()], vec![f32::NAN; workspace(s)]);
            let sums = forward(simd, s, input, &weight, (&mut y, epilogue), &mut space);
            (y, sums)
        };
        let pass = |epilogue: Epilogue| run(Input { values: &x, norm }, epilogue);
        agree(pass, (simd, s.output), Epilogue::Moments);
        for (residual, relu) in [(None, false), (Some(&residual[..]), true)] {
            let finish = Finish {
                affine: &affine,
                residual,
                relu,
            };
            agree(pass, (simd, s.output), Epilogue::Finish(finish));
        }
        if let Some(norm) = norm {
            let mut normed = vec![0.0; x.len()];
            apply(simd, &x, norm, None, true, &mut normed);
            let wanted = run(normed[..].into(), Epilogue::Nothing).0;
            assert_close(
                &pass(Epilogue::Nothing).0,
                &wide(&wanted),
                "norm on the way in",
            );
        }
    }
}

#[test]
fn outputs_are_finished_and_summed_as_if_afterwards() {
    for s in [WINOGRAD, DIRECT, IM2COL] {
        let norm = affine(s.input);
        forwards(&s, s.normalizes().then_some(&norm));
    }
}

#[test]
fn gradients_are_gated_and_summed_as_if_afterwards() {
    for s in [WINOGRAD, DIRECT, IM2COL] {
        let (dy, weight) = (numbers(s.output_len(), 1), numbers(s.weight_len(), 2));
        let (x, y) = (numbers(s.input_len(), 3), numbers(s.input_len(), 4));
        let affine = affine(s.input);
        for simd in levels() {
            let pass = |epilogue: Epilogue| {
                let (mut dx, mut space) = (vec![f32::NAN; x.len()], vec![f32::NAN; workspace(&s)]);
                let to = (&mut dx[..], false, epilogue);
                let sums = backward_data(simd, &s, &dy, &weight, to, &mut space);
                (dx, sums)
            };
            for gate in [Gate::Open, Gate::Input, Gate::Output(&y)] {
                let reduce = GatedSums {
                    x: &x,
                    affine: &affine,
                    gate,
                };
                agree(pass, (simd, s.input), Epilogue::GatedSums(reduce));
            }
        }
    }
}

//! The guard against false negatives, `negatives.exclude_above`.

use candle_core::{DType, Device, Tensor, Var};
use ravine::energies::{Cosine, Energy, Euclidean};
use ravine::losses::{Energies, Hinge, Loss, LossKind, MASKED, present};
use ravine::negatives::{
    Embeddings, InBatch, Mining, OtherView, Pairs, PairsKind, Queue, Triplets, WrongFrom,
};

use crate::common::Any;
use crate::{gap, views};

#[test]
fn left_out_answers_change_neither_values_nor_gradients() -> Result<(), Any> {
    let right = Tensor::new(&[[0.3, 0.5, MASKED], [0.9, MASKED, MASKED]], &Device::Cpu)?;
    let wrong = Tensor::new(&[[0.7, MASKED, 0.4], [1.1, MASKED, 0.8]], &Device::Cpu)?;
    let kept = |right: Vec<f64>, wrong: Vec<f64>| -> Result<Energies, Any> {
        Ok(Energies {
            positive: Tensor::new(right, &Device::Cpu)?.unsqueeze(0)?,
            negative: Some(Tensor::new(wrong, &Device::Cpu)?.unsqueeze(0)?),
            volume: None,
        })
    };
    let rows = [
        kept(vec![0.3, 0.5], vec![0.7, 0.4])?,
        kept(vec![0.9], vec![1.1, 0.8])?,
    ];
    for kind in LossKind::defaults() {
        let (loss, name) = (kind.part(), kind.name());
        if matches!(kind, LossKind::Dclw(_)) {
            continue; // its weights look at all rows
        }
        let (p, n) = (Var::from_tensor(&right)?, Var::from_tensor(&wrong)?);
        let energies = Energies {
            positive: p.as_tensor().clone(),
            negative: Some(n.as_tensor().clone()),
            volume: None,
        };
        let value = loss.forward(&energies)?;
        for (row, kept) in rows.iter().enumerate() {
            let apart = gap(&value.narrow(0, row, 1)?, &loss.forward(kept)?)?;
            assert!(apart < 1e-9, "{name}, row {row}: {apart}");
        }
        let store = value.sum_all()?.backward()?;
        for var in [p, n] {
            let Some(gradient) = store.get(&var) else {
                continue;
            };
            let of_missing = (gradient * (1.0 - present(&var)?)?)?.abs()?.sum_all()?;
            assert_eq!(of_missing.to_scalar::<f64>()?, 0.0, "{name}");
        }
    }
    Ok(())
}

#[test]
fn a_wrong_answer_that_looks_right_is_left_out_and_a_point_keeps_all() -> Result<(), Any> {
    let [a, b] = views(6, 1)?;
    // Sample 1 is nearly sample 0 in both views.
    let twin = |x: &Tensor| -> Result<Tensor, Any> {
        let same = (x.narrow(0, 0, 1)? + 1e-3)?;
        Ok(Tensor::cat(
            &[&x.narrow(0, 0, 1)?, &same, &x.narrow(0, 2, 4)?],
            0,
        )?)
    };
    let pair = [twin(&a)?, twin(&b)?];
    let exclude_above = Some(0.999);
    let guarded: [&dyn Pairs; 2] = [&InBatch { exclude_above }, &OtherView { exclude_above }];
    let plain: [&dyn Pairs; 2] = [&InBatch::default(), &OtherView::default()];
    for (guarded, plain) in guarded.into_iter().zip(plain) {
        for energy in [&Cosine {} as &dyn Energy, &Euclidean::default()] {
            let with = guarded.energies(energy, &Embeddings::of(&pair, &pair))?;
            let all = plain.energies(energy, &Embeddings::of(&pair, &pair))?;
            let cosine = plain.energies(&Cosine {}, &Embeddings::of(&pair, &pair))?;
            let expected = cosine.wrong()?.ge(1.0 - 0.999)?.to_dtype(DType::F64)?;
            assert_eq!(gap(&present(with.wrong()?)?, &expected)?, 0.0);
            let left = (1.0 - &expected)?.sum_all()?.to_scalar::<f64>()?;
            let same = ((with.wrong()? - all.wrong()?)? * &expected)?
                .abs()?
                .sum_all()?;
            assert_eq!(same.to_scalar::<f64>()?, 0.0);
            if guarded.answers(6, 2) == Some(11) {
                assert_eq!(left, 4.0); // view by view, in both directions
            }
        }
    }
    let point = Tensor::ones((6, 4), DType::F64, &Device::Cpu)?;
    let point = [point.clone(), point];
    let kept = InBatch { exclude_above }.energies(&Cosine {}, &Embeddings::of(&point, &point))?;
    assert!(gap(&present(kept.wrong()?)?, &kept.wrong()?.ones_like()?)? == 0.0);
    let queue = Queue {
        size: 3,
        exclude_above,
    };
    let kept = Tensor::cat(&[&pair[0].narrow(0, 0, 1)?, &a.narrow(0, 3, 2)?], 0)?;
    let embeddings = Embeddings {
        earlier: Some(&kept),
        ..Embeddings::of(&pair, &pair)
    };
    let energies = queue.energies(&Cosine {}, &embeddings)?;
    let row = energies.wrong()?.narrow(0, 0, 1)?;
    assert_eq!(present(&row)?.to_vec2::<f64>()?, [[0.0, 1.0, 1.0]]);
    for exclude_above in [Some(1.5), Some(-0.1), Some(f64::NAN)] {
        let refusal = InBatch { exclude_above }.validate().err();
        let refusal = refusal.map(|e| e.to_string()).unwrap_or_default();
        assert!(refusal.contains("negatives.exclude_above"), "{refusal}");
    }
    Ok(())
}

#[test]
fn every_source_of_pairs_takes_the_guard_and_keeps_its_floor_or_says_not() -> Result<(), Any> {
    let point = Tensor::ones((4, 3), DType::F64, &Device::Cpu)?;
    let point = [point.clone(), point];
    let labels = Tensor::new(vec![0_u32, 1, 2, 3], &Device::Cpu)?;
    let margin = 0.4;
    let all = [
        Mining::All,
        Mining::Hardest,
        Mining::SemiHard,
        Mining::NearestSemiHard,
    ];
    let mut kinds: Vec<PairsKind> = all
        .map(|mining| Triplets {
            mining,
            exclude_above: Some(0.9),
        })
        .map(PairsKind::Triplets)
        .into();
    kinds.extend(PairsKind::defaults());
    for kind in kinds {
        let part = kind.part();
        if part.wrong_from() != WrongFrom::Batch {
            continue;
        }
        let embeddings = Embeddings {
            labels: Some(&labels),
            ..Embeddings::of(&point, &point)
        };
        let losses = Hinge { margin }.forward(&part.energies(&Cosine {}, &embeddings)?)?;
        let loss = part.reduce(&losses)?.to_scalar::<f64>()?;
        let floor = part.answers(4, 2).map_or(0.0, |_| margin);
        assert!((loss - floor).abs() < 1e-9, "{}: {loss}", kind.name());
    }
    Ok(())
}

//! Pairs of views: whatever the part, rows go with their samples.

use candle_core::{DType, Device, Tensor};
use ravine::energies::EnergyKind;
use ravine::losses::present;
use ravine::negatives::{Embeddings, NegativesKind};
use ravine::params::Params;

use crate::common::Any;
use crate::{close, random};

#[test]
fn negatives_keep_pairs_together_and_permute_with_the_rows() -> Result<(), Any> {
    let views = [
        random(&[5, 3], 7, DType::F64)?,
        random(&[5, 3], 8, DType::F64)?,
    ];
    let order = Tensor::new(vec![3_u32, 0, 1, 4, 2], &Device::Cpu)?;
    let labels = Tensor::new(vec![4_u32, 0, 3, 1, 7], &Device::Cpu)?;
    let energy = EnergyKind::defaults().remove(0);
    for kind in NegativesKind::defaults() {
        let name = kind.name();
        let Some(part) = kind.pairs() else {
            let refusal = kind.into_pairs().err();
            let refusal = refusal.map(|e| e.to_string()).unwrap_or_default();
            assert!(refusal.contains("in_batch"), "{name}: {refusal}");
            continue;
        };
        let memory = part.memory(&Params::new(0, &Device::Cpu), 3)?;
        let earlier = memory.map(|memory| memory.answers().to_dtype(DType::F64));
        let earlier = earlier.transpose()?;
        let embeddings = Embeddings {
            labels: Some(&labels),
            earlier: earlier.as_ref(),
            ..Embeddings::of(&views, &views)
        };
        let energies = part.energies(energy.part(), &embeddings)?;
        let permuted: Vec<Tensor> = views
            .iter()
            .map(|v| v.index_select(&order, 0))
            .collect::<Result<_, _>>()?;
        let labels = labels.index_select(&order, 0)?;
        let embeddings = Embeddings {
            labels: Some(&labels),
            earlier: earlier.as_ref(),
            ..Embeddings::of(&permuted, &permuted)
        };
        let again = part.energies(energy.part(), &embeddings)?;
        let mean = |t: &Tensor| -> Result<Tensor, Any> {
            let present = present(t)?; // what is masked would drown the rest
            let sum = (t * &present)?.sum_all()?;
            Ok(sum.broadcast_div(&present.sum_all()?)?)
        };
        close(name, &mean(&energies.positive)?, &mean(&again.positive)?)?;
        match (&energies.negative, &again.negative) {
            (Some(a), Some(b)) => close(name, &mean(a)?, &mean(b)?)?,
            (None, None) => {}
            _ => panic!("{name}: wrong answers came and went"),
        }
        let there = |t: &Tensor| -> Result<f64, Any> {
            Ok(present(t)?.narrow(0, 0, 1)?.sum_all()?.to_scalar()?) // of one question
        };
        let wrong = energies.negative.as_ref().map_or(Ok(0.0), there)?;
        let answers = (wrong + there(&energies.positive)?) as usize;
        let offered = part.answers(5, 2);
        assert_eq!(offered, Some(answers), "{name}: answers offered");
    }
    Ok(())
}

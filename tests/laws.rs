//! Laws: what must hold for every registered part, looped over the families' own lists.

mod common;

use std::sync::Arc;

use candle_core::{DType, Device, Tensor, Var};
use common::Any;
use rand::RngExt;
use ravine::encoders::{EncoderKind, network};
use ravine::energies::EnergyKind;
use ravine::graph::check::gradient_error;
use ravine::graph::{CandleExecutor, CpuExecutor, Executor, Graph, Mode, Network, Op};
use ravine::losses::{Energies, LossKind};
use ravine::negatives::{CandidatesKind, Embeddings, NegativesKind, PairsKind};
use ravine::optim::{OptimizerKind, State};
use ravine::params::{Param, Params, Role};
use ravine::random::{Purpose, normal, stream};
use ravine::regularizers::RegularizerKind;
use serde_json::Value;

fn random(shape: &[usize], which: u64, dtype: DType) -> Result<Tensor, Any> {
    let mut rng = stream(11, Purpose::Check, which, 0, 0);
    let values: Vec<f64> = (0..shape.iter().product())
        .map(|_| rng.random_range(0.1..1.5))
        .collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(dtype)?)
}

/// d f / d x by central differences against candle's gradient, in 64-bit floats.
fn check_gradient(
    what: &str,
    x: &Tensor,
    f: impl Fn(&Tensor) -> Result<Tensor, Any>,
) -> Result<Tensor, Any> {
    const STEP: f64 = 1e-6;
    let leaf = Var::from_tensor(x)?;
    let store = f(leaf.as_tensor())?.backward()?;
    let gradient = match store.get(&leaf) {
        Some(gradient) => gradient.clone(),
        None => x.zeros_like()?,
    };
    let analytic = gradient.flatten_all()?.to_vec1::<f64>()?;
    let start = x.flatten_all()?.to_vec1::<f64>()?;
    for (i, analytic) in analytic.iter().enumerate() {
        let at = |delta: f64| -> Result<f64, Any> {
            let mut moved = start.clone();
            moved[i] += delta;
            let moved = Tensor::from_vec(moved, x.shape(), &Device::Cpu)?;
            Ok(f(&moved)?.to_scalar::<f64>()?)
        };
        let numeric = (at(STEP)? - at(-STEP)?) / (2.0 * STEP);
        assert!(
            (numeric - analytic).abs() <= 1e-6 + 1e-5 * numeric.abs(),
            "{what}: derivative {i} is {analytic}, by differences {numeric}"
        );
    }
    Ok(gradient)
}

fn close(what: &str, a: &Tensor, b: &Tensor) -> Result<(), Any> {
    let gap = (a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f64>()?;
    assert!(gap < 1e-9, "{what}: differs by {gap}");
    Ok(())
}

#[test]
fn energies_have_right_gradients_and_one_meaning() -> Result<(), Any> {
    let (x, y) = (
        random(&[3, 4], 0, DType::F64)?,
        random(&[5, 4], 1, DType::F64)?,
    );
    for kind in EnergyKind::defaults() {
        let (energy, name) = (kind.part(), kind.name());
        let table = energy.table(&x, &y)?;
        let offered = y.unsqueeze(0)?.expand((3, 5, 4))?.contiguous()?;
        close(
            &format!("{name}: table and energy"),
            &table,
            &energy.energy(&x, &offered)?,
        )?;
        let (low, high) = energy.range(4);
        for value in table.flatten_all()?.to_vec1::<f64>()? {
            assert!(
                (low..=high).contains(&value),
                "{name}: {value} is outside its range"
            );
        }
        let upstream = random(&[3, 5], 2, DType::F64)?;
        let of_x = |x: &Tensor| Ok((energy.table(x, &y)? * &upstream)?.sum_all()?);
        check_gradient(&format!("{name} by x"), &x, of_x)?;
        let of_y = |y: &Tensor| Ok((energy.table(&x, y)? * &upstream)?.sum_all()?);
        check_gradient(&format!("{name} by y"), &y, of_y)?;
    }
    Ok(())
}

#[test]
fn a_distance_is_zero_at_its_point_and_grows_away_from_it() -> Result<(), Any> {
    let x = random(&[1, 4], 13, DType::F64)?;
    for kind in EnergyKind::defaults() {
        let at = |factor: f64| -> Result<f64, Any> {
            let e = kind.part().table(&x, &(&x * factor)?)?;
            Ok(e.sum_all()?.to_scalar::<f64>()?)
        };
        let grows = at(1.0)?.abs() < 1e-5 && at(1.0)? < at(1.5)? && at(1.5)? < at(2.0)?;
        assert_eq!(grows, kind.part().is_distance(), "{}", kind.name());
    }
    Ok(())
}

#[test]
fn energies_have_finite_gradients_where_both_sides_meet() -> Result<(), Any> {
    for kind in EnergyKind::defaults() {
        for value in [0.0, 1.0] {
            let x = Var::from_tensor(&Tensor::full(value, (2, 3), &Device::Cpu)?)?;
            let loss = kind.part().table(&x, &x)?.sum_all()?;
            let gradient = loss.backward()?.get(&x).cloned();
            for g in gradient
                .iter()
                .flat_map(|g| g.flatten_all().and_then(|g| g.to_vec1::<f64>()))
                .flatten()
            {
                assert!(
                    g.is_finite(),
                    "{}: gradient {g} at x = y = {value}",
                    kind.name()
                );
            }
        }
    }
    Ok(())
}

#[test]
fn losses_pull_right_answers_down_and_never_wrong_ones() -> Result<(), Any> {
    let positive = random(&[6, 1], 3, DType::F64)?;
    let negative = random(&[6, 4], 4, DType::F64)?;
    for kind in LossKind::defaults() {
        let (loss, name) = (kind.part(), kind.name());
        let value = |positive: &Tensor, negative: &Tensor| -> Result<Tensor, Any> {
            // Row by row: a weight that looks at all rows, without gradient, is no part of the slope.
            let rows = (0..6).map(|row| {
                let energies = Energies {
                    positive: positive.narrow(0, row, 1)?,
                    negative: Some(negative.narrow(0, row, 1)?),
                    volume: None,
                };
                Ok(loss.forward(&energies)?)
            });
            Ok(Tensor::cat(&rows.collect::<Result<Vec<_>, Any>>()?, 0)?.sum_all()?)
        };
        let down = check_gradient(name, &positive, |p| value(p, &negative))?;
        let up = check_gradient(name, &negative, |n| value(&positive, n))?;
        for g in down.flatten_all()?.to_vec1::<f64>()? {
            assert!(g >= 0.0, "{name}: lowering a right answer raises the loss");
        }
        for g in up.flatten_all()?.to_vec1::<f64>()? {
            assert!(g <= 0.0, "{name}: raising a wrong answer raises the loss");
        }
        let none = Energies {
            positive: positive.clone(),
            negative: None,
            volume: None,
        };
        assert_eq!(
            loss.forward(&none).is_err(),
            loss.needs_negatives(),
            "{name}"
        );
    }
    Ok(())
}

#[test]
fn a_loss_of_the_most_offending_answer_alone_does_not_see_the_others() -> Result<(), Any> {
    for kind in LossKind::defaults() {
        let (loss, name) = (kind.part(), kind.name());
        let value = |other: f64| -> Result<f64, Any> {
            let right = Tensor::new(&[[0.6]], &Device::Cpu)?;
            let wrong = Tensor::new(&[[0.5, other]], &Device::Cpu)?;
            let rows = loss.forward(&Energies::new(right, wrong))?;
            Ok(rows.mean_all()?.to_scalar::<f64>()?)
        };
        let blind = value(0.7)? == value(0.9)?;
        assert_eq!(
            blind && loss.needs_negatives(),
            loss.only_most_offending(),
            "{name}"
        );
    }
    Ok(())
}

#[test]
fn losses_of_collapsed_energies_read_their_collapse_value() -> Result<(), Any> {
    for kind in LossKind::defaults() {
        let Some(floor) = kind.part().collapse_value(5) else {
            continue;
        };
        let energies = Energies {
            positive: Tensor::full(0.0, (2, 1), &Device::Cpu)?,
            negative: Some(Tensor::full(0.0, (2, 4), &Device::Cpu)?),
            volume: None,
        };
        let value = kind.part().forward(&energies)?;
        let value = value.mean_all()?.to_scalar::<f64>()?;
        assert!(
            (value - floor).abs() < 1e-9,
            "{}: {value}, floor {floor}",
            kind.name()
        );
    }
    Ok(())
}

#[test]
fn regularizers_have_right_gradients_floors_and_no_order() -> Result<(), Any> {
    let (a, b) = (
        random(&[6, 3], 5, DType::F64)?,
        random(&[6, 3], 6, DType::F64)?,
    );
    let order = Tensor::new(vec![3_u32, 0, 5, 1, 4, 2], &Device::Cpu)?;
    for kind in RegularizerKind::defaults() {
        let (part, name) = (kind.part(), kind.name());
        let value = |a: &Tensor| Ok(part.forward(&[a.clone(), b.clone()], 0)?);
        check_gradient(name, &a, value)?;
        let permuted = [a.index_select(&order, 0)?, b.index_select(&order, 0)?];
        let same = part.forward(&permuted, 0)?;
        close(&format!("{name}: order of rows"), &value(&a)?, &same)?;
        let flat = Tensor::zeros((6, 3), DType::F64, &Device::Cpu)?;
        let collapsed = part.forward(&[flat.clone(), flat], 0)?.to_scalar::<f64>()?;
        assert!(
            (collapsed - part.collapse_value(6, 3)).abs() < 1e-9,
            "{name}: {collapsed}"
        );
    }
    Ok(())
}

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
        let mean = |t: &Tensor| t.mean_all();
        close(name, &mean(&energies.positive)?, &mean(&again.positive)?)?;
        match (&energies.negative, &again.negative) {
            (Some(a), Some(b)) => close(name, &mean(a)?, &mean(b)?)?,
            (None, None) => {}
            _ => panic!("{name}: wrong answers came and went"),
        }
        let wrong = energies.negative.as_ref().map_or(0, |n| n.dims()[1]);
        let right = energies.positive.dims()[1];
        let offered = part.answers(5, 2);
        assert_eq!(offered, Some(wrong + right), "{name}: answers offered");
    }
    Ok(())
}

#[test]
fn a_regularizer_repels_if_and_only_if_a_point_costs_more_than_a_cloud() -> Result<(), Any> {
    let mut rng = stream(11, Purpose::Check, 12, 0, 0);
    let values: Vec<f64> = (0..32 * 3).map(|_| normal(&mut rng)).collect();
    let cloud = Tensor::from_vec(values, (32, 3), &Device::Cpu)?;
    let point = Tensor::zeros((32, 3), DType::F64, &Device::Cpu)?;
    for kind in RegularizerKind::defaults() {
        let (part, name) = (kind.part(), kind.name());
        let price = |view: &Tensor| -> Result<f64, Any> {
            let price = part.forward(&[view.clone(), view.clone()], 0)?;
            Ok(price.to_scalar::<f64>()?)
        };
        let (of_point, of_cloud) = (price(&point)?, price(&cloud)?);
        assert_eq!(
            of_point > of_cloud,
            part.repels(),
            "{name}: {of_point} {of_cloud}"
        );
    }
    Ok(())
}

#[test]
fn wrong_answers_that_cost_nothing_get_no_gradient_and_active_ones_do() -> Result<(), Any> {
    let mut seen = [0, 0];
    for kind in LossKind::defaults() {
        let (loss, name) = (kind.part(), kind.name());
        for (right, wrong) in [
            (0.1, 0.2),
            (0.1, 0.9),
            (0.4, 0.3),
            (0.2, 1.5),
            (0.9, 1.2),
            (0.1, 3.0),
        ] {
            let Some(active) = loss.active(right, wrong) else {
                continue;
            };
            let number = |e: f64| Tensor::new(&[[e]], &Device::Cpu);
            let leaf = Var::from_tensor(&number(wrong)?)?;
            let energies = Energies {
                positive: number(right)?,
                negative: Some(leaf.as_tensor().clone()),
                volume: None,
            };
            let store = loss.forward(&energies)?.sum_all()?.backward()?;
            let slope = match store.get(&leaf) {
                Some(gradient) => gradient.sum_all()?.to_scalar::<f64>()?,
                None => 0.0,
            };
            assert_eq!(slope != 0.0, active, "{name} at {right}, {wrong}: {slope}");
            seen[usize::from(active)] += 1;
        }
    }
    assert!(seen[0] > 2 && seen[1] > 2, "{seen:?}");
    Ok(())
}

#[test]
fn an_optimizer_adapts_if_and_only_if_larger_gradients_move_a_number_no_further() -> Result<(), Any>
{
    for kind in OptimizerKind::defaults() {
        let moved = |gradient: f64| -> Result<f64, Any> {
            let param = Param {
                name: "number".into(),
                var: Var::from_tensor(&Tensor::new(&[0.0], &Device::Cpu)?)?,
                role: Role::Plain,
                frozen: false,
            };
            let gradient = Tensor::new(&[gradient], &Device::Cpu)?;
            let mut state = State::default();
            kind.part().update(&param, &gradient, 0.01, 1, &mut state)?;
            Ok(param.var.to_vec1::<f64>()?[0])
        };
        let same = (moved(1000.0)? / moved(1.0)? - 1.0).abs() < 1e-3;
        assert_eq!(same, kind.part().adapts(), "{}", kind.name());
    }
    Ok(())
}

fn executors() -> [Arc<dyn Executor>; 2] {
    [Arc::new(CandleExecutor), Arc::new(CpuExecutor::new())]
}

#[test]
fn every_op_pulls_back_the_right_gradient_on_every_executor() -> Result<(), Any> {
    for (op, shape) in Op::samples() {
        let name = op.layer().name();
        for executor in executors() {
            let graph = Graph::of(op.clone(), &shape)?;
            let network = Network::new(graph, &Params::new(0, &Device::Cpu), executor.clone())?;
            let error = gradient_error(&network, 2, 1)?;
            assert!(error < 0.03, "{name} on {}: error {error}", executor.name());
        }
    }
    Ok(())
}

#[test]
fn every_encoder_builds_reaches_its_parameters_and_ends_in_one_vector() -> Result<(), Any> {
    for kind in EncoderKind::defaults() {
        let name = kind.name();
        let encoder = kind.part().graph(&[3, 16, 16])?;
        assert_eq!(encoder.outputs().len(), 1, "{name}");
        let graph = network(&encoder, None, None)?;
        let params = Params::new(0, &Device::Cpu);
        let network = Network::new(graph, &params, Arc::new(CpuExecutor::new()))?;
        let x = random(&[4, 3, 16, 16], 9, DType::F32)?;
        let forward = network.forward(&x, Mode::Train)?;
        assert_eq!(forward.outputs[0].dims().len(), 2, "{name}");
        let upstream = random(forward.outputs[0].dims(), 10, DType::F32)?;
        let gradients = network.backward(forward.tape, &[Some(upstream), None])?;
        for param in params.trainable() {
            assert!(
                gradients.of.contains_key(&param.name),
                "{name}: {}",
                param.name
            );
        }
        let order = Tensor::new(vec![2_u32, 0, 3, 1], &Device::Cpu)?;
        let features = network.eval(&x, "features")?.index_select(&order, 0)?;
        let permuted = network.eval(&x.index_select(&order, 0)?, "features")?;
        let gap = (features - permuted)?
            .abs()?
            .flatten_all()?
            .max(0)?
            .to_scalar::<f32>()?;
        assert!(
            gap < 1e-4,
            "{name}: rows influence each other in evaluation, {gap}"
        );
    }
    Ok(())
}

/// Unknown keys are refused in every part of a family, and settings survive being written and read.
macro_rules! config_laws {
    ($($family:ty),+ $(,)?) => {
        #[test]
        fn every_part_is_read_as_it_is_written_and_refuses_unknown_keys() -> Result<(), Any> {
            $(for kind in <$family>::defaults() {
                let written = serde_json::to_value(&kind)?;
                let again: $family = serde_json::from_value(written.clone())?;
                assert_eq!(written, serde_json::to_value(&again)?);
                assert_eq!(written["kind"], Value::from(kind.name()));
                let mut wrong = written;
                wrong["nonsense"] = Value::from(1);
                let refused = serde_json::from_value::<$family>(wrong);
                assert!(refused.is_err(), "{} takes an unknown key", kind.name());
            }
            assert_eq!(<$family>::NAMES.len(), <$family>::entries().len());
            for entry in <$family>::entries() {
                assert!(entry.about.len() > 20, "{} has no sentence", entry.name);
            })+
            Ok(())
        }
    };
}
config_laws!(
    EnergyKind,
    LossKind,
    RegularizerKind,
    NegativesKind,
    PairsKind,
    CandidatesKind,
    EncoderKind,
    OptimizerKind,
    ravine::heads::HeadKind,
    ravine::heads::LatentsKind,
    ravine::inference::InferenceKind,
    ravine::augment::Operation,
);

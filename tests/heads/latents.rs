//! Latent variables: values, prices, warnings, and what is made of the energies of all of them.

use candle_core::{DType, Device, Tensor, Var};
use ravine::heads::{Continuous, HeadKind, Latent, LatentsKind, Reduce, Space};
use ravine::losses::{Energies, Loss, Nll, free_energy, gibbs, lowest};
use ravine::objectives::Answers;

use crate::common::{Any, Case, case};
use crate::{bounds, flat, model, tensor};

fn wide(shape: &[usize], which: u64) -> Result<Tensor, Any> {
    Ok(tensor(shape, which)?.to_dtype(DType::F64)?)
}

fn close(what: &str, a: &Tensor, b: &Tensor, most: f64) -> Result<(), Any> {
    let gap = (a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f64>()?;
    assert!(gap <= most, "{what}: differs by {gap}");
    Ok(())
}

fn check(case: &Case, value: impl Fn(&Tensor) -> Result<Tensor, Any>) -> Result<(), Any> {
    let energies = Var::from_tensor(&case.input("energies"))?;
    let rows = value(energies.as_tensor())?;
    case.check("per_row", &rows)?;
    let loss = rows.mean_all()?;
    case.check("loss", &loss)?;
    let store = loss.backward()?;
    let gradient = store.get(&energies).expect("a gradient");
    case.check("grad_energies", gradient)
}

#[test]
fn minima_free_energies_and_probabilities_equal_the_reference() -> Result<(), Any> {
    check(&case("latent/min")?, |e| Ok(lowest(e)?))?;
    let sum = case("latent/free_energy")?;
    check(&sum, |e| Ok(free_energy(e, sum.number("beta"), 1.0)?))?;
    let mean = case("latent/mean_free_energy")?;
    check(&mean, |e| {
        let share = 1.0 / e.dim(1)? as f64;
        Ok(free_energy(e, mean.number("beta"), share)?)
    })?;
    let case = case("latent/gibbs")?;
    let energies = Var::from_tensor(&case.input("energies"))?;
    let probability = gibbs(&energies, case.number("beta"))?;
    case.check("probability", &probability)?;
    let loss = (probability * case.input("upstream"))?.sum_all()?;
    case.check("loss", &loss)?;
    let store = loss.backward()?;
    case.check("grad_energies", store.get(&energies).expect("a gradient"))
}

#[test]
fn free_energy_lies_below_the_minimum_and_tends_to_it() -> Result<(), Any> {
    let energies = wide(&[6, 5], 41)?;
    let minimum = lowest(&energies)?;
    for beta in [0.1, 1.0, 30.0] {
        let free = free_energy(&energies, beta, 1.0)?;
        let above = (&minimum - &free)?.to_vec1::<f64>()?;
        assert!(above.iter().all(|gap| *gap >= 0.0), "beta {beta}");
        let mean = (free_energy(&energies, beta, 0.2)? - 5.0_f64.ln() / beta)?;
        close("mean = sum + log|Z| / beta", &mean, &free, 1e-12)?;
    }
    let cold = free_energy(&energies, 1e6, 1.0)?;
    close("beta -> infinity", &cold, &minimum, 1e-5)?;
    let one = energies.narrow(1, 0, 1)?;
    close(
        "one z",
        &free_energy(&one, 0.7, 1.0)?,
        &one.squeeze(1)?,
        1e-12,
    )
}

#[test]
fn nll_is_the_right_energy_less_the_free_energy_and_its_gradient_the_gibbs_distribution()
-> Result<(), Any> {
    let beta = 1.7;
    let all = Var::from_tensor(&wide(&[4, 5], 42)?)?;
    let energies = Energies {
        positive: all.narrow(1, 0, 1)?,
        negative: Some(all.narrow(1, 1, 4)?),
        volume: None,
    };
    let nll = Nll { beta }.forward(&energies)?;
    let free = free_energy(all.as_tensor(), beta, 1.0)?;
    close("nll", &nll, &(energies.positive.squeeze(1)? - free)?, 1e-12)?;
    let store = nll.sum_all()?.backward()?;
    let right = Tensor::new(&[[1.0, 0.0, 0.0, 0.0, 0.0]], &Device::Cpu)?;
    let expected = right.broadcast_sub(&gibbs(&all, beta)?)?;
    close(
        "gradient",
        store.get(&all).expect("a gradient"),
        &expected,
        1e-12,
    )
}

#[test]
fn every_latent_decodes_its_values_and_prices_them() -> Result<(), Any> {
    let priced = Continuous {
        dim: 2,
        circle: true,
        points: 5,
        l1: 0.3,
        l2: 0.7,
        ..Continuous::default()
    };
    let mut all = LatentsKind::defaults();
    all.push(LatentsKind::Continuous(priced));
    for (i, kind) in all.iter().enumerate() {
        let (z, name) = (kind.part(), kind.name());
        z.validate()?;
        let values = match z.values(&Device::Cpu)? {
            Some(values) => values,
            None => tensor(&[7, z.dim()], 43)?,
        };
        assert_eq!(values.dims()[1], z.dim(), "{name}");
        let decoded = z.decoded(&values)?;
        assert_eq!(decoded.dims(), [values.dims()[0], z.features()], "{name}");
        let price = z.penalty(&values)?;
        assert_eq!(price.is_some(), i + 1 == all.len(), "{name}");
        if let Some(price) = price {
            let values: Vec<Vec<f32>> = values.to_vec2()?;
            for (value, price) in values.iter().zip(flat(&price)?) {
                let of = |v: &f32| 0.3 * v.abs() + 0.35 * v * v;
                let expected: f32 = value.iter().map(of).sum();
                assert!((price - expected).abs() < 1e-5, "{name}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_latent_that_can_carry_every_answer_for_nothing_is_warned_of() -> Result<(), Any> {
    let free = Continuous {
        dim: 2,
        ..Continuous::default()
    };
    let limits: [fn(&mut Continuous); 5] = [
        |_| {},
        |z| z.l1 = 0.1,
        |z| z.l2 = 0.1,
        |z| z.noise = 0.1,
        |z| z.dim = 1,
    ];
    for (i, limit) in limits.iter().enumerate() {
        let mut z = free;
        limit(&mut z);
        let latent = Latent {
            z: LatentsKind::Continuous(z),
            ..Latent::default()
        };
        let (model, _) = model(&[HeadKind::Latent(latent)], Space::Vectors(2))?;
        let loss = ravine::losses::LossKind::Energy(ravine::losses::EnergyLoss::default());
        let objective = Answers::new(model, loss, None, bounds(), (9, 0))?;
        let warned = objective.warnings().iter().any(|w| w.contains("head.z.l1"));
        assert_eq!(warned, i == 0, "limit {i}: {:?}", objective.warnings());
    }
    Ok(())
}

#[test]
fn beta_is_annealed_from_its_start_to_its_end() {
    let latent = Latent {
        reduce: Reduce::FreeEnergy,
        beta: 100.0,
        beta_start: Some(1.0),
        ..Latent::default()
    };
    assert!((latent.beta_at(0.0) - 1.0).abs() < 1e-12);
    assert!((latent.beta_at(0.5) - 10.0).abs() < 1e-9);
    assert!((latent.beta_at(1.0) - 100.0).abs() < 1e-9);
}

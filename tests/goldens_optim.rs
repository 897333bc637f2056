//! Optimizers and schedules against reference numbers.

mod common;

use candle_core::{Device, Tensor};
use common::{Any, Case, case};
use ravine::objectives::MomentumEncoder;
use ravine::optim::{AdamW, Decay, Lars, NormOf, Optimizer, Schedule, Sgd, State};
use ravine::params::{Init, Param, ParamSpec, Params, Role};

/// Run the case's gradients through `optimizer` and compare the path of both parameters.
fn check_paths(case: &Case, optimizer: &dyn Optimizer, bias_role: Role) -> Result<(), Any> {
    let params = Params::new(0, &Device::Cpu);
    let rates: Vec<f64> = serde_json::from_value(case.params["learning_rates"].clone())?;
    for (name, role) in [("matrix", Role::Weight), ("bias", bias_role)] {
        let start = case.input(name);
        let param: Param = params.create(&ParamSpec {
            name: name.into(),
            shape: start.dims().to_vec(),
            init: Init::Constant(0.0),
            role,
        })?;
        param.var.set(&start)?;
        let gradients = case.input(&format!("{name}_gradients"));
        let mut state = State::default();
        let mut path = Vec::new();
        for (s, &rate) in rates.iter().enumerate() {
            let gradient = gradients.get(s)?;
            optimizer.update(
                &param,
                &gradient,
                optimizer.pace(rate, s as u64 + 1),
                &mut state,
            )?;
            path.push(param.var.as_tensor().copy()?);
        }
        case.check(&format!("{name}_path"), &Tensor::stack(&path, 0)?)?;
    }
    Ok(())
}

#[test]
fn sgd_equals_the_reference() -> Result<(), Any> {
    for name in ["optimiser/sgd_momentum", "optimiser/sgd_nesterov"] {
        let case = case(name)?;
        let sgd = Sgd {
            lr: 1.0,
            momentum: case.number("momentum"),
            nesterov: case.params["nesterov"].as_bool().unwrap_or_default(),
            weight_decay: case.number("weight_decay"),
        };
        check_paths(&case, &sgd, Role::Weight)?;
    }
    Ok(())
}

#[test]
fn adamw_equals_the_reference() -> Result<(), Any> {
    let case = case("optimiser/adamw")?;
    let adamw = AdamW {
        lr: 1.0,
        betas: serde_json::from_value(case.params["betas"].clone())?,
        eps: case.number("eps"),
        weight_decay: case.number("weight_decay"),
    };
    check_paths(&case, &adamw, Role::Weight)
}

#[test]
fn both_forms_of_lars_equal_the_reference() -> Result<(), Any> {
    for (name, norm_of) in [
        ("optimiser/lars_gradient_norm", NormOf::Gradient),
        (
            "optimiser/lars_decayed_gradient_norm",
            NormOf::DecayedGradient,
        ),
    ] {
        let case = case(name)?;
        let lars = Lars {
            lr: 1.0,
            momentum: case.number("momentum"),
            weight_decay: case.number("weight_decay"),
            trust: case.number("trust"),
            norm_of,
        };
        check_paths(&case, &lars, Role::Plain)?;
    }
    Ok(())
}

#[test]
fn warmup_cosine_equals_the_reference() -> Result<(), Any> {
    for (name, last) in [
        ("schedule/warmup_cosine_open", 0),
        ("schedule/warmup_cosine_closed", 1),
    ] {
        let case = case(name)?;
        let steps = case.usize("steps") as u64;
        let schedule = Schedule {
            decay: Decay::Cosine,
            steps: steps - last,
            warmup: case.usize("warmup") as u64,
            base: case.number("base"),
            end: case.number("end"),
        };
        let rates: Vec<f64> = (0..steps).map(|s| schedule.at(s)).collect();
        case.check("learning_rate", &Tensor::new(rates, &Device::Cpu)?)?;
    }
    Ok(())
}

#[test]
fn target_momentum_equals_the_reference() -> Result<(), Any> {
    let case = case("schedule/ema")?;
    let steps = case.usize("steps");
    let momentum = MomentumEncoder {
        momentum: case.number("start"),
        end: 1.0,
        center: None,
    };
    let momenta: Vec<f64> = (0..=steps)
        .map(|k| momentum.at(k as f64 / steps as f64))
        .collect();
    case.check("momentum", &Tensor::new(momenta, &Device::Cpu)?)
}

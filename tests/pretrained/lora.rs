//! Low-rank adapters.

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use ravine::encoders::lora::{is_adapter, merged};
use ravine::encoders::{Encoder, Lora, Vit};
use ravine::graph::{CandleExecutor, CpuExecutor, Executor, Mode, Network};
use ravine::params::Params;

use super::common::cli::{json, pretrain, ravine, refused};
use super::common::resumed::goes_on_identically;
use super::common::{Any, randn};
use super::{saved, sets};

const VIT: &str = "encoder={kind='vit',patch=4,width=16,depth=2,heads=2}";

fn vit() -> Vit {
    Vit {
        width: 16,
        depth: 2,
        heads: 2,
        ..Vit::default()
    }
}

fn gap(a: &Tensor, b: &Tensor) -> Result<f32, Any> {
    Ok((a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?)
}

#[test]
fn adapters_start_as_nothing_get_all_gradients_and_merge_into_their_layers() -> Result<(), Any> {
    let executors: [Arc<dyn Executor>; 2] =
        [Arc::new(CpuExecutor::new()), Arc::new(CandleExecutor)];
    let mut of_executors = Vec::new();
    for executor in executors {
        let plain = vit().graph(&[1, 8, 8])?;
        let adapted = Lora { rank: 3 }.adapted(&plain)?;
        let (base, params) = (Params::new(2, &Device::Cpu), Params::new(2, &Device::Cpu));
        let network = Network::new(adapted, &params, executor.clone())?;
        let base = Network::new(plain, &base, executor)?;
        let x = randn(&[5, 1, 8, 8], 0)?;
        let start = base.eval(&x, "features")?;
        assert_eq!(gap(&network.eval(&x, "features")?, &start)?, 0.0);
        let count = params
            .all()
            .iter()
            .filter(|param| is_adapter(&param.name))
            .count();
        assert_eq!(count, 2 * 2 * 4); // two factors, two blocks, qkv, proj, fc1, fc2
        params.freeze(|name| !is_adapter(name));
        for (param, which) in params.trainable().iter().zip(1..) {
            param.var.set(&(randn(param.var.dims(), which)? * 0.1)?)?;
        }
        let forward = network.forward(&x, Mode::Train(None))?;
        let features = forward.outputs[0].clone();
        assert!(gap(&features, &start)? > 1e-2);
        let gradients = network.backward(forward.tape, &[Some(features.ones_like()?)])?;
        let names: Vec<&String> = gradients.of.keys().collect();
        assert!(
            names.len() == count && names.iter().all(|name| is_adapter(name)),
            "{names:?}"
        );
        let all = params.all().into_iter();
        let values: HashMap<String, Tensor> =
            all.map(|p| (p.name, p.var.as_detached_tensor())).collect();
        base.params().load(&merged(values, base.params())?)?;
        assert!(gap(&base.eval(&x, "features")?, &features)? < 1e-5);
        of_executors.push(gradients.of);
    }
    for (name, gradient) in &of_executors[0] {
        assert!(gap(gradient, &of_executors[1][name])? < 1e-4, "{name}");
    }
    Ok(())
}

#[test]
fn a_run_trains_adapters_alone_and_what_uses_it_gets_them_merged() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let (from, run) = (folder.path().join("from"), folder.path().join("run"));
    pretrain(&from, &sets(&[VIT, "train.save_every=9"]))?;
    let weights = from.join("checkpoints/step-000020/model.safetensors");
    let named = format!("encoder.weights={}", weights.display());
    let card = pretrain(
        &run,
        &sets(&[VIT, &named, "encoder.lora=2", "train.ema=0.5"]),
    )?;
    let (before, after) = (
        saved(&from, 20, "model.safetensors")?,
        saved(&run, 20, "model.safetensors")?,
    );
    let mut trained = 0;
    for (name, value) in after
        .iter()
        .filter(|(name, _)| name.starts_with("encoder."))
    {
        if is_adapter(name) {
            trained += value.len() as u64;
            assert!(value.iter().any(|v| *v != 0.0), "{name}");
        } else {
            assert_eq!(*value, before[name], "{name}");
        }
    }
    assert_eq!(card["parameters"], trained);
    // The probe runs with adapters, `embed` with merged layers: of one image both see the same.
    let out = folder.path().join("features.jsonl").display().to_string();
    let text = run.display().to_string();
    let mut embed = vec![
        "embed",
        &text,
        "--part",
        "test",
        "--out",
        &out,
        "--checkpoint",
        "latest",
    ];
    assert!(ravine(&embed).status.success());
    let merged = std::fs::read_to_string(&out)?;
    let started = folder.path().join("started.jsonl").display().to_string();
    let other = from.display().to_string();
    (embed[1], embed[5]) = (&other, &started);
    assert!(ravine(&embed).status.success());
    assert_ne!(merged, std::fs::read_to_string(&started)?);
    let file = folder.path().join("merged.safetensors");
    let to = file.display().to_string();
    json(&[
        "export",
        &text,
        "--to",
        "safetensors",
        "--out",
        &to,
        "--json",
    ])?;
    let exported = candle_core::safetensors::load(&file, &Device::Cpu)?;
    let layer = "blocks.1.attn.qkv";
    let named = |name: &str| format!("encoder.{layer}{name}.weight");
    let all = candle_core::safetensors::load(
        run.join("checkpoints")
            .join(card["checkpoint"].as_str().unwrap_or_default())
            .join("ema.safetensors"),
        &Device::Cpu,
    )?;
    let sum = (&all[&named("")] + all[&named(".lora_b")].matmul(&all[&named(".lora_a")])?)?;
    assert_eq!(gap(&exported[&format!("{layer}.weight")], &sum)?, 0.0);
    assert!(exported.keys().all(|name| !is_adapter(name)));
    let probed = json(&["probe", &text, "--labels-per-class", "10", "--json"])?;
    assert_eq!(
        probed["accuracy"]["pretrained"],
        card["probe"]["accuracy"]["pretrained"]
    );
    Ok(())
}

#[test]
fn a_resumed_run_with_adapters_goes_on_identically() -> Result<(), Any> {
    goes_on_identically(
        &[4],
        &[
            VIT,
            "encoder.lora=2",
            "train.freeze_epochs=0.2",
            "target.momentum=0.9",
            "negatives.kind=queue",
            "negatives.size=300",
        ],
    )
}

#[test]
fn adapters_without_linear_layers_or_rank_or_beside_a_head_are_refused() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run").display().to_string();
    for (command, keys, part) in [
        ("pretrain", vec!["lora.rank=4"], "this encoder has none"),
        ("pretrain", vec![VIT, "encoder.lora=0"], "lora.rank"),
        (
            "train",
            vec![
                VIT,
                "encoder.lora=2",
                "head.kind=multi_class",
                "loss.kind=nll",
            ],
            "leave `lora` out",
        ),
    ] {
        let mut arguments = vec![command, "digits", "--out", &run];
        arguments.extend(sets(&keys));
        let said = refused(&arguments, 2);
        assert!(said.contains(part), "{said}");
    }
    Ok(())
}

//! Folders and files of timm, torchvision and transformers: loaded there strictly, with equal features.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use ravine::encoders::{
    Efficientnet, EfficientnetSize, EncoderKind, Resnet, Swin, architecture, weights,
};
use ravine::export::{ChannelStatistics, Exported, find};
use ravine::graph::{CpuExecutor, Network};
use ravine::params::Params;
use serde_json::{Value, json};

use crate::common::{Any, architectures};
use crate::python::{floats, python};

/// The encoder `kind` with the weights at `path`, as a run has it: its parameters below `encoder.`.
fn exported(kind: &EncoderKind, path: &Path, side: usize) -> Result<(Exported, Network), Any> {
    let encoder = kind.part().graph(&[3, side, side])?;
    let graph = ravine::encoders::network(&encoder, None, None)?;
    let params = Params::new(1, &Device::Cpu);
    let network = Network::new(graph.clone(), &params, Arc::new(CpuExecutor::new()))?;
    weights::load(path, None, network.graph(), "encoder.", &params)?;
    let outputs = graph.outputs().to_vec();
    let mut exported = Exported::new(graph, params, outputs);
    exported.kind = Some(kind.clone());
    exported.statistics = Some(ChannelStatistics {
        mean: vec![0.5; 3],
        std: vec![0.25; 3],
    });
    Ok((exported, network))
}

/// Write `exported` in the format `to`; what the check needs to know, or `None` where there is no counterpart.
fn case(
    (name, to): (&str, &str),
    exported: &Exported,
    features: &Tensor,
    images: &Tensor,
    folder: &Path,
) -> Result<Option<Value>, Any> {
    let format = find(to)?;
    let out = folder.join(format!("{name}-{to}"));
    if let Err(refused) = format.write(exported, &out) {
        assert!(refused.to_string().contains("no counterpart"), "{refused}");
        return Ok(None);
    }
    let (_, code) = format.opened(exported, &out.display().to_string());
    floats(&folder.join(format!("{name}.in")), images)?;
    floats(&folder.join(format!("{name}.out")), features)?;
    Ok(Some(json!({
        "name": name, "to": to, "path": out, "code": code, "input": format!("{name}.in"), "shape": images.dims(),
        "features": format!("{name}.out"),
    })))
}

#[test]
fn encoders_load_strictly_where_they_came_from() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let mut cases = Vec::new();
    let mut counted = std::collections::BTreeMap::new();
    for golden in architectures::cases()? {
        let path = golden.file(folder.path())?;
        let kind = architecture(&path, None)?;
        let (exported, network) = exported(&kind, &path, golden.side)?;
        let images = golden.images()?;
        let features = network.eval(&images, "features")?;
        for to in ["timm", "torchvision", "hf"] {
            let found = case(
                (&golden.name, to),
                &exported,
                &features,
                &images,
                folder.path(),
            )?;
            *counted.entry(to).or_insert(0) += usize::from(found.is_some());
            cases.extend(found);
        }
        // The mean over patches of a network that has tokens in front of them.
        if golden.name == "transformers-dinov2" {
            let mut table = toml::Table::try_from(&kind)?;
            table.insert("pool".into(), "mean".into());
            let kind: EncoderKind = table.try_into()?;
            let (exported, network) = self::exported(&kind, &path, golden.side)?;
            let features = network.eval(&images, "features")?;
            for to in ["timm", "hf"] {
                let name = "dinov2-mean";
                let found = case((name, to), &exported, &features, &images, folder.path())?;
                assert!(found.is_some(), "{to}");
                cases.extend(found);
            }
        }
        std::fs::remove_file(path)?;
    }
    let b3 = Efficientnet {
        size: EfficientnetSize::B3,
        ..Efficientnet::default()
    };
    for (name, kind, made) in [
        ("cifar", EncoderKind::Resnet(Resnet::default()), true),
        ("b3", EncoderKind::Efficientnet(b3), true),
        // The windows of its last stage are as small as that, which torchvision's never are.
        ("swin-32", EncoderKind::Swin(Swin::default()), false),
    ] {
        let path = folder.path().join(format!("{name}.safetensors"));
        random(&kind, &path)?;
        let (exported, network) = exported(&kind, &path, 32)?;
        let images = Tensor::randn(0_f32, 1.0, (2, 3, 32, 32), &Device::Cpu)?;
        let features = network.eval(&images, "features")?;
        let to = (name, "torchvision");
        let found = case(to, &exported, &features, &images, folder.path())?;
        assert_eq!(found.is_some(), made, "{name}");
        cases.extend(found);
    }
    let least = [("timm", 22), ("hf", 8), ("torchvision", 14)];
    assert!(least.iter().all(|(to, n)| counted[to] >= *n), "{counted:?}");
    let text = serde_json::to_string(&cases)?;
    std::fs::write(folder.path().join("cases.json"), text)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/check_layouts.py");
    match Command::new(python())
        .arg(script)
        .arg(folder.path())
        .output()
    {
        Ok(output) if output.status.code() == Some(3) => {
            let said = String::from_utf8_lossy(&output.stdout);
            println!("skipped: {} says: {said}", python());
        }
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success(),
                "{}{said}",
                String::from_utf8_lossy(&output.stdout)
            );
        }
        Err(e) => println!("skipped: {} does not start: {e}", python()),
    }
    Ok(())
}

/// A file of random weights of `kind`.
fn random(kind: &EncoderKind, path: &Path) -> Result<(), Any> {
    let params = Params::new(4, &Device::Cpu);
    for spec in kind.part().graph(&[3, 32, 32])?.parameters() {
        params.create(&spec)?;
    }
    let values: std::collections::HashMap<String, Tensor> = params
        .all()
        .into_iter()
        .map(|param| (param.name.clone(), param.var.as_detached_tensor()))
        .collect();
    Ok(candle_core::safetensors::save(&values, path)?)
}

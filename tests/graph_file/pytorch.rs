//! Networks that PyTorch's two exporters wrote: its features, and a step of training on both executors.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{Device, Tensor};
use ravine::graph::{CandleExecutor, Gradients, Mode, Network};

use crate::common::cli::json;
use crate::common::networks::near;
use crate::common::{Any, randn};
use crate::{executors, network};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/onnx")
}

const INPUT: [usize; 3] = [3, 32, 32];

/// Every network with the features that PyTorch gave.
fn networks() -> Result<Vec<(String, PathBuf, Tensor, Tensor)>, Any> {
    let mut all =
        candle_core::safetensors::load(folder().join("features.safetensors"), &Device::Cpu)?;
    let x = all.remove("x").expect("the input");
    let mut networks: Vec<_> = all
        .into_iter()
        .map(|(name, features)| {
            let path = folder().join(format!("{name}.onnx"));
            (name, path, x.clone(), features)
        })
        .collect();
    networks.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(networks.len() > 5);
    Ok(networks)
}

#[test]
fn features_are_those_of_pytorch() -> Result<(), Any> {
    for (name, path, x, features) in networks()? {
        for executor in executors() {
            let network = network(&path, &INPUT, executor)?;
            near(&name, &features, &network.eval(&x, "features")?)?;
        }
    }
    Ok(())
}

fn step(network: &Network, x: &Tensor, upstream: &Tensor) -> Result<Gradients, Any> {
    let forward = network.forward(x, Mode::Train(None))?;
    Ok(network.backward(forward.tape, &[Some(upstream.clone())])?)
}

#[test]
fn every_parameter_is_trained_alike_by_both_executors() -> Result<(), Any> {
    for (name, path, x, features) in networks()? {
        // Statistics of a few values amplify rounding.
        let x = Tensor::cat(&[&x, &randn(&[30, 3, 32, 32], 6)?], 0)?;
        let upstream = randn(&[32, features.dim(1)?], 5)?;
        let [candle, cpu] = executors().try_into().ok().expect("two executors");
        let (a, b) = (
            network(&path, &INPUT, candle)?,
            network(&path, &INPUT, cpu)?,
        );
        let (mine, other) = (step(&a, &x, &upstream)?, step(&b, &x, &upstream)?);
        for param in a.params().trainable() {
            let (mine, other) = (&mine.of[&param.name], &other.of[&param.name]);
            near(&format!("{name}: {}", param.name), mine, other)?;
        }
    }
    Ok(())
}

#[test]
fn parameters_are_called_as_in_pytorch() -> Result<(), Any> {
    for (file, names) in [
        (
            "resnet18-norms",
            &[
                "conv1.weight",
                "bn1.running_mean",
                "layer2.0.downsample.1.weight",
            ][..],
        ),
        (
            "vit-dynamo",
            &[
                "cls_token",
                "pos_embed",
                "blocks.1.attn.qkv.weight",
                "blocks.0.mlp.fc2.bias",
            ],
        ),
        (
            "gated-script",
            &["blocks.0.attn.k_norm.bias", "blocks.0.mlp.fc1.weight"],
        ),
        // Queries, keys and values of three layers are one here.
        (
            "apart-script",
            &[
                "net.layers.0.attention.qkv.weight",
                "net.layers.0.attention.qkv.bias",
            ],
        ),
        ("rotary-script", &["reg_token", "blocks.0.attn.proj.weight"]),
    ] {
        let path = folder().join(format!("{file}.onnx"));
        let network = network(&path, &INPUT, Arc::new(CandleExecutor))?;
        for name in names {
            assert!(network.params().get(name).is_some(), "{file}: {name}");
        }
    }
    Ok(())
}

/// A folder of small pictures in two classes.
fn pictures(folder: &Path) -> Result<String, Any> {
    let root = folder.join("pictures");
    for i in 0..80_u32 {
        let class = root.join(if i % 2 == 0 { "rows" } else { "columns" });
        std::fs::create_dir_all(&class)?;
        let picture = image::RgbImage::from_fn(32, 32, |x, y| {
            let at = if i % 2 == 0 { y } else { x };
            image::Rgb([(at * 7 + i) as u8, (at * 3) as u8, (i * 3) as u8])
        });
        picture.save(class.join(format!("{i}.png")))?;
    }
    Ok(root.display().to_string())
}

#[test]
fn a_run_keeps_the_network_that_it_started_from() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("net.onnx");
    std::fs::copy(self::folder().join("vit-script.onnx"), &file)?;
    let data = pictures(folder.path())?;
    let run = folder.path().join("run");
    let (kind, out) = (
        format!("encoder={{kind=\"graph\",file=\"{}\"}}", file.display()),
        run.display().to_string(),
    );
    let mut arguments = vec![
        "pretrain", "simclr", "--json", "--data", &data, "--out", &out,
    ];
    for set in [
        kind.as_str(),
        "augment.size=32",
        "projector.hidden=[16]",
        "train.batch=16",
        "train.epochs=1",
        "probe.every=0",
    ] {
        arguments.extend(["--set", set]);
    }
    let card = json(&arguments)?;
    assert!(card["steps"].as_u64() > Some(0));
    std::fs::remove_file(&file)?;
    let again = folder.path().join("features.npy").display().to_string();
    let embedded = json(&["embed", &out, "--json", "--out", &again])?;
    assert_eq!(embedded["dim"], 24);
    let exported = folder.path().join("trained.onnx").display().to_string();
    let written = json(&["export", &out, "--json", "--out", &exported])?;
    assert_eq!(written["features"], 24);
    json(&["pretrain", "--resume", "--json", "--out", &out])?;
    Ok(())
}

//! Starting weights from files: what is taken, what is said, what is refused.

mod architectures;
#[path = "../common/mod.rs"]
mod common;
mod foreign;
mod formats;
mod hostile;
mod inspect;
mod layouts;
mod pickled;
mod sets;
mod told;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor, safetensors};
use common::cli::{ravine, refused};
use common::{Any, randn};
use ravine::encoders::{Convnet, Encoder, Resnet, Vit, weights};
use ravine::graph::{CpuExecutor, Network};
use ravine::params::Params;

fn small_resnet() -> Resnet {
    Resnet {
        depth: 10,
        width: 4,
        ..Resnet::default()
    }
}

fn small_vit(side: usize) -> Result<Network, Any> {
    let vit = Vit {
        patch: 4,
        width: 12,
        depth: 1,
        heads: 2,
        ..Vit::default()
    };
    network(&vit, side, 0)
}

fn network(encoder: &dyn Encoder, side: usize, seed: u64) -> Result<Network, Any> {
    let graph = encoder.graph(&[3, side, side])?;
    let params = Params::new(seed, &Device::Cpu);
    Ok(Network::new(graph, &params, Arc::new(CpuExecutor::new()))?)
}

/// The parameters of `network` under other names.
fn values(network: &Network, name: impl Fn(&str) -> String) -> HashMap<String, Tensor> {
    let all = network.params().all().into_iter();
    all.map(|param| (name(&param.name), param.var.as_detached_tensor()))
        .collect()
}

fn load(path: &Path, network: &Network) -> ravine::error::Result<weights::Matched> {
    weights::load(path, None, network.graph(), "", network.params())
}

fn gap(a: &Tensor, b: &Tensor) -> Result<f32, Any> {
    Ok((a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar()?)
}

#[test]
fn a_wrapped_resnet_is_taken_over_and_the_rest_reported() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("other.safetensors");
    let (trained, fresh) = (
        network(&small_resnet(), 16, 1)?,
        network(&small_resnet(), 16, 2)?,
    );
    let mut file = values(&trained, |name| format!("module.backbone.{name}"));
    let classifier = Tensor::zeros((3, 32), DType::F16, &Device::Cpu)?;
    file.insert("module.head.weight".into(), classifier);
    safetensors::save(&file, &path)?;

    let found = load(&path, &fresh)?;
    assert_eq!(found.prefix, "module.backbone.");
    assert!(found.missing.is_empty(), "{found}");
    assert_eq!(found.unused, ["module.head.weight"]);
    assert_eq!(found.taken.len(), trained.params().all().len());
    let said = found.to_string();
    for part in ["`module.backbone.` stripped", "module.head.weight"] {
        assert!(said.contains(part), "{said}");
    }
    let x = randn(&[2, 3, 16, 16], 0)?;
    let (a, b) = (trained.eval(&x, "features")?, fresh.eval(&x, "features")?);
    assert_eq!(gap(&a, &b)?, 0.0);
    Ok(())
}

#[test]
fn a_pth_of_pytorch_is_read_below_its_key() -> Result<(), Any> {
    let convnet = Convnet {
        widths: vec![2],
        strides: vec![1],
    };
    let network = network(&convnet, 8, 0)?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/tiny.pth");
    let found = load(&path, &network)?;
    assert_eq!((found.prefix.as_str(), found.taken.len()), ("module.", 5));
    assert_eq!(found.unused, ["module.fc.weight"]);
    let values = |name: &str| -> Result<Vec<f32>, Any> {
        let param = network.params().get(name).expect("a parameter");
        Ok(param.var.flatten_all()?.to_vec1()?)
    };
    assert_eq!(values("bn1.running_var")?, [1.5, 2.5]);
    for (i, value) in values("conv1.weight")?.into_iter().enumerate() {
        assert!((value - i as f32 / 54.0).abs() < 1e-7);
    }
    Ok(())
}

#[test]
fn torchvisions_names_of_a_transformer_and_another_grid_fit() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("vit.safetensors");
    let trained = small_vit(16)?;
    let names = [
        ("blocks.", "encoder.layers.encoder_layer_"),
        ("patch_embed.proj.", "conv_proj."),
        ("cls_token", "class_token"),
        ("pos_embed", "encoder.pos_embedding"),
        (".norm1.", ".ln_1."),
        (".norm2.", ".ln_2."),
        (".attn.qkv.weight", ".self_attention.in_proj_weight"),
        (".attn.qkv.bias", ".self_attention.in_proj_bias"),
        (".attn.proj.", ".self_attention.out_proj."),
        (".mlp.fc1.", ".mlp.0."),
        (".mlp.fc2.", ".mlp.3."),
    ];
    let torchvision = |name: &str| {
        let name = if name.starts_with("norm.") {
            name.replace("norm.", "encoder.ln.")
        } else {
            name.to_string()
        };
        names
            .iter()
            .fold(name, |name, (from, to)| name.replace(from, to))
    };
    safetensors::save(&values(&trained, torchvision), &path)?;
    let larger = small_vit(24)?;
    let found = load(&path, &larger)?;
    assert!(
        found.missing.is_empty() && found.unused.is_empty(),
        "{found}"
    );
    assert!(found.resampled);
    // The same as the trained network on larger images, whose positions are interpolated as it runs.
    let x = randn(&[2, 3, 24, 24], 0)?;
    let expected = trained.at(&[3, 24, 24])?.eval(&x, "features")?;
    assert!(gap(&larger.eval(&x, "features")?, &expected)? < 1e-5);
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused_by_name_and_changes_nothing() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("other.safetensors");
    let wide = Resnet {
        width: 8,
        ..small_resnet()
    };
    safetensors::save(&values(&network(&wide, 16, 1)?, str::to_string), &path)?;
    let fresh = network(&small_resnet(), 16, 2)?;
    let before = values(&fresh, str::to_string);
    let refusal = load(&path, &fresh).expect_err("another width").to_string();
    for part in ["bn1.bias is [8] there and [4] here", "width"] {
        assert!(refusal.contains(part), "{refusal}");
    }
    for (name, value) in values(&fresh, str::to_string) {
        assert_eq!(gap(&value, &before[&name])?, 0.0);
    }
    let nothing = load(&path, &small_vit(16)?)
        .expect_err("another kind")
        .to_string();
    for part in [
        "holds no parameter of this encoder",
        "bn1.bias",
        "blocks.0.attn.proj.bias",
    ] {
        assert!(nothing.contains(part), "{nothing}");
    }
    std::fs::write(folder.path().join("text.pth"), "no zip")?;
    let refusal = load(&folder.path().join("text.pth"), &fresh).expect_err("no weights");
    assert!(refusal.to_string().contains("torch.save"), "{refusal}");
    Ok(())
}

#[test]
fn a_run_starts_from_a_file_and_says_what_it_took() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("resnet.safetensors");
    let digits = small_resnet().graph(&[1, 8, 8])?;
    let params = Params::new(9, &Device::Cpu);
    let trained = Network::new(digits, &params, Arc::new(CpuExecutor::new()))?;
    safetensors::save(&values(&trained, str::to_string), &path)?;
    let run = folder.path().join("run");
    let weights = format!("encoder.weights={}", path.display());
    let small = [
        "encoder={kind='resnet',depth=10,width=4}",
        weights.as_str(),
        "augment.size=8",
        "optimizer.lr=1e-12",
        "train.epochs=1",
        "train.batch=256",
        "probe.every=0",
    ];
    let mut arguments = vec!["pretrain", "digits", "--out", run.to_str().expect("a path")];
    arguments.extend(small.iter().flat_map(|set| ["--set", set]));
    let output = ravine(&arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("parameters taken"), "{said}");
    let saved = std::fs::read_to_string(run.join("latest"))?;
    let model = run
        .join("checkpoints")
        .join(saved.trim())
        .join("model.safetensors");
    let model = safetensors::load(model, &Device::Cpu)?;
    for param in trained.params().trainable() {
        let name = format!("encoder.{}", param.name);
        assert!(gap(&model[&name], &param.var)? < 1e-6, "{name}");
    }
    let run = run.to_str().expect("a path");
    let probe = ["probe", run, "--kind", "knn", "--json"];
    let before = ravine(&probe).stdout;
    std::fs::remove_file(&path)?;
    // The run has kept where it started, for the probe's baseline.
    assert_eq!(
        String::from_utf8(ravine(&probe).stdout)?,
        String::from_utf8(before)?
    );
    assert!(
        ravine(&["pretrain", "--resume", "--out", run])
            .status
            .success()
    );
    arguments.push("--force");
    let refusal = refused(&arguments, 2);
    assert!(refusal.contains("resnet.safetensors"), "{refusal}");
    Ok(())
}

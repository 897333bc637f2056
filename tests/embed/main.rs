//! `ravine embed`: layers, tokens, pools, crops, kinds of number, and what files say of them.

#[path = "../common/mod.rs"]
mod common;
mod files;

use std::path::{Path, PathBuf};

use candle_core::{D, Device, Tensor};
use common::Any;
use common::cli::{json, pretrain, ravine, refused};
use serde_json::Value;

/// A run of a residual network on the digits, of 8 pixels.
fn resnet(folder: &Path) -> PathBuf {
    run(folder, "encoder={kind='resnet',depth=10,width=4}")
}

/// A run of a vision transformer with a class token, 4x4 patches of 2 pixels.
fn vit(folder: &Path) -> PathBuf {
    run(
        folder,
        "encoder={kind='vit',patch=2,width=12,depth=1,heads=2}",
    )
}

fn run(folder: &Path, encoder: &str) -> PathBuf {
    let run = folder.join("run");
    let text = run.to_str().expect("a path");
    let mut arguments = vec!["pretrain", "digits", "--out", text];
    for set in [
        encoder,
        "augment.size=8",
        "projector.hidden=[16]",
        "projector.output=8",
        "train.epochs=0",
        "probe.bank=100",
    ] {
        arguments.extend(["--set", set]);
    }
    let output = ravine(&arguments);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    run
}

/// What `embed` writes with `more` arguments, and what it says.
fn embedded(run: &Path, more: &[&str]) -> Result<(Tensor, Value), Any> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("e.npy");
    let (run, out_text) = (run.to_str().expect("a path"), out.to_str().expect("a path"));
    let arguments = ["embed", run, "--part", "test", "--out", out_text, "--json"];
    let said = json(&[&arguments[..], more].concat())?;
    let about = std::fs::read_to_string(out.with_extension("embedding.json"))?;
    let mut about: Value = serde_json::from_str(&about)?;
    assert_eq!(said["shape"], about["shape"]);
    about["dim"] = said["dim"].clone();
    Ok((Tensor::read_npy(&out)?, about))
}

fn gap(a: &Tensor, b: &Tensor) -> Result<f32, Any> {
    Ok((a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar()?)
}

#[test]
fn maps_of_any_layer_are_pooled() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = resnet(folder.path());
    let (features, about) = embedded(&run, &[])?;
    assert_eq!(
        (&about["output"], &about["shape"][0]),
        (&Value::from("features"), &Value::from(32))
    );
    assert_eq!(about["layer"], "encoder.avgpool");
    // The mean over the last map is what the network does itself.
    for name in ["layer4.0.relu", "encoder.layer4.0.relu"] {
        let (pooled, about) = embedded(&run, &["--layer", name])?;
        assert!(gap(&pooled, &features)? < 1e-6);
        assert_eq!(
            (&about["pool"], &about["layer"]),
            (&Value::from("mean"), &Value::from("encoder.layer4.0.relu"))
        );
    }
    let (mean, about) = embedded(&run, &["--pool", "mean"])?;
    assert!(gap(&mean, &features)? < 1e-6);
    assert!(about["output"].is_null());
    let early = |pool| embedded(&run, &["--layer", "layer2.0.relu", "--pool", pool]);
    let (mean, _) = early("mean")?;
    let (gem, about) = early("gem")?;
    assert_eq!(about["gem_p"], 3.0);
    let (largest, _) = early("max")?;
    // Of numbers that are not negative: mean <= generalised mean <= largest.
    for (less, more) in [(&mean, &gem), (&gem, &largest)] {
        let least: f32 = (more - less)?.flatten_all()?.min(0)?.to_scalar()?;
        assert!(least > -1e-4, "{least}");
        assert!(gap(less, more)? > 1e-3);
    }
    let (early, _) = embedded(&run, &["--layer", "bn1"])?;
    assert_eq!(early.dims()[1], 4);
    let run = run.to_str().expect("a path");
    for (more, words) in [
        (
            &["--layer", "layer4.0.relo"][..],
            "did you mean `layer4.0.relu`",
        ),
        (&["--layer", "zzzz"], "its layers are conv1"),
        (&["--layer", ""], "no such layer"),
        (&["--tokens", "cls"], "only vision transformers"),
        (
            &["--layer", "avgpool", "--pool", "gem"],
            "without positions",
        ),
        (&["--crops", "0"], "--crops 0"),
        (
            &["--layer", "bn1", "--output", "embedding"],
            "cannot be used with",
        ),
        (&["--output", "x"], "other nodes are named by --layer"),
        (
            &["--output", "embedding", "--pool", "gem"],
            "--output embedding: it is one vector",
        ),
        (&["--pool", "sum"], "gem"),
    ] {
        let out = folder.path().join("e.npy");
        let base = ["embed", run, "--out", out.to_str().expect("a path")];
        let said = refused(&[&base[..], more].concat(), 2);
        assert!(said.contains(words), "{said}");
        assert!(!out.exists());
    }
    Ok(())
}

#[test]
fn tokens_are_read_one_by_one_or_pooled() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = vit(folder.path());
    let (features, _) = embedded(&run, &[])?;
    let (class, about) = embedded(&run, &["--tokens", "cls"])?;
    assert_eq!(gap(&class, &features)?, 0.0);
    assert_eq!(
        (&about["tokens"], &about["layer"]),
        (&Value::from("cls"), &Value::from("encoder.norm"))
    );
    let (patches, about) = embedded(&run, &["--tokens", "patch"])?;
    assert_eq!(patches.dims()[1..], [16, 12]);
    assert_eq!(
        (about["grid"].to_string(), &about["dim"]),
        ("[4,4]".into(), &Value::from(192))
    );
    let (mean, about) = embedded(&run, &["--tokens", "mean"])?;
    assert!(gap(&mean, &patches.mean(1)?)? < 1e-6);
    assert_eq!(about["pool"], "mean");
    let (both, _) = embedded(&run, &["--tokens", "cls+mean"])?;
    assert!(gap(&both, &Tensor::cat(&[class, mean], 1)?)? < 1e-6);
    let (largest, _) = embedded(&run, &["--tokens", "mean", "--pool", "max"])?;
    assert!(gap(&largest, &patches.max(1)?)? < 1e-6);
    let (gem, _) = embedded(&run, &["--pool", "gem"])?;
    let powers = patches.maximum(1e-6)?.powf(3.0)?.mean(1)?.powf(1.0 / 3.0)?;
    assert!(gap(&gem, &powers)? < 1e-5);
    // A layer within is read as the last one is.
    let (within, about) = embedded(&run, &["--layer", "blocks.0.mlp.fc1"])?;
    assert_eq!(
        (within.dims()[1], &about["tokens"]),
        (48, &Value::from("cls"))
    );
    // Before the class token is put there, there are patches alone.
    let (first, about) = embedded(&run, &["--layer", "patch_embed", "--tokens", "patch"])?;
    assert_eq!(
        (first.dims()[1], &about["tokens"]),
        (16, &Value::from("patch"))
    );
    let run = run.to_str().expect("a path");
    for (more, words) in [
        (
            &["--layer", "patch_embed", "--tokens", "cls"][..],
            "no class token",
        ),
        (&["--tokens", "cls", "--pool", "max"], "nothing is pooled"),
        (&["--tokens", "patch", "--flips"], "show other places"),
        (&["--tokens", "patch", "--crops", "2"], "show other places"),
    ] {
        let out = folder.path().join("e.npy");
        let base = ["embed", run, "--out", out.to_str().expect("a path")];
        let said = refused(&[&base[..], more].concat(), 2);
        assert!(said.contains(words), "{said}");
    }
    Ok(())
}

#[test]
fn products_of_two_parts_change_the_fourth_digit_at_most() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = vit(folder.path());
    let (plain, about) = embedded(&run, &[])?;
    assert_eq!(about["matmul_precision"], "f32");
    let (high, about) = embedded(&run, &["--matmul-precision", "high"])?;
    assert_eq!(about["matmul_precision"], "high");
    assert!(gap(&high, &plain)? < 1e-3);
    let out = folder.path().join("e.npy");
    let paths = [&run, &out].map(|path| path.to_str().expect("a path"));
    let rounded = [
        "embed",
        paths[0],
        "--out",
        paths[1],
        "--matmul-precision",
        "bf16",
    ];
    assert!(refused(&rounded, 2).contains("high"));
    Ok(())
}

#[test]
fn lengths_mirrors_and_crops() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = vit(folder.path());
    let ones = |x: &Tensor| -> Result<(), Any> {
        let length = x.sqr()?.sum(D::Minus1)?.sqrt()?;
        assert!(gap(&length, &length.ones_like()?)? < 1e-5);
        Ok(())
    };
    let (unit, about) = embedded(&run, &["--normalize"])?;
    ones(&unit)?;
    assert_eq!(about["normalized"], true);
    // Every token has a length of its own.
    ones(&embedded(&run, &["--normalize", "--tokens", "patch"])?.0)?;
    let (plain, _) = embedded(&run, &[])?;
    let (mirrored, about) = embedded(&run, &["--flips"])?;
    assert_eq!(
        (&about["flips"], &about["crops"]),
        (&Value::from(true), &Value::from(1))
    );
    assert!(gap(&mirrored, &plain)? > 1e-4);
    let (crops, about) = embedded(&run, &["--crops", "3"])?;
    assert_eq!(about["crops"], 3);
    assert!(gap(&crops, &plain)? > 1e-4);
    // The same again, whatever the number of workers, and of other pictures when the seed is another.
    assert_eq!(gap(&embedded(&run, &["--crops", "3"])?.0, &crops)?, 0.0);
    let config = run.join("config.toml");
    let text = std::fs::read_to_string(&config)?;
    std::fs::write(&config, text.replacen("seed = 0", "seed = 1", 1))?;
    assert!(gap(&embedded(&run, &["--crops", "3"])?.0, &crops)? > 1e-4);
    assert_eq!(gap(&embedded(&run, &[])?.0, &plain)?, 0.0);
    Ok(())
}

#[test]
fn what_was_embedded_before_is_embedded_still_and_read_back() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("run");
    pretrain(&root, &[])?;
    let (embedding, about) = embedded(&root, &["--output", "embedding"])?;
    assert_eq!(
        (embedding.dims()[1], &about["output"]),
        (8, &Value::from("embedding"))
    );
    let table = folder.path().join("e.parquet");
    let table = table.to_str().expect("a path");
    json(&[
        "embed",
        root.to_str().expect("a path"),
        "--out",
        table,
        "--json",
    ])?;
    let stats = ravine(&["data", "stats", table]);
    assert!(!String::from_utf8_lossy(&stats.stderr).contains("panicked"));
    let saved = root
        .join("checkpoints")
        .join(std::fs::read_to_string(root.join("latest"))?.trim());
    let model = candle_core::safetensors::load(saved.join("model.safetensors"), &Device::Cpu)?;
    assert!(model.contains_key("projector.layers.0.weight"));
    Ok(())
}

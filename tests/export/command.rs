//! `ravine export`: the command, its card, its refusals.

use std::path::Path;

use candle_core::{Device, Tensor};
use serde_json::Value;

use crate::common::Any;
use crate::common::cli::{json, pretrain, ravine, refused};
use crate::python::{input, output, run};

fn export(run: &Path, out: &Path, more: &[&str]) -> Result<Value, Any> {
    let (run, out) = (run.to_string_lossy(), out.to_string_lossy());
    let mut arguments = vec!["export", &run, "--json", "--out", &out];
    arguments.extend(more);
    json(&arguments)
}

fn facts(folder: &Path, name: &str) -> Result<Value, Any> {
    let text = std::fs::read_to_string(folder.join(format!("{name}.facts")))?;
    Ok(serde_json::from_str(&text)?)
}

#[test]
fn a_run_leaves_with_its_card() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run_folder = folder.path().join("run");
    pretrain(&run_folder, &[])?;
    for (name, more, outputs) in [
        ("plain", &[][..], &["features"][..]),
        ("sized", &["--any-size", "--normalize"], &["features"]),
        (
            "embedding",
            &["--with", "projector"],
            &["features", "embedding"],
        ),
        (
            "probe",
            &["--with", "probe"],
            &["features", "energies", "probabilities", "class"],
        ),
    ] {
        let out = folder.path().join(format!("{name}.onnx"));
        let written = export(&run_folder, &out, more)?;
        let said: Vec<&str> = written["outputs"]
            .as_array()
            .expect("outputs")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(said, outputs, "{name}");
        input(
            folder.path(),
            name,
            &Tensor::zeros((2, 1, 8, 8), candle_core::DType::F32, &Device::Cpu)?,
        )?;
    }
    let card = std::fs::read_to_string(folder.path().join("probe.onnx.md"))?;
    for part in [
        "10 classes, in this order: 0, 1, 2",
        "images of the test part are answered right",
        "## Budget",
        "Random.",
        "energy `cosine`",
        "[encoder]",
    ] {
        assert!(card.contains(part), "{part}: {card}");
    }
    if run(folder.path()) {
        let classes = &facts(folder.path(), "probe")?["classes"];
        assert_eq!(
            classes.as_str().map(|text| text.starts_with("[\"0\"")),
            Some(true)
        );
        let shares = output(folder.path(), "probe", "probabilities", &[2, 10])?;
        let sums = shares.sum(1)?.to_vec1::<f32>()?;
        assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-5), "{sums:?}");
        assert!(facts(folder.path(), "plain")?["mean"].is_string());
        assert!(facts(folder.path(), "sized")?["mean"].is_null());
    }
    Ok(())
}

#[test]
fn a_head_leaves_as_a_classifier() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run_folder = folder.path().join("run");
    let out = run_folder.to_string_lossy().into_owned();
    let mut arguments = vec!["train", "digits", "--json", "--out", &out];
    arguments.extend([
        "--set",
        "head.kind=multi_class",
        "--set",
        "loss.kind=nll",
        "--set",
        "train.epochs=1",
        "--set",
        "encoder.widths=[8,16]",
        "--set",
        "train.batch=128",
    ]);
    json(&arguments)?;
    let file = folder.path().join("head.onnx");
    let written = export(&run_folder, &file, &["--with", "head"])?;
    assert_eq!(written["classes"].as_array().map(Vec::len), Some(10));
    assert_eq!(written["outputs"][1], "energies");
    Ok(())
}

#[test]
fn what_cannot_leave_is_refused_by_name() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run_folder = folder.path().join("run");
    pretrain(&run_folder, &["--set", "train.epochs=0"])?;
    let (from, out) = (run_folder.to_string_lossy(), folder.path().join("net.onnx"));
    let out = out.to_string_lossy();
    let ask = |more: &[&str]| {
        let mut arguments = vec!["export", &from, "--out", &out];
        arguments.extend(more);
        refused(&arguments, 2)
    };
    assert!(ask(&["--with", "head"]).contains("no head to export"));
    assert!(ask(&["--to", "pth", "--with", "probe"]).contains("--to onnx"));
    assert!(ask(&["--to", "safetensors", "--normalize"]).contains("--normalize"));
    assert!(ask(&["--data", "elsewhere"]).contains("--with probe"));
    assert!(ask(&["--to", "pth"]).contains("end in .pth or .pt"));
    let missing = ravine(&["export", &from, "--out", "/no/such/folder/net.onnx"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(!Path::new(&*out).exists());
    Ok(())
}

//! Running the binary.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::Any;

/// A run of seconds: few images a step, a tiny network.
pub const SMALL: &[&str] = &[
    "--set",
    "encoder.widths=[8,16]",
    "--set",
    "encoder.strides=[2,2]",
    "--set",
    "projector.hidden=[16]",
    "--set",
    "projector.output=8",
    "--set",
    "train.batch=128",
    "--set",
    "train.epochs=2",
    "--set",
    "train.warmup_epochs=0.5",
    "--set",
    "train.save_every=0.3",
    "--set",
    "probe.every=0.5",
    "--set",
    "probe.bank=200",
];

pub fn ravine(arguments: &[&str]) -> Output {
    assert_cmd::Command::cargo_bin("ravine")
        .expect("the binary")
        .args(arguments)
        .output()
        .expect("a finished process")
}

/// The first JSON object on standard output of a command that must succeed.
pub fn json(arguments: &[&str]) -> Result<Value, Any> {
    let output = ravine(arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Standard error of a command that must end with `code`, without a panic.
pub fn refused(arguments: &[&str], code: i32) -> String {
    let output = ravine(arguments);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
    assert!(!error.contains("panicked"), "{arguments:?}: {error}");
    error
}

/// A small pretraining run in `folder`, with `more` arguments.
pub fn pretrain(folder: &Path, more: &[&str]) -> Result<Value, Any> {
    let out = folder.to_string_lossy().into_owned();
    let mut arguments = vec!["pretrain", "--json", "--out", &out];
    arguments.extend(SMALL);
    arguments.extend(more);
    json(&arguments)
}

/// The journal without its timings.
pub fn journal(folder: &Path) -> Result<Vec<Value>, Any> {
    let text = std::fs::read_to_string(folder.join("metrics.jsonl"))?;
    let lines = text.lines().map(|line| {
        let mut value: Value = serde_json::from_str(line)?;
        if let Some(object) = value.as_object_mut() {
            object.remove("images_per_s");
        }
        Ok(value)
    });
    lines.collect()
}

//! Options for going on from weights that are good already.

mod average;
#[path = "../common/mod.rs"]
mod common;
mod freeze;
mod rates;

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, safetensors};
use common::Any;

/// `--set` before each of `keys`.
fn sets<'a>(keys: &[&'a str]) -> Vec<&'a str> {
    keys.iter().flat_map(|key| ["--set", key]).collect()
}

/// The values that the checkpoint of `step` has in `file`, by name.
fn saved(run: &Path, step: u64, file: &str) -> Result<BTreeMap<String, Vec<f32>>, Any> {
    let path = run.join(format!("checkpoints/step-{step:06}")).join(file);
    let mut values = BTreeMap::new();
    for (name, tensor) in safetensors::load(path, &Device::Cpu)? {
        values.insert(name, tensor.flatten_all()?.to_vec1()?);
    }
    Ok(values)
}

//! Options for going on from weights that are good already.

mod anchor;
mod average;
#[path = "../common/mod.rs"]
mod common;
mod freeze;
mod from_run;
mod guard;
mod lora;
mod presets;
mod rates;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use candle_core::{Device, safetensors};
use common::Any;
use common::cli::pretrain;

/// An encoder that takes starting weights.
const RESNET: &str = "encoder={kind='resnet',depth=10,width=4,stem='imagenet'}";

/// The file with the weights of a short run, made once.
fn start() -> Result<String, Any> {
    static MADE: Mutex<Option<String>> = Mutex::new(None);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(made) = &*made {
        return Ok(made.clone());
    }
    let run = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pretrained-start");
    let more = [
        RESNET,
        "train.epochs=4",
        "seed=5",
        "probe.every=0",
        "train.save_every=9",
    ];
    let card = pretrain(&run, &[&["--force"][..], &sets(&more)].concat())?;
    let step = card["checkpoint"].as_str().unwrap_or_default();
    let file = run.join("checkpoints").join(step).join("model.safetensors");
    let file = file.display().to_string();
    *made = Some(file.clone());
    Ok(file)
}

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

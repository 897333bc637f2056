//! Checkpoints: parameters, optimizer state and progress in one folder, complete or absent.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use candle_core::{Device, Tensor};

use crate::atomic::{self, AtomicFile};
use crate::encoders::lora;
use crate::error::{Error, Result};
use crate::optim::State;
use crate::params::Params;
use crate::train::{Progress, RunFolder};

/// Which weights of a checkpoint are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightSet {
    /// As they were trained.
    Trained,
    /// Their moving average, which runs with `train.ema` keep.
    Averaged,
}

impl WeightSet {
    /// As tables of embeddings name them.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Trained => "trained",
            Self::Averaged => "averaged",
        }
    }

    /// The file of a checkpoint that holds them.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::Trained => "model.safetensors",
            Self::Averaged => "ema.safetensors",
        }
    }
}

/// Where an optimizer's state lies.
const OPTIMIZER: &str = "optimizer.safetensors";

/// Reads and writes checkpoint folders.
pub struct Checkpoint;

impl Checkpoint {
    /// Save everything, the moving `average` of the weights where there is one, under `checkpoints/step-…`, then move `latest` (and `best`, if this step is the
    /// best) and remove what `keep` does not hold.
    ///
    /// # Errors
    /// The disk is full or the folder cannot be written; the previous checkpoint stays.
    pub fn save(
        run: &RunFolder,
        params: &Params,
        (optimizer, average): (&State, Option<&HashMap<String, Tensor>>),
        progress: &Progress,
        keep: usize,
    ) -> Result<()> {
        let name = Self::name(progress.step);
        fs::create_dir_all(run.checkpoints())
            .map_err(|e| Error::data(run.checkpoints(), format!("cannot be created: {e}")))?;
        let model: HashMap<String, Tensor> = params
            .all()
            .into_iter()
            .map(|param| (param.name, param.var.as_detached_tensor()))
            .collect();
        let optimizer: HashMap<String, Tensor> = optimizer.tensors().clone().into_iter().collect();
        let state = serde_json::to_vec_pretty(progress)
            .map_err(|e| Error::Failed(format!("the progress cannot be written: {e}")))?;
        let target = run.checkpoints().join(&name);
        let folder = atomic::dir_beside(&target)?;
        let mut files = vec![(WeightSet::Trained.file(), &model), (OPTIMIZER, &optimizer)];
        files.extend(average.map(|average| (WeightSet::Averaged.file(), average)));
        for (name, tensors) in &files {
            candle_core::safetensors::save(tensors, folder.path().join(name))?;
        }
        let failed = |e| Error::data(&target, format!("cannot be written: {e}"));
        fs::write(folder.path().join("state.json"), &state).map_err(failed)?;
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        like(folder.path(), "state.json", &names).map_err(failed)?;
        atomic::replace_dir(folder.keep(), &target)?;
        if progress.best.is_some_and(|(step, _)| step == progress.step) {
            point(&run.file("best"), &name)?;
        }
        point(&run.file("latest"), &name)?;
        prune(run, keep)
    }

    /// Name of the checkpoint after `step` updates.
    #[must_use]
    pub fn name(step: u64) -> String {
        format!("step-{step:06}")
    }

    /// The weights of the checkpoint folder `path` that are evaluated: their average where it has one.
    #[must_use]
    pub fn evaluated(path: &Path) -> WeightSet {
        if path.join(WeightSet::Averaged.file()).is_file() {
            WeightSet::Averaged
        } else {
            WeightSet::Trained
        }
    }

    /// Load one set of weights of the checkpoint folder `path` into `params`, adapters as a part of their layers where
    /// these have none.
    ///
    /// # Errors
    /// The file is missing or torn, or does not fit the configured network.
    pub fn load(path: &Path, set: WeightSet, params: &Params) -> Result<()> {
        let damaged = |e| Error::data(path.join(set.file()), e);
        let values = lora::merged(read(path, set.file())?, params).map_err(damaged)?;
        params.load(&values).map_err(damaged)
    }

    /// Load all that training goes on from.
    ///
    /// # Errors
    /// As [`Checkpoint::load`].
    pub fn resume(path: &Path, params: &Params, optimizer: &mut State) -> Result<Progress> {
        Self::load(path, WeightSet::Trained, params)?;
        let saved = read(path, OPTIMIZER)?.into_iter();
        let saved = saved.map(|(name, tensor)| Ok((name, tensor.to_device(params.device())?)));
        optimizer.load(saved.collect::<Result<_>>()?, &params.all())?;
        Self::progress(path)
    }

    /// How far the run had come at the checkpoint folder `path`.
    ///
    /// # Errors
    /// The file is missing or torn.
    pub fn progress(path: &Path) -> Result<Progress> {
        let path = path.join("state.json");
        let text = fs::read_to_string(&path)
            .map_err(|e| Error::data(&path, format!("cannot be read: {e}")))?;
        serde_json::from_str(&text).map_err(|e| Error::data(&path, format!("is damaged: {e}")))
    }
}

/// The tensors in the file `name` of the checkpoint folder `path`.
fn read(path: &Path, name: &str) -> Result<HashMap<String, Tensor>> {
    candle_core::safetensors::load(path.join(name), &Device::Cpu)
        .map_err(|e| Error::data(path.join(name), format!("cannot be read: {e}")))
}

/// Give the files `names` of `folder` the permissions of `model`: safetensors writes for the owner alone.
fn like(folder: &Path, model: &str, names: &[&str]) -> std::io::Result<()> {
    let permissions = fs::metadata(folder.join(model))?.permissions();
    for name in names {
        fs::set_permissions(folder.join(name), permissions.clone())?;
    }
    Ok(())
}

/// Make the file `path` name the checkpoint `name`.
pub(super) fn point(path: &Path, name: &str) -> Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(name.as_bytes())
        .map_err(|e| Error::data(path, format!("cannot be written: {e}")))?;
    file.commit()
}

/// Remove all checkpoints but the newest `keep` and the best.
fn prune(run: &RunFolder, keep: usize) -> Result<()> {
    let folder = run.checkpoints();
    let names = run.saved();
    let best = fs::read_to_string(run.file("best")).unwrap_or_default();
    let surplus = names.len().saturating_sub(keep);
    for name in names
        .into_iter()
        .take(surplus)
        .filter(|name| *name != best.trim())
    {
        let path = folder.join(name);
        fs::remove_dir_all(&path)
            .map_err(|e| Error::data(&path, format!("cannot be removed: {e}")))?;
    }
    Ok(())
}

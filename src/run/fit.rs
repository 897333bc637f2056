//! One run of the trainer, whatever its objective.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use candle_core::Tensor;
use serde_json::{Map, Value};

use super::Session;
use super::going_on::{FINGERPRINT, done, goes_on};
use super::tensorboard::Recorder;
use crate::atomic::{AtomicFile, dir_beside, write, write_bytes};
use crate::config::{Config, NETWORK, START};
use crate::encoders::lora::is_adapter;
use crate::error::{Error, Result};
use crate::objectives::Objective;
use crate::params::Params;
use crate::train::{Moment, Observer, Probe, Probed, Progress, RunFolder, Silent, Source, Trainer};

/// What is trained, from what, and what is looked at on the way.
pub(super) struct Job<'a> {
    pub(super) config: &'a Config,
    pub(super) objective: &'a mut dyn Objective,
    pub(super) params: &'a Params,
    pub(super) source: &'a dyn Source,
    pub(super) probe: Box<dyn FnMut(Moment) -> Result<Probed> + 'a>,
    /// File in the run folder and text that tell what the data look like.
    pub(super) data: (&'static str, String),
    /// Files with what a run that goes on later could not measure again, written when it starts.
    pub(super) before: Vec<(&'static str, String)>,
    /// Said before the first step.
    pub(super) messages: Vec<String>,
    /// Whether the starting weights are probed and kept.
    pub(super) guarded: bool,
}

/// Train and leave the last values in the parameters.
///
/// A folder made for a run that fails before its first step is taken away again.
pub(super) fn fit(job: Job, session: Session) -> Result<(Progress, RunFolder)> {
    let resume = session.place.is_resumed();
    let (folder, made) = session.place.open()?;
    let (mut silent, never) = (Silent, AtomicBool::new(false));
    let observer: &mut dyn Observer = match session.observer {
        Some(observer) => observer,
        None => &mut silent,
    };
    let watched = (observer, session.stop.unwrap_or(&never));
    match train(job, &folder, resume, watched) {
        Ok(progress) => Ok((progress, folder)),
        Err(error) => {
            if made && folder.is_bare() {
                let _ = std::fs::remove_dir_all(folder.root()); // an empty folder harms nobody
            }
            Err(error)
        }
    }
}

fn train(
    mut job: Job,
    folder: &RunFolder,
    resume: bool,
    (observer, stop): (&mut dyn Observer, &AtomicBool),
) -> Result<Progress> {
    let mut messages = std::mem::take(&mut job.messages);
    let (name, seen) = &job.data;
    if resume {
        unchanged(&folder.file(name), seen, &job.config.data.source)?;
    }
    if resume {
        let said = goes_on(folder, job.config, job.source.batches_per_epoch())?;
        messages.extend(said);
    } else {
        messages.push(format!("run folder {}", folder.root().display()));
        for (name, text) in &job.before {
            write(&folder.file(name), text)?;
        }
    }
    if !resume && job.config.encoder.part().weights().is_some() {
        keep_start(&folder.file(START), job.params)?;
    }
    if let Some(file) = job.config.encoder.part().file().filter(|_| !resume) {
        keep_network(file.as_ref(), &folder.file(NETWORK))?;
    }
    let resolved = job.config.to_toml()?;
    write(&folder.file("config.toml"), &resolved)?;
    write(&folder.file(FINGERPRINT), &resolved)?;
    write(&folder.file(name), seen)?;
    for message in &messages {
        observer.message(message);
    }
    if !job.config.train.tensorboard {
        return steps(job, folder, resume, (observer, stop));
    }
    let resumed = resume.then(|| done(folder)).transpose()?;
    let mut recorder = Recorder::start(observer, folder, job.config, resumed)?;
    let trained = steps(job, folder, resume, (&mut recorder, stop));
    match &trained {
        Err(Error::Interrupted(_)) => {} // to be gone on with
        ended => recorder.end(ended.is_ok()),
    }
    trained
}

fn steps(
    job: Job,
    folder: &RunFolder,
    resume: bool,
    (observer, stop): (&mut dyn Observer, &AtomicBool),
) -> Result<Progress> {
    Trainer {
        objective: job.objective,
        params: job.params,
        optimizer: &job.config.optimizer,
        config: &job.config.train,
        source: job.source,
        run: folder,
        probe: Some(Probe {
            every: job.config.probe.every,
            run: job.probe,
        }),
        observer,
        stop,
        max_bad_share: job.config.data.max_bad_share,
        guarded: job.guarded,
    }
    .train(resume)
}

/// Keep what `encoder.weights` gave: the file may be gone when the run goes on or is probed beside its start.
fn keep_start(path: &Path, params: &Params) -> Result<()> {
    let encoder = params.all().into_iter();
    let encoder =
        encoder.filter(|param| param.name.starts_with("encoder.") && !is_adapter(&param.name));
    let values: HashMap<String, Tensor> = encoder
        .map(|param| (param.name, param.var.as_detached_tensor()))
        .collect();
    let folder = dir_beside(path)?;
    let unfinished = folder.path().join(START);
    candle_core::safetensors::save(&values, &unfinished)?;
    let unwritable = |e| Error::data(path, format!("cannot be written: {e}"));
    let mut from = File::open(&unfinished).map_err(unwritable)?;
    let mut file = AtomicFile::create(path)?;
    std::io::copy(&mut from, &mut file).map_err(unwritable)?;
    file.commit()
}

/// Keep the network that `encoder.file` named, for the same reason.
fn keep_network(file: &Path, path: &Path) -> Result<()> {
    let bytes =
        std::fs::read(file).map_err(|e| Error::data(file, format!("cannot be read: {e}")))?;
    write_bytes(path, &bytes)
}

/// Refuse to go on with data that no longer look as they did when the run started.
///
/// What an earlier version did not write down is not compared.
fn unchanged(path: &Path, seen: &str, source: &str) -> Result<()> {
    let Ok(was) = std::fs::read_to_string(path) else {
        return Ok(());
    };
    let object = |text: &str| serde_json::from_str::<Map<String, Value>>(text).ok();
    let same = match (object(&was), object(seen)) {
        (Some(was), Some(seen)) => was.iter().all(|(key, value)| seen.get(key) == Some(value)),
        _ => was == seen,
    };
    if same {
        return Ok(());
    }
    Err(Error::data(
        source,
        format!(
            "has changed since the run was started (see {}); put it back as it was, or start a new run with another \
             --out",
            path.display()
        ),
    ))
}

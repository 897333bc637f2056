//! Going on with a run: what it started with, what has changed since, and how far it goes now.

use std::fs;
use std::path::Path;

use crate::config::{Change, Config};
use crate::error::{Error, Result};
use crate::train::{Checkpoint, Progress, RunFolder};

/// The configuration that a run computes with, as it was resolved: what an edited `config.toml` is compared with.
pub(super) const FINGERPRINT: &str = "config.lock.toml";

/// What the run was started with; `config.toml` where an earlier version has left no fingerprint.
fn started_with(folder: &RunFolder) -> Result<Config> {
    let fingerprint = Some(folder.file(FINGERPRINT)).filter(|path| path.is_file());
    Config::of_run(&fingerprint.unwrap_or_else(|| folder.file("config.toml")))
}

/// Keys of `config` that decide what is learned and have changed since the run in `folder` was started.
fn changes(folder: &RunFolder, config: &Config) -> Result<Vec<Change>> {
    let mut changes = config.changes(&started_with(folder)?)?;
    changes.retain(|change| !change.is_of_the_machine());
    Ok(changes)
}

/// Refuse a `config` that has been edited since the run in `folder` was started.
pub(super) fn unedited(folder: &RunFolder, config: &Config) -> Result<()> {
    let changes = changes(folder, config)?;
    if changes.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = changes.iter().map(|c| format!("\n  {c}")).collect();
    let longer = match changes.iter().find(|change| change.key == "train.epochs") {
        Some(change) => format!(", give --epochs {} for more epochs", change.is),
        None => String::new(),
    };
    Err(Error::Usage(format!(
        "{} has been edited since the run was started:{}\nput it back{longer}, or add --accept-changes to go on with it \
         as it is now (the run is then neither the one nor the other)",
        folder.file("config.toml").display(),
        list.concat()
    )))
}

/// What is said of a run in `folder` that goes on with `config`, of `per_epoch` steps an epoch.
///
/// # Errors
/// The run has made more steps already than it is to have.
pub(super) fn goes_on(folder: &RunFolder, config: &Config, per_epoch: u64) -> Result<Vec<String>> {
    let done = done(folder)?;
    let (epochs, steps) = (config.train.epochs, config.train.epochs * per_epoch);
    if done > steps {
        return Err(Error::Usage(format!(
            "the run in {} has made {done} steps already, more than the {steps} of {epochs} epochs; give more with \
             --epochs",
            folder.root().display()
        )));
    }
    let mut said = vec![format!(
        "goes on in {} from step {done} of {steps}",
        folder.root().display()
    )];
    for change in changes(folder, config)? {
        if change.key == "train.epochs" {
            let optimizer = config.optimizer.part();
            let schedule = config.train.schedule(optimizer.learning_rate(), per_epoch);
            said.push(format!(
                "the run gets {epochs} epochs instead of {}: the learning rate and the target's momentum follow the \
                 schedule of a run of {epochs} epochs from here on (learning rate {:.3e} at the next step)",
                change.was,
                schedule.at(done)
            ));
            forget(&folder.file("card.json"))?; // of the shorter run
        } else {
            said.push(format!("changed since the run was started: {change}"));
        }
    }
    Ok(said)
}

/// Steps that the latest checkpoint has behind it.
pub(super) fn done(folder: &RunFolder) -> Result<u64> {
    let progress: Progress = Checkpoint::progress(&folder.pointed("latest")?)?;
    Ok(progress.step)
}

fn forget(path: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    fs::remove_file(path).map_err(|e| Error::data(path, format!("cannot be removed: {e}")))
}

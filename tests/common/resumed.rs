//! Runs that stop and go on.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::Any;
use super::cli::{journal, json, pretrain};

/// Make the run in `folder` look as if the process had died after `step`.
pub fn cut(folder: &Path, step: u64) -> Result<(), Any> {
    let name = format!("step-{step:06}");
    for entry in fs::read_dir(folder.join("checkpoints"))? {
        let path = entry?.path();
        if path
            .file_name()
            .is_some_and(|n| n.to_string_lossy().as_ref() > name.as_str())
        {
            fs::remove_dir_all(path)?;
        }
    }
    fs::write(folder.join("latest"), name)?;
    fs::remove_file(folder.join("card.json"))?;
    Ok(())
}

/// What the latest checkpoint of the run in `folder` holds, file by file but for its times.
pub fn latest(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, Any> {
    let name = fs::read_to_string(folder.join("latest"))?;
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder.join("checkpoints").join(name.trim()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name != "state.json" {
            files.insert(name.into_owned(), fs::read(&path)?);
        }
    }
    Ok(files)
}

/// A run with `settings`, cut at the first checkpoint behind each of the steps `after` and resumed, writes the same
/// journal and ends with the same values.
pub fn goes_on_identically(after: &[u64], settings: &[&str]) -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let mut more = vec!["--set", "train.keep=100"];
    more.extend(settings.iter().flat_map(|set| ["--set", set]));
    let card = pretrain(&run, &more)?;
    let (whole, end) = (journal(&run)?, latest(&run)?);
    assert!(card["steps"].as_u64() > Some(12));
    for &after in after.iter().rev() {
        let step = whole
            .iter()
            .filter_map(|line| line["step"].as_u64())
            .find(|step| *step > after && run.join(format!("checkpoints/step-{step:06}")).is_dir())
            .expect("a checkpoint in the middle");
        cut(&run, step)?;
        let out = run.to_string_lossy().into_owned();
        json(&["pretrain", "--resume", "--json", "--out", &out])?;
        assert_eq!(journal(&run)?, whole, "resumed at step {step}");
        assert!(latest(&run)? == end, "resumed at step {step}");
    }
    Ok(())
}

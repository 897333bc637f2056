//! Runs as a list shows them: what is read from their folders, never from their weights.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;
use toml::Table;

use super::estimate::duration;
use crate::error::{Error, Result};
use crate::train::{Checkpoint, Line, RunFolder};

/// Folders below the one that is looked through.
const DEPTH: usize = 4;

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// A process writes it.
    Running,
    /// It can go on from its latest checkpoint.
    Stopped,
    /// It has a card.
    Finished,
}

/// A number that a run is compared by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BestNumber {
    /// `knn`, `accuracy`, `argmin_error`, or the kind of the card's probe.
    pub name: String,
    /// The number.
    pub value: f64,
    /// Its 95 % interval, where the card has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// The part of the data that it was measured on.
    pub part: String,
    /// The step of the probe; the card's are of what the run ended with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<u64>,
}

/// One run of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ListedRun {
    /// Its folder.
    pub run: PathBuf,
    /// Name of the method or preset.
    pub method: String,
    /// Its data set.
    pub data: String,
    /// Passes over the data that it is to make.
    pub epochs: u64,
    /// Steps that it has made; of a run that stopped, those that are saved.
    pub step: u64,
    /// Steps that it is to make, once it has made some.
    pub steps: Option<u64>,
    /// Seconds spent in steps.
    pub seconds: Option<f64>,
    /// The best number of its probes on the way.
    pub validation: Option<BestNumber>,
    /// The main number of its card.
    pub test: Option<BestNumber>,
    /// Healthy, uninformative, collapsed, or that it is too early to say.
    pub verdict: Option<String>,
    /// How far it is.
    pub state: RunState,
}

impl ListedRun {
    /// What is known of the run in `root`.
    ///
    /// # Errors
    /// There is no run, or its `config.toml`, `metrics.jsonl` or `card.json` cannot be read.
    pub fn read(root: &Path) -> Result<Self> {
        let folder = RunFolder::read(root)?;
        let config = table(&folder.file("config.toml"))?;
        let card = card(&folder.file("card.json"))?;
        let lines = folder.lines()?;
        let saved = folder.pointed("latest");
        let progress = saved.and_then(|path| Checkpoint::progress(&path)).ok();
        let state = if folder.is_held() {
            RunState::Running
        } else if card.is_some() {
            RunState::Finished
        } else {
            RunState::Stopped
        };
        let made = lines.last().and_then(step_of);
        let done = progress.as_ref().map_or(0, |progress| progress.step);
        let epochs = number(&config, "train", "epochs").unwrap_or(0);
        Ok(Self {
            run: root.to_path_buf(),
            method: text(config.get("method")),
            data: text(config.get("data").and_then(|data| data.get("source"))),
            epochs,
            step: match state {
                RunState::Running => made.unwrap_or(done),
                _ => done,
            },
            steps: steps(&lines, epochs),
            seconds: progress.map(|progress| progress.seconds),
            validation: on_the_way(&lines),
            test: card.as_ref().and_then(of_card),
            verdict: verdict(card.as_ref(), &lines),
            state,
        })
    }

    /// Epochs and time, in words.
    #[must_use]
    pub fn budget(&self) -> String {
        let time = self.seconds.filter(|seconds| *seconds > 0.0);
        let time = time.map_or(String::new(), |seconds| format!(", {}", duration(seconds)));
        format!("{} epochs{time}", self.epochs)
    }

    /// How far it is, in words.
    #[must_use]
    pub fn progress(&self) -> String {
        let (step, of) = (self.step, self.steps);
        let place = of.map_or_else(|| format!("{step}"), |of| format!("{step} of {of}"));
        match self.state {
            RunState::Running => format!("running, step {place}"),
            RunState::Stopped => format!("stopped at {place}"),
            RunState::Finished => "finished".into(),
        }
    }
}

/// The runs in `folder` and below, by name; `folder` itself where it is a run. What cannot be read is told to `skipped`.
///
/// # Errors
/// There is no such folder.
pub fn list_runs(folder: &Path, mut skipped: impl FnMut(Error)) -> Result<Vec<ListedRun>> {
    fs::read_dir(folder).map_err(|e| {
        Error::data(
            folder,
            format!("cannot be read: {e}; give the folder that holds runs, or a run"),
        )
    })?;
    let mut found = Vec::new();
    collect(folder, DEPTH, &mut found);
    found.sort();
    let mut runs = Vec::new();
    for root in found {
        match ListedRun::read(&root) {
            Ok(run) => runs.push(run),
            Err(error) => skipped(error),
        }
    }
    Ok(runs)
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if RunFolder::is_run(folder) {
        found.push(folder.to_path_buf());
        return;
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|_| depth > 0) {
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !hidden && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&entry.path(), depth - 1, found);
        }
    }
}

fn table(path: &Path) -> Result<Table> {
    let text =
        fs::read_to_string(path).map_err(|e| Error::data(path, format!("cannot be read: {e}")))?;
    text.parse().map_err(|e: toml::de::Error| {
        Error::data(path, format!("is not valid TOML: {}", e.message()))
    })
}

fn card(path: &Path) -> Result<Option<Value>> {
    let Ok(text) = fs::read_to_string(path) else {
        return Ok(None);
    };
    let card = serde_json::from_str(&text);
    card.map(Some)
        .map_err(|e| Error::data(path, format!("is damaged: {e}")))
}

fn text(value: Option<&toml::Value>) -> String {
    let text = value.and_then(toml::Value::as_str);
    text.unwrap_or_default().into()
}

fn number(config: &Table, table: &str, key: &str) -> Option<u64> {
    let number = config.get(table)?.get(key)?.as_integer()?;
    u64::try_from(number).ok()
}

fn step_of(line: &Line) -> Option<u64> {
    line.get("step")?.as_u64()
}

/// Steps of `epochs`, as many an epoch as the journal tells.
fn steps(lines: &[Line], epochs: u64) -> Option<u64> {
    let mut places = lines.iter().rev().filter_map(|line| {
        let number = |key: &str| line.get(key)?.as_f64();
        Some((number("step")?, number("epoch")?))
    });
    let (step, epoch) = places.find(|(_, epoch)| *epoch > 0.0)?;
    Some((step / epoch * epochs as f64).round() as u64)
}

/// The best of the numbers that probes choose checkpoints by, after the start.
fn on_the_way(lines: &[Line]) -> Option<BestNumber> {
    // (name, whether higher is better)
    let known = [("knn", true), ("accuracy", true), ("argmin_error", false)];
    let probes = lines.iter().filter(|line| !line.contains_key("loss"));
    let probes = probes.filter(|line| step_of(line) > Some(0));
    let found = probes.filter_map(|line| {
        known.iter().find_map(|&(name, higher)| {
            let value = line.get(name)?.as_f64()?;
            Some((name, value, if higher { value } else { -value }, line))
        })
    });
    let best = found.max_by(|a, b| a.2.total_cmp(&b.2))?;
    Some(BestNumber {
        name: best.0.into(),
        value: best.1,
        interval: None,
        part: "validation".into(),
        step: step_of(best.3),
    })
}

/// The main number of a card: of its probe, of its tags, or of a head's answers.
fn of_card(card: &Value) -> Option<BestNumber> {
    let part = card["part"].as_str().or(card["split"].as_str());
    let plain = |name: &str, value: f64, interval: &Value| BestNumber {
        name: name.into(),
        value,
        interval: serde_json::from_value(interval.clone()).ok(),
        part: part.unwrap_or("test").into(),
        step: None,
    };
    for probe in [&card["probe"], &card["knn"]] {
        if let Some(value) = probe["accuracy"]["pretrained"].as_f64() {
            let kind = probe["kind"].as_str().unwrap_or("probe");
            return Some(plain(kind, value, &probe["interval"]["pretrained"]));
        }
    }
    let named = [
        ("map", &card["multi_label"]["map"]["pretrained"]),
        ("accuracy", &card["accuracy"]),
        ("inference_error", &card["inference_error"]),
    ];
    named
        .into_iter()
        .find_map(|(name, value)| Some(plain(name, value.as_f64()?, &Value::Null)))
}

fn verdict(card: Option<&Value>, lines: &[Line]) -> Option<String> {
    let of_card = card.and_then(|card| card["verdict"].as_str());
    let probes = lines.iter().rev();
    let mut probes = probes.filter_map(|line| line.get("verdict")?.as_str());
    of_card.or_else(|| probes.next()).map(String::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(values: &[Value]) -> Vec<Line> {
        let lines = values.iter().filter_map(Value::as_object);
        lines.cloned().collect()
    }

    #[test]
    fn the_best_probe_is_found_whichever_way_is_up() {
        let lines = lines(&[
            json!({"step": 0, "epoch": 0.0, "knn": 0.99}),
            json!({"step": 1, "epoch": 0.5, "loss": 1.0, "accuracy": 1.0}),
            json!({"step": 2, "epoch": 1.0, "argmin_error": 0.2}),
            json!({"step": 4, "epoch": 2.0, "argmin_error": 0.1}),
        ]);
        let best = on_the_way(&lines).map(|best| (best.name, best.value, best.step));
        assert_eq!(best, Some(("argmin_error".into(), 0.1, Some(4))));
        assert_eq!(steps(&lines, 10), Some(20));
    }

    #[test]
    fn a_card_of_an_earlier_version_is_read() {
        let card = json!({"split": "test", "probe": {"kind": "logistic", "accuracy": {"pretrained": 0.5},
            "interval": {"pretrained": [0.4, 0.6]}}});
        let best = of_card(&card).map(|best| (best.name, best.interval, best.part));
        assert_eq!(
            best,
            Some(("logistic".into(), Some([0.4, 0.6]), "test".into()))
        );
    }
}

//! Event files of TensorBoard: every record whole, every number that of the journal, also of a run that was resumed.

#[path = "../common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::Any;
use common::cli::pretrain;
use common::resumed::cut;
use prost::Message;
use ravine::events::{Event, HparamsData, Summarized, data::Data, event::What, summarized::Value};
use serde_json::Value as Json;

/// CRC-32C, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0x82f6_3b78
            } else {
                crc >> 1
            }
        })
    })
}

fn checked(bytes: &[u8], sum: &[u8]) -> Result<(), Any> {
    let masked = (crc(bytes) >> 15 | crc(bytes) << 17).wrapping_add(0xa282_ead8);
    assert_eq!(u32::from_le_bytes(sum.try_into()?), masked);
    Ok(())
}

/// The events of a file, each record's checksums compared.
fn events(path: &Path) -> Result<Vec<Event>, Any> {
    let bytes = fs::read(path)?;
    let (mut rest, mut events) = (bytes.as_slice(), Vec::new());
    while !rest.is_empty() {
        let length = u64::from_le_bytes(rest[..8].try_into()?) as usize;
        checked(&rest[..8], &rest[8..12])?;
        let message = &rest[12..12 + length];
        checked(message, &rest[12 + length..16 + length])?;
        events.push(Event::decode(message)?);
        rest = &rest[16 + length..];
    }
    Ok(events)
}

fn files(run: &Path) -> Result<Vec<PathBuf>, Any> {
    let mut files = Vec::new();
    for entry in fs::read_dir(run)? {
        let path = entry?.path();
        if path.to_string_lossy().contains("tfevents") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn values(event: &Event) -> &[Summarized] {
    match &event.what {
        Some(What::Summary(summary)) => &summary.value,
        _ => &[],
    }
}

/// Every number by tag and step, as a reader of the files in order has it: a start mark takes back what is not before it.
fn numbers(files: &[PathBuf]) -> Result<BTreeMap<(String, i64), f32>, Any> {
    let mut found = BTreeMap::new();
    for file in files {
        for event in events(file)? {
            if let Some(What::SessionLog(log)) = &event.what {
                assert_eq!(log.status, 1);
                found.retain(|(_, step), _| *step < event.step);
            }
            for value in values(&event) {
                if let Some(Value::Number(number)) = value.value {
                    let before = found.insert((value.tag.clone(), event.step), number);
                    assert!(
                        before.is_none(),
                        "{} at step {} twice",
                        value.tag,
                        event.step
                    );
                }
            }
        }
    }
    Ok(found)
}

/// The same from the journal.
fn journaled(run: &Path) -> Result<BTreeMap<(String, i64), f32>, Any> {
    let mut found = BTreeMap::new();
    for line in fs::read_to_string(run.join("metrics.jsonl"))?.lines() {
        let line: BTreeMap<String, Json> = serde_json::from_str(line)?;
        let step = line["step"].as_i64().ok_or("a step")?;
        let kind = if line.contains_key("loss") {
            "train"
        } else {
            "probe"
        };
        for (name, value) in line {
            let Some(number) = value.as_f64() else {
                continue;
            };
            if !["step", "epoch"].contains(&name.as_str()) {
                found.insert((format!("{kind}/{name}"), step), number as f32);
            }
        }
    }
    Ok(found)
}

const ON: [&str; 4] = ["--set", "train.tensorboard=true", "--set", "train.keep=100"];

#[test]
fn events_hold_the_numbers_of_the_journal_also_after_resuming() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    pretrain(&run, &ON)?;
    let first = files(&run)?;
    assert_eq!(first.len(), 1);
    let whole = journaled(&run)?;
    assert!(whole.keys().any(|(tag, _)| tag == "probe/knn"));
    assert_eq!(numbers(&first)?, whole);

    let saved = fs::read_dir(run.join("checkpoints"))?.filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        name.strip_prefix("step-")?.parse::<u64>().ok()
    });
    let mut saved: Vec<u64> = saved.collect();
    saved.sort_unstable();
    cut(&run, saved[saved.len() / 2])?;
    let out = run.to_string_lossy().into_owned();
    common::cli::json(&["pretrain", "--resume", "--json", "--out", &out])?;
    let both = files(&run)?;
    assert_eq!(both.len(), 2);
    assert_eq!(numbers(&both)?, journaled(&run)?);

    pretrain(&run, &["--force"])?;
    assert!(files(&run)?.is_empty(), "of the run that was replaced");
    Ok(())
}

#[test]
fn histograms_views_words_and_hyperparameters_stand_beside_them() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    pretrain(&run, &ON)?;
    let events = events(&files(&run)?[0])?;
    let version = Some(What::FileVersion("brain.Event:2".into()));
    assert_eq!(events[0].what, version);
    assert!(
        matches!(events[1].what, Some(What::SessionLog(_))),
        "marks where it starts"
    );
    let all: Vec<&Summarized> = events.iter().flat_map(values).collect();
    let of = |tag: &str| -> Vec<&Value> {
        let tagged = all.iter().filter(|value| value.tag == tag);
        tagged.filter_map(|value| value.value.as_ref()).collect()
    };
    let histograms = of("probe/positive_histogram");
    assert!(!histograms.is_empty());
    for value in histograms {
        let Value::Histogram(found) = value else {
            panic!("{value:?} is no histogram");
        };
        assert_eq!(found.bucket_limit.len(), found.bucket.len());
        assert!((found.num - 1.0).abs() < 1e-3, "{found:?}");
        assert_eq!((found.min, found.max), (0.0, 2.0)); // of the cosine energy
    }
    let views = of("views");
    assert!(
        views.len() > 1,
        "one before the first step, one after each probe"
    );
    let Value::Picture(picture) = views[0] else {
        panic!("no picture");
    };
    let decoded = image::load_from_memory(&picture.encoded)?;
    assert_eq!(decoded.height(), picture.height as u32);
    assert_eq!(decoded.width(), picture.width as u32);
    assert!(!of("probe/verdict").is_empty());
    let told = all
        .iter()
        .filter(|value| value.tag.starts_with("_hparams_/"));
    let told = told.filter_map(|value| value.metadata.clone()?.plugin_data);
    let told: Vec<Data> = told
        .filter_map(|data| HparamsData::decode(data.content.as_slice()).ok()?.data)
        .collect();
    let [
        Data::Experiment(columns),
        Data::Start(start),
        Data::End(end),
    ] = told.as_slice()
    else {
        panic!("{told:?}");
    };
    assert_eq!(end.status, 1);
    assert_eq!(columns.hparam_infos.len(), start.hparams.len());
    assert!(start.hparams.contains_key("optimizer.kind"));
    assert!(!start.hparams.contains_key("threads"));
    Ok(())
}

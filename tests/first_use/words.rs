//! Words that a first run meets: refusals with the way out, lines of the log.

use std::fs;

use serde_json::Value;

use crate::common::Any;
use crate::common::cli::{SMALL, journal, json, pretrain, refused};
use crate::{ravine_in, said, text};

#[test]
fn what_would_change_nothing_is_refused_with_the_way_out() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    for words in ["pretrain", "train"] {
        let refusal = refused(&[words, "--set", "pretrained.run=runs/x"], 2);
        for part in ["`pretrained`", "head.kind=", "encoder.weights=runs/x"] {
            assert!(refusal.contains(part), "{part}: {refusal}");
        }
    }
    let base = refused(&["pretrain", "--set", "base=vicreg"], 2);
    assert!(base.contains("ravine pretrain vicreg"), "{base}");
    let file = folder.path().join("mine.toml");
    fs::write(&file, "Base = \"vicreg\"\n")?;
    let base = refused(&["pretrain", &file.to_string_lossy()], 2);
    assert!(base.contains("did you mean `base`?"), "{base}");
    let unknown = refused(&["pretrain", "--set", "train.zzzz=1"], 2);
    assert!(
        unknown.contains("`chunks`") && !unknown.contains("slices"),
        "{unknown}"
    );
    Ok(())
}

#[test]
fn a_run_that_fails_before_its_first_step_leaves_no_folder() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let mut arguments = vec!["pretrain", "--set", "loss.temperature=1e-45"];
    arguments.extend(SMALL);
    let failed = ravine_in(folder.path(), &arguments);
    assert_eq!(failed.status.code(), Some(1), "{}", text(&failed.stderr));
    assert!(text(&failed.stderr).contains("run folder runs/simclr-digits"));
    assert_eq!(fs::read_dir(folder.path().join("runs"))?.count(), 0);
    Ok(())
}

#[test]
fn every_number_of_a_probe_is_explained_and_its_line_says_where_it_is() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let listed = json(&["list", "metrics", "--json"])?;
    let names: Vec<&str> = (listed["metrics"].as_array().ok_or("no metrics")?.iter())
        .filter_map(|entry| entry["name"].as_str())
        .collect();
    let pairs = folder.path().join("pairs");
    pretrain(&pairs, &["--set", "loss.kind=hinge"])?;
    let head = folder.path().join("head");
    let out = head.to_string_lossy().into_owned();
    let short = ["ebm/digits-nll", "--set", "train.epochs=2", "--out", &out];
    let log = said(&[&["train"], &short[..]].concat());
    assert!(log.contains("\nbefore training: accuracy "), "{log}");
    assert!(log.contains("\nepoch 2 of 2, step "), "{log}");
    assert!(log.contains("ravine list metrics"), "{log}");
    for run in [&pairs, &head] {
        let probes = journal(run)?;
        let probes = probes.iter().filter(|line| line["verdict"].is_string());
        for (key, _) in probes
            .filter_map(Value::as_object)
            .flatten()
            .filter(|(_, v)| v.is_number())
        {
            let known = ["step", "epoch"].contains(&key.as_str()) || names.contains(&key.as_str());
            assert!(known, "{key} is not in `ravine list metrics`");
        }
    }
    Ok(())
}

#[test]
fn a_class_is_called_by_its_name() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    pretrain(&run, &["--set", "train.epochs=1"])?;
    let run = run.to_string_lossy().into_owned();
    let many = ["--kind", "logistic", "--labels-per-class", "1000"];
    let refusal = refused(&[&["probe", &run], &many[..]].concat(), 2);
    assert!(
        refusal.contains("of the class `0` there are only"),
        "{refusal}"
    );
    Ok(())
}

//! Resume equals never having stopped; workers and threads change nothing.

mod common;

use std::fs;

use common::Any;
use common::cli::{journal, json, pretrain, refused};
use common::resumed::{cut, goes_on_identically};

#[test]
fn a_resumed_run_writes_the_same_journal_and_card() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let keep = ["--set", "train.keep=100"];
    for executor in ["cpu", "candle"] {
        let mut more = keep.to_vec();
        more.extend(["--executor", executor, "--force"]);
        let card = pretrain(&run, &more)?;
        let whole = journal(&run)?;
        let steps = card["steps"].as_u64().expect("steps");
        let saved: Vec<u64> = whole
            .iter()
            .filter_map(|line| line["step"].as_u64())
            .filter(|step| run.join(format!("checkpoints/step-{step:06}")).is_dir())
            .collect();
        assert!(saved.iter().any(|&s| s > 0 && s < steps), "{saved:?}");
        for step in [saved[saved.len() / 2], saved[1]] {
            cut(&run, step)?;
            let out = run.to_string_lossy().into_owned();
            let again = json(&["pretrain", "--resume", "--json", "--out", &out])?;
            assert_eq!(journal(&run)?, whole, "{executor}: resumed at step {step}");
            assert_eq!(
                again["probe"], card["probe"],
                "{executor}: resumed at step {step}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_resumed_target_branch_and_queue_go_on_identically() -> Result<(), Any> {
    goes_on_identically(
        &[4],
        &[
            "target.momentum=0.9",
            "target.end=1.0",
            "negatives.kind=queue",
            "negatives.size=300",
            "predictor.hidden=[8]",
            "predictor.output=8",
        ],
    )
}

#[test]
fn a_resumed_center_over_views_of_two_sizes_goes_on_identically() -> Result<(), Any> {
    goes_on_identically(
        &[4],
        &[
            "target.momentum=0.9",
            "target.end=1.0",
            "target.centre=0.9",
            "projector.prototypes=16",
            "energy={kind='cross_entropy'}",
            "loss={kind='energy'}",
            "negatives.kind=none",
            "augment.views=[{count=2,ops=[{kind='random_crop'}]},{count=2,size=6,ops=[{kind='random_resized_crop'}]}]",
        ],
    )
}

/// A transformer that drops branches, in chunks.
const DROPPING: &str = "encoder={kind='vit',patch=4,width=12,depth=3,heads=2,drop_path=0.4}";

#[test]
fn a_resumed_run_drops_the_branches_it_would_have() -> Result<(), Any> {
    goes_on_identically(&[4], &[DROPPING, "train.chunks=2"])
}

#[test]
fn a_run_does_not_go_on_with_other_data() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    pretrain(&run, &["--set", "train.keep=100"])?;
    let data = run.join("data.json");
    let seen = fs::read_to_string(&data)?;
    assert!(seen.contains("1293"), "{seen}");
    fs::write(&data, seen.replace("1293", "1300"))?;
    let out = run.to_string_lossy().into_owned();
    let refusal = refused(&["pretrain", "--resume", "--out", &out], 1);
    assert!(refusal.contains("has changed"), "{refusal}");
    fs::write(&data, seen)?;
    json(&["pretrain", "--resume", "--json", "--out", &out])?;
    Ok(())
}

#[test]
fn workers_and_threads_change_nothing() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    for (kind, more) in [("plain", vec![]), ("dropping", vec!["--set", DROPPING])] {
        let mut journals = Vec::new();
        for [workers, threads] in [["1", "1"], ["3", "2"]] {
            let run = folder.path().join(format!("{kind}-{workers}"));
            let mut arguments = vec!["--workers", workers, "--threads", threads];
            arguments.extend(&more);
            pretrain(&run, &arguments)?;
            journals.push(journal(&run)?);
        }
        assert_eq!(journals[0], journals[1], "{kind}");
    }
    Ok(())
}

#[test]
fn another_seed_gives_another_run() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    pretrain(&a, &[])?;
    pretrain(&b, &["--set", "seed=1"])?;
    assert_ne!(journal(&a)?, journal(&b)?);
    Ok(())
}

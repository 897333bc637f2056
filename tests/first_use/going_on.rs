//! Runs that go on: edits, more epochs, names, starting weights.

use std::fs;
use std::process::Output;

use serde_json::Value;

use crate::common::Any;
use crate::common::cli::{SMALL, journal, json, pretrain, ravine, refused};
use crate::{ravine_in, said, text};

#[test]
fn an_edited_configuration_is_named_key_by_key() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let out = run.to_string_lossy().into_owned();
    pretrain(&run, &[])?;
    let path = run.join("config.toml");
    let was = fs::read_to_string(&path)?;
    assert_eq!(was, fs::read_to_string(run.join("config.lock.toml"))?);

    let machine = was
        .replace("threads = 0", "threads = 1")
        .replace("keep = 2", "keep = 3");
    assert_ne!(machine, was);
    fs::write(&path, &machine)?;
    json(&["pretrain", "--resume", "--json", "--out", &out])?;

    let edited = was
        .replace("seed = 0", "seed = 9")
        .replace("temperature = 0.5", "temperature = 0.25");
    fs::write(&path, &edited)?;
    let refusal = refused(&["pretrain", "--resume", "--out", &out], 2);
    for part in [
        "loss.temperature: 0.5 -> 0.25",
        "seed: 0 -> 9",
        "--accept-changes",
    ] {
        assert!(refusal.contains(part), "{refusal}");
    }
    assert!(
        !refusal.contains("threads") && !refusal.contains("train."),
        "{refusal}"
    );
    let accepted = said(&["pretrain", "--resume", "--accept-changes", "--out", &out]);
    assert!(accepted.contains("seed: 0 -> 9"), "{accepted}");
    json(&["pretrain", "--resume", "--json", "--out", &out])?; // what was accepted is not asked about again

    fs::remove_file(run.join("config.lock.toml"))?; // as an earlier version left it
    json(&["pretrain", "--resume", "--json", "--out", &out])?;
    Ok(())
}

#[test]
fn a_finished_run_goes_on_for_more_epochs() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let out = run.to_string_lossy().into_owned();
    pretrain(&run, &[])?;
    let short = journal(&run)?;
    let output = ravine(&[
        "pretrain", "--resume", "--json", "--epochs", "4", "--out", &out,
    ]);
    let (card, messages): (Value, String) = (
        serde_json::from_slice(&output.stdout)?,
        text(&output.stderr),
    );
    assert_eq!((&card["steps"], &card["epochs"]), (&40.into(), &4.0.into()));
    assert!(
        messages.contains(&format!("goes on in {out} from step 20 of 40")),
        "{messages}"
    );
    assert!(
        messages.contains("4 epochs instead of 2") && messages.contains("schedule"),
        "{messages}"
    );
    let long = journal(&run)?;
    assert_eq!(long[..short.len()], short[..]);
    // The cosine of 40 steps with 5 of warm-up, at the step after the first 20.
    let next = long
        .iter()
        .find(|line| line["step"] == 21 && line["lr"].is_f64())
        .ok_or("step 21")?;
    let share = f64::midpoint(1.0, (std::f64::consts::PI * 15.0 / 35.0).cos());
    assert!(
        (next["lr"].as_f64().ok_or("a rate")? - 8e-3 * share).abs() < 1e-9,
        "{next}"
    );
    let refusal = refused(&["pretrain", "--resume", "--epochs", "3", "--out", &out], 2);
    assert!(refusal.contains("40 steps already"), "{refusal}");
    assert!(fs::read_to_string(run.join("config.toml"))?.contains("epochs = 4"));
    Ok(())
}

#[test]
fn no_epochs_make_a_run_of_the_starting_weights() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let out = run.to_string_lossy().into_owned();
    let card = pretrain(
        &run,
        &["--set", "train.epochs=0", "--set", "train.batch=100000"],
    )?;
    assert_eq!(
        (&card["steps"], &card["verdict"]),
        (&0.into(), &"too_early".into())
    );
    assert_eq!(
        card["probe"]["accuracy"]["pretrained"],
        card["probe"]["accuracy"]["untrained"]
    );
    assert!(
        card["why"].to_string().contains("starting weights"),
        "{card}"
    );
    let table = folder
        .path()
        .join("table.csv")
        .to_string_lossy()
        .into_owned();
    said(&["embed", &out, "--out", &table]);
    assert!(fs::read_to_string(table)?.lines().count() > 100);
    Ok(())
}

#[test]
fn runs_started_at_once_get_names_of_their_own_and_the_newest_unfinished_goes_on() -> Result<(), Any>
{
    let folder = tempfile::tempdir()?;
    let at = folder.path();
    let mut arguments = vec!["pretrain", "--json"];
    arguments.extend(SMALL);
    let outputs: Vec<Output> = std::thread::scope(|scope| {
        let start = || scope.spawn(|| ravine_in(at, &arguments));
        let runs = [start(), start()];
        runs.into_iter()
            .map(|run| run.join().expect("a run"))
            .collect()
    });
    let mut names = Vec::new();
    for output in outputs {
        let messages = text(&output.stderr);
        assert!(output.status.success(), "{messages}");
        let card: Value = serde_json::from_slice(&output.stdout)?;
        let name = card["run"].as_str().ok_or("a name")?.to_string();
        assert!(
            messages.contains(&format!("run folder {name}")),
            "{messages}"
        );
        assert!(messages.contains("step 20 of 20: loss "), "{messages}");
        names.push(name);
    }
    names.sort();
    assert_eq!(names, ["runs/simclr-digits", "runs/simclr-digits-2"]);

    let all_done = ravine_in(at, &["pretrain", "--resume"]);
    assert_eq!(all_done.status.code(), Some(2));
    assert!(
        text(&all_done.stderr).contains("no unfinished run"),
        "{}",
        text(&all_done.stderr)
    );
    fs::remove_file(at.join("runs/simclr-digits/card.json"))?; // the older, as if it had been stopped
    let resumed = ravine_in(at, &["pretrain", "--resume"]);
    let messages = text(&resumed.stderr);
    assert!(
        messages.contains("goes on in runs/simclr-digits from step"),
        "{messages}"
    );
    Ok(())
}

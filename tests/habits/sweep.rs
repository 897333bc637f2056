//! `ravine sweep`: trials are made once, stopped ones go on, the ranking is that of the validation part.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::common::Any;
use crate::common::cli::{SMALL, json, ravine, refused};
use crate::common::resumed::cut;

fn plan(folder: &Path, keys: &str, more: &str) -> Result<[String; 2], Any> {
    let sets: Vec<String> = SMALL
        .iter()
        .filter(|set| **set != "--set")
        .map(|set| format!("{set:?}"))
        .collect();
    let sets = format!("sets = [{}, \"train.keep=100\"]", sets.join(", "));
    let file = folder.join("sweep.toml");
    fs::write(
        &file,
        format!("base = \"digits\"\n{sets}\n{more}\n[keys]\n{keys}\n"),
    )?;
    let out = folder.join("out").to_string_lossy().into_owned();
    Ok([file.to_string_lossy().into_owned(), out])
}

fn written(run: &Path) -> Result<SystemTime, Any> {
    Ok(fs::metadata(run.join("card.json"))?.modified()?)
}

#[test]
fn trials_are_made_once_and_ranked_on_the_validation_part() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let [file, out] = plan(folder.path(), "\"optimizer.lr\" = [0.0001, 0.01]", "")?;
    let found = json(&["sweep", &file, "--out", &out, "--json"])?;
    assert_eq!(
        (&found["score"], &found["part"]),
        (&"knn".into(), &"validation".into())
    );
    let trials = found["trials"].as_array().ok_or("trials")?;
    assert_eq!(trials.len(), 2);
    assert!(trials[0]["score"].as_f64() >= trials[1]["score"].as_f64());
    for trial in trials {
        let run = Path::new(trial["run"].as_str().ok_or("a run")?);
        let journal = fs::read_to_string(run.join("metrics.jsonl"))?;
        let mut probes = journal.lines().rev().filter_map(|line| {
            serde_json::from_str::<serde_json::Value>(line).ok()?["knn"].as_f64()
        });
        assert_eq!(trial["score"].as_f64(), probes.next(), "of its last probe");
    }

    // A value is added; one trial is done, one had been stopped.
    let [done, stopped] =
        ["0.0001", "0.01"].map(|lr| Path::new(&out).join(format!("optimizer.lr={lr}")));
    cut(&stopped, 9)?;
    let before = written(&done)?;
    let [file, out] = plan(folder.path(), "\"optimizer.lr\" = [0.0001, 0.01, 0.02]", "")?;
    let output = ravine(&["sweep", &file, "--out", &out]);
    let said = String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "{said}");
    assert_eq!(written(&done)?, before);
    assert!(said.contains("from step 9 of 20"), "{said}");
    let text = String::from_utf8(output.stdout)?;
    assert_eq!(
        text.matches("optimizer.lr=").count(),
        5,
        "three trials, and the best twice: {text}"
    );

    let [file, out] = plan(
        folder.path(),
        "\"optimizer.lr\" = [0.0001]",
        "seed = 3\nscore = \"no\"",
    )?;
    assert!(refused(&["sweep", &file, "--out", &out], 2).contains("knn"));
    Ok(())
}

#[test]
fn a_trial_that_fails_does_not_stop_the_others() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let [file, out] = plan(folder.path(), "\"optimizer.lr\" = [1e30, 0.01]", "")?;
    let sweep = || json(&["sweep", &file, "--out", &out, "--json"]);
    let found = sweep()?;
    let problem = found["trials"][1]["problem"].as_str().ok_or("a problem")?;
    assert!(problem.contains("optimizer.lr"), "{problem}");
    assert!(found["trials"][0]["score"].is_number());
    assert_eq!(sweep()?["trials"], found["trials"]);
    // Nothing to rank is no result.
    let only = plan(folder.path(), "\"optimizer.lr\" = [1e30]", "")?;
    refused(&["sweep", &only[0], "--out", &only[1]], 1);
    Ok(())
}

#[test]
fn what_cannot_be_ranked_or_compared_is_refused() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let [file, out] = plan(folder.path(), "seed = [1, 2]", "")?;
    let text = fs::read_to_string(&file)?;
    let changed = |from: &str, to: &str| fs::write(&file, text.replace(from, to));
    let run = |code| refused(&["sweep", &file, "--out", &out], code);
    changed("\"train.keep=100\"", "\"data.validation=0\"")?;
    assert!(run(2).contains("data.validation"));
    changed("[keys]", "[keyz]")?;
    assert!(run(2).contains("keyz"));
    changed("seed = [1, 2]", "\"loss.kind\" = [\"dcl\", \"dlc\"]")?;
    assert!(run(2).contains("dlc"));
    assert!(!Path::new(&out).exists(), "nothing was made");
    changed("", "")?;
    let dry = ravine(&["sweep", &file, "--dry-run"]);
    assert_eq!(String::from_utf8(dry.stdout)?, "seed=1\nseed=2\n");
    fs::create_dir(&out)?;
    fs::write(Path::new(&out).join("base.toml"), "method = \"other\"\n")?;
    assert!(run(2).contains("another configuration"));
    Ok(())
}

//! Asking a trained head needs no memory for training, and `--set` is read before it is used.

use std::fs;

use ravine::assembly::HeadSetup;
use ravine::config::Config;

use crate::common::Any;
use crate::common::cli::json;
use crate::train;

/// No machine trains this many rows at once.
const ABSURD: &str = "5000000000";

#[test]
fn a_trained_head_is_asked_compared_and_drawn_without_the_memory_of_its_training() -> Result<(), Any>
{
    let folder = tempfile::tempdir()?;
    let runs = ["a", "b"].map(|name| folder.path().join(name));
    for run in &runs {
        train("ebm/moons-two-class", run, &["train.epochs=1"])?;
        let path = run.join("config.toml");
        let text = fs::read_to_string(&path)?;
        fs::write(
            &path,
            text.replace("batch = 32", &format!("batch = {ABSURD}")),
        )?;
    }
    let [a, b] = runs.map(|run| run.to_string_lossy().into_owned());
    assert!(fs::read_to_string(format!("{a}/config.toml"))?.contains(ABSURD));
    json(&["infer", &a, "--x", "0.5,0.5", "--json"])?;
    json(&["compare", &a, &b, "--json"])?;
    json(&["surface", &a, "--grid", "10", "--json"])?;
    Ok(())
}

#[test]
fn heads_count_the_chunks_of_a_batch_as_pretraining_does() -> Result<(), Any> {
    let setup = |chunks: &str| -> Result<HeadSetup, Any> {
        let sets = [
            format!("train.batch={ABSURD}"),
            format!("train.chunks={chunks}"),
        ];
        Ok(HeadSetup::new(Config::load(
            Some("ebm/moons-two-class"),
            &sets,
        )?)?)
    };
    let refused = setup("1")?.check_memory().map_err(|e| e.to_string());
    if std::path::Path::new("/proc/meminfo").is_file() {
        assert!(refused.is_err_and(|e| e.contains("train.chunks")));
    }
    Ok(setup("1000000000")?.check_memory()?)
}

#[test]
fn a_beta_that_is_set_is_the_beta_of_the_probabilities() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("ebm/spirals-multi-class", &run, &["train.epochs=1"])?;
    let run = run.to_string_lossy().into_owned();
    let asked = ["infer", &run, "--x", "0.4,0.2", "--json"];
    let set = json(&[&asked[..], &["--set", "loss.beta=5"]].concat())?;
    let given = json(&[&asked[..], &["--beta", "5"]].concat())?;
    let plain = json(&asked)?;
    assert_eq!(set, given);
    assert_ne!(
        set["rows"][0]["probability"],
        plain["rows"][0]["probability"]
    );
    Ok(())
}

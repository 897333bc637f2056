//! The guard of starting weights.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::common::Any;
use super::common::cli::{SMALL, journal, json, pretrain, ravine};
use super::common::resumed::cut;
use super::{RESNET, saved, sets, start};

/// A step size at which what was known is lost.
const HARMFUL: [&str; 3] = [
    "optimizer={kind='sgd',lr=5.0}",
    "train.keep=1",
    "train.save_every=0.5",
];

/// Card and words of a run from the weights in the file `from`.
fn continued(run: &Path, from: &str, more: &[&str]) -> Result<(Value, String), Any> {
    let (out, from) = (run.display().to_string(), format!("encoder.weights={from}"));
    let mut arguments = vec!["pretrain", "--json", "--out", &out];
    arguments.extend(SMALL);
    let keys = [&[RESNET, &from], more].concat();
    arguments.extend(sets(&keys));
    let output = ravine(&arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    Ok((serde_json::from_slice(&output.stdout)?, said))
}

/// The accuracies of neighbours in the journal of `run`, by step.
fn probes(run: &Path) -> Result<Vec<(u64, f64)>, Any> {
    let lines = journal(run)?;
    let probes = lines
        .iter()
        .filter_map(|line| Some((line["step"].as_u64()?, line["knn"].as_f64()?)));
    Ok(probes.collect())
}

#[test]
fn a_run_that_gets_worse_says_so_once_and_ends_with_its_start() -> Result<(), Any> {
    let from = start()?;
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let (card, said) = continued(&run, &from, &HARMFUL)?;
    let found = probes(&run)?;
    assert_eq!(found[0].0, 0);
    assert!(
        found[1..].iter().all(|(_, knn)| *knn < found[0].1),
        "{found:?}"
    );
    assert_eq!(
        said.matches("what they knew is being lost").count(),
        1,
        "{said}"
    );
    let figures = format!(
        "with the starting weights it was at {:.1} %",
        100.0 * found[0].1
    );
    assert!(said.contains(&figures), "{said}");
    assert!(
        said.contains("the run ends with its starting weights"),
        "{said}"
    );
    assert_eq!(card["checkpoint"], "step-000000");
    assert_eq!(
        card["probe"]["accuracy"]["pretrained"],
        card["probe"]["accuracy"]["untrained"]
    );
    assert_eq!(fs::read_to_string(run.join("best"))?, "step-000000");
    // What commands take is the start; the last step is there too.
    let (before, after) = (
        saved(&run, 0, "model.safetensors")?,
        saved(&run, 20, "model.safetensors")?,
    );
    assert_ne!(
        before["encoder.conv1.weight"],
        after["encoder.conv1.weight"]
    );
    let text = run.display().to_string();
    let probe = |more: &[&str]| {
        json(
            &[
                &["probe", &text, "--labels-per-class", "10", "--json"],
                more,
            ]
            .concat(),
        )
    };
    let ended = probe(&[])?;
    assert_eq!(
        ended["accuracy"]["pretrained"],
        card["probe"]["accuracy"]["pretrained"]
    );
    assert_ne!(
        probe(&["--checkpoint", "latest"])?["accuracy"],
        ended["accuracy"]
    );
    // Stopped in between and resumed: the same end, and it is not said again.
    let whole = journal(&run)?;
    fs::remove_file(run.join("card.json"))?;
    let output = ravine(&["pretrain", "--resume", "--json", "--out", &text]);
    assert_eq!(
        serde_json::from_slice::<Value>(&output.stdout)?["checkpoint"],
        "step-000000"
    );
    assert_eq!(journal(&run)?, whole);
    Ok(())
}

#[test]
fn a_resumed_run_remembers_its_start_and_does_not_say_twice_that_it_fell() -> Result<(), Any> {
    let from = start()?;
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let keep = [&HARMFUL[..], &["train.keep=100"]].concat();
    let (card, _) = continued(&run, &from, &keep)?;
    let whole = journal(&run)?;
    cut(&run, 10)?;
    let text = run.display().to_string();
    let output = ravine(&["pretrain", "--resume", "--json", "--out", &text]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !said.contains("being lost") && said.contains("ends with its starting weights"),
        "{said}"
    );
    let again: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(again["checkpoint"], card["checkpoint"]);
    assert_eq!(again["probe"], card["probe"]);
    assert_eq!(journal(&run)?, whole);
    Ok(())
}

#[test]
fn a_run_that_gets_better_ends_with_its_best_probe() -> Result<(), Any> {
    let from = start()?;
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let more = [
        "optimizer.lr=2e-3",
        "train.freeze_epochs=0.5",
        "probe.every=0",
    ];
    let (card, said) = continued(&run, &from, &more)?;
    let found = probes(&run)?;
    // The start is probed though nothing else is but the end.
    assert_eq!(
        found.iter().map(|(step, _)| *step).collect::<Vec<_>>(),
        [0, 20]
    );
    let best = if found[1].1 >= found[0].1 {
        "step-000020"
    } else {
        "step-000000"
    };
    assert_eq!(card["checkpoint"], best, "{found:?}");
    assert_eq!(said.contains("the run ends with"), best == "step-000000");
    Ok(())
}

#[test]
fn a_run_from_random_weights_is_not_guarded() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let card = pretrain(&run, &sets(&[RESNET, HARMFUL[0]]))?;
    assert_eq!(card["checkpoint"], "step-000020");
    assert!(!run.join("end").exists() && !run.join("checkpoints/step-000000").exists());
    Ok(())
}

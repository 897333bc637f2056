//! `ravine runs`, `ravine metrics`, `ravine compare` of encoders.

use std::fs;
use std::path::Path;

use crate::common::Any;
use crate::common::cli::{json, pretrain, ravine, refused};
use crate::common::resumed::cut;

fn listed(folder: &Path) -> Result<Vec<serde_json::Value>, Any> {
    let found = json(&["runs", &folder.to_string_lossy(), "--json"])?;
    Ok(found.as_array().cloned().unwrap_or_default())
}

#[test]
fn runs_are_listed_with_how_far_and_how_good_they_are() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let card = pretrain(&at("deep/er/done"), &[])?;
    pretrain(&at("stopped"), &["--set", "train.keep=100"])?;
    cut(&at("stopped"), 9)?;
    let lines = fs::read_to_string(at("stopped/metrics.jsonl"))?;
    fs::write(
        at("stopped/metrics.jsonl"),
        format!("{lines}{{\"step\": 99, \"lo"),
    )?;
    fs::create_dir(at("no run"))?;
    fs::create_dir(at("broken"))?;
    fs::write(at("broken/config.toml"), "method = 3 = 4\n[train]\n")?;

    let runs = listed(folder.path())?;
    assert_eq!(runs.len(), 2, "{runs:?}");
    let (done, stopped) = (&runs[0], &runs[1]);
    assert_eq!(done["state"], "finished");
    assert_eq!(done["verdict"], card["verdict"]);
    assert_eq!(
        done["test"]["value"],
        card["probe"]["accuracy"]["pretrained"]
    );
    assert_eq!(done["test"]["part"], "test");
    assert_eq!(
        (&done["step"], &done["steps"]),
        (&card["steps"], &card["steps"])
    );
    let best = fs::read_to_string(at("deep/er/done/metrics.jsonl"))?;
    let knn = best.lines().filter_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        line["knn"]
            .as_f64()
            .filter(|_| line["step"].as_u64() > Some(0))
    });
    assert_eq!(done["validation"]["value"].as_f64(), knn.reduce(f64::max));
    assert_eq!(stopped["state"], "stopped");
    assert_eq!(stopped["step"], 9);

    let output = ravine(&["runs", &folder.path().to_string_lossy()]);
    let text = String::from_utf8(output.stdout)?;
    assert!(
        text.contains("stopped at 9 of 20") && text.contains("finished"),
        "{text}"
    );
    let said = String::from_utf8(output.stderr)?;
    assert!(
        said.contains("skipped") && said.contains("broken"),
        "{said}"
    );

    let lines = fs::read_to_string(at("stopped/metrics.jsonl"))?;
    fs::write(
        at("stopped/metrics.jsonl"),
        format!("{{\"note\":1}}\n{lines}"),
    )?;
    assert_eq!(
        listed(&at("stopped"))?.len(),
        1,
        "a line of another kind is passed over"
    );

    let lock = fs::File::create(at("stopped/.lock"))?;
    lock.lock()?;
    assert_eq!(listed(&at("stopped"))?[0]["state"], "running");
    refused(&["runs", "no/such/folder"], 1);
    Ok(())
}

#[test]
fn metrics_are_rows_of_numbers() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let (run, out) = (folder.path().join("run"), folder.path().join("metrics.csv"));
    pretrain(&run, &[])?;
    let run = run.to_string_lossy();
    assert!(
        ravine(&["metrics", &run, "--out", &out.to_string_lossy()])
            .status
            .success()
    );
    let text = fs::read_to_string(out)?;
    assert_eq!(text.as_bytes(), ravine(&["metrics", &run]).stdout);
    let again = folder.path().join("again.csv");
    json(&["--json", "metrics", &run, "--out", &again.to_string_lossy()])?;
    assert_eq!(fs::read_to_string(again)?, text);
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let heads = table.headers()?.clone();
    let column = |name: &str| heads.iter().position(|head| head == name);
    let (loss, knn) = (
        column("train/loss").ok_or("loss")?,
        column("probe/knn").ok_or("knn")?,
    );
    assert_eq!([&heads[0], &heads[1]], ["step", "epoch"]);
    let rows = table.records().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(rows.len(), 21, "a probe before training and 20 steps");
    assert!(rows[1..].iter().all(|row| row[loss].parse::<f64>().is_ok()));
    let probed = rows.iter().filter(|row| row[knn].parse::<f64>().is_ok());
    assert!((2..10).contains(&probed.count()));
    Ok(())
}

#[test]
fn encoders_are_compared_on_the_same_images() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (a, b, c) = (at("a"), at("b"), at("c"));
    pretrain(a.as_ref(), &[])?;
    pretrain(b.as_ref(), &["--set", "seed=1", "--set", "train.epochs=1"])?;
    pretrain(c.as_ref(), &["--set", "data.test=0.3"])?;
    let same = json(&["compare", &a, &a, "--json"])?;
    assert!((same["compared"]["cka"].as_f64().ok_or("cka")? - 1.0).abs() < 1e-9);
    assert_eq!(
        same["compared"]["knn"]["interval"],
        serde_json::json!([0.0, 0.0])
    );
    assert_eq!(same["changes"], serde_json::json!([]));
    let found = json(&["compare", &a, &b, "--json"])?;
    let knn = &found["compared"]["knn"];
    let counts: u64 = ["both", "only_first", "only_second", "neither"]
        .iter()
        .filter_map(|name| knn[*name].as_u64())
        .sum();
    assert_eq!(found["compared"]["images"].as_u64(), Some(counts));
    let changed = found["changes"].as_array().into_iter().flatten();
    let changed: Vec<&str> = changed
        .filter_map(|change| change["key"].as_str())
        .collect();
    assert_eq!(changed, ["seed", "train.epochs"]);
    let text = String::from_utf8(ravine(&["compare", &a, &b]).stdout)?;
    assert!(
        text.contains("linear CKA") && text.contains("95 % interval"),
        "{text}"
    );
    assert!(refused(&["compare", &a, &c], 2).contains("compare-embeddings"));
    Ok(())
}

//! Reports and maps: pages that open without a network, whatever names they hold.

mod command;
#[path = "../common/mod.rs"]
mod common;

use std::fs;
use std::path::{Path, PathBuf};

use ravine::config::Config;
use ravine::report::{Report, RunRecord, live_data, report};
use serde_json::{Value, json};

use common::Any;

/// What a name can hold that a page must not take for its own.
const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\"'&\u{2028}\u{202e}{{script}}";

/// A run folder with `lines` as its journal, and further files.
fn folder(
    root: &Path,
    name: &str,
    lines: &[Value],
    files: &[(&str, String)],
) -> Result<PathBuf, Any> {
    let run = root.join(name);
    fs::create_dir_all(&run)?;
    fs::write(
        run.join("config.toml"),
        Config::load(Some("digits"), &[])?.to_toml()?,
    )?;
    if !lines.is_empty() {
        let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
        fs::write(run.join("metrics.jsonl"), text.join("\n") + "\n")?;
    }
    for (file, text) in files {
        fs::write(run.join(file), text)?;
    }
    Ok(run)
}

/// A page without pictures.
fn page(runs: &[&Path]) -> Result<String, Any> {
    let runs = runs
        .iter()
        .map(|run| RunRecord::open(run))
        .collect::<ravine::error::Result<Vec<_>>>()?;
    let pictures = runs.iter().map(|_| Err(String::new())).collect();
    Ok(report(&Report {
        runs: &runs,
        pictures,
        live: false,
    })?)
}

/// The data that the page draws.
fn data(page: &str) -> Result<Value, Any> {
    let (_, rest) = page.split_once("id=\"data\">").ok_or("no data")?;
    let (text, _) = rest.split_once("</script>").ok_or("no end")?;
    Ok(serde_json::from_str(text)?)
}

fn steps(loss: f64) -> Vec<Value> {
    let probe = json!({"step": 0, "epoch": 0.0, "knn": 0.5, "energy_range": [0.0, 2.0], "positive_histogram": [0.9, 0.1],
        "negative_histogram": [0.2, 0.8]});
    let step = |step: u32| json!({"step": step, "epoch": f64::from(step) / 2.0, "loss": loss / f64::from(step), "lr": 0.1});
    let last = json!({"step": 4, "epoch": 2.0, "knn": 0.75, "collapse_value": 4.84, "verdict": "healthy", "causes": "",
        "why": "embeddings differ"});
    [probe]
        .into_iter()
        .chain((1..5).map(step))
        .chain([last])
        .collect()
}

#[test]
fn hostile_names_stay_text() -> Result<(), Any> {
    let root = tempfile::tempdir()?;
    let card = json!({"verdict": "collapsed", "why": HOSTILE, "causes": [HOSTILE], "data": HOSTILE, "probe": {"kind": HOSTILE,
        "accuracy": {"pretrained": 0.5, "untrained": 0.4, "raw": 0.3}, "interval": {"pretrained": [0.4, 0.6]},
        "per_class": [{"class": HOSTILE, "count": 2, "recall": 0.5, "precision": 1.0, "answers": {HOSTILE: 1, "b": 1}}]}});
    let bad = json!({"step": 1, "sample": 3, "id": HOSTILE, "reason": HOSTILE});
    let lines = [json!({"step": 1, "epoch": 1.0, "loss": 2.0, HOSTILE: 1.0})];
    let files = [
        ("card.json", card.to_string()),
        ("quarantine.jsonl", format!("{bad}\n")),
    ];
    let run = folder(
        root.path(),
        "<b onmouseover=alert(2)>&{{body}}",
        &lines,
        &files,
    )?;
    let page = page(&[&run])?;
    assert!(!page.contains("<img src=x"), "a name became an element");
    assert!(
        !page.contains("<b onmouseover"),
        "the folder's name became an element"
    );
    assert!(
        !page.contains(['\u{2028}', '\u{202e}']),
        "unseen characters were let in"
    );
    assert_eq!(
        page.matches("</script").count(),
        2,
        "only the page's own scripts end"
    );
    assert!(
        page.contains("&lt;/script&gt;&lt;img src=x"),
        "the name is shown"
    );
    assert!(
        page.contains("\\u{202e}{{script}}"),
        "the name is shown whole"
    );
    let data = data(&page)?;
    assert_eq!(data["runs"][0]["name"], "<b onmouseover=alert(2)>&{{body}}");
    assert!(data["runs"][0]["curves"][HOSTILE].is_object(), "{data}");
    Ok(())
}

#[test]
fn nothing_is_loaded_from_elsewhere() -> Result<(), Any> {
    let root = tempfile::tempdir()?;
    let page = page(&[&folder(root.path(), "run", &steps(4.0), &[])?])?;
    assert!(page.contains("default-src 'none'"), "the page forbids it");
    for word in [
        "src=\"http",
        "href=\"http",
        "url(http",
        "@import",
        "import(",
    ] {
        assert!(!page.contains(word), "{word}");
    }
    Ok(())
}

#[test]
fn two_runs_are_overlaid_and_compared() -> Result<(), Any> {
    let root = tempfile::tempdir()?;
    let first = folder(root.path(), "first", &steps(4.0), &[])?;
    let second = folder(root.path(), "second", &steps(2.0), &[])?;
    let changed = Config::load(Some("digits"), &["train.batch=32".into()])?;
    fs::write(second.join("config.toml"), changed.to_toml()?)?;
    let page = page(&[&first, &second])?;
    let data = data(&page)?;
    for (run, losses) in [(0, [4.0, 1.0]), (1, [2.0, 0.5])] {
        let values = &data["runs"][run]["curves"]["loss"]["value"];
        assert_eq!(
            [&values[0], &values[3]].map(Value::as_f64),
            losses.map(Some)
        );
        assert_eq!(
            data["runs"][run]["histograms"].as_array().map(Vec::len),
            Some(1)
        );
    }
    assert!(
        page.contains("<td>0.5</td>"),
        "the last loss of the second run stands in the table"
    );
    let differ = page
        .split("Where the configurations differ")
        .last()
        .ok_or("no table")?;
    let differ = differ.split("</section>").next().unwrap_or_default();
    assert!(
        differ.contains("train.batch") && !differ.contains("train.epochs"),
        "{differ}"
    );
    assert_eq!(page.matches("class=\"of-run\"").count(), 2);
    assert!(page.contains("<select id=\"picker\">"));
    Ok(())
}

#[test]
fn runs_of_one_name_go_by_their_paths() -> Result<(), Any> {
    let root = tempfile::tempdir()?;
    let a = folder(&root.path().join("a"), "run", &[], &[])?;
    let b = folder(&root.path().join("b"), "run", &[], &[])?;
    let runs = RunRecord::open_all(&[&a, &b])?;
    let pictures = vec![Err(String::new()), Err(String::new())];
    let page = report(&Report {
        runs: &runs,
        pictures,
        live: false,
    })?;
    assert_eq!(data(&page)?["runs"][1]["name"], b.display().to_string());
    assert!(
        !page.contains("href=\"#energies-0\""),
        "neither has energies"
    );
    Ok(())
}

#[test]
fn a_run_without_any_optional_file_has_a_page() -> Result<(), Any> {
    let root = tempfile::tempdir()?;
    let page = page(&[&folder(root.path(), "bare", &[], &[])?])?;
    assert!(page.contains("no step made yet"));
    assert!(page.contains("There is no card yet"));
    assert!(page.contains("Every image could be read"));
    assert!(!page.contains("id=\"energies-0\"") && !page.contains("href=\"#energies-0\""));
    let preset = page
        .split("<code>augment.size</code>")
        .nth(1)
        .ok_or("no key")?;
    assert!(
        preset[..200].contains("preset digits"),
        "{}",
        &preset[..200]
    );
    Ok(())
}

#[test]
fn a_live_page_gets_curves_and_verdicts() -> Result<(), Any> {
    let root = tempfile::tempdir()?;
    let run = folder(root.path(), "run", &steps(4.0)[..3], &[])?;
    let torn = fs::read_to_string(run.join("metrics.jsonl"))? + "{\"step\":3,\"los";
    fs::write(run.join("metrics.jsonl"), torn)?;
    let data: Value = serde_json::from_str(&live_data(&[RunRecord::open(&run)?])?)?;
    assert_eq!(
        data["runs"][0]["curves"]["loss"]["value"],
        json!([4.0, 2.0])
    );
    assert!(
        data["summary"]
            .as_str()
            .is_some_and(|s| s.contains("at epoch 1 of")),
        "{data}"
    );
    Ok(())
}

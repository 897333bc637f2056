//! The commands: one page for a run, one for several, maps, and what they refuse.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::Any;
use crate::common::cli::{json, pretrain, ravine, refused};
use crate::data;

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn a_run_becomes_the_same_page_every_time() -> Result<(), Any> {
    let root = tempfile::tempdir()?;
    let run = root.path().join("run");
    pretrain(&run, &[])?;
    let said = json(&["--json", "report", &text(&run), "--images", "150"])?;
    let page = fs::read_to_string(run.join("report.html"))?;
    assert_eq!(said["bytes"].as_u64(), Some(page.len() as u64));
    let other = root.path().join("other.html");
    let threads = ["--threads", "1", "--images", "150", "--out"];
    assert!(
        ravine(&[&["report", &text(&run)][..], &threads, &[&text(&other)]].concat())
            .status
            .success()
    );
    assert_eq!(
        page,
        fs::read_to_string(&other)?,
        "threads and calls change nothing"
    );
    for part in [
        "energies-0",
        "map-0",
        "neighbors-0",
        "views-0",
        "confusion-0",
        "card-0",
        "config-0",
        "quarantine-0",
    ] {
        assert!(page.contains(&format!("<section id=\"{part}\"")), "{part}");
        assert!(page.contains(&format!("href=\"#{part}\"")), "{part}");
    }
    assert!(page.contains("background-image:url(data:image/png;base64,"));
    let data = data(&page)?;
    let map = &data["maps"][0];
    let rows = map["rows"].as_u64().ok_or("no rows")?;
    assert!((100..=150).contains(&rows), "{rows}");
    assert_eq!(map["classes"].as_array().map(Vec::len), Some(10));
    assert_eq!(
        map["pictured"].as_array().map(Vec::len),
        Some(rows as usize)
    );
    let knn = &data["runs"][0]["curves"]["collapse_value"]["value"];
    assert!(
        knn[0].as_f64().is_some_and(|value| value > 4.0),
        "the loss of a collapse is journaled: {knn}"
    );
    Ok(())
}

#[test]
fn what_cannot_be_shown_is_a_sentence() -> Result<(), Any> {
    let root = tempfile::tempdir()?;
    let missing = text(&root.path().join("missing"));
    let problem = refused(&["report", &missing], 2);
    assert!(problem.contains("is not a run folder"), "{problem}");
    let pairs = "tests/runs/pairs";
    let problem = refused(&["report", pairs, &missing], 2);
    assert!(problem.contains("missing"), "{problem}");
    let problem = refused(&["report", pairs, pairs, "--table", "t.parquet"], 2);
    assert!(problem.contains("--table is of one run"), "{problem}");
    let problem = refused(&["map", &missing], 2);
    assert!(problem.contains("missing"), "{problem}");
    let out = text(&root.path().join("head.html"));
    assert!(
        ravine(&["report", "tests/runs/head", "--out", &out])
            .status
            .success()
    );
    let page = fs::read_to_string(&out)?;
    assert!(
        page.contains("learns from a table"),
        "a head over a table has no pictures"
    );
    Ok(())
}

#[test]
fn a_table_becomes_a_map() -> Result<(), Any> {
    let root = tempfile::tempdir()?;
    let (run, table) = (
        root.path().join("run"),
        text(&root.path().join("digits.parquet")),
    );
    pretrain(&run, &["--set", "train.epochs=1"])?;
    assert!(
        ravine(&["embed", &text(&run), "--part", "test", "--out", &table])
            .status
            .success()
    );
    let said = json(&["--json", "map", &table, "--images", "40"])?;
    let rows = said["rows"].as_u64().ok_or("no rows")?;
    let folder = root.path().join("digits-map");
    let csv = fs::read_to_string(folder.join("map.csv"))?;
    assert_eq!(csv.lines().next(), Some("id,x,y,class,part"));
    assert_eq!(csv.lines().count() as u64, rows + 1);
    let png = fs::read(folder.join("map.png"))?;
    assert_eq!(&png[1..4], b"PNG");
    let page = fs::read_to_string(folder.join("map.html"))?;
    let map: Value = data(&page)?["maps"][0].clone();
    assert_eq!(map["rows"].as_u64(), Some(rows));
    assert!(
        map["sheet"]["columns"].as_u64().is_some(),
        "{}",
        map["sheet"]
    );
    // The gallery's rows and their neighbors come to the forty.
    assert!(map["pictured"].as_array().is_some_and(|p| p.len() >= 40));
    let out = text(&root.path().join("pca"));
    let said = json(&[
        "--json",
        "map",
        &text(&run),
        "--kind",
        "pca",
        "--images",
        "0",
        "--out",
        &out,
    ])?;
    assert_eq!(said["rows"].as_u64(), Some(1797));
    Ok(())
}

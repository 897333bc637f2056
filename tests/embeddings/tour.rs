//! What the README shows: from a run to its neighbors, duplicates, outliers, clusters, a selection, a report and a map, one
//! command each.

use std::fs;

use crate::common::Any;
use crate::common::cli::{json, ravine, refused};

#[test]
fn every_question_is_one_command() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (run, table) = (at("run"), at("digits.parquet"));
    let settings = ["--set", "train.epochs=1", "--out", &run];
    assert!(
        ravine(&[&["pretrain", "digits"][..], &settings].concat())
            .status
            .success()
    );
    assert!(ravine(&["embed", &run, "--out", &table]).status.success());
    let lists = at("neighbors.csv");
    assert!(
        ravine(&["neighbors", &table, "-k", "2", "--out", &lists])
            .status
            .success()
    );
    assert_eq!(fs::read_to_string(&lists)?.lines().count(), 1 + 2 * 1797);
    let lines = fs::read_to_string(&lists)?;
    let id = lines
        .lines()
        .nth(1)
        .and_then(|line| line.split(',').next())
        .ok_or("no line")?;
    let said = json(&["--json", "neighbors", &table, "--rows", id, "-k", "3"])?;
    assert_eq!(said[0]["neighbors"].as_array().map(Vec::len), Some(3));
    let sheet = at("sheets");
    assert!(
        ravine(&["neighbors", &table, "--rows", id, "--sheet", &sheet])
            .status
            .success()
    );
    assert!(folder.path().join("sheets/neighbors.png").exists());
    let said = json(&["--json", "duplicates", &table])?;
    let ratio = said["criterion"]["relative"]["ratio"].as_f64();
    assert!(
        ratio.is_some_and(|ratio| (0.0..1.0).contains(&ratio)),
        "{said}"
    );
    assert_eq!(said["whitened"], true);
    let said = json(&[
        "--json",
        "duplicates",
        &table,
        "--plain",
        "--threshold",
        "0.999",
    ])?;
    assert!(
        said["criterion"]["cosine"].is_number() && said["whitened"] == false,
        "{said}"
    );
    let ranked = at("outliers.csv");
    let said = json(&[
        "--json",
        "outliers",
        &table,
        "--known-good",
        "train",
        "--out",
        &ranked,
    ])?;
    assert!(said["threshold"]["rows_above"].as_u64().is_some(), "{said}");
    assert_eq!(fs::read_to_string(&ranked)?.lines().count(), 1 + 1797);
    let said = json(&["--json", "cluster", &table])?;
    assert_eq!(said["clusters"].as_array().map(Vec::len), Some(10));
    let chosen = at("chosen.csv");
    let said = json(&[
        "--json", "select", &table, "--budget", "25", "--out", &chosen,
    ])?;
    assert_eq!(said["ids"].as_array().map(Vec::len), Some(25));
    assert_eq!(fs::read_to_string(&chosen)?.lines().count(), 26);
    assert!(ravine(&["report", &run]).status.success());
    assert!(folder.path().join("run/report.html").exists());
    assert!(ravine(&["map", &table]).status.success());
    assert!(folder.path().join("digits-map/map.png").exists());
    let problem = refused(&["neighbors", &table], 2);
    assert!(problem.contains("name some with --rows"), "{problem}");
    let problem = refused(&["outliers", &table, "--known-good", "holdout"], 2);
    assert!(problem.contains("no row of"), "{problem}");
    let problem = refused(&["duplicates", &table, "--threshold", "7"], 2);
    assert!(problem.contains("it is a cosine"), "{problem}");
    Ok(())
}

//! What the README shows: from pictures to a report, neighbors, duplicates, outliers, a selection and a map, one command each.

use std::fs;
use std::path::Path;

use crate::common::Any;
use crate::common::cli::{json, ravine, refused};

/// The README's first block of commands below `heading`, each without its comment.
fn commands(heading: &str) -> Result<Vec<Vec<&'static str>>, Any> {
    let readme = include_str!("../../README.md");
    let block = readme
        .split_once(heading)
        .and_then(|(_, below)| below.split_once("```sh\n"))
        .and_then(|(_, block)| block.split_once("```"))
        .map(|(block, _)| block)
        .ok_or_else(|| format!("the README has no commands below {heading}"))?;
    let words = |line: &'static str| {
        let command = line.split(" #").next().unwrap_or(line);
        command.split_whitespace().collect()
    };
    Ok(block.lines().map(words).collect())
}

/// `photos/` with three classes of 24 pictures.
fn photos(folder: &Path) -> Result<(), Any> {
    for (class, name) in (1..).zip(["cat", "dog", "hen"]) {
        let of = folder.join("photos").join(name);
        fs::create_dir_all(&of)?;
        for which in 0..24 {
            let picture = image::RgbImage::from_fn(16, 16, |x, y| {
                image::Rgb([x * class * 9, y * (which + 1), x * y * which].map(|v| (v % 256) as u8))
            });
            picture.save(of.join(format!("{which}.jpg")))?;
        }
    }
    Ok(())
}

#[test]
fn the_tour_of_the_readme_is_as_it_stands_there() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    photos(folder.path())?;
    let tour = commands("## The tour\n")?;
    let asked: Vec<&str> = tour.iter().map(|words| words[1]).collect();
    let order = [
        "pretrain",
        "embed",
        "report",
        "neighbors",
        "duplicates",
        "outliers",
        "select",
        "map",
    ];
    assert_eq!(asked, order);
    for words in &tour {
        let mut command = assert_cmd::Command::cargo_bin("ravine")?;
        command.current_dir(folder.path()).env_remove("RAVINE_RUNS");
        command.args(&words[1..]);
        if words[1] == "pretrain" {
            command.args(["--set", "train.epochs=1"]); // in place of 200
        }
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            words[0] == "ravine" && output.status.success(),
            "{words:?}: {said}"
        );
        assert!(!output.stdout.is_empty(), "{words:?}");
        let written = words.windows(2).filter(|pair| pair[0] == "--out");
        for pair in written {
            assert!(folder.path().join(pair[1]).is_file(), "{words:?}");
        }
    }
    for written in [
        "runs/simclr-photos/report.html",
        "sheets/neighbors.png",
        "sheets/outliers.png",
        "photos-map/map.html",
        "photos-map/map.png",
    ] {
        assert!(folder.path().join(written).is_file(), "{written}");
    }
    let chosen = fs::read_to_string(folder.path().join("label-these.csv"))?;
    assert_eq!(chosen.lines().count(), 21);
    Ok(())
}

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

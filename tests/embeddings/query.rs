//! Pictures of files and the rows nearest to them.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::Any;
use crate::common::cli::{json, ravine, refused};
use crate::pictures::{drawn, pretrained, text};

/// The first neighbour's id and cosine for each picture asked about.
fn first(said: &Value) -> Vec<(String, f64)> {
    let all = said.as_array().into_iter().flatten();
    all.map(|one| {
        let near = &one["neighbors"][0];
        let id = near["id"].as_str().unwrap_or_default();
        (id.into(), near["cosine"].as_f64().unwrap_or(f64::NAN))
    })
    .collect()
}

#[test]
fn a_picture_of_the_data_finds_itself_however_the_table_was_made() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let data = drawn(&folder.path().join("data"), 30);
    let run = text(&pretrained(folder.path(), &text(&data)));
    let at = |name: &str| text(&folder.path().join(name));
    let asked = [text(&data.join("07.png")), text(&data.join("21.png"))];
    for (number, (name, more)) in [
        ("plain.parquet", &[][..]),
        ("parts", &["--shard-rows", "8", "--flips"]),
        ("last.npy", &["--output", "embedding"]),
        (
            "layer.safetensors",
            &["--layer", "layer3.0.relu", "--pool", "max", "--normalize"],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let table = at(name);
        json(&[&["embed", &run, "--out", &table, "--json"], more].concat())?;
        let query = [
            "--json",
            "neighbors",
            &table,
            "-k",
            "3",
            "--query",
            &asked[0],
            &asked[1],
        ];
        let said = json(&query)?;
        assert_eq!(said[1]["query"], asked[1].as_str());
        assert_eq!(said[0]["neighbors"].as_array().map(Vec::len), Some(3));
        for ((id, cosine), wanted) in first(&said).into_iter().zip(["07.png", "21.png"]) {
            assert_eq!(id, wanted, "{number}: {said}");
            assert!((cosine - 1.0).abs() < 1e-5, "{name}: {cosine}");
        }
    }
    // A picture's mirror image is as near to a table with mirror images as the picture, and not to one without.
    let mirrored = at("mirrored.png");
    image::imageops::flip_horizontal(&image::open(&asked[0])?.to_rgb8()).save(&mirrored)?;
    let ask = |table: &str| json(&["--json", "neighbors", &at(table), "--query", &mirrored]);
    let (with, without) = (first(&ask("parts")?), first(&ask("plain.parquet")?));
    assert_eq!(with[0].0, "07.png");
    assert!(
        (with[0].1 - 1.0).abs() < 1e-5 && without[0].1 < 1.0 - 1e-5,
        "{with:?} {without:?}"
    );
    shown(folder.path(), &asked)?;
    refusals(folder.path(), &asked[0])
}

/// Sheets, text, lists.
fn shown(folder: &Path, asked: &[String]) -> Result<(), Any> {
    let at = |name: &str| text(&folder.join(name));
    let (table, sheets, list) = (at("parts"), at("sheets"), at("near.csv"));
    let output = ravine(&[
        "neighbors",
        &table,
        "--sheet",
        &sheets,
        "--query",
        &asked[0],
    ]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains(&format!("{}\n  1.0000  07.png", asked[0])),
        "{said}"
    );
    // The picture, and its ten neighbors.
    let sheet = fs::read_to_string(folder.join("sheets/neighbors.svg"))?;
    assert_eq!(sheet.matches("<image").count(), 11);
    let output = ravine(&[
        "neighbors",
        &table,
        "-k",
        "2",
        "--out",
        &list,
        "--query",
        &asked[1],
    ]);
    assert!(output.status.success());
    let lines = fs::read_to_string(&list)?;
    assert_eq!(lines.lines().count(), 3);
    assert!(lines.contains("21.png,1,21.png,"), "{lines}");
    // Other questions take the folder as they take a file.
    let found = json(&["--json", "cluster", &table, "--clusters", "3"])?;
    assert_eq!(found["clusters"].as_array().map(Vec::len), Some(3));
    let map = at("map");
    assert!(ravine(&["map", &table, "--out", &map]).status.success());
    assert!(folder.join("map/map.html").exists());
    Ok(())
}

fn refusals(folder: &Path, picture: &str) -> Result<(), Any> {
    let at = |name: &str| text(&folder.join(name));
    let (table, none) = (at("plain.parquet"), at("none.png"));
    let ask = |picture: &str, more: &[&str]| {
        refused(
            &[&["neighbors", &table, "--query", picture][..], more].concat(),
            2,
        )
    };
    assert!(ask(&none, &[]).contains("there is no such picture"));
    assert!(ask(&at("data"), &[]).contains("is a folder"));
    assert!(ask(picture, &["-k", "31"]).contains("has 30 rows"));
    assert!(ask(picture, &["--rows", "07.png"]).contains("cannot be used with"));
    fs::write(&none, "none")?;
    let problem = refused(&["neighbors", &table, "--query", &none], 1);
    assert!(problem.contains("none.png"), "{problem}");
    // The run has moved: it can be named.
    fs::rename(folder.join("run"), folder.join("moved"))?;
    assert!(ask(picture, &[]).contains("give it with --run"));
    let (run, output) = (at("moved"), at("last.npy"));
    let said = json(&[
        "--json",
        "neighbors",
        &table,
        "--run",
        &run,
        "--query",
        picture,
    ])?;
    assert_eq!(first(&said)[0].0, "07.png");
    // What the file said is gone too: features are taken for what they are not.
    fs::remove_file(folder.join("last.embedding.json"))?;
    let problem = refused(
        &["neighbors", &output, "--run", &run, "--query", picture],
        2,
    );
    assert!(
        problem.contains("makes embeddings of 32 numbers"),
        "{problem}"
    );
    assert!(
        refused(&["neighbors", &output, "--query", picture], 2).contains("give the run with --run")
    );
    Ok(())
}

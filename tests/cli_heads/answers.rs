//! What is said of single answers: class by class in the card, and one by one in a table.

use std::fs;

use crate::common::Any;
use crate::common::cli::{json, ravine, refused};
use crate::{number, text, train};

#[test]
fn a_card_says_which_classes_are_taken_for_which_and_infer_writes_every_answer() -> Result<(), Any>
{
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("probe");
    let card = train("ebm/digits-nll", &run, &["train.epochs=3"])?;
    let classes = card["per_class"].as_array().ok_or("no classes")?;
    assert_eq!(classes.len(), 10);
    let sum = |f: &dyn Fn(&serde_json::Value) -> f64| classes.iter().map(f).sum::<f64>();
    let rows = sum(&|class| number(class, "count"));
    let right = sum(&|class| {
        class["answers"][class["class"].as_str().unwrap_or("")]
            .as_f64()
            .unwrap_or(0.0)
    });
    assert!(
        (right / rows - number(&card, "accuracy")).abs() < 1e-9,
        "{card}"
    );

    let run = text(&run);
    for name in ["answers.csv", "answers.jsonl"] {
        let out = text(&folder.path().join(name));
        let said = json(&["infer", &run, "--out", &out, "--json"])?;
        assert_eq!(number(&said, "rows"), rows, "all, not the first 20: {said}");
    }
    let table = fs::read_to_string(folder.path().join("answers.csv"))?;
    let mut lines = table.lines();
    let head = lines.next().ok_or("empty")?;
    assert!(
        head.starts_with("id,part,label,answer,energy,probability,energy_0,"),
        "{head}"
    );
    assert!(head.ends_with(",probability_9"), "{head}");
    let cells: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let hits = cells.iter().filter(|row| row[2] == row[3]).count() as f64;
    assert_eq!((cells.len() as f64, hits), (rows, right));
    assert!(cells.iter().all(|row| row[1] == "test" && row.len() == 26));
    let lines = fs::read_to_string(folder.path().join("answers.jsonl"))?;
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().ok_or("empty")?)?;
    assert_eq!(first["id"], cells[0][0]);

    let wrong = refused(&["infer", &run, "--out", "answers.xlsx"], 2);
    assert!(wrong.contains(".csv or .jsonl"), "{wrong}");
    let lost = refused(&["infer", &run, "--out", "no/such/folder/a.csv"], 1);
    assert!(
        lost.contains("no/such/folder") && !lost.contains(".unfinished"),
        "{lost}"
    );
    let idle = refused(&["infer", &run, "--set", "train.epochs=3"], 2);
    assert!(idle.contains("`train.epochs` changes nothing"), "{idle}");
    let card = fs::read(folder.path().join("probe/card.json"))?;
    let again = ravine(&["train", "--resume", "--out", &run]);
    assert!(again.status.success());
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(
        said.contains("class by class") && said.contains("most frequent mistakes: "),
        "{said}"
    );
    assert_eq!(fs::read(folder.path().join("probe/card.json"))?, card);
    Ok(())
}

#[test]
fn answers_that_are_vectors_are_a_line_each() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("ebm/parabola-b-square-square", &run, &["train.epochs=1"])?;
    let out = folder.path().join("answers.csv");
    json(&[
        "infer",
        &text(&run),
        "--x",
        "-0.5",
        "--out",
        &text(&out),
        "--json",
    ])?;
    let table = fs::read_to_string(&out)?;
    let mut lines = table.lines();
    assert_eq!(
        lines.next(),
        Some("id,part,x,y,answer,answer_y,energy,density")
    );
    assert!(
        lines
            .next()
            .is_some_and(|line| line.starts_with("0,,-0.5,,1,")),
        "{table}"
    );
    Ok(())
}

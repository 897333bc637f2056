//! What `ravine train` and `ravine infer` refuse, with which words.

use std::fs;

use crate::common::Any;
use crate::common::cli::{json, refused};
use crate::{number, text, train};

/// Preset, `--set`s and words of the refusal, the latter two separated by blanks.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("ebm/parabola-b-nll", "loss.beta=0", "loss.beta"),
    ("ebm/parabola-b-nll", "loss.beta=-1", "loss.beta"),
    (
        "ebm/parabola-b-nll",
        "negatives.points=0",
        "negatives.points",
    ),
    (
        "ebm/parabola-b-nll",
        "negatives.points=1",
        "negatives.points",
    ),
    (
        "ebm/parabola-b-nll",
        "negatives.kind=none",
        "negatives.kind grid",
    ),
    (
        "ebm/parabola-b-nll",
        "negatives.kind=in_batch",
        "negatives.kind grid",
    ),
    ("ebm/parabola-b-hinge", "loss.margin=-1", "loss.margin"),
    (
        "ebm/parabola-b-hinge",
        "negatives.radius=0",
        "negatives.radius",
    ),
    (
        "ebm/parabola-b-hinge",
        "negatives.radius=5",
        "negatives.radius",
    ),
    ("ebm/parabola-b-hinge", "answers.low=[1.0]", "answers low"),
    ("ebm/parabola-b-hinge", "answers.low=[-1.0,2.0]", "answers"),
    (
        "ebm/parabola-b-hinge",
        "inference.starts=0",
        "inference.starts",
    ),
    (
        "ebm/parabola-b-hinge",
        "head.kind=multi_class",
        "multi_class regression",
    ),
    (
        "ebm/parabola-b-hinge",
        "head.kind=latent head.beta=0",
        "head.beta",
    ),
    ("ebm/ellipse-min", "head.z.l1=-1", "head.z.l1"),
    ("ebm/ellipse-min", "head.z.points=1", "head.z.points"),
    (
        "ebm/digits-nll",
        "loss.kind=square_square",
        "square_square non_negative",
    ),
    ("ebm/digits-nll", "head.kind=two_class", "two_class 10"),
    ("ebm/digits-nll", "negatives.kind=grid", "grid labels"),
    ("ebm/digits-nll", "head.kind=multi_clas", "`multi_class`"),
    ("ebm/digits-probe", "pretrained.run=", "pretrained.run"),
    (
        "ebm/parabola-b-nll",
        "train.batch=100000",
        "train.batch rows",
    ),
    (
        "ebm/parabola-b-nll",
        "data.samples=100000000000",
        "data.samples",
    ),
    (
        "ebm/parabola-b-nll",
        "head.hidden=[10000000000]",
        "smaller widths",
    ),
    (
        "ebm/digits-nll",
        "encoder.widths=[1000000000]",
        "encoder widths",
    ),
    (
        "ebm/parabola-b-nll",
        "encoder.kind=resnet",
        "encoder.kind table encoder.kind=mlp",
    ),
    (
        "ebm/parabola-b-nll",
        "negatives.kind=uniform negatives.count=1000000000",
        "negatives.count",
    ),
];

/// `ravine train` must refuse, with every word in its sentence.
fn train_refused(preset: &str, sets: &[&str], words: &[&str]) -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let out = text(&folder.path().join("run"));
    let mut arguments = vec!["train", preset, "--out", &out];
    for set in sets {
        arguments.extend(["--set", *set]);
    }
    let error = refused(&arguments, 2);
    for word in words {
        assert!(
            error.contains(word),
            "{arguments:?}: `{word}` is missing in: {error}"
        );
    }
    Ok(())
}

#[test]
fn mistakes_in_settings_get_a_sentence_and_exit_code_2() -> Result<(), Any> {
    for (preset, sets, words) in MISTAKES {
        let sets: Vec<&str> = sets.split(' ').collect();
        let words: Vec<&str> = words.split(' ').collect();
        train_refused(preset, &sets, &words)?;
    }
    Ok(())
}

#[test]
fn mistakes_in_tables_get_a_sentence_and_exit_code_2() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let (good, holed) = (
        folder.path().join("rows.csv"),
        folder.path().join("holed.csv"),
    );
    let rows = (0..40).map(|i| format!("{i},{},{}\n", i * i, i % 3));
    let table: String = std::iter::once("a,b,kind\n".to_string())
        .chain(rows)
        .collect();
    fs::write(&good, &table)?;
    fs::write(&holed, table.replace("5,25,2", "5,NaN,2"))?;
    let good = format!("data.source={}", text(&good));
    let holed = format!("data.source={}", text(&holed));
    let (x, y) = ("data.x=[\"a\"]", "data.y=[\"b\"]");
    let implicit = "ebm/parabola-b-square-square";
    train_refused(implicit, &[&holed, x, y], &["NaN", "line 7", "`b`"])?;
    let absent = "data.y=[\"c\"]";
    train_refused(implicit, &[&good, x, absent], &["data.y", "`c`"])?;
    let wide = "data.y=[\"b\",\"kind\"]";
    train_refused(implicit, &[&good, x, wide], &["answers", "2"])?;
    let label = "data.label=kind";
    train_refused(implicit, &[&good, label], &["implicit", "classes"])?;
    train_refused(
        "ebm/moons-two-class",
        &[&good, x, y],
        &["two_class", "vectors"],
    )?;
    train_refused("ebm/moons-two-class", &[&good, label], &["two_class", "3"])
}

#[test]
fn a_table_that_has_changed_since_the_training_is_refused() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let (path, run) = (folder.path().join("rows.csv"), folder.path().join("run"));
    let table = |slope: usize| -> String {
        let rows = (0..60).map(|i| format!("{i},{}\n", slope * i));
        std::iter::once("a,b\n".to_string()).chain(rows).collect()
    };
    fs::write(&path, table(2))?;
    let source = format!("data.source={}", text(&path));
    let sets = [
        &source,
        "data.y=[\"b\"]",
        "answers.low=[-2.0]",
        "answers.high=[2.0]",
        "train.epochs=30",
        "train.batch=4",
    ];
    let card = train("ebm/two-branches-regression", &run, &sets)?;
    assert!(
        number(&card, "argmin_error") < 0.2 * number(&card, "constant_error"),
        "{card}"
    );
    let ask = ["infer", &text(&run), "--x", "30", "--json"];
    let y = json(&ask)?["rows"][0]["answers"][0]["y"][0].as_f64();
    assert!((y.expect("an answer") - 60.0).abs() < 10.0, "{y:?}");
    fs::write(&path, table(3))?;
    let refusal = refused(&ask, 2);
    assert!(
        refusal.contains("scales.json") && refusal.contains("changed"),
        "{refusal}"
    );
    Ok(())
}

#[test]
fn mistakes_in_questions_get_a_sentence_and_exit_code_2() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    train("ebm/parabola-a-energy", &run, &["train.epochs=1"])?;
    let run = text(&run);
    let bad = folder.path().join("bad.csv");
    fs::write(&bad, "x\n0.5\nNaN\n")?;
    let other = folder.path().join("other.csv");
    fs::write(&other, "z\n0.5\n")?;
    let (bad, other) = (text(&bad), text(&other));
    for (arguments, words) in [
        (vec!["--x", "0.1,0.2"], ["2 numbers", "1 (x)"]),
        (vec!["--x", "zero"], ["`zero`", "number"]),
        (vec!["--x", "NaN"], ["`NaN`", "number"]),
        (vec!["--x", "0.1", "--beta", "0"], ["--beta", "above 0"]),
        (vec!["--x", "0.1", "--beta=-2"], ["--beta", "above 0"]),
        (vec!["--data", &bad], ["NaN", "line 3"]),
        (vec!["--data", &other], ["no column `x`", "other.csv"]),
        (
            vec!["--set", "inference.kind=newton"],
            ["`newton`", "descent"],
        ),
    ] {
        let mut all = vec!["infer", &run];
        all.extend(arguments);
        let error = refused(&all, 2);
        for word in words {
            assert!(
                error.contains(word),
                "{all:?}: `{word}` is missing in: {error}"
            );
        }
    }
    Ok(())
}

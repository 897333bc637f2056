//! A table as a folder of parts: what stops it, what goes on in it, and who may.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use ravine::assembly::OpenedRun;
use ravine::embeddings::EmbeddingTable;
use ravine::error::Error;
use ravine::run::{Embedding, embed};
use ravine::train::{Observer, Silent};

use crate::common::Any;
use crate::common::cli::{json, ravine, refused};
use crate::pictures::{pretrained, text};

/// Embeddings of crops, which are drawn, and of mirror images.
fn wanted(out: PathBuf, shard_rows: Option<usize>) -> Embedding {
    Embedding {
        crops: 2,
        flips: true,
        shard_rows,
        ..Embedding::to(out)
    }
}

/// Sets a flag when a part is written of which the message speaks so.
struct Until<'a>(&'a str, &'a AtomicBool);

impl Observer for Until<'_> {
    fn message(&mut self, text: &str) {
        if text.starts_with(self.0) {
            self.1.store(true, Ordering::Relaxed);
        }
    }
}

fn same(a: &EmbeddingTable, b: &EmbeddingTable) -> Result<(), Any> {
    assert_eq!((a.rows(), a.dim()), (b.rows(), b.dim()));
    for row in 0..a.rows() {
        assert_eq!(
            (a.id(row), a.class(row), a.part(row)),
            (b.id(row), b.class(row), b.part(row))
        );
    }
    let bits = |table: &EmbeddingTable| -> Result<Vec<u32>, Any> {
        let all = table.read(0..table.rows())?;
        Ok(all.iter().map(|v| v.to_bits()).collect())
    };
    assert!(bits(a)? == bits(b)?, "numbers differ");
    Ok(())
}

fn problem_of(folder: &Path) -> String {
    match EmbeddingTable::open(folder, None) {
        Err(Error::Usage(problem)) => problem,
        Err(other) => panic!("{other}: not for the user to mend"),
        Ok(_) => panic!("it was read"),
    }
}

#[test]
fn whatever_stops_it_no_row_is_lost_repeated_or_changed() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let root = pretrained(folder.path(), "digits");
    let (run, never) = (OpenedRun::open(&root, "end")?, AtomicBool::new(false));
    let (file, parts) = (folder.path().join("all.parquet"), folder.path().join("all"));
    embed(&run, &wanted(file.clone(), None), &mut Silent, &never)?;
    let whole = EmbeddingTable::open(&file, None)?;
    // 1797 images in parts of 500, which no batch of 128 ends with.
    let wanted = wanted(parts.clone(), Some(500));
    let part = |number: usize| parts.join(format!("part-{number:05}.parquet"));
    let stop = AtomicBool::new(false);
    let stopped = embed(&run, &wanted, &mut Until("part 2 of 4", &stop), &stop);
    let Err(Error::Interrupted(said)) = stopped else {
        panic!("it was not stopped");
    };
    assert!(said.contains("2 of 4 parts are in"), "{said}");
    assert!(part(1).exists() && !part(2).exists());
    assert!(problem_of(&parts).contains("was stopped; run it again"));
    // A killed process leaves a file that was being written.
    fs::write(parts.join(".unfinished-abc"), "half")?;
    let changed = |number| fs::metadata(part(number)).and_then(|m| m.modified());
    let before = (changed(0)?, changed(1)?);
    let written = embed(&run, &wanted, &mut Silent, &never)?;
    let counts = written.parts.ok_or("no parts")?;
    assert_eq!((counts.count, counts.kept, written.rows), (4, 2, 1797));
    assert_eq!((changed(0)?, changed(1)?), before);
    assert!(!parts.join(".unfinished-abc").exists());
    same(&EmbeddingTable::open(&parts, None)?, &whole)?;
    // Parts that are missing, or torn, are written again as they were.
    let bytes = (fs::read(part(1))?, fs::read(part(2))?);
    fs::remove_file(part(1))?;
    assert!(problem_of(&parts).contains("holds 3 parts where `ravine embed` wrote 4"));
    fs::write(part(2), &bytes.1[..bytes.1.len() / 2])?;
    let written = embed(&run, &wanted, &mut Silent, &never)?;
    assert_eq!(written.parts.map(|parts| parts.kept), Some(2));
    assert!((fs::read(part(1))?, fs::read(part(2))?) == bytes);
    same(&EmbeddingTable::open(&parts, None)?, &whole)?;
    // And where all are there, nothing is done.
    let finished = fs::metadata(parts.join("_SUCCESS"))?.modified()?;
    let written = embed(&run, &wanted, &mut Silent, &never)?;
    assert_eq!(
        (written.parts.map(|p| p.kept), written.rows),
        (Some(4), 1797)
    );
    assert_eq!(fs::metadata(parts.join("_SUCCESS"))?.modified()?, finished);
    Ok(())
}

#[test]
fn a_folder_of_something_else_is_refused() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let root = pretrained(folder.path(), "digits");
    let (run, out) = (text(&root), text(&folder.path().join("parts")));
    let arguments = [
        "embed",
        &run,
        "--part",
        "test",
        "--shard-rows",
        "100",
        "--out",
        &out,
    ];
    let said = json(&[&arguments[..], &["--json"]].concat())?;
    assert_eq!(
        (&said["rows"], &said["parts"]["count"]),
        (&360.into(), &4.into())
    );
    for (more, key) in [
        (&["--flips"][..], "flips: false there, true here"),
        (&["--output", "embedding"], "output: "),
        (&["--precision", "f16"], "precision: "),
        (&["--layer", "layer1.0.relu"], "layer: "),
    ] {
        let problem = refused(&[&arguments[..], more].concat(), 2);
        assert!(
            problem.contains(key) && problem.contains("--force"),
            "{problem}"
        );
    }
    let other = |part: &str, rows: &str| {
        [
            "embed",
            &run,
            "--part",
            part,
            "--shard-rows",
            rows,
            "--out",
            &out,
        ]
        .map(String::from)
    };
    for (part, rows, key) in [
        ("train", "100", "data_sha256"),
        ("test", "200", "shard_rows: 100 there, 200 here"),
    ] {
        let arguments = other(part, rows);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let problem = refused(&arguments, 2);
        assert!(problem.contains(key), "{problem}");
    }
    // Refusing changes nothing; --force removes the parts of the other table.
    assert_eq!(EmbeddingTable::open(Path::new(&out), None)?.rows(), 360);
    let arguments = other("test", "200");
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.push("--force");
    assert!(ravine(&arguments).status.success());
    assert!(!Path::new(&out).join("part-00002.parquet").exists());
    assert_eq!(EmbeddingTable::open(Path::new(&out), None)?.rows(), 360);
    let held = fs::File::open(Path::new(&out).join(".lock"))?;
    held.lock()?;
    assert!(refused(&arguments, 1).contains("is being written by another process"));
    drop(held);
    names_are_checked(folder.path(), &run)
}

fn names_are_checked(folder: &Path, run: &str) -> Result<(), Any> {
    let foreign = folder.join("foreign");
    fs::create_dir(&foreign)?;
    fs::write(foreign.join("notes.txt"), "mine")?;
    let at = |name: &str| text(&folder.join(name));
    for (out, rows, words) in [
        (at("foreign"), Some("10"), "holds something else"),
        (at("foreign"), None, "--shard-rows 100000"),
        (at("foreign/notes.txt"), Some("10"), "is a file"),
        (at("new.parquet"), Some("10"), "names a file"),
        (at("new"), Some("0"), "1 image or more"),
        (at("none/new"), Some("10"), "create its folder first"),
    ] {
        let mut arguments = vec!["embed", run, "--out", &out];
        if let Some(rows) = rows {
            arguments.extend(["--shard-rows", rows]);
        }
        let code = if out.ends_with("none/new") { 1 } else { 2 };
        let problem = refused(&arguments, code);
        assert!(problem.contains(words), "{problem}");
    }
    assert_eq!(fs::read_dir(&foreign)?.count(), 1);
    Ok(())
}

#[test]
fn pictures_that_cannot_be_read_are_left_out_of_their_part() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let data = crate::pictures::drawn(&folder.path().join("data"), 40);
    let root = pretrained(folder.path(), &text(&data));
    // All of one part, and the first of another.
    for number in (10..20).chain([30]) {
        fs::write(data.join(format!("{number:02}.png")), "none")?;
    }
    let (run, out) = (text(&root), text(&folder.path().join("parts")));
    let arguments = [
        "embed",
        &run,
        "--shard-rows",
        "10",
        "--out",
        &out,
        "--max-bad-share",
    ];
    let with = |share| [&arguments[..], &[share]].concat();
    let problem = refused(&with("0.1"), 1);
    assert!(
        problem.contains("Raise --max-bad-share and go on"),
        "{problem}"
    );
    assert!(!Path::new(&out).join("_SUCCESS").exists());
    let said = json(&[&with("0.5")[..], &["--json"]].concat())?;
    assert_eq!((&said["rows"], &said["skipped"]), (&29.into(), &11.into()));
    assert_eq!(said["parts"]["kept"], 2);
    let whole = text(&folder.path().join("whole.parquet"));
    json(&[
        "embed",
        &run,
        "--out",
        &whole,
        "--max-bad-share",
        "0.5",
        "--json",
    ])?;
    let parts = EmbeddingTable::open(Path::new(&out), None)?;
    same(&parts, &EmbeddingTable::open(Path::new(&whole), None)?)
}

#[test]
fn folders_of_other_programs_are_read_where_they_are_whole() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    assert!(problem_of(folder.path()).contains("without parts of a table"));
    let rows = crate::clouds(6, 3, 2, 0.1);
    let at = |name: &str| folder.path().join(name);
    crate::write(&at("b.parquet"), &rows.select(&[3, 4, 5]));
    crate::write(&at("a.parquet"), &rows.select(&[0, 1, 2]));
    fs::write(at(".c.parquet"), "half")?;
    assert!(problem_of(folder.path()).contains("make an empty file of that name"));
    fs::write(at("_SUCCESS"), "")?;
    let table = EmbeddingTable::open(folder.path(), None)?;
    assert_eq!(&table.read(0..6)?[..], rows.values);
    assert_eq!(
        (table.id(5), table.path()),
        ("pictures/5.png", folder.path())
    );
    crate::write(&at("c.parquet"), &crate::clouds(2, 4, 2, 0.1));
    let problem = problem_of(folder.path());
    assert!(
        problem.contains("c.parquet: row 6 has an embedding of 4 numbers"),
        "{problem}"
    );
    Ok(())
}

//! Parts that keep groups and stretches of time together, and lists of them that are read back.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use ravine::data::{Apart, DataConfig, Part, open, open_with_parts, parts_apart};

use crate::common::cli::{json, refused as refused_command};
use crate::tiny::*;

/// Pictures of 30 patients, 1 to 7 of each, of two classes, with the day of each: `set/<site>/<n>.png`.
fn patients(root: &Path) -> DataConfig {
    let mut text = "file_name,label,patient,day,hole\n".to_string();
    let mut number = 0;
    for patient in 0..30 {
        for _ in 0..=patient % 7 {
            let file = format!("set/site{}/{number:03}.png", patient % 6);
            write(&root.join(&file), &png(number));
            let (class, day) = (["sick", "well"][patient % 2], 1 + number * 7 % 28);
            let hole = if number % 10 == 3 { "" } else { "x" };
            text.extend([format!(
                "{file},{class},p{patient},2021-02-{day:02},{hole}\n"
            )]);
            number += 1;
        }
    }
    write(&root.join("list.csv"), text.as_bytes());
    at(&root.join("list.csv"))
}

fn parts(config: &DataConfig, by: &Apart) -> ravine::error::Result<Vec<Part>> {
    let (data, _) = open_with_parts(config, Part::All)?;
    parts_apart(data.as_ref(), config, by)
}

#[test]
fn no_group_is_in_two_parts_and_shares_and_classes_are_near() {
    let dir = tempfile::tempdir().unwrap();
    let config = patients(dir.path());
    let (data, _) = open_with_parts(&config, Part::All).unwrap();
    let by = Apart::Group("patient".into());
    let found = parts(&config, &by).unwrap();
    let mut homes: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
    let mut counts: BTreeMap<(&str, u32), f64> = BTreeMap::new();
    for (index, part) in found.iter().enumerate() {
        let patient = data.cell(index, 0).unwrap();
        homes.entry(patient).or_default().insert(part.name());
        *counts
            .entry((part.name(), data.label(index).unwrap()))
            .or_default() += 1.0;
    }
    assert_eq!(homes.len(), 30);
    assert!(homes.values().all(|parts| parts.len() == 1), "{homes:?}");
    for (part, share) in [("train", 0.72), ("validation", 0.08), ("test", 0.2)] {
        for class in 0..2 {
            let all = (0..data.len())
                .filter(|&i| data.label(i) == Some(class))
                .count() as f64;
            let own = counts[&(part, class)];
            assert!(
                (own - share * all).abs() <= 4.0,
                "{part} {class}: {own} of {all}"
            );
        }
    }
    assert_eq!(found, parts(&config, &by).unwrap());
    let other = DataConfig {
        split_seed: 1,
        ..config.clone()
    };
    assert_ne!(found, parts(&other, &by).unwrap());
    // Sites are folders, the second of the paths in the list.
    let found = parts(&config, &Apart::Folder(2)).unwrap();
    let mut sites: BTreeMap<String, HashSet<&str>> = BTreeMap::new();
    for (index, part) in found.iter().enumerate() {
        let id = data.id(index);
        sites
            .entry(id[..9].to_string())
            .or_default()
            .insert(part.name());
    }
    assert_eq!(sites.len(), 6);
    assert!(sites.values().all(|parts| parts.len() == 1), "{sites:?}");
    let all: HashSet<&str> = found.iter().map(|part| part.name()).collect();
    assert_eq!(all.len(), 3);
}

#[test]
fn the_oldest_are_trained_on_and_the_newest_are_the_test() {
    let dir = tempfile::tempdir().unwrap();
    let config = patients(dir.path());
    let (data, _) = open_with_parts(&config, Part::All).unwrap();
    let found = parts(&config, &Apart::Time("day".into())).unwrap();
    let days = |part: Part| {
        let own = (0..data.len()).filter(|&i| found[i] == part);
        let mut days: Vec<&str> = own.map(|i| data.cell(i, 1).unwrap()).collect();
        days.sort_unstable();
        days
    };
    let (train, validation, test) = (days(Part::Train), days(Part::Validation), days(Part::Test));
    assert!(train.last() < validation.first() && validation.last() < test.first());
    let share = test.len() as f64 / data.len() as f64;
    assert!((share - 0.2).abs() < 0.05, "{share}");
}

#[test]
fn what_cannot_be_split_so_is_refused_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let config = patients(dir.path());
    let refused = |config: &DataConfig, by: Apart| parts(config, &by).unwrap_err().to_string();
    for (problem, said) in [
        (
            refused(&config, Apart::Group("pateint".into())),
            "`patient`, `day`, `hole`; did you mean `patient`?",
        ),
        (
            refused(&config, Apart::Group("hole".into())),
            "images have an empty cell in the column `hole`; the first: set/site",
        ),
        (
            refused(&config, Apart::Folder(3)),
            "images lie in no folder at level 3",
        ),
        (
            refused(&config, Apart::Folder(1)),
            "1 folders at level 1 are fewer than the 3 parts",
        ),
        (
            refused(&config, Apart::Time("patient".into())),
            "`p0` of set/site0/000.png in the column `patient` is no time",
        ),
        (
            refused(&at(&dir.path().join("set")), Apart::Group("x".into())),
            "nothing stands beside these images",
        ),
    ] {
        assert!(problem.contains(said), "{problem}");
    }
    let one = DataConfig {
        test: Some(0.0),
        validation: Some(0.0),
        ..config
    };
    assert!(
        parts(&one, &Apart::Folder(1))
            .unwrap()
            .iter()
            .all(|part| *part == Part::Train)
    );
}

#[test]
fn the_written_list_is_data_with_the_same_parts() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    patients(root);
    let list = root.join("list.csv").display().to_string();
    let folder = root.join("set").display().to_string();
    fs::create_dir(root.join("elsewhere")).unwrap();
    for (source, out, more) in [
        (&list, root.join("parts.csv"), vec!["--group", "patient"]),
        (
            &list,
            root.join("elsewhere/parts.csv"),
            vec!["--time", "day"],
        ),
        (
            &folder,
            root.join("folder.csv"),
            vec!["--group-folder", "1"],
        ),
        (&folder, root.join("plain.csv"), vec![]),
    ] {
        let file = out.display().to_string();
        let mut arguments = vec!["data", "split", source, "--out", &file, "--json"];
        arguments.extend(more);
        let written = json(&arguments).unwrap();
        let back = open(&at(&out)).unwrap();
        for (part, set) in [
            ("train", &back.train),
            ("validation", &back.validation),
            ("test", &back.test),
        ] {
            assert_eq!(written["parts"][part], set.len(), "{arguments:?}");
            assert!(!set.is_empty());
        }
        let (source, _) = open_with_parts(&at(Path::new(source)), Part::All).unwrap();
        assert_eq!(back.classes, source.classes());
        let text = fs::read_to_string(&out).unwrap();
        assert_eq!(text.lines().count(), source.len() + 1);
        assert_eq!(back.train.get(0).unwrap().width, 6);
    }
    let text = fs::read_to_string(root.join("parts.csv")).unwrap();
    assert!(
        text.starts_with("path,label,part,patient,day,hole\nset/site0/000.png,sick,"),
        "{text}"
    );
    let both = [
        "data", "split", &list, "--out", "x.csv", "--group", "patient", "--time", "day",
    ];
    assert!(refused_command(&both, 2).contains("--time"));
}

#[test]
fn the_list_keeps_several_labels_a_picture_and_further_columns() {
    let dir = tempfile::tempdir().unwrap();
    let mut list = String::from("file_name,labels,site,part\n");
    for i in 0..30 {
        write(&dir.path().join(format!("{i}.png")), &png(i));
        let tags = ["a|b", "a", ""][i % 3];
        list.extend([format!("{i}.png,{tags},s{},\n", i / 3)]);
    }
    let old = dir.path().join("old.csv");
    write(&old, list.as_bytes());
    let new = dir.path().join("new.csv");
    let [from, to] = [&old, &new].map(|path| path.display().to_string());
    crate::common::cli::json(&[
        "data", "split", &from, "--group", "site", "--out", &to, "--json",
    ])
    .unwrap();
    let itself = ["data", "split", &from, "--out", &from, "--force"];
    let said = refused_command(&itself, 2);
    assert!(said.contains("is the list that is split"), "{said}");
    let splits = open(&at(&new)).unwrap();
    assert!(
        splits.test.len() >= 3 && splits.test.len().is_multiple_of(3),
        "whole sites"
    );
    let (before, after) = (all(&at(&old)).unwrap(), all(&at(&new)).unwrap());
    assert_eq!(after.tag_names(), ["a", "b"]);
    assert_eq!(after.metadata(), ["site"]);
    let place = |id: String| (0..30).find(|&i| before.id(i) == id).unwrap();
    for i in 0..30 {
        let same = place(after.id(i));
        assert_eq!(after.tags(i), before.tags(same));
        assert_eq!(after.cell(i, 0), before.cell(same, 0));
    }
}

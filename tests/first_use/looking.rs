//! A look at one's own data before training, and data that move between two sittings.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ravine::data::{DataConfig, open};
use serde_json::Value;

use crate::common::Any;
use crate::common::cli::{SMALL, json, ravine, refused};
use crate::{ravine_in, said, text};

/// So many pictures of 8 pixels in `folder`, from number `first` on.
fn pictures(folder: &Path, count: u32, first: u32) -> Result<(), Any> {
    fs::create_dir_all(folder)?;
    for i in first..first + count {
        let picture = image::RgbImage::from_fn(8, 8, |x, y| {
            image::Rgb([(x * 30 + i) as u8, (y * 30) as u8, (i * 3) as u8])
        });
        picture.save(folder.join(format!("{i:03}.png")))?;
    }
    Ok(())
}

fn name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn a_check_says_what_leaks_and_where_it_stopped_listing() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("pets");
    for (class, first) in [("cat", 0), ("dog", 50)] {
        pictures(&root.join("train").join(class), 6, first)?;
        pictures(&root.join("val").join(class), 1, first + 20)?;
        pictures(&root.join("test").join(class), 2, first + 5)?; // the first of them is the last of the training part
    }
    for side in 10..22 {
        image::RgbImage::new(side, 9).save(root.join(format!("train/cat/size-{side}.png")))?;
    }
    let found = ravine(&["data", "check", &name(&root)]);
    let (told, complaint) = (text(&found.stdout), text(&found.stderr));
    assert!(found.status.success(), "{told}{complaint}");
    for line in [
        "train  validation  test  all",
        "leakage: 2 images of the test part are in the train part too",
        "test/cat/005.png is train/cat/005.png, test/dog/055.png is train/dog/055.png",
        "… and 3 other sizes: 3",
        "3 channels of 8 bits: 30",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let found = json(&[
        "data",
        "check",
        &name(&root),
        "--json",
        "--set",
        "data.labels=false",
    ])?;
    assert_eq!(found["repeats"]["across"][0]["images"], 2, "{found}");
    assert_eq!(found["unlabelled"]["test"], 4, "{found}");
    let foreign = refused(&["data", "check", &name(&root), "--set", "seed=1"], 2);
    assert!(foreign.contains("--set seed=1"), "{foreign}");
    let nowhere = refused(&["data", "check", "nowhere"], 1);
    assert!(
        nowhere.contains("nowhere: there is no such file") && !nowhere.contains("--data"),
        "{nowhere}"
    );
    let column = refused(
        &["data", "check", &name(&root), "--set", "data.y=[\"a\"]"],
        2,
    );
    assert!(column.contains("is read as images"), "{column}");

    fs::write(root.join("train/dog/broken.png"), b"?")?;
    let broken = refused(&["data", "check", &name(&root)], 1);
    assert!(broken.contains("1 of 31 images cannot be read"), "{broken}");
    Ok(())
}

#[test]
fn a_split_is_written_as_training_sees_it_and_replaced_when_told_to() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("pets");
    for (class, first) in [("cat", 0), ("a \"dog\", or two", 50)] {
        pictures(&root.join(class), 20, first)?;
    }
    pictures(&root, 3, 100)?;
    let split = |file: &str, more: &[&str]| -> Result<(Value, Vec<u8>), Any> {
        let file = folder.path().join(file);
        let fixed = [
            "data",
            "split",
            &name(&root),
            "--json",
            "--out",
            &name(&file),
        ];
        let told = json(&[&fixed[..], more].concat())?;
        Ok((told, fs::read(file)?))
    };
    let (told, first) = split("a.csv", &[])?;
    let (_, again) = split("b.csv", &[])?;
    assert_eq!(text(&first), text(&again));
    let (_, other) = split("c.csv", &["--set", "data.split_seed=1"])?;
    assert_ne!(text(&first), text(&other));
    let counts = [&told["images"], &told["unlabelled"], &told["parts"]["test"]];
    assert_eq!(counts, [43, 3, 9], "{told}");

    let mut reader = csv::Reader::from_reader(first.as_slice());
    let mut written = BTreeMap::new();
    for line in reader.deserialize() {
        let (path, label, part): (String, String, String) = line?;
        let path = path.strip_prefix("pets/").unwrap_or_default().to_string();
        assert!(root.join(&path).is_file(), "{path}");
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        assert_eq!(label, folder);
        written.insert(path, part);
    }
    let splits = open(&DataConfig {
        source: name(&root),
        ..DataConfig::default()
    })?;
    let mut used = BTreeMap::new();
    for (part, set) in [
        ("train", &splits.train),
        ("validation", &splits.validation),
        ("test", &splits.test),
    ] {
        used.extend((0..set.len()).map(|i| (set.id(i), part.to_string())));
    }
    assert_eq!(written, used);

    let file = name(&folder.path().join("a.csv"));
    let there = refused(&["data", "split", &name(&root), "--out", &file], 2);
    assert!(
        there.contains("a.csv") && there.contains("--force"),
        "{there}"
    );
    split("a.csv", &["--force", "--set", "data.split_seed=1"])?;
    assert_eq!(fs::read(&file)?, other);
    let (digits, _) = split("d.csv", &["--set", "data.test=0.5"])?;
    assert_eq!(digits["parts"]["test"], 22, "{digits}");
    Ok(())
}

#[test]
fn pictures_without_labels_are_judged_on_a_small_validation_part() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let at = folder.path().join("heap");
    pictures(&at, 400, 0)?;
    let mut arguments = vec!["pretrain", "digits", "--json", "--data", "."];
    arguments.extend(SMALL);
    arguments.extend(["--set", "train.batch=64", "--set", "augment.size=8"]);
    let output = ravine_in(&at, &arguments);
    let messages = text(&output.stderr);
    assert!(output.status.success(), "{messages}");
    assert!(
        messages.contains("380 images to train on, 20 for validation, 0 for the test"),
        "{messages}"
    );
    assert!(
        messages.contains("no test part: the verdict is on the 20 images of the validation part"),
        "{messages}"
    );
    let card: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(
        (&card["part"], &card["run"]),
        (&"validation".into(), &"runs/simclr-heap".into())
    );
    // The run's own figures and files are no data of a second one.
    fs::create_dir(at.join("runs/simclr-heap/figures"))?;
    fs::copy(
        at.join("000.png"),
        at.join("runs/simclr-heap/figures/0.png"),
    )?;
    let again = ravine_in(&at, &["data", "check", ".", "--json"]);
    let found: Value = serde_json::from_slice(&again.stdout)?;
    assert_eq!(found["images"], 400, "{found}");
    Ok(())
}

#[test]
fn a_run_goes_on_with_data_that_were_moved_and_not_with_others() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    pictures(&old, 300, 0)?;
    let out = name(&folder.path().join("run"));
    let data = name(&old);
    let mut arguments = vec!["pretrain", "digits", "--data", &data, "--out", &out];
    arguments.extend(SMALL);
    said(&arguments);
    fs::rename(&old, &new)?;
    let gone = refused(&["pretrain", "--resume", "--out", &out], 1);
    assert!(
        gone.contains("old") && gone.contains("with --data"),
        "{gone}"
    );
    let moved = ["pretrain", "--resume", "--out", &out, "--data", &name(&new)];
    let told = said(&moved);
    assert!(told.contains("data.source: "), "{told}");
    said(&["pretrain", "--resume", "--out", &out]); // where they are is remembered

    let picture = new.join("007.png");
    let mut bytes = fs::read(&picture)?;
    bytes.push(0);
    fs::write(&picture, bytes)?;
    let replaced = refused(&["pretrain", "--resume", "--out", &out], 1);
    assert!(replaced.contains("has changed since the run"), "{replaced}");
    let seen = folder.path().join("run/data.json");
    let mut value: Value = serde_json::from_str(&fs::read_to_string(&seen)?)?;
    let fingerprint = value
        .as_object_mut()
        .and_then(|object| object.remove("fingerprint"));
    assert!(fingerprint.is_some());
    fs::write(&seen, value.to_string())?; // as an earlier version left it
    said(&["pretrain", "--resume", "--out", &out]);
    Ok(())
}

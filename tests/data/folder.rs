//! Image folders.

use std::fs;

use ravine::data::{DataConfig, ReaderKind, open, require_classes};

use crate::tiny::*;

#[test]
fn a_class_folder_reads_back_pixel_for_pixel_in_sorted_order() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("dog/b.png"), &png(2));
    write(&dir.path().join("cat/deep/a.PNG"), &png(1));
    write(
        &dir.path().join("cat/z.bmp"),
        &encode(&picture(3, 6, 5, 3), image::ImageFormat::Bmp),
    );
    write(&dir.path().join("cat/.hidden.png"), b"not an image");
    write(&dir.path().join("dog/notes.txt"), b"not an image");
    let set = all(&at(dir.path())).unwrap();
    let ids: Vec<_> = (0..set.len()).map(|i| set.id(i)).collect();
    assert_eq!(ids, ["cat/deep/a.PNG", "cat/z.bmp", "dog/b.png"]);
    assert_eq!(set.classes(), ["cat", "dog"]);
    for (index, (number, label)) in [(1, 0), (3, 0), (2, 1)].into_iter().enumerate() {
        assert_eq!(set.get(index).unwrap(), picture(number, 6, 5, 3));
        assert_eq!(set.label(index), Some(label));
    }
    let grey = DataConfig {
        channels: Some(1),
        ..at(dir.path())
    };
    assert_eq!(
        all(&grey).unwrap().get(0).unwrap(),
        picture(1, 6, 5, 3).with_channels(1).unwrap()
    );
}

#[test]
fn a_flat_folder_or_a_single_class_is_unlabelled_unless_said_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("only/a.png"), &png(1));
    write(&dir.path().join("only/b.png"), &png(2));
    let set = all(&at(dir.path())).unwrap();
    assert_eq!((set.label(0), set.classes().len()), (None, 0));
    assert!(set.notes().concat().contains("in one folder, `only`"));
    let problem = require_classes(set.as_ref(), "photos")
        .unwrap_err()
        .to_string();
    assert!(
        problem.contains("photos") && problem.contains("no labels"),
        "{problem}"
    );

    let said = DataConfig {
        labels: Some(true),
        ..at(dir.path())
    };
    let set = all(&said).unwrap();
    assert_eq!(set.classes(), ["only"]);
    let problem = require_classes(set.as_ref(), "photos")
        .unwrap_err()
        .to_string();
    assert!(problem.contains("one class, `only`"), "{problem}");

    write(&dir.path().join("stray.png"), &png(3));
    assert!(all(&said).err().unwrap().to_string().contains("stray.png"));
    write(&dir.path().join("other/c.png"), &png(4));
    assert_eq!(all(&at(dir.path())).unwrap().classes(), ["only", "other"]);
}

#[test]
fn train_and_test_folders_are_the_parts_and_share_their_classes() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..10 {
        write(
            &dir.path()
                .join(format!("train/{}/{i}.png", ["a", "b", "c"][i % 3])),
            &png(i),
        );
    }
    write(&dir.path().join("test/c/x.png"), &png(20));
    write(&dir.path().join("test/b/y.png"), &png(21));
    let splits = open(&at(dir.path())).unwrap();
    assert_eq!(
        (
            splits.train.len(),
            splits.validation.len(),
            splits.test.len()
        ),
        (9, 1, 2)
    );
    assert_eq!(
        (splits.test.label(0), splits.test.label(1)),
        (Some(1), Some(2))
    );
    assert_eq!(splits.classes, ["a", "b", "c"]);
    fs::remove_file(dir.path().join("test/b/y.png")).unwrap();
    let test = open(&at(dir.path())).unwrap().test;
    assert_eq!((test.len(), test.label(0)), (1, Some(2))); // one class here, numbered as in train
    write(&dir.path().join("test/b/y.png"), &png(21));
    assert_eq!(all(&at(dir.path())).unwrap().len(), 12);

    write(&dir.path().join("test/unknown/z.png"), &png(22));
    let test = open(&at(dir.path())).unwrap().test;
    assert_eq!((test.len(), test.label(2)), (3, None)); // a class that training has not
    assert!(test.notes().concat().contains("the folder `unknown`"));
}

#[test]
fn missing_empty_and_unknown_sources_are_sentences() {
    let dir = tempfile::tempdir().unwrap();
    assert!(refused(&dir.path().join("nowhere")).contains("no such file or folder"));
    fs::create_dir(dir.path().join("empty")).unwrap();
    assert!(refused(&dir.path().join("empty")).contains("no image"));
    write(&dir.path().join("table.xls"), b"?");
    assert!(refused(&dir.path().join("table.xls")).contains("data.reader"));
    for reader in [ReaderKind::Cifar, ReaderKind::Idx, ReaderKind::Parquet] {
        let config = DataConfig {
            reader,
            ..at(&dir.path().join("empty"))
        };
        assert!(
            all(&config)
                .err()
                .unwrap()
                .to_string()
                .contains("in this folder")
                || reader == ReaderKind::Idx
        );
    }
}

#[test]
fn a_lone_train_folder_is_the_root_and_a_class_named_train_is_a_class() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("train/bus/a.png"), &png(1));
    write(&dir.path().join("train/car/b.png"), &png(2));
    assert_eq!(all(&at(dir.path())).unwrap().classes(), ["bus", "car"]);
    write(&dir.path().join("plane/c.png"), &png(3));
    assert_eq!(all(&at(dir.path())).unwrap().classes(), ["plane", "train"]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_never_in_circles() {
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    write(&dir.path().join("cat/a.png"), &png(1));
    write(&elsewhere.path().join("b.png"), &png(2));
    std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("dog")).unwrap();
    std::os::unix::fs::symlink(dir.path(), dir.path().join("cat/circle")).unwrap();
    let set = all(&at(dir.path())).unwrap();
    let ids: Vec<_> = (0..set.len()).map(|i| set.id(i)).collect();
    assert_eq!(ids, ["cat/a.png", "dog/b.png"]);
}

/// A single picture is a set of one, and too small to be split for training.
#[test]
fn a_single_picture_is_a_set_of_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("one.png");
    write(&path, &png(4));
    write(&dir.path().join("other.png"), &png(5));
    write(&dir.path().join("without-extension"), &png(6));
    let set = all(&at(&path)).unwrap();
    assert_eq!(
        (set.len(), set.id(0), set.label(0)),
        (1, "one.png".into(), None)
    );
    assert_eq!(set.get(0).unwrap(), picture(4, 6, 5, 3));
    assert_eq!(
        all(&at(&dir.path().join("without-extension")))
            .unwrap()
            .len(),
        1
    );
    let problem = open(&at(&path)).err().unwrap().to_string();
    assert!(
        problem.contains("one.png") && problem.contains("too few images"),
        "{problem}"
    );
    let said = DataConfig {
        labels: Some(true),
        ..at(&path)
    };
    let problem = all(&said).err().unwrap().to_string();
    assert!(
        problem.contains("one.png") && problem.contains("class folder"),
        "{problem}"
    );
}

/// Folders are walked side by side, and what is found in them is one set with one count of what was passed over.
#[test]
fn many_folders_make_one_sorted_set() {
    let dir = tempfile::tempdir().unwrap();
    for class in 0..40 {
        for deeper in ["a", "b"] {
            let folder = dir.path().join(format!("class{class:02}/{deeper}"));
            write(&folder.join("1.png"), &png(class));
            write(&folder.join("2.heic"), b"no picture that is read");
            write(&folder.join(".3.png"), &png(class));
        }
    }
    let set = all(&at(dir.path())).unwrap();
    let ids: Vec<_> = (0..set.len()).map(|i| set.id(i)).collect();
    assert_eq!(ids.len(), 80);
    assert!(ids.is_sorted() && set.classes().len() == 40);
    assert!((0..80).all(|i| set.label(i) == Some(i as u32 / 2)));
    let notes = set.notes().join("; ");
    assert!(notes.contains("80 .heic"), "{notes}");
}

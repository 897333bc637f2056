//! Folders as sets are handed around: parts under other names, folders around the classes, files under other names.

use std::path::Path;
use std::sync::Arc;

use ravine::data::{ClassLevel, Dataset, Splits, open};

use crate::tiny::*;

fn sizes(splits: &Splits) -> [usize; 3] {
    [&splits.train, &splits.validation, &splits.test].map(|part| part.len())
}

fn labels(set: &Arc<dyn Dataset>) -> Vec<Option<u32>> {
    (0..set.len()).map(|i| set.label(i)).collect()
}

/// So many pictures in `root/folder`.
fn fill(root: &Path, folder: &str, count: usize) {
    for i in 0..count {
        write(&root.join(folder).join(format!("{i:03}.png")), &png(i));
    }
}

#[test]
fn parts_are_known_by_the_names_they_are_given() {
    for [train, validation, test] in [
        ["train2017", "val2017", "test2017"],
        ["training_set", "validation_set", "test_set"],
        [
            "seg_train/seg_train",
            "seg_val/seg_val",
            "seg_test/seg_test",
        ],
        ["Train", "VALID", "Testing"],
        ["trainA", "valA", "testA"],
        ["train_images", "dev", "test_images"],
    ] {
        let dir = tempfile::tempdir().unwrap();
        for class in ["cat", "dog"] {
            fill(dir.path(), &format!("{train}/{class}"), 6);
            fill(dir.path(), &format!("{validation}/{class}"), 2);
            fill(dir.path(), &format!("{test}/{class}"), 3);
        }
        let splits = open(&at(dir.path())).unwrap();
        assert_eq!(sizes(&splits), [12, 4, 6], "{train}");
        assert_eq!(splits.classes, ["cat", "dog"], "{train}");
        assert_eq!(labels(&splits.test)[2..4], [Some(0), Some(1)], "{train}");
        assert!(splits.notes().is_empty(), "{:?}", splits.notes());
    }
}

#[test]
fn parts_are_found_inside_a_single_folder() {
    let dir = tempfile::tempdir().unwrap();
    for class in ["cat", "dog"] {
        fill(dir.path(), &format!("pets/train/{class}"), 6);
        fill(dir.path(), &format!("pets/test/{class}"), 3);
    }
    let splits = open(&at(dir.path())).unwrap();
    assert_eq!(splits.test.len(), 6);
    assert_eq!(splits.classes, ["cat", "dog"]);
}

#[test]
fn all_folders_of_a_part_are_read_and_foreign_ones_are_named() {
    let dir = tempfile::tempdir().unwrap();
    for (folder, count) in [
        ("trainA", 5),
        ("trainB", 4),
        ("testA", 3),
        ("testB", 2),
        ("extra", 7),
    ] {
        fill(dir.path(), folder, count);
    }
    let splits = open(&at(dir.path())).unwrap();
    assert_eq!(splits.train.len() + splits.validation.len(), 9);
    assert_eq!(splits.test.len(), 5);
    assert!(splits.classes.is_empty());
    let notes = splits.notes().concat();
    assert!(notes.contains("7 pictures in `extra`"), "{notes}");
}

#[test]
fn classes_that_hold_letters_of_parts_stay_classes() {
    let dir = tempfile::tempdir().unwrap();
    let names = ["bullet_train", "testudo", "train_station", "valley"];
    for name in names {
        fill(dir.path(), name, 5);
    }
    let splits = open(&at(dir.path())).unwrap();
    assert_eq!(splits.classes, names);
    assert_eq!(sizes(&splits).iter().sum::<usize>(), 20);
}

#[test]
fn a_validation_part_is_labelled_by_its_file_of_annotations_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    for class in ["n01", "n02"] {
        fill(dir.path(), &format!("train/{class}/images"), 5);
        write(
            &dir.path().join(format!("train/{class}/{class}_boxes.txt")),
            b"x\n",
        );
    }
    fill(dir.path(), "val/images", 4);
    fill(dir.path(), "test/images", 3);
    let splits = open(&at(dir.path())).unwrap();
    assert_eq!((sizes(&splits), splits.classes.len()), ([10, 4, 3], 2));
    assert_eq!(labels(&splits.train)[4..6], [Some(0), Some(1)]);
    assert_eq!(labels(&splits.validation), [None; 4]);
    assert_eq!(labels(&splits.test), [None; 3]);
    let notes = splits.notes().concat();
    assert!(
        notes.contains("4 pictures of the validation part lie in the folder `images`"),
        "{notes}"
    );

    fill(dir.path(), "test/zebra", 2);
    let notes = open(&at(dir.path())).unwrap().notes().concat();
    assert!(
        notes.contains("lie in the folders `images`, `zebra`, which are no classes"),
        "{notes}"
    );
    std::fs::remove_dir_all(dir.path().join("test/zebra")).unwrap();

    let text = "000.png\tn02\t0\t0\n001.png\tn01\t0\t0\n003.png\tn02\n";
    write(&dir.path().join("val/val_annotations.txt"), text.as_bytes());
    let splits = open(&at(dir.path())).unwrap();
    assert_eq!(
        labels(&splits.validation),
        [Some(1), Some(0), None, Some(1)]
    );
    assert_eq!(labels(&splits.test), [None; 3]);
}

#[test]
fn a_flat_validation_part_leaves_the_labels_of_training_alone() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), "train/a", 3);
    fill(dir.path(), "train/b", 3);
    fill(dir.path(), "val", 4);
    let set = all(&at(dir.path())).unwrap();
    let known: Vec<_> = labels(&set).into_iter().flatten().collect();
    assert_eq!((set.len(), known), (10, vec![0, 0, 0, 1, 1, 1]));
}

#[test]
fn unlabeled_pictures_beside_a_training_part_are_read_without_a_label() {
    let dir = tempfile::tempdir().unwrap();
    for class in ["a", "b"] {
        fill(dir.path(), &format!("train/{class}"), 6);
        fill(dir.path(), &format!("test/{class}"), 2);
    }
    fill(dir.path(), "unlabeled/heap", 8);
    let splits = open(&at(dir.path())).unwrap();
    assert_eq!((splits.test.len(), splits.classes.len()), (4, 2));
    let found = checked(&at(dir.path()));
    assert_eq!((found.images, found.unlabelled.total()), (24, 8));
    // 2 of the 20 are held out for validation: one of a class, one without label.
    assert_eq!(splits.labelled().train.len(), 11);
}

#[test]
fn a_stray_picture_or_a_folder_around_the_classes_costs_no_label() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), "images/cat", 5);
    fill(dir.path(), "images/dog", 5);
    let set = all(&at(dir.path())).unwrap();
    assert_eq!(set.classes(), ["cat", "dog"]);
    assert_eq!(set.id(0), "images/cat/000.png");

    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), "cat", 5);
    fill(dir.path(), "dog", 5);
    write(&dir.path().join("stray.png"), &png(1));
    let set = all(&at(dir.path())).unwrap();
    assert_eq!(labels(&set).into_iter().flatten().count(), 10);
    let notes = set.notes().concat();
    assert!(
        notes.contains("1 of 11") && notes.contains("stray.png"),
        "{notes}"
    );

    fill(dir.path(), "", 20); // now it is a heap with two folders in it
    let set = all(&at(dir.path())).unwrap();
    assert!(set.classes().is_empty());
    assert!(set.notes().concat().contains("not taken for classes"));
}

#[test]
fn files_are_read_by_content_and_what_is_passed_over_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let jpeg = encode(&picture(1, 8, 8, 3), image::ImageFormat::Jpeg);
    for name in ["a.jfif", "b", "c.JPG", "d.download", "e.JPEG"] {
        write(&dir.path().join(name), &jpeg);
    }
    write(&dir.path().join("f.heic"), b"?");
    write(&dir.path().join("g.AVIF"), b"?");
    write(&dir.path().join("h"), b"\0\0\0\x18ftypheic\0\0\0\0");
    write(&dir.path().join("notes.txt"), b"no picture");
    write(&dir.path().join("empty"), b"");
    let found = checked(&at(dir.path()));
    assert_eq!((found.images, found.bad.len()), (5, 0));
    assert_eq!(
        found.notes,
        [
            "passed over: pictures in formats that are not read (1 .avif, 1 .heic, 1 without extension); convert them to JPEG or PNG",
            "passed over: files that are no pictures (1 .txt, 1 without extension)",
        ]
    );

    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("phone/only.heic"), b"?");
    let problem = refused(&dir.path().join("phone"));
    assert!(problem.contains("1 .heic"), "{problem}");
}

#[test]
fn folders_of_runs_are_no_classes() {
    let dir = tempfile::tempdir().unwrap();
    for class in ["cat", "dog"] {
        fill(dir.path(), class, 5);
    }
    let run = dir.path().join("runs/simclr-pets");
    write(&run.join("config.toml"), b"method = \"simclr\"");
    write(&run.join("checkpoints/step-000001/state.json"), b"{}");
    fill(&run, "figures", 3);
    let set = all(&at(dir.path())).unwrap();
    assert_eq!(
        (set.len(), set.classes()),
        (10, &["cat".into(), "dog".into()][..])
    );
    let notes = set.notes().concat();
    assert!(notes.contains("1 folders of runs"), "{notes}");
    assert_eq!(all(&at(&run.join("figures"))).unwrap().len(), 3); // asked for by its name

    let dir = tempfile::tempdir().unwrap();
    for class in ["cat", "dog"] {
        fill(dir.path(), &format!("train/{class}"), 5);
    }
    let run = dir.path().join("runs/simclr-pets");
    write(&run.join("config.toml"), b"method = \"simclr\"");
    write(&run.join("checkpoints/step-000001/state.json"), b"{}");
    let set = all(&at(dir.path())).unwrap();
    assert_eq!(set.classes(), ["cat", "dog"]);
}

#[test]
fn a_text_of_files_and_classes_labels_a_flat_part_wherever_it_lies() {
    let text = |name: &str, line: fn(&str, &str) -> String| {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("ILSVRC/Data/CLS-LOC");
        for class in ["n01", "n02"] {
            fill(&root, &format!("train/{class}"), 5);
        }
        fill(&root, "val", 3);
        fill(&root, "test", 2);
        let lines = [line("000", "n02"), line("002", "n01")];
        write(&root.join(name), lines.concat().as_bytes());
        let splits = open(&at(&root)).unwrap();
        assert_eq!(labels(&splits.test), [None; 2], "{name}");
        labels(&splits.validation)
    };
    let found = [Some(1), None, Some(0)];
    let kaggle = |id: &str, class: &str| format!("{id},{class} 85 1 499 272 {class} 1 1 2 2\n");
    for name in ["val", ".", "..", "../..", "../../.."] {
        assert_eq!(text(&format!("{name}/LOC_val_solution.csv"), kaggle), found);
    }
    let blanks = |id: &str, class: &str| format!("val/{id}.png {class}\n");
    assert_eq!(text("val_labels.txt", blanks), found);
    let commas = |id: &str, class: &str| format!("\"{id}.png\", {class}\n");
    assert_eq!(text("val/annotations.csv", commas), found);
    // Not of this part, or not near it.
    for name in [
        "../val_labels.txt",
        "labels.txt",
        "val/test_labels.txt",
        "val/notes.txt",
    ] {
        assert_eq!(text(name, blanks), [None; 3], "{name}");
    }
}

#[test]
fn classes_are_the_folders_at_the_level_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    for folder in [
        "animals/cat",
        "animals/dog",
        "animals/other",
        "things/car",
        "things/other/old",
    ] {
        fill(dir.path(), folder, 4);
    }
    let classes = |level: Option<ClassLevel>| {
        let mut config = at(dir.path());
        config.class_level = level;
        let set = all(&config).unwrap();
        let known = labels(&set).into_iter().flatten().count();
        (set.classes().to_vec(), known, set.notes().concat())
    };
    let (first, known, notes) = classes(None);
    assert_eq!(
        (first, known),
        (vec!["animals".into(), "things".into()], 20)
    );
    assert!(
        notes.contains("the 2 first folders; data.class_level = \"last\" takes the 5 folders"),
        "{notes}"
    );
    let (first, _, notes) = classes(Some(ClassLevel::Top(1)));
    assert_eq!(
        (first, notes.as_str()),
        (vec!["animals".into(), "things".into()], "")
    );
    let (second, known, _) = classes(Some(ClassLevel::Top(2)));
    assert_eq!(
        second,
        ["animals/other", "car", "cat", "dog", "things/other"]
    );
    assert_eq!(known, 20);
    assert_eq!(
        classes(Some(ClassLevel::Last)).0,
        ["car", "cat", "dog", "old", "other"]
    );
    let (third, known, notes) = classes(Some(ClassLevel::Top(3)));
    assert_eq!((third.len(), known), (1, 4));
    assert!(notes.contains("16 of 20"), "{notes}");
    let (none, _, notes) = classes(Some(ClassLevel::Top(4)));
    assert!(
        none.is_empty() && notes.contains("data.class_level"),
        "{notes}"
    );
}

#[test]
fn nested_classes_have_one_number_in_all_parts() {
    let dir = tempfile::tempdir().unwrap();
    for folder in [
        "train/animals/cat",
        "train/animals/dog",
        "train/things/car",
        "test/things/car",
        "test/things/bus",
    ] {
        fill(dir.path(), folder, 3);
    }
    let mut config = at(dir.path());
    config.class_level = Some(ClassLevel::Last);
    let splits = open(&config).unwrap();
    assert_eq!(splits.classes, ["car", "cat", "dog"]);
    assert_eq!(labels(&splits.test)[2..4], [None, Some(0)]);
    let notes = splits.notes().concat();
    assert!(
        notes.contains("3 pictures of the test part lie in the folder `bus`"),
        "{notes}"
    );
    let text = toml::to_string(&config).unwrap();
    assert!(text.contains("class_level = \"last\""), "{text}");
    assert_eq!(
        toml::from_str::<ravine::data::DataConfig>(&text)
            .unwrap()
            .class_level,
        config.class_level
    );
    config.source = "digits".into();
    let problem = open(&config).err().unwrap().to_string();
    assert!(problem.contains("data.class_level"), "{problem}");
}

/// Whoever has such files learns how to build a program that reads them.
#[cfg(not(feature = "dicom"))]
#[test]
fn dicom_files_are_counted_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let dicom = [&[0; 128][..], b"DICM\x02\0\0\0"].concat();
    write(&dir.path().join("a.dcm"), &dicom);
    write(&dir.path().join("b"), &dicom);
    write(&dir.path().join("c.png"), &png(1));
    let found = checked(&at(dir.path()));
    assert_eq!((found.images, found.bad.len()), (1, 0));
    assert_eq!(
        found.notes,
        [
            "passed over: 2 DICOM files, because ravine was built without the feature `dicom`: build it again with --features dicom"
        ]
    );
    write(&dir.path().join("list.txt"), b"a.dcm 0\nc.png 1\n");
    let found = checked(&at(&dir.path().join("list.txt")));
    assert_eq!((found.images, found.bad.len()), (2, 1));
    assert!(
        found.bad[0].reason.contains("--features dicom"),
        "{}",
        found.bad[0].reason
    );
}

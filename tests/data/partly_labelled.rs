//! Labels that some parts of a folder have and others have not.

use std::path::Path;
use std::sync::Arc;

use ravine::data::{Dataset, open};

use crate::tiny::*;

/// So many pictures in `root/folder`.
fn fill(root: &Path, folder: &str, count: usize) {
    for i in 0..count {
        write(&root.join(folder).join(format!("{i:03}.png")), &png(i));
    }
}

fn names(set: &Arc<dyn Dataset>) -> Vec<Option<&str>> {
    let name = |label: u32| set.classes()[label as usize].as_str();
    (0..set.len()).map(|i| set.label(i).map(name)).collect()
}

#[test]
fn pictures_of_a_class_that_training_has_not_are_counted_and_have_no_label() {
    let dir = tempfile::tempdir().unwrap();
    for (folder, count) in [("train/A", 6), ("train/B", 6), ("test/A", 2), ("test/C", 3)] {
        fill(dir.path(), folder, count);
    }
    let splits = open(&at(dir.path())).unwrap();
    assert_eq!(
        names(&splits.test),
        [Some("A"), Some("A"), None, None, None]
    );
    let note = "3 pictures of the test part lie in the folder `C`, which is no class of the training part: they have no \
                label";
    assert_eq!(splits.notes(), [note]);
    let found = checked(&at(dir.path()));
    assert_eq!(
        (found.unlabelled.total(), found.notes),
        (3, vec![note.into()])
    );

    std::fs::remove_dir_all(dir.path().join("test/A")).unwrap();
    assert_eq!(open(&at(dir.path())).unwrap().notes(), [note]);
}

#[test]
fn classes_that_differ_in_case_alone_are_named_in_pairs() {
    let dir = tempfile::tempdir().unwrap();
    for (folder, count) in [
        ("train/cat", 6),
        ("train/dog", 6),
        ("test/Cat", 2),
        ("test/DOG", 3),
    ] {
        fill(dir.path(), folder, count);
    }
    let notes = open(&at(dir.path())).unwrap().notes();
    let [note] = notes.as_slice() else {
        panic!("{notes:?}")
    };
    assert!(
        note.starts_with("5 pictures of the test part lie in the folders `Cat`, `DOG`"),
        "{note}"
    );
    assert!(
        note.contains("`Cat` and `cat`, `DOG` and `dog` differ in case alone"),
        "{note}"
    );
}

#[test]
fn an_unlabelled_training_part_leaves_the_labels_of_the_others_and_says_what_that_means() {
    let dir = tempfile::tempdir().unwrap();
    for (folder, count) in [
        ("train/good", 6),
        ("val/crack", 2),
        ("val/good", 2),
        ("test/good", 1),
        ("test/hole", 1),
    ] {
        fill(dir.path(), folder, count);
    }
    let splits = open(&at(dir.path())).unwrap();
    assert_eq!(names(&splits.train), [None; 6]);
    assert_eq!(
        names(&splits.validation)[1..3],
        [Some("crack"), Some("good")]
    );
    assert_eq!(names(&splits.test), [Some("good"), Some("hole")]);
    assert_eq!(splits.classes, ["crack", "good", "hole"]);
    let notes = splits.notes();
    let [one_folder, no_probe] = notes.as_slice() else {
        panic!("{notes:?}")
    };
    assert!(
        one_folder.starts_with("all pictures of the training part lie in one folder, `good`"),
        "{one_folder}"
    );
    assert!(
        no_probe.starts_with(
            "the training part has no labels while the validation and test parts have classes"
        ),
        "{no_probe}"
    );
}

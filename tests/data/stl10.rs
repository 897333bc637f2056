//! STL-10 binary files.

use std::path::Path;

use ravine::data::{Image, open};

use crate::tiny::*;

/// Planes of one image as STL-10 stores them: column after column.
fn planes(image: &Image) -> Vec<u8> {
    let at = |channel: usize, x: usize, y: usize| bytes(image)[(y * 96 + x) * 3 + channel];
    let mut planes = Vec::new();
    for channel in 0..3 {
        for x in 0..96 {
            planes.extend((0..96).map(|y| at(channel, x, y)));
        }
    }
    planes
}

fn images(numbers: std::ops::Range<usize>) -> Vec<u8> {
    numbers
        .flat_map(|number| planes(&picture(number, 96, 96, 3)))
        .collect()
}

pub(crate) fn written(root: &Path) {
    let folder = root.join("stl10_binary");
    write(&folder.join("train_X.bin"), &images(0..3));
    write(&folder.join("train_y.bin"), &[1, 10, 2]);
    write(&folder.join("unlabeled_X.bin"), &images(3..5));
    write(&folder.join("test_X.bin"), &images(5..6));
    write(&folder.join("test_y.bin"), &[7]);
    write(&folder.join("fold_indices.txt"), b"0 1\n");
}

#[test]
fn stl10_reads_back_upright_and_trains_on_its_unlabeled_images_too() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    let names = b"airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\nlorry\n";
    write(&dir.path().join("stl10_binary/class_names.txt"), names);
    let splits = open(&ravine::data::DataConfig {
        validation: Some(0.0),
        ..at(dir.path())
    })
    .unwrap();
    assert_eq!((splits.train.len(), splits.test.len()), (5, 1));
    for i in 0..5 {
        assert_eq!(splits.train.get(i).unwrap(), picture(i, 96, 96, 3), "{i}");
    }
    let labels: Vec<_> = (0..5).map(|i| splits.train.label(i)).collect();
    assert_eq!(labels, [Some(0), Some(9), Some(1), None, None]);
    assert_eq!(splits.train.id(1), "train_X.bin#1");
    assert_eq!(splits.train.id(3), "unlabeled_X.bin#0");
    assert_eq!(splits.test.label(0), Some(6));
    assert_eq!(
        (splits.classes.len(), splits.classes[9].as_str()),
        (10, "lorry")
    );
    let grey = ravine::data::DataConfig {
        channels: Some(1),
        ..at(dir.path())
    };
    let luma = picture(4, 96, 96, 3).with_channels(1).unwrap();
    assert_eq!(all(&grey).unwrap().get(4).unwrap(), luma);
}

#[test]
fn stl10_files_that_do_not_fit_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("stl10_binary");
    let problem = || all(&at(dir.path())).err().unwrap().to_string();
    written(dir.path());
    for (labels, word) in [
        (&[1, 2][..], "2 labels for 3"),
        (&[1, 0, 2], "label 0 of image 1"),
        (&[1, 2, 11], "label 11"),
    ] {
        write(&folder.join("train_y.bin"), labels);
        assert!(
            problem().contains("train_y.bin") && problem().contains(word),
            "{}",
            problem()
        );
    }
    write(&folder.join("train_y.bin"), &[1, 2, 3]);
    write(&folder.join("class_names.txt"), b"one\n");
    assert!(problem().contains("class_names.txt"), "{}", problem());
    std::fs::remove_file(folder.join("class_names.txt")).unwrap();
    write(&folder.join("unlabeled_X.bin"), &images(3..5)[..40_000]);
    assert!(
        problem().contains("unlabeled_X.bin") && problem().contains("truncated"),
        "{}",
        problem()
    );
}

#[test]
fn stl10_images_alone_have_no_labels_and_it_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("test_X.bin");
    write(&file, &images(0..2));
    let set = all(&at(&file)).unwrap();
    assert_eq!((set.len(), set.label(0), set.classes().len()), (2, None, 0));
    assert!(
        set.notes().concat().contains("test_y.bin"),
        "{:?}",
        set.notes()
    );
}

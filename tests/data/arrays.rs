//! Stacks of pictures as NumPy writes them (`tests/goldens/arrays.py`), against the formula of their values.

use std::path::{Path, PathBuf};

use ravine::data::{DataConfig, Dataset, Pixels, open, open_part};

use crate::tiny::*;

fn place(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/goldens/arrays").join(name)
}

/// Whether picture `index` of `set` is number `n` of the formula.
pub(crate) fn is_number(set: &dyn Dataset, index: usize, n: usize) {
    let image = set.get(index).unwrap();
    let (width, channels) = (image.width, image.channels);
    let value = |i: usize| {
        let (y, x, c) = (i / channels / width, i / channels % width, i % channels);
        ((31 * n + 7 * y + 3 * x + c) % 251) as u8
    };
    for i in 0..image.pixels.len() {
        let read = match &image.pixels {
            Pixels::Bytes(values) => f32::from(values[i]) / 255.0,
            Pixels::Floats(values) => values[i],
        };
        assert_eq!(read, f32::from(value(i)) / 255.0, "{n}: value {i}");
    }
}

fn shape(set: &dyn Dataset) -> [usize; 3] {
    let image = set.get(0).unwrap();
    [image.height, image.width, image.channels]
}

#[test]
fn archives_of_medmnist_and_keras_come_in_their_parts() {
    let splits = open(&at(&place("medmnist.npz"))).unwrap();
    let parts = [&splits.train, &splits.validation, &splits.test];
    assert_eq!(parts.map(|part| part.len()), [12, 4, 5]);
    assert_eq!((splits.channels, splits.classes.len()), (3, 3));
    for (part, first) in parts.into_iter().zip([0, 12, 16]) {
        for i in 0..part.len() {
            is_number(part.as_ref(), i, first + i);
            assert_eq!(part.label(i), Some((first + i) as u32 % 3));
        }
    }
    assert_eq!(splits.test.id(4), "test_images#4");

    let keras = open(&at(&place("keras.npz"))).unwrap();
    assert_eq!(keras.channels, 1);
    assert_eq!(shape(keras.test.as_ref()), [14, 12, 1]);
    for i in 0..4 {
        is_number(keras.test.as_ref(), i, 9 + i);
        assert_eq!(keras.test.label(i), Some((9 + i) as u32 % 3));
    }
    assert_eq!(keras.train.len() + keras.validation.len(), 9);
}

#[test]
fn an_archive_that_does_not_fit_the_cache_is_read_alike() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large.npz");
    let (count, side) = (3, 700);
    let mut archive = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let deflated = zip::write::SimpleFileOptions::default();
    archive.start_file("images.npy", deflated).unwrap();
    let mut numbers = Vec::new();
    for n in 0..count {
        for i in 0..side * side {
            numbers.push(((31 * n + 7 * (i / side) + 3 * (i % side)) % 251) as u8);
        }
    }
    let shape = format!("({count}, {side}, {side})");
    std::io::Write::write_all(
        &mut archive,
        &crate::table::npy("|u1", "False", &shape, &numbers),
    )
    .unwrap();
    archive.finish().unwrap();
    let set = all(&DataConfig {
        cache: 1,
        ..at(&path)
    })
    .unwrap();
    assert!(set.len() * side * side > 1 << 20);
    for n in [2, 0, 1] {
        is_number(set.as_ref(), n, n);
    }
}

#[test]
fn bands_come_through_whichever_axis_they_are() {
    for name in ["bands-last.npy", "bands-second.npy"] {
        let set = all(&at(&place(name))).unwrap();
        assert_eq!(
            (set.len(), shape(set.as_ref())),
            (4, [16, 15, 13]),
            "{name}"
        );
        for n in 0..4 {
            is_number(set.as_ref(), n, n);
        }
        assert_eq!(set.look(0).depth.unwrap().bits, 16);
    }
    let tiles = all(&at(&place("tiles"))).unwrap();
    assert_eq!(
        (tiles.classes().len(), shape(tiles.as_ref())),
        (2, [16, 15, 13])
    );
    for (i, n) in [0, 2, 1, 3].into_iter().enumerate() {
        is_number(tiles.as_ref(), i, n);
    }
}

#[test]
fn floats_and_truth_values_are_pictures_and_odd_labels_are_told() {
    let set = all(&at(&place("float.npz"))).unwrap();
    let labels: Vec<_> = (0..3).map(|i| set.label(i)).collect();
    assert_eq!(labels, [Some(0), None, Some(2)]);
    let image = set.get(2).unwrap();
    let value = |v: usize| v as f32 / 250.0;
    assert_eq!(
        image.pixels.as_floats().unwrap()[..2],
        [value(62), value(63)]
    );

    let truth = all(&at(&place("truth.npy"))).unwrap();
    let image = truth.get(2).unwrap();
    let read = bytes(&image).iter().map(|&v| v == 255);
    let wanted = (0..8 * 9).map(|i| (62 + 7 * (i / 9) + 3 * (i % 9)) % 251 > 100);
    assert!(read.eq(wanted));

    let several = checked(&at(&place("several.npz")));
    let said = several.notes.join("\n");
    let tags: Vec<&str> = several.tags.iter().map(|tag| tag.class.as_str()).collect();
    assert_eq!(
        (tags.len(), tags[13], several.tags[13].parts.total()),
        (14, "13", 3)
    );
    assert!(said.contains("passed over: `masks`"), "{said}");
    assert!(
        said.contains("passed over: `names`") && said.contains("<U4"),
        "{said}"
    );
}

#[test]
fn a_folder_of_stacks_is_a_set_and_a_matrix_stays_a_table() {
    let dir = tempfile::tempdir().unwrap();
    let stack = |count: usize| {
        let values = vec![7; count * 36];
        crate::table::npy("|u1", "False", &format!("({count}, 6, 6)"), &values)
    };
    let labels = |count: u8| {
        let values: Vec<u8> = (0..count).map(|i| i % 2).collect();
        crate::table::npy("|u1", "False", &format!("({count},)"), &values)
    };
    write(&dir.path().join("train_images.npy"), &stack(8));
    write(&dir.path().join("train_labels.npy"), &labels(8));
    write(&dir.path().join("test_images.npy"), &stack(4));
    write(&dir.path().join("test_labels.npy"), &labels(4));
    let splits = open(&at(dir.path())).unwrap();
    assert_eq!((splits.test.len(), splits.classes.len()), (4, 2));
    assert_eq!(splits.test.label(3), Some(1));
    // Rows with a single 1 each are classes, others of 0 and 1 tags, and all others no labels.
    let rows = |values: [u8; 8]| {
        let path = dir.path().join("test_labels.npy");
        write(&path, &crate::table::npy("|u1", "False", "(4, 2)", &values));
        write(
            &dir.path().join("train_labels.npy"),
            &crate::table::npy("|u1", "False", "(8, 2)", &values.repeat(2)),
        );
        all(&at(dir.path())).unwrap()
    };
    let set = rows([0, 1, 1, 0, 0, 1, 0, 1]);
    assert_eq!(
        (set.label(0), set.label(1), set.tags(0)),
        (Some(1), Some(0), None)
    );
    let set = rows([0, 1, 1, 1, 0, 0, 0, 1]);
    assert_eq!(
        (set.label(0), set.tags(1), set.tags(2)),
        (None, Some(&[0, 1][..]), Some(&[][..]))
    );
    let set = rows([0, 2, 1, 1, 0, 0, 0, 1]);
    assert!(set.label(0).is_none() && set.tags(0).is_none());
    assert!(
        set.notes().concat().contains("no truth values"),
        "{:?}",
        set.notes()
    );
    let matrix = dir.path().join("matrix.npy");
    write(
        &matrix,
        &crate::table::npy("|u1", "False", "(3, 6)", &[7; 18]),
    );
    assert!(at(&matrix).is_table() && !at(&dir.path().join("test_images.npy")).is_table());
}

#[test]
fn bad_arrays_are_refused_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        write(&path, bytes);
        let problem = open_part(&at(&path), ravine::data::Part::All);
        let problem = problem.map(|_| ()).unwrap_err().to_string();
        assert!(problem.contains(name), "{problem}");
        problem
    };
    let whole = std::fs::read(place("medmnist.npz")).unwrap();
    let problem = refused("cut.npz", &whole[..whole.len() / 2]);
    assert!(problem.contains("not a complete npz archive"), "{problem}");
    let problem = refused("fortran.npy", &std::fs::read(place("fortran.npy")).unwrap());
    assert!(problem.contains("ascontiguousarray"), "{problem}");
    let stack =
        |shape: &str, count: usize| crate::table::npy("|u1", "False", shape, &vec![0; count]);
    let problem = refused("short.npy", &stack("(4, 5, 5)", 99));
    assert!(
        problem.contains("99 bytes") && problem.contains("announces 100"),
        "{problem}"
    );
    let problem = refused("wide.npy", &stack("(1, 17000, 2)", 34_000));
    assert!(problem.contains("16384 pixels"), "{problem}");
    let problem = refused("huge.npy", &stack("(18446744073709551615, 5, 5)", 25));
    assert!(problem.contains("more than there can be"), "{problem}");
    let problem = refused("five.npy", &stack("(1, 2, 2, 2, 2)", 16));
    assert!(problem.contains("no stack of pictures"), "{problem}");
    let labelled = DataConfig {
        label: Some("train_label".into()),
        ..at(&place("medmnist.npz"))
    };
    let problem = open(&labelled).map(|_| ()).unwrap_err();
    assert_eq!(problem.exit_code(), 2);
    assert!(problem.to_string().contains("train_labels"), "{problem}");
}

#[cfg(not(feature = "hdf5"))]
#[test]
fn hdf5_is_refused_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pictures.h5");
    write(&path, b"\x89HDF\r\n\x1a\n");
    for source in [path.as_path(), dir.path()] {
        let problem = all(&at(source)).err().unwrap().to_string();
        assert!(problem.contains("--features hdf5"), "{problem}");
    }
}

//! Pictures in HDF5 as h5py writes them (`tests/goldens/hdf5.py`), against the formula of their values.

use std::path::{Path, PathBuf};

use ravine::data::{DataConfig, Dataset, open};

use crate::arrays::is_number;
use crate::tiny::*;

fn place(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/goldens/hdf5").join(name)
}

fn are_numbers(set: &dyn Dataset, first: usize, labelled: bool) {
    for i in 0..set.len() {
        is_number(set, i, first + i);
        let label = (first + i) as u32 % 3;
        assert_eq!(set.label(i), labelled.then_some(label), "{first} {i}");
    }
}

#[test]
fn a_folder_of_patch_camelyon_comes_in_its_parts() {
    let splits = open(&at(&place("pcam"))).unwrap();
    let parts = [&splits.train, &splits.validation, &splits.test];
    assert_eq!(parts.map(|part| part.len()), [9, 4, 5]);
    for (part, first) in parts.into_iter().zip([0, 9, 13]) {
        are_numbers(part.as_ref(), first, true);
    }
    assert_eq!((splits.channels, splits.classes.len()), (3, 3));
    let id = splits.test.id(4);
    assert_eq!(id, "camelyonpatch_level_2_split_test_x_x#4");
}

#[test]
fn parts_are_told_by_names_of_data_sets_and_of_groups() {
    for (name, counts) in [("shuffled.h5", [9, 4]), ("groups.hdf5", [6, 3])] {
        let splits = open(&at(&place(name))).unwrap();
        let train = splits.train.len() + splits.validation.len();
        assert_eq!([train, splits.test.len()], counts, "{name}");
        are_numbers(splits.test.as_ref(), counts[0], true);
    }
}

#[test]
fn layouts_filters_and_byte_orders_are_read_alike() {
    for (name, count) in [("contiguous.h5", 7), ("big-endian.h5", 5)] {
        let set = all(&at(&place(name))).unwrap();
        assert_eq!(set.len(), count, "{name}");
        are_numbers(set.as_ref(), 0, true);
    }
    let named = DataConfig {
        label: Some("species".into()),
        ..at(&place("first.h5"))
    };
    let set = all(&named).unwrap();
    are_numbers(set.as_ref(), 0, true);
    let notes = set.notes().join("; ");
    assert!(notes.contains("`names` holds no numbers"), "{notes}");
    assert!(notes.contains("`labels`, an array of shape [5]"), "{notes}");
    let wrong = DataConfig {
        label: Some("specis".into()),
        ..named
    };
    let problem = all(&wrong).err().unwrap().to_string();
    assert!(problem.contains("did you mean `species`?"), "{problem}");
}

/// Shuffling goes by the rows of chunks where the whole does not fit the cache, in any order and from several threads.
#[test]
fn chunks_are_blocks_where_not_all_fit_the_cache() {
    let small = DataConfig {
        cache: 1,
        ..at(&place("many.h5"))
    };
    let set = all(&small).unwrap();
    assert_eq!(set.blocks(), [0..8, 8..16, 16..24, 24..30]);
    assert_eq!(set.blocks_at_once(), 1);
    let read = |from: usize| {
        let set = set.as_ref();
        move || (0..30).for_each(|i| is_number(set, (i * 11 + from) % 30, (i * 11 + from) % 30))
    };
    std::thread::scope(|scope| {
        for from in 0..3 {
            scope.spawn(read(from));
        }
    });
    assert_eq!(all(&at(&place("many.h5"))).unwrap().blocks().len(), 1);
}

#[test]
fn broken_ones_are_named_and_nothing_of_them_is_made_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.h5");
    for name in ["contiguous.h5", "shuffled.h5", "first.h5"] {
        let whole = std::fs::read(place(name)).unwrap();
        for length in (0..whole.len()).step_by(whole.len() / 23) {
            write(&path, &whole[..length]);
            let Ok(set) = all(&at(&path)) else {
                continue;
            };
            for i in 0..set.len() {
                if set.get(i).is_ok() {
                    is_number(set.as_ref(), i, i);
                }
            }
        }
    }
    write(
        &path,
        b"no HDF5 at all, and long enough to hold a superblock of it",
    );
    let problem = refused(&path);
    assert!(
        problem.contains("not an HDF5 file that is read"),
        "{problem}"
    );
}

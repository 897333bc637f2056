//! No two images of a set have one id, and the part of each is known.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use ravine::data::readers::Folder;
use ravine::data::{Dataset, Joined, Part, Subset, open, open_with_parts};

use crate::parquet::parquet_file;
use crate::tiny::*;

fn ids(set: &dyn Dataset) -> Vec<String> {
    (0..set.len()).map(|i| set.id(i)).collect()
}

fn assert_distinct(set: &dyn Dataset) {
    let all = ids(set);
    let distinct: HashSet<&String> = all.iter().collect();
    assert_eq!(distinct.len(), all.len(), "{all:?}");
}

fn shard(path: &Path, first: usize) {
    let images: Vec<_> = (first..first + 4).map(png).collect();
    parquet_file(path, &images, Some(&[0, 1, 0, 1]), None, 2);
}

#[test]
fn shards_of_one_name_are_told_apart_by_their_folders() {
    let dir = tempfile::tempdir().unwrap();
    let name = "train-00000-of-00001.parquet";
    shard(&dir.path().join("a").join(name), 0);
    shard(&dir.path().join("b").join(name), 4);
    let set = all(&at(dir.path())).unwrap();
    assert_distinct(set.as_ref());
    assert_eq!(set.id(5), format!("b/{name}#1"));
    assert_eq!(set.get(5).unwrap(), picture(5, 6, 5, 3));

    let files = [
        dir.path().join("a").join(name),
        dir.path().join("b").join(name),
    ];
    let given = [files[0].clone(), files[1].clone(), files[0].clone()];
    let set = ravine::data::readers::Parquet::open(&given, 3, 1 << 20).unwrap();
    assert_distinct(&set);
    assert_eq!(set.id(9), format!("a/{name} (2)#1"));
}

#[test]
fn files_of_one_name_in_several_parts_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    for part in ["train", "validation", "test"] {
        shard(
            &dir.path().join("default").join(part).join("0000.parquet"),
            0,
        );
    }
    let (set, parts) = open_with_parts(&at(dir.path()), Part::All).unwrap();
    assert_distinct(set.as_ref());
    assert_eq!(set.id(11), "default/test/0000.parquet#3");
    let expected = [[Part::Train; 4], [Part::Validation; 4], [Part::Test; 4]];
    assert_eq!(parts, expected.concat());

    let dir = tempfile::tempdir().unwrap();
    for file in [
        "train/cat/0.png",
        "train/dog/0.png",
        "test/cat/0.png",
        "test/dog/0.png",
    ] {
        write(&dir.path().join(file), &png(1));
    }
    let (set, parts) = open_with_parts(&at(dir.path()), Part::All).unwrap();
    assert_distinct(set.as_ref());
    assert_eq!(set.id(2), "test/cat/0.png");
    assert_eq!(parts[2..], [Part::Test; 2]);
}

#[test]
fn joined_sets_of_the_same_names_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    for folder in ["a", "b"] {
        for i in 0..3 {
            write(&dir.path().join(folder).join(format!("{i}.png")), &png(i));
        }
    }
    let of = |name: &str| -> Arc<dyn Dataset> {
        Arc::new(Folder::open(&dir.path().join(name), 3, None).unwrap())
    };
    let joined = Joined::new(vec![of("a"), of("b"), of("a")]);
    assert_distinct(&joined);
    assert_eq!(
        (joined.id(0), joined.id(4)),
        ("0/0.png".into(), "1/1.png".into())
    );
    let a = of("a");
    let halves = [vec![0], vec![1, 2]].map(|rows| Arc::new(Subset::new(a.clone(), rows)) as _);
    assert_eq!(
        ids(&Joined::new(halves.into())),
        ["0.png", "1.png", "2.png"]
    );
}

#[test]
fn the_part_of_every_image_is_the_one_it_was_held_out_to() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..40 {
        let class = ["a", "b", "c"][i % 3];
        write(&dir.path().join(format!("{class}/{i}.png")), &png(i));
    }
    let config = at(dir.path());
    let (set, parts) = open_with_parts(&config, Part::All).unwrap();
    let splits = open(&config).unwrap();
    for (part, held) in [
        (Part::Train, &splits.train),
        (Part::Validation, &splits.validation),
        (Part::Test, &splits.test),
    ] {
        let of_part = (0..set.len()).filter(|&i| parts[i] == part);
        let found: Vec<String> = of_part.map(|i| set.id(i)).collect();
        assert_eq!(found, ids(held.as_ref()), "{part:?}");
        let (alone, same) = open_with_parts(&config, part).unwrap();
        assert_eq!((ids(alone.as_ref()), same), (found, vec![part; held.len()]));
    }
}

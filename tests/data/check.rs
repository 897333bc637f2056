//! What a walk over a data set finds: counts by part, kinds of pictures, repeats and leaks; whether it is still the same.

use std::fs;
use std::path::Path;

use ravine::data::check::{PartCounts, Size};
use ravine::data::repeats::Leak;
use ravine::data::{Depth, Part, fingerprint, open};

use crate::tiny::*;

/// Two classes in three parts; the test part holds a picture of the training part, which holds one twice.
fn leaky(root: &Path) {
    let put = |file: &str, number: usize| write(&root.join(file), &png(number));
    put("train/cat/0.png", 0);
    put("train/cat/1.png", 1);
    put("train/cat/again.png", 1);
    put("train/dog/2.png", 2);
    put("val/dog/3.png", 3);
    put("test/cat/0.png", 0);
    put("test/dog/known.png", 2);
    put("test/dog/9.png", 9);
}

#[test]
fn images_are_counted_by_class_and_part_and_leaks_are_named() {
    let dir = tempfile::tempdir().unwrap();
    leaky(dir.path());
    let found = checked(&at(dir.path()));
    let counts = |train, validation, test| PartCounts {
        train,
        validation,
        test,
    };
    assert_eq!(found.parts, counts(4, 1, 3));
    let classes: Vec<_> = found
        .classes
        .iter()
        .map(|c| (c.class.as_str(), c.parts))
        .collect();
    assert_eq!(
        classes,
        [("cat", counts(3, 0, 1)), ("dog", counts(1, 1, 2))]
    );
    assert_eq!(found.unlabelled.total(), 0);
    assert_eq!(found.repeats.within, 1);
    let first = [
        ["train/cat/0.png", "test/cat/0.png"],
        ["train/dog/2.png", "test/dog/known.png"],
    ];
    let leak = Leak {
        from: Part::Train,
        to: Part::Test,
        images: 2,
        first: first.map(|pair| pair.map(String::from)).to_vec(),
    };
    assert_eq!(found.repeats.across, [leak]);

    // A broken picture is broken, not a repeat of another one.
    write(&dir.path().join("train/cat/bad.png"), b"?");
    write(&dir.path().join("test/cat/bad.png"), b"?");
    let again = checked(&at(dir.path()));
    assert_eq!((again.bad.len(), &again.repeats), (2, &found.repeats));
}

#[test]
fn sizes_channels_and_bits_are_those_of_the_files() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("0.png"), &png(0));
    write(&dir.path().join("1.png"), &png(1));
    let save =
        |picture: image::DynamicImage, name: &str| picture.save(dir.path().join(name)).unwrap();
    save(image::DynamicImage::new_luma16(3, 4), "deep.png");
    save(image::DynamicImage::new_rgba8(3, 4), "clear.png");
    let found = checked(&at(dir.path()));
    let sizes: Vec<_> = found.sizes.iter().map(|s| (s.what, s.images)).collect();
    let size = |width, height| Size { width, height };
    assert_eq!(sizes, [(size(3, 4), 2), (size(6, 5), 2)]);
    let depths: Vec<_> = found.depths.iter().map(|d| (d.what, d.images)).collect();
    let depth = |channels, bits| Depth { channels, bits };
    assert_eq!(
        depths,
        [(depth(3, 8), 2), (depth(1, 16), 1), (depth(4, 8), 1)]
    );
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(
        json["sizes"][0],
        serde_json::json!({"width": 3, "height": 4, "images": 2})
    );
    assert_eq!(
        json["depths"][0],
        serde_json::json!({"channels": 3, "bits": 8, "images": 2})
    );
}

#[test]
fn a_fingerprint_tells_names_and_lengths_and_not_where_the_set_lies() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let print = |root: &Path| {
        let splits = open(&at(root)).unwrap();
        fingerprint([&splits.train, &splits.validation, &splits.test])
    };
    leaky(one.path());
    leaky(other.path());
    let was = print(one.path());
    assert_eq!(was, print(other.path()));
    let splits = open(&at(one.path())).unwrap();
    assert_eq!(
        was,
        fingerprint([&splits.test, &splits.train, &splits.validation])
    );
    write(
        &other.path().join("train/cat/0.png"),
        &[png(0), vec![0]].concat(),
    );
    assert_ne!(was, print(other.path()));
    let (from, to) = ("train/cat/0.png", "train/cat/00.png");
    fs::rename(one.path().join(from), one.path().join(to)).unwrap();
    assert_ne!(was, print(one.path()));
}

//! IDX files.

use std::fs;

use ravine::data::open;

use crate::tiny::*;

pub(crate) fn idx_images(count: u32, announced: u32) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3];
    for word in [announced, 5, 6] {
        bytes.extend(word.to_be_bytes());
    }
    for i in 0..count {
        bytes.extend(crate::tiny::bytes(&picture(i as usize, 6, 5, 1)));
    }
    bytes
}

fn idx_labels(count: u32) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 1];
    bytes.extend(count.to_be_bytes());
    bytes.extend((0..count).map(|i| (i % 3) as u8));
    bytes
}

#[test]
fn idx_reads_back_plain_and_gzipped() {
    for zipped in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| {
            if zipped {
                write(&dir.path().join(format!("{name}.gz")), &gzip(bytes));
            } else {
                write(&dir.path().join(name), bytes);
            }
        };
        put("train-images-idx3-ubyte", &idx_images(12, 12));
        put("train-labels-idx1-ubyte", &idx_labels(12));
        put("t10k-images-idx3-ubyte", &idx_images(3, 3));
        put("t10k-labels-idx1-ubyte", &idx_labels(3));
        let splits = open(&at(dir.path())).unwrap();
        assert_eq!(
            (
                splits.train.len(),
                splits.validation.len(),
                splits.test.len()
            ),
            (10, 2, 3)
        );
        assert_eq!((splits.channels, splits.classes.len()), (1, 3));
        for i in 0..3 {
            assert_eq!(splits.test.get(i).unwrap(), picture(i, 6, 5, 1));
            assert_eq!(splits.test.label(i), Some(i as u32));
        }
    }
}

#[test]
fn emnist_names_one_set_among_several() {
    let dir = tempfile::tempdir().unwrap();
    for (set, count) in [("letters", 4), ("digits", 6)] {
        write(
            &dir.path()
                .join(format!("emnist-{set}-train-images-idx3-ubyte")),
            &idx_images(count, count),
        );
        write(
            &dir.path()
                .join(format!("emnist-{set}-test-images-idx3-ubyte")),
            &idx_images(2, 2),
        );
    }
    assert!(
        all(&at(dir.path()))
            .err()
            .unwrap()
            .to_string()
            .contains("several sets")
    );
    let set = all(&at(&dir
        .path()
        .join("emnist-letters-train-images-idx3-ubyte")))
    .unwrap();
    assert_eq!((set.len(), set.label(0)), (6, None));
}

#[test]
fn broken_idx_files_are_refused_before_anything_is_allocated() {
    let dir = tempfile::tempdir().unwrap();
    let images = dir.path().join("train-images-idx3-ubyte");
    let labels = dir.path().join("train-labels-idx1-ubyte");
    write(&images, &idx_images(4, 5));
    assert!(refused(&images).contains("truncated"));
    write(&images, &idx_images(4, u32::MAX));
    assert!(refused(&images).contains("truncated"));
    write(&images, &idx_images(4, 4)[..10]);
    refused(&images);
    write(&images, b"\x89PNG and a lot of other bytes");
    assert!(refused(&images).contains("another format"));
    write(&images, &idx_images(4, 4));
    for broken in [
        &idx_labels(3)[..],
        &idx_labels(4)[..9],
        b"",
        b"\0\0\x08\x02\0\0\0\x04abcd",
    ] {
        write(&labels, broken);
        let problem = all(&at(dir.path())).err().unwrap().to_string();
        assert!(problem.contains("train-labels-idx1-ubyte"), "{problem}");
    }
    let zipped = gzip(&idx_images(4, 4));
    fs::remove_file(&labels).unwrap();
    fs::remove_file(&images).unwrap();
    write(
        &dir.path().join("train-images-idx3-ubyte.gz"),
        &zipped[..zipped.len() / 2],
    );
    assert!(refused(dir.path().join("train-images-idx3-ubyte.gz").as_path()).contains("unpack"));
}

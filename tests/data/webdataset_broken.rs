//! Tar archives that are broken or hold strange things.

use std::fs;

use ravine::data::Dataset;

use crate::tars::*;
use crate::tiny::*;

#[test]
fn a_broken_archive_is_refused_by_name_and_never_read_in_part() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("broken.tar");
    let whole = shard(0..4);
    for length in [1, 511, 700, 1500, 1536 + 100, whole.len() - 1024 - 600] {
        write(&path, &whole[..length]);
        let problem = refused(&path);
        assert!(
            problem.contains("truncated") || problem.contains("no tar archive"),
            "{length}: {problem}"
        );
    }
    let mut flipped = whole.clone();
    flipped[1024 + 5] ^= 1; // in the name of the second file
    write(&path, &flipped);
    assert!(refused(&path).contains("corrupt behind `0000.png`"));
    write(&path, b"");
    assert!(refused(&path).contains("no sample with a picture"));
    write(&path, &tar_of(&[("a.png", &png(0)), ("a.png", &png(1))]));
    assert!(refused(&path).contains("`a.png` stands there twice"));

    write(&path, &whole[..whole.len() - 1024]);
    let notes = all(&at(&path)).unwrap().notes().concat();
    assert!(notes.contains("broken.tar: no end mark"), "{notes}");
    write(&path, &[whole.clone(), whole.clone()].concat());
    let set = all(&at(&path)).unwrap();
    assert!(set.len() == 4 && set.notes().concat().contains("behind the end mark"));
    write(&path, &[whole.clone(), vec![0; 8192]].concat());
    assert_eq!(all(&at(&path)).unwrap().notes(), [""; 0]);

    let set = all(&at(&path)).unwrap();
    write(&path, &whole);
    assert!(
        set.get(0)
            .unwrap_err()
            .to_string()
            .contains("changed since")
    );
}

#[test]
fn long_names_are_read_and_links_sparse_and_huge_files_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("strange.tar");
    let long = format!("{}/picture.png", "deep/".repeat(40));
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    let picture_file = png(1);
    header.set_size(picture_file.len() as u64);
    tar.append_data(&mut header, &long, picture_file.as_slice())
        .unwrap();
    let pax = "Kätzchen.png";
    tar.append_pax_extensions([("path", pax.as_bytes())])
        .unwrap();
    add(&mut tar, "short", &png(2));
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    tar.append_link(&mut link, "link.png", "/etc/passwd")
        .unwrap();
    tar.append_pax_extensions([
        ("GNU.sparse.major", &b"1"[..]),
        ("GNU.sparse.name", b"holes.png"),
    ])
    .unwrap();
    add(&mut tar, "GNUSparseFile.1/holes.png", b"1\n0\n");
    add(&mut tar, "../../outside.png", &png(3));
    let mut bytes = tar.into_inner().unwrap();
    bytes.truncate(bytes.len() - 1024);
    let mut header = tar::Header::new_gnu();
    header.set_path("huge.png").unwrap();
    header.set_size(257 << 20);
    header.set_cksum();
    bytes.extend(header.as_bytes());
    write(&path, &bytes);
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(bytes.len() as u64 + (257 << 20) + 1024)
        .unwrap();
    drop(file);

    let set = all(&at(&path)).unwrap();
    let key = long.strip_suffix(".png").unwrap().to_string();
    let keys = [key.as_str(), "Kätzchen", "holes", "../../outside", "huge"];
    assert_eq!(
        ids(set.as_ref()),
        keys.map(|key| format!("strange.tar#{key}"))
    );
    for (index, number) in [(0, 1), (1, 2), (3, 3)] {
        assert_eq!(set.get(index).unwrap(), picture(number, 6, 5, 3));
    }
    for (index, word) in [(2, "sparse"), (4, "256 MiB")] {
        let problem = set.get(index).unwrap_err().to_string();
        assert!(
            problem.contains(word) && problem.contains(keys[index]),
            "{problem}"
        );
    }
    assert!(
        set.notes().concat().contains("1 links"),
        "{:?}",
        set.notes()
    );
    let around: Vec<_> = fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(around.len(), 1, "nothing is unpacked to a name: {around:?}");
}

/// Whatever byte is broken, opening is an error or a set, never a panic or a hang.
#[test]
fn flipped_bytes_in_a_tar_never_panic() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("train.tar");
    let bytes = shard(0..3);
    let (mut broken_sets, mut broken_images) = (0, 0);
    for at_byte in (0..bytes.len()).step_by(17) {
        let mut flipped = bytes.clone();
        flipped[at_byte] ^= 0xff;
        write(&path, &flipped);
        match ravine::data::readers::WebDataset::open(std::slice::from_ref(&path), 3) {
            Ok(set) => broken_images += (0..set.len()).filter(|&i| set.get(i).is_err()).count(),
            Err(_) => broken_sets += 1,
        }
    }
    assert!(broken_sets > 0 && broken_images > 0);
}

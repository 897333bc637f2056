//! Tar archives of samples: how files are grouped, parts, compression, and reading in any order.

use std::path::Path;
use std::sync::Arc;

use ravine::data::{DataConfig, Image, Loader, LoaderConfig, ViewKey, Views, open};
use ravine::error::Result;

use crate::tars::*;
use crate::tiny::*;

/// The samples of webdataset 1.0.2 on the same archive, but for what is noted below.
#[test]
fn neighbors_of_one_key_are_a_sample_as_webdataset_groups_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("odd.tar");
    let png: Vec<Vec<u8>> = (0..9).map(png).collect();
    write_tar(
        &path,
        &[
            ("__meta__/a.png", &png[0]), // passed over
            ("a.JPG", &png[0]),
            ("a.cls", b"3"),
            ("noextension", b"x"), // passed over, and parts no neighbors
            ("a.json", b"{}"),
            (".hidden.png", &png[0]),
            ("d/._a.png", &png[0]), // webdataset makes a sample `d/` of it
            ("d/b.seg.x.cls", b"9"),
            ("d/b.input.png", &png[1]),
            ("d/b.target.png", &png[2]),
            ("d/b.cls", b"1\n"),
            ("e/b.png", &png[3]), // another folder, another key
            ("a.png", &png[4]),   // no neighbor of the first
            ("a.b/c", b"x"),
            ("d.1/c.png", &png[5]),
            ("only.cls", b"2"),
            ("./a.png", &png[6]),
            ("/abs/../a.png", &png[7]),
            ("a (2).png", &png[8]),
            ("a.webp", b"broken"),
        ],
    );
    let set = all(&at(&path)).unwrap();
    let keys = [
        "a",
        "d/b",
        "e/b",
        "a (2)",
        "d.1/c",
        "./a",
        "/abs/../a",
        "a (2) (2)",
        "a (3)",
    ];
    assert_eq!(ids(set.as_ref()), keys.map(|key| format!("odd.tar#{key}")));
    let labels: Vec<_> = (0..9).map(|i| set.label(i)).collect();
    let (three, one) = (Some(3), Some(1));
    assert_eq!(
        labels,
        [three, one, None, None, None, None, None, None, None]
    );
    assert_eq!(set.classes(), ["0", "1", "2", "3"]);
    for (index, number) in [0, 1, 3, 4, 5, 6, 7, 8].into_iter().enumerate().rev() {
        assert_eq!(set.get(index).unwrap(), picture(number, 6, 5, 3), "{index}");
    }
    let problem = set.get(8).unwrap_err().to_string();
    assert!(problem.starts_with("odd.tar#a (3): "), "{problem}");
    let notes = checked(&at(&path)).notes.join("\n");
    for note in [
        "1 samples without a picture that is read (their files: 1 cls)",
        "1 pictures beside the first",
        "2 hidden files",
        "2 files without an extension",
        "1 files about the archive",
        "3 samples have a key that another",
        "7 of 9 pictures have no label",
    ] {
        assert!(notes.contains(note), "{note}\n{notes}");
    }
}

#[test]
fn classes_stand_in_cls_or_json_and_data_label_chooses() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("labels.tar");
    let labels = |files: &[(&str, &[u8])], label: Option<&str>| -> Result<String> {
        let pictures: Vec<_> = files
            .iter()
            .map(|(name, _)| format!("{}.png", &name[..1]))
            .collect();
        let picture = png(0);
        let mut all_files: Vec<(&str, &[u8])> = Vec::new();
        for (file, name) in files.iter().zip(&pictures) {
            if all_files
                .last()
                .is_none_or(|(last, _)| last[..1] != file.0[..1])
            {
                all_files.push((name, &picture));
            }
            all_files.push(*file);
        }
        write_tar(&path, &all_files);
        let set = all(&DataConfig {
            label: label.map(String::from),
            ..at(&path)
        })?;
        let name = |i: usize| {
            set.label(i)
                .map(|label| set.classes()[label as usize].clone())
        };
        let names = (0..set.len()).map(|i| name(i).unwrap_or("-".into()));
        Ok(names.collect::<Vec<_>>().join(" "))
    };
    let json = |text: &'static str| text.as_bytes();
    let both: [(&str, &[u8]); 4] = [
        ("a.json", json(r#"{"label": "cat", "genus": "felis"}"#)),
        ("b.txt", b"a photograph"),
        ("c.json", json(r#"{"label": "auk", "genus": null}"#)),
        ("d.json", json(r#"{"label": [1, 2]}"#)),
    ];
    assert_eq!(labels(&both, None).unwrap(), "cat - auk -");
    assert!(
        all(&at(&path))
            .unwrap()
            .notes()
            .concat()
            .contains("that of `d` holds a list")
    );
    assert_eq!(labels(&both, Some("genus")).unwrap(), "felis - - -");
    let numbers: [(&str, &[u8]); 4] = [
        ("a.cls", b" 2\n"),
        ("a.json", json(r#"{"label": 0}"#)),
        ("b.json", json(r#"{"class": 1}"#)),
        ("c.cls", b"-1"),
    ];
    assert_eq!(labels(&numbers, None).unwrap(), "2 1 -");
    let words: [(&str, &[u8]); 3] = [("a.CLS", b"cat\n"), ("b.cls", b"big dog"), ("c.cls", b"")];
    assert_eq!(labels(&words, Some("cls")).unwrap(), "cat big dog -");
    let refused = |files, label| labels(files, label).unwrap_err().to_string();
    for (problem, parts) in [
        (
            refused(&words, None),
            [
                "labels.tar",
                "`a`",
                "`cat`, which is no class number",
                "data.label",
            ],
        ),
        (
            refused(&both[3..], Some("label")),
            ["labels.tar", "`d`", "a list", "data.label"],
        ),
        (
            refused(
                &[("a.cls", b"3"), ("b.json", json(r#"{"label": "x"}"#))],
                None,
            ),
            ["labels.tar", "`b`", "`a` is a", "word"],
        ),
        (
            refused(&[("a.cls", b"99999999")], None),
            ["labels.tar", "`a`", "too large", "data.label"],
        ),
        (
            refused(&both, Some("genius")),
            [
                "labels.tar",
                "data.label",
                "`genius`",
                "did you mean `genus`?",
            ],
        ),
    ] {
        assert!(parts.iter().all(|part| problem.contains(part)), "{problem}");
    }
}

#[test]
fn shards_are_parts_by_their_names_and_patterns_must_be_complete() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(&root.join("train-0000.tar"), &shard(0..7));
    write(&root.join("train-0001.tar"), &shard(7..12));
    write(&root.join("set-validation-00.tar"), &shard(12..15));
    write(&root.join("test/0.tar"), &shard(15..17));
    let splits = open(&at(root)).unwrap();
    let sizes = [&splits.train, &splits.validation, &splits.test].map(|set| set.len());
    assert_eq!(sizes, [12, 3, 2]);
    assert_eq!(splits.classes, ["0", "1", "2"]);
    for i in (0..12).rev() {
        assert_eq!(splits.train.get(i).unwrap(), picture(i, 6, 5, 3));
        assert_eq!(splits.train.label(i), Some(i as u32 % 3));
    }
    assert_eq!(splits.train.id(8), "train-0001.tar#0008");
    assert_eq!(splits.test.id(1), "test/0.tar#0016");

    let pattern = root.join("{train-{0000..0001},set-validation-00}.tar");
    assert_eq!(at(&pattern).missing(), None);
    let splits = open(&DataConfig {
        label: Some("cls".into()),
        test: Some(0.0),
        ..at(&pattern)
    })
    .unwrap();
    assert_eq!((splits.train.len(), splits.validation.len()), (12, 3));
    assert_eq!(splits.train.id(8), "train-0001.tar#0008");
    let problem = all(&at(&root.join("train-{0000..0003}.tar")))
        .err()
        .unwrap();
    assert_eq!(problem.exit_code(), 1);
    assert!(
        problem.to_string().contains("train-0002.tar: is missing"),
        "{problem}"
    );
    let nowhere = root.join("nothing-{0..3}.tar");
    assert!(at(&nowhere).missing().is_some());
    assert!(refused(&nowhere).contains("no such file"));
}

#[test]
fn pictures_win_over_an_archive_that_lies_beside_them() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("pictures.tar.gz"), &gzip(&shard(0..9)));
    for i in 0..3 {
        write(&dir.path().join(format!("heap/{i}.png")), &png(i));
    }
    assert_eq!(all(&at(dir.path())).unwrap().len(), 3);
    let archive = DataConfig {
        reader: ravine::data::ReaderKind::WebDataset,
        ..at(dir.path())
    };
    let set = all(&archive).unwrap();
    assert_eq!(set.len(), 9);
    assert!(
        set.notes().concat().contains("3 pictures beside"),
        "{:?}",
        set.notes()
    );
}

#[test]
fn compressed_shards_hold_what_plain_ones_hold() {
    let dir = tempfile::tempdir().unwrap();
    let plain = shard(0..5);
    let packed = zstd::encode_all(plain.as_slice(), 3).unwrap();
    write(&dir.path().join("a.tar"), &plain);
    write(&dir.path().join("b.tar.gz"), &gzip(&plain));
    write(&dir.path().join("c.TGZ"), &gzip(&plain));
    write(&dir.path().join("d.tar.zst"), &packed);
    let set = all(&at(dir.path())).unwrap();
    assert_eq!(set.len(), 20);
    for i in (0..20).rev() {
        assert_eq!(set.get(i).unwrap(), picture(i % 5, 6, 5, 3));
        assert_eq!(set.label(i), Some((i % 5) as u32 % 3));
    }
    assert_eq!(set.id(19), "d.tar.zst#0004");
    assert!(
        set.notes()
            .concat()
            .contains("3 compressed shards were unpacked to 1 MiB"),
        "{:?}",
        set.notes()
    );

    let file = dir.path().join("cut.tar.zst");
    write(&file, &packed[..packed.len() - 9]);
    assert!(refused(&file).contains("cannot unpack it"));
    let file = dir.path().join("cut.tar.gz");
    write(&file, &gzip(&plain)[..200]);
    assert!(refused(&file).contains("cannot unpack it"));
    let zeros = std::io::Read::take(std::io::repeat(0), 80 << 20);
    let file = dir.path().join("bomb.tar.zst");
    write(&file, &zstd::encode_all(zeros, 1).unwrap());
    assert!(refused(&file).contains("more than 100 times"));
}

/// The first pixel and the sample.
struct Pixel;

impl Views for Pixel {
    fn shapes(&self) -> Vec<[usize; 3]> {
        vec![[1, 1, 2]]
    }
    fn fill(&self, image: &Image, at: ViewKey, out: &mut [f32]) -> Result<()> {
        out.copy_from_slice(&[f32::from(bytes(image)[0]), at.sample as f32]);
        Ok(())
    }
}

#[test]
fn an_epoch_over_shards_resumes_alike_with_any_number_of_workers() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("0.tar"), &shard(0..20));
    write(&dir.path().join("1.tar.gz"), &gzip(&shard(20..47)));
    let batches = |first: u64, workers: usize, path: &Path| {
        let config = LoaderConfig {
            batch: 8,
            workers,
            prefetch: 2,
            seed: 5,
            drop_last: false,
            shuffle: true,
        };
        let set = all(&at(path)).unwrap();
        let loader = Loader::new(set, Arc::new(Pixel), config).unwrap();
        let batches: Vec<_> = loader.epoch(1, first).collect::<Result<_>>().unwrap();
        batches
            .into_iter()
            .map(|batch| (batch.samples, batch.labels, batch.views[0].values.clone()))
            .collect::<Vec<_>>()
    };
    let whole = batches(0, 1, dir.path());
    assert_eq!(whole.len(), 6);
    let order: Vec<u64> = whole
        .iter()
        .flat_map(|(samples, ..)| samples.clone())
        .collect();
    assert!(
        order.windows(2).any(|pair| pair[0] >= 20 && pair[1] < 20),
        "{order:?}"
    );
    for (samples, _, values) in &whole {
        for (sample, value) in samples.iter().zip(values.chunks_exact(2)) {
            let first = picture(*sample as usize, 6, 5, 3);
            assert_eq!(value, [f32::from(bytes(&first)[0]), *sample as f32]);
        }
    }
    for workers in [1, 3] {
        assert_eq!(
            batches(2, workers, dir.path()),
            whole[2..],
            "{workers} workers"
        );
    }
}

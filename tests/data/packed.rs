//! Packed sets: what comes back is what was packed, in every format, and the same bytes each time.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ravine::data::{DataConfig, Dataset, Part, ReaderKind, Stock, Values};
use ravine::error::Result;
use ravine::run::{PackFormat, PackedSet, Packing, pack};
use sha2::{Digest, Sha256};

use crate::tiny::*;

const FORMATS: [PackFormat; 2] = [PackFormat::Parquet, PackFormat::WebDataset];

pub(crate) fn pack_to(config: &DataConfig, wanted: &Packing) -> Result<PackedSet> {
    pack(config, wanted, &mut |_, _| {}, &AtomicBool::new(false))
}

pub(crate) fn to(out: &Path, format: PackFormat) -> Packing {
    Packing {
        format,
        ..Packing::to(out)
    }
}

/// Class name of each image.
fn classes(set: &Arc<dyn Dataset>) -> Vec<Option<String>> {
    let name = |i| Some(set.classes()[set.label(i)? as usize].clone());
    (0..set.len()).map(name).collect()
}

/// The further columns of each image by name, but for `path`, which tar files add to.
fn cells(set: &Arc<dyn Dataset>) -> Vec<Vec<(String, Option<String>)>> {
    let cell =
        |i: usize, (c, name): (usize, &String)| (name.clone(), set.cell(i, c).map(String::from));
    let row = |i| {
        let names = set.metadata().iter().enumerate();
        let mut row: Vec<_> = names
            .filter(|(_, n)| *n != "path")
            .map(|n| cell(i, n))
            .collect();
        row.sort();
        row
    };
    (0..set.len()).map(row).collect()
}

/// Pack `config` in `format` and compare what is read back with what was packed, but for the pictures `lost`.
fn round_trip(config: &DataConfig, format: PackFormat, lost: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("packed");
    let packed = pack_to(config, &to(&out, format)).unwrap();
    assert_eq!(packed.unreadable, lost.len(), "{:?}", packed.passed_over);
    let back = DataConfig {
        source: out.display().to_string(),
        reader: ReaderKind::Auto,
        label: None,
        ..config.clone()
    };
    let before = Stock::open(config).unwrap();
    let after = Stock::open(&back).unwrap();
    assert_eq!(after.channels, before.channels);
    assert_eq!(after.parts.len(), before.parts.len());
    for ((part, old), (other, new)) in before.parts.iter().zip(&after.parts) {
        assert_eq!(part, other);
        assert_eq!(new.classes(), old.classes(), "{format:?}");
        let kept: Vec<usize> = (0..old.len())
            .filter(|&i| !lost.contains(&old.id(i).as_str()))
            .collect();
        assert_eq!(new.len(), kept.len());
        let (names, rows) = (classes(old), cells(old));
        assert_eq!(
            classes(new),
            kept.iter().map(|&i| names[i].clone()).collect::<Vec<_>>()
        );
        assert_eq!(
            cells(new),
            kept.iter().map(|&i| rows[i].clone()).collect::<Vec<_>>()
        );
        for (place, &index) in kept.iter().enumerate() {
            assert_eq!(
                new.get(place).unwrap(),
                old.get(index).unwrap(),
                "{}",
                old.id(index)
            );
            assert_eq!(new.stored(place).unwrap(), old.stored(index).unwrap());
            if let Some(file) = old.file_bytes(index).unwrap() {
                assert_eq!(new.file_bytes(place).unwrap(), Some(file));
            }
        }
        let own = packed.parts.iter().find(|own| own.part == *part).unwrap();
        assert_eq!(own.images, new.len());
        assert_eq!(
            own.classes.values().sum::<usize>() + own.unlabelled,
            own.images
        );
    }
    for file in &packed.files {
        let bytes = fs::read(out.join(&file.name)).unwrap();
        let mut digest = String::new();
        for byte in Sha256::digest(&bytes) {
            write!(digest, "{byte:02x}").unwrap();
        }
        assert_eq!(
            (digest, bytes.len() as u64),
            (file.sha256.clone(), file.bytes)
        );
    }
    dir
}

/// `train/` and `val/` of two classes, JPEG and PNG, and a picture that is broken.
fn folder(root: &Path) {
    for i in 0..24 {
        let part = if i % 4 == 3 { "val" } else { "train" };
        let class = ["cat", "big dog"][i % 2];
        let (format, extension) = [
            (image::ImageFormat::Png, "png"),
            (image::ImageFormat::Jpeg, "JPEG"),
        ][i / 2 % 2];
        let bytes = encode(&picture(i, 6 + i, 9, 3), format);
        write(
            &root.join(format!("{part}/{class}/{i:02}.{extension}")),
            &bytes,
        );
    }
    write(&root.join("train/cat/99.png"), b"\x89PNG\r\n\x1a\nbroken");
}

#[test]
fn a_folder_in_parts_comes_back_without_its_broken_picture() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path());
    for format in FORMATS {
        let packed = round_trip(&at(dir.path()), format, &["train/cat/99.png"]);
        let text = fs::read_to_string(packed.path().join("packed/pack.json")).unwrap();
        for said in [
            "\"unreadable\": 1",
            "train/cat/99.png",
            "\"big dog\"",
            "sha256",
        ] {
            assert!(text.contains(said), "{text}");
        }
    }
}

#[test]
fn a_list_keeps_its_columns_and_what_has_no_label() {
    let dir = tempfile::tempdir().unwrap();
    let mut text = "file_name,label,camera,path,class,split\n".to_string();
    for i in 0..9 {
        write(&dir.path().join(format!("{i}.png")), &png(i));
        let (label, part) = (["b", "a", ""][i % 3], ["train", "train", "test"][i / 3]);
        let camera = ["", "Füji, \"x\"", "7"][i % 3];
        text.extend([format!(
            "{i}.png,{label},\"{}\",p{i},c,{part}\n",
            camera.replace('"', "\"\"")
        )]);
    }
    write(&dir.path().join("list.csv"), text.as_bytes());
    let config = at(&dir.path().join("list.csv"));
    for format in FORMATS {
        let out = dir.path().join("packed").join(format.name());
        fs::create_dir_all(out.parent().unwrap()).unwrap();
        let packed = pack_to(&config, &to(&out, format)).unwrap();
        let class = ["class", "class_"][usize::from(format == PackFormat::WebDataset)];
        assert_eq!(packed.columns, ["camera", "path", class]);
        let before = Stock::open(&config).unwrap();
        let after = Stock::open(&at(&out)).unwrap();
        for ((_, old), (_, new)) in before.parts.iter().zip(&after.parts) {
            assert_eq!((classes(old), old.classes()), (classes(new), new.classes()));
            for (i, (old, new)) in cells(old).into_iter().zip(cells(new)).enumerate() {
                let cell = |row: &[(String, Option<String>)], name: &str| {
                    row.iter().find(|(own, _)| own == name).unwrap().1.clone()
                };
                for (was, is) in [("camera", "camera"), ("class", class)] {
                    assert_eq!(cell(&old, was), cell(&new, is), "{i}");
                }
            }
        }
    }
}

#[test]
fn bare_pixels_and_packed_sets_come_back_to_the_bit() {
    let arrays = |name: &str| {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/goldens/arrays")
            .join(name)
    };
    let digits = DataConfig {
        channels: Some(1),
        ..DataConfig::default()
    };
    let mut sources: Vec<DataConfig> = vec![digits];
    for entry in ["medmnist.npz", "keras.npz"] {
        sources.push(DataConfig {
            channels: Stock::open(&at(&arrays(entry)))
                .ok()
                .map(|stock| stock.channels),
            ..at(&arrays(entry))
        });
    }
    for source in &sources {
        for format in FORMATS {
            let once = round_trip(source, format, &[]);
            let packed = DataConfig {
                source: once.path().join("packed").display().to_string(),
                ..source.clone()
            };
            for format in FORMATS {
                round_trip(&packed, format, &[]);
            }
        }
    }
}

#[test]
fn thirteen_channels_of_sixteen_bits_and_floats_keep_their_numbers() {
    let dir = tempfile::tempdir().unwrap();
    for (i, (channels, values)) in [
        (
            13,
            Values::Bits16((0..13 * 40 * 32).map(|i| (i * 7919) as u16).collect()),
        ),
        (
            13,
            Values::Bits16((0..13 * 40 * 32).map(|i| (i * 31) as u16).collect()),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let stored = ravine::data::Stored {
            width: 40,
            height: 32,
            channels,
            opacity: false,
            values,
        };
        let (bytes, _) = ravine::data::encode(&stored).unwrap();
        write(&dir.path().join(format!("tiles/{i}.npy")), &bytes);
    }
    let tiles = at(&dir.path().join("tiles"));
    for format in FORMATS {
        round_trip(&tiles, format, &[]);
    }
    // Smaller by half: 16 bits stay 16 bits.
    let out = dir.path().join("small");
    let small = Packing {
        size: Some(16),
        ..Packing::to(&out)
    };
    pack_to(&tiles, &small).unwrap();
    let stock = Stock::open(&at(&out)).unwrap();
    let picture = stock.parts[0].1.stored(0).unwrap();
    assert_eq!(
        (picture.width, picture.height, picture.channels),
        (20, 16, 13)
    );
    assert!(matches!(picture.values, Values::Bits16(_)));
}

#[test]
fn resized_pictures_are_those_of_evaluation() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..3 {
        let bytes = encode(&picture(i, 40, 40, 3), image::ImageFormat::Png);
        write(&dir.path().join(format!("set/{i}.png")), &bytes);
    }
    write(&dir.path().join("set/small.png"), &png(1));
    let out = dir.path().join("small.parquet");
    let wanted = Packing {
        size: Some(16),
        ..Packing::to(&out)
    };
    pack_to(&at(&dir.path().join("set")), &wanted).unwrap();
    let (old, new) = (
        all(&at(&dir.path().join("set"))).unwrap(),
        all(&at(&out)).unwrap(),
    );
    let config = ravine::augment::AugmentConfig {
        size: 16,
        ..Default::default()
    };
    let view = config.evaluation(3).unwrap();
    for i in 0..3 {
        let mut values = vec![0.0; 3 * 16 * 16];
        view.fill(&old.get(i).unwrap(), 0, 0, 0, 0, &mut values)
            .unwrap();
        let small = new.get(i).unwrap();
        assert_eq!((small.width, small.height), (16, 16));
        for (place, &value) in bytes(&small).iter().enumerate() {
            let seen = values[place % 3 * 256 + place / 3];
            assert_eq!(value, (seen * 255.0).round() as u8, "{place}");
        }
    }
    assert_eq!(new.file_bytes(3).unwrap(), Some(png(1)), "never larger");
}

#[test]
fn packing_twice_gives_the_same_bytes_in_several_files() {
    let dir = tempfile::tempdir().unwrap();
    folder(&dir.path().join("set"));
    let read = |out: &Path| -> Vec<(PathBuf, Vec<u8>)> {
        let mut files: Vec<_> = fs::read_dir(out)
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        files.sort();
        files
            .into_iter()
            .map(|f| (f.file_name().unwrap().into(), fs::read(&f).unwrap()))
            .collect()
    };
    for (format, name) in FORMATS
        .into_iter()
        .zip(["train-00001-of-", "train-000001.tar"])
    {
        let out = dir.path().join(format.name());
        let mut wanted = Packing {
            shard_bytes: 3000,
            ..to(&out, format)
        };
        let packed = pack_to(&at(&dir.path().join("set")), &wanted).unwrap();
        assert!(
            packed.files.iter().any(|file| file.name.starts_with(name)),
            "{:?}",
            packed.files
        );
        let first = read(&out);
        assert!(pack_to(&at(&dir.path().join("set")), &wanted).is_err());
        wanted.force = true;
        pack_to(&at(&dir.path().join("set")), &wanted).unwrap();
        assert!(first == read(&out));
        assert_eq!(all(&at(&out)).unwrap().len(), 24);
    }
}

#[test]
fn places_that_are_taken_and_parts_for_one_file_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let set = dir.path().join("set");
    folder(&set);
    let refused = |wanted: &Packing| {
        let problem = pack_to(&at(&set), wanted).err().unwrap();
        assert_eq!(problem.exit_code(), 2, "{problem}");
        problem.to_string()
    };
    let force = |out: PathBuf| Packing {
        force: true,
        ..Packing::to(out)
    };
    let problem = refused(&force(set.clone()));
    assert!(
        problem.contains("something else than a packed set"),
        "{problem}"
    );
    let problem = refused(&Packing::to(dir.path().join("one.parquet")));
    assert!(
        problem.contains("2 parts (train, validation)") && problem.contains("--part"),
        "{problem}"
    );
    let problem = refused(&to(&dir.path().join("one.tar"), PackFormat::WebDataset));
    assert!(problem.contains("--format webdataset"), "{problem}");
    let one = Packing {
        part: Part::Validation,
        ..Packing::to(dir.path().join("one.parquet"))
    };
    assert_eq!(pack_to(&at(&set), &one).unwrap().images, 6);
    assert_eq!(all(&at(&dir.path().join("one.parquet"))).unwrap().len(), 6);
    assert!(dir.path().join("one.pack.json").is_file());
    assert!(refused(&one).contains("--force"));
    let names: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 3, "{names:?}"); // nothing half-written

    let broken = dir.path().join("broken");
    write(&broken.join("a.png"), b"\x89PNG\r\n\x1a\nbroken");
    let problem = pack_to(&at(&broken), &Packing::to(dir.path().join("none")))
        .err()
        .unwrap();
    assert!(
        problem
            .to_string()
            .contains("no picture can be read; a.png"),
        "{problem}"
    );
    assert!(!dir.path().join("none").exists());
}

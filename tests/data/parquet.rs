//! Parquet files in the Hugging Face image layout.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::file::properties::WriterProperties;
use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field, Fields, Schema};
use ravine::data::{Dataset, open};

use crate::tiny::*;

pub(crate) fn parquet_file(
    path: &Path,
    images: &[Vec<u8>],
    labels: Option<&[i64]>,
    names: Option<&str>,
    group: usize,
) {
    let fields = Fields::from(vec![
        Field::new("bytes", DataType::Binary, true),
        Field::new("path", DataType::Utf8, true),
    ]);
    let bytes: ArrayRef = Arc::new(BinaryArray::from_iter_values(images));
    let paths: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..images.len()).map(|i| format!("{i}.png")),
    ));
    let column = StructArray::new(fields.clone(), vec![bytes, paths], None);
    let mut columns: Vec<ArrayRef> = vec![Arc::new(column)];
    let mut schema = vec![Field::new("image", DataType::Struct(fields), true)];
    if let Some(labels) = labels {
        columns.push(Arc::new(Int64Array::from(labels.to_vec())));
        schema.push(Field::new("label", DataType::Int64, true));
    }
    let mut schema = Schema::new(schema);
    if let Some(names) = names {
        let info = format!(
            r#"{{"info": {{"features": {{"label": {{"names": {names}, "_type": "ClassLabel"}}}}}}}}"#
        );
        schema = schema.with_metadata([("huggingface".to_string(), info)]);
    }
    let schema = Arc::new(schema);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let settings = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group))
        .set_data_page_row_count_limit(3)
        .set_write_batch_size(1)
        .build();
    let file = fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, schema.clone(), Some(settings)).unwrap();
    writer
        .write(&RecordBatch::try_new(schema, columns).unwrap())
        .unwrap();
    writer.close().unwrap();
}

fn pngs(range: std::ops::Range<usize>) -> Vec<Vec<u8>> {
    range.map(png).collect()
}

#[test]
fn parquet_shards_read_back_with_their_labels_and_names() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join("data").join(name);
    let names = Some(r#"["cat", "dog"]"#);
    parquet_file(
        &file("train-00000-of-00002.parquet"),
        &pngs(0..10),
        Some(&[0, 1, 0, 1, 0, 1, 0, 1, 0, 1]),
        names,
        4,
    );
    parquet_file(
        &file("train-00001-of-00002.parquet"),
        &pngs(10..15),
        Some(&[1, 1, 1, 1, 0]),
        names,
        4,
    );
    parquet_file(
        &file("test-00000-of-00001.parquet"),
        &pngs(15..17),
        Some(&[1, -1]),
        names,
        4,
    );
    parquet_file(
        &file("validation-00000-of-00001.parquet"),
        &pngs(17..20),
        Some(&[0, 0, 1]),
        names,
        4,
    );
    let splits = open(&at(dir.path())).unwrap();
    assert_eq!(
        (
            splits.train.len(),
            splits.validation.len(),
            splits.test.len()
        ),
        (15, 3, 2)
    );
    assert_eq!(splits.classes, ["cat", "dog"]);
    for i in (0..15).rev() {
        assert_eq!(splits.train.get(i).unwrap(), picture(i, 6, 5, 3));
    }
    assert_eq!(
        (splits.train.label(13), splits.train.label(14)),
        (Some(1), Some(0))
    );
    assert_eq!(
        (splits.test.label(0), splits.test.label(1)),
        (Some(1), None)
    );
    assert_eq!(splits.train.id(12), "data/train-00001-of-00002.parquet#2");
    assert_eq!(all(&at(dir.path())).unwrap().len(), 20);

    fs::remove_file(file("train-00000-of-00002.parquet")).unwrap();
    assert!(
        all(&at(dir.path()))
            .err()
            .unwrap()
            .to_string()
            .contains("only 1 of the 2 files")
    );
}

#[test]
fn the_parquet_cache_stays_below_its_cap_while_every_image_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("train.parquet");
    let noisy = |i: usize| {
        let mut image = picture(i, 40, 40, 3);
        let mut state = i as u32 + 1;
        let noise = (0..image.pixels.len()).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        image.pixels = noise.collect();
        image
    };
    let images: Vec<_> = (0..200)
        .map(|i| encode(&noisy(i), image::ImageFormat::Png))
        .collect();
    let whole: usize = images.iter().map(Vec::len).sum();
    parquet_file(&path, &images, None, None, 50); // row groups of about 240 kB, cut into runs by the cap
    let cap = whole / 4;
    let set = ravine::data::readers::Parquet::open(std::slice::from_ref(&path), 3, cap).unwrap();
    assert!(
        set.blocks().len() > 8 && set.blocks_at_once() > 1,
        "{:?}",
        set.blocks()
    );
    assert_eq!(
        set.blocks()
            .iter()
            .map(ExactSizeIterator::len)
            .sum::<usize>(),
        200
    );
    for i in (0..200).map(|i| i * 77 % 200) {
        assert_eq!(set.get(i).unwrap(), noisy(i), "image {i}");
        assert!(
            set.resident_bytes() <= cap,
            "{} of {cap}",
            set.resident_bytes()
        );
    }
    let roomy = ravine::data::readers::Parquet::open(&[path], 3, 8 * whole).unwrap();
    assert_eq!(roomy.blocks().len(), 1);
}

#[test]
fn broken_parquet_files_are_refused_with_their_path() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("train.parquet");
    parquet_file(&path, &pngs(0..20), Some(&[0; 20]), None, 20);
    let bytes = fs::read(&path).unwrap();
    for length in [0, 3, 100, bytes.len() / 2, bytes.len() - 1] {
        write(&path, &bytes[..length]);
        assert!(refused(&path).contains("not a complete Parquet file"));
    }
    parquet_file(
        &path,
        &pngs(0..2),
        Some(&[0, 7]),
        Some(r#"["cat", "dog"]"#),
        20,
    );
    assert!(refused(&path).contains("label 7"));
    parquet_file(&path, &pngs(0..2), Some(&[0, 1 << 40]), None, 20);
    assert!(refused(&path).contains("too large"));
    let schema = Arc::new(Schema::new(vec![Field::new("text", DataType::Int64, true)]));
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let mut writer =
        ArrowWriter::try_new(fs::File::create(&path).unwrap(), schema.clone(), None).unwrap();
    writer
        .write(&RecordBatch::try_new(schema, vec![numbers]).unwrap())
        .unwrap();
    writer.close().unwrap();
    assert!(refused(&path).contains("no image column"));
}

/// Whatever byte is broken, reading is an error or a picture, never a panic or a hang.
#[test]
fn flipped_bytes_in_a_parquet_file_never_panic() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("train.parquet");
    parquet_file(&path, &pngs(0..6), Some(&[0, 1, 2, 0, 1, 2]), None, 3);
    let bytes = fs::read(&path).unwrap();
    let (mut broken_sets, mut broken_images) = (0, 0);
    for at in (4..bytes.len()).step_by(5) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0xff;
        write(&path, &flipped);
        match ravine::data::readers::Parquet::open(&[PathBuf::from(&path)], 3, 1 << 20) {
            Ok(set) => {
                broken_images += (0..set.len().min(6))
                    .filter(|&i| set.get(i).is_err())
                    .count();
            }
            Err(_) => broken_sets += 1,
        }
    }
    assert!(broken_sets > 0 && broken_images > 0);
}

#[test]
fn real_cifar_10_reads_whole() {
    let Ok(root) = std::env::var("RAVINE_CIFAR10") else {
        eprintln!("skipped: RAVINE_CIFAR10 does not name a folder with CIFAR-10 in Parquet");
        return;
    };
    let splits = open(&at(Path::new(&root))).unwrap();
    assert_eq!(
        (
            splits.train.len(),
            splits.validation.len(),
            splits.test.len()
        ),
        (45_000, 5_000, 10_000)
    );
    assert_eq!(splits.classes.len(), 10);
    let report = checked(&at(Path::new(&root)));
    assert_eq!((report.sizes.len(), report.sizes[0].images), (1, 60_000));
    assert!(report.bad.is_empty() && report.classes.iter().all(|class| class.parts.test == 1000));
    let measured = ravine::data::Statistics::measure(splits.train.as_ref(), 5000).unwrap();
    let known = ravine::data::Statistics::known("cifar10").unwrap();
    for channel in 0..3 {
        assert!((measured.mean[channel] - known.mean[channel]).abs() < 0.01);
        assert!((measured.std[channel] - known.std[channel]).abs() < 0.01);
    }
}

#[test]
fn the_larger_set_wins_where_tables_and_pictures_lie_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    let images = pngs(0..4);
    parquet_file(&dir.path().join("stray.parquet"), &images, None, None, 2);
    for i in 0..3 {
        write(&dir.path().join(format!("heap/{i}.png")), &png(i));
    }
    let set = all(&at(dir.path())).unwrap();
    assert_eq!((set.len(), set.id(0)), (4, "stray.parquet#0".into()));
    assert!(
        set.notes().concat().contains("3 pictures beside"),
        "{:?}",
        set.notes()
    );
    for i in 3..9 {
        write(&dir.path().join(format!("heap/{i}.png")), &png(i));
    }
    let set = all(&at(dir.path())).unwrap();
    assert_eq!((set.len(), set.id(0)), (9, "heap/0.png".into()));
    assert!(
        set.notes().concat().contains("1 .parquet"),
        "{:?}",
        set.notes()
    );
}

/// How fast encoded images become pixels, for people: `cargo test --release --test data -- --ignored --nocapture speed`.
#[test]
#[ignore = "a measurement"]
fn decoding_speed_of_real_cifar_10() {
    let root = std::env::var("RAVINE_CIFAR10")
        .expect("RAVINE_CIFAR10 names a folder with CIFAR-10 in Parquet");
    let splits = open(&at(Path::new(&root))).unwrap();
    splits.test.get(0).unwrap(); // reads the row group
    for threads in [1, 2] {
        let start = std::time::Instant::now();
        std::thread::scope(|scope| {
            for t in 0..threads {
                let test = &splits.test;
                scope.spawn(move || {
                    (t..10_000)
                        .step_by(threads)
                        .for_each(|i| drop(test.get(i).unwrap()));
                });
            }
        });
        let rate = 10_000.0 / start.elapsed().as_secs_f64();
        eprintln!("{threads} threads: {rate:.0} images/s decoded");
    }
}

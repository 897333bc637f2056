//! Every reader on tiny sets written here, whole and broken; splits; the loader.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields, Schema};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use ravine::data::{DataConfig, Dataset, Image, Part, Reader, open, open_part, require_classes};
use ravine::error::Result;

/// A picture whose pixels tell its number.
fn picture(number: usize, width: usize, height: usize, channels: usize) -> Image {
    let value = |i: usize| ((i * 7 + number * 31) % 251) as u8;
    Image {
        width,
        height,
        channels,
        pixels: (0..width * height * channels).map(value).collect(),
    }
}

fn encode(image: &Image, format: image::ImageFormat) -> Vec<u8> {
    let kind = match image.channels {
        1 => image::ExtendedColorType::L8,
        _ => image::ExtendedColorType::Rgb8,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let (width, height) = (image.width as u32, image.height as u32);
    image::write_buffer_with_format(&mut bytes, &image.pixels, width, height, kind, format)
        .unwrap();
    bytes.into_inner()
}

fn png(number: usize) -> Vec<u8> {
    encode(&picture(number, 6, 5, 3), image::ImageFormat::Png)
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn at(path: &Path) -> DataConfig {
    DataConfig {
        source: path.display().to_string(),
        ..DataConfig::default()
    }
}

fn all(config: &DataConfig) -> Result<Arc<dyn Dataset>> {
    open_part(config, 0, Part::All)
}

/// The message of a source that must be refused, checked to name the path.
fn refused(path: &Path) -> String {
    let problem = all(&at(path)).err().expect("must be refused");
    assert_eq!(problem.exit_code(), 1, "{problem}");
    let name = path.file_stem().unwrap().to_str().unwrap();
    assert!(problem.to_string().contains(name), "{problem}");
    problem.to_string()
}

// ---- folders

#[test]
fn a_class_folder_reads_back_pixel_for_pixel_in_sorted_order() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("dog/b.png"), &png(2));
    write(&dir.path().join("cat/deep/a.PNG"), &png(1));
    write(
        &dir.path().join("cat/z.bmp"),
        &encode(&picture(3, 6, 5, 3), image::ImageFormat::Bmp),
    );
    write(&dir.path().join("cat/.hidden.png"), b"not an image");
    write(&dir.path().join("dog/notes.txt"), b"not an image");
    let set = all(&at(dir.path())).unwrap();
    let ids: Vec<_> = (0..set.len()).map(|i| set.id(i)).collect();
    assert_eq!(ids, ["cat/deep/a.PNG", "cat/z.bmp", "dog/b.png"]);
    assert_eq!(set.classes(), ["cat", "dog"]);
    for (index, (number, label)) in [(1, 0), (3, 0), (2, 1)].into_iter().enumerate() {
        assert_eq!(set.get(index).unwrap(), picture(number, 6, 5, 3));
        assert_eq!(set.label(index), Some(label));
    }
    let grey = DataConfig {
        channels: Some(1),
        ..at(dir.path())
    };
    assert_eq!(
        all(&grey).unwrap().get(0).unwrap(),
        picture(1, 6, 5, 3).with_channels(1)
    );
}

#[test]
fn a_flat_folder_or_a_single_class_is_unlabelled_unless_said_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("only/a.png"), &png(1));
    write(&dir.path().join("only/b.png"), &png(2));
    let set = all(&at(dir.path())).unwrap();
    assert_eq!((set.label(0), set.classes().len()), (None, 0));
    let problem = require_classes(set.as_ref(), "photos")
        .unwrap_err()
        .to_string();
    assert!(
        problem.contains("photos") && problem.contains("no labels"),
        "{problem}"
    );

    let said = DataConfig {
        labels: Some(true),
        ..at(dir.path())
    };
    let set = all(&said).unwrap();
    assert_eq!(set.classes(), ["only"]);
    let problem = require_classes(set.as_ref(), "photos")
        .unwrap_err()
        .to_string();
    assert!(problem.contains("one class, `only`"), "{problem}");

    write(&dir.path().join("stray.png"), &png(3));
    assert!(all(&said).err().unwrap().to_string().contains("stray.png"));
    write(&dir.path().join("other/c.png"), &png(4));
    assert_eq!(all(&at(dir.path())).unwrap().classes().len(), 0);
}

#[test]
fn train_and_test_folders_are_the_parts_and_share_their_classes() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..10 {
        write(
            &dir.path()
                .join(format!("train/{}/{i}.png", ["a", "b", "c"][i % 3])),
            &png(i),
        );
    }
    write(&dir.path().join("test/c/x.png"), &png(20));
    write(&dir.path().join("test/b/y.png"), &png(21));
    let splits = open(&at(dir.path()), 0).unwrap();
    assert_eq!(
        (
            splits.train.len(),
            splits.validation.len(),
            splits.test.len()
        ),
        (9, 1, 2)
    );
    assert_eq!(
        (splits.test.label(0), splits.test.label(1)),
        (Some(1), Some(2))
    );
    assert_eq!(splits.classes, ["a", "b", "c"]);
    assert_eq!(all(&at(dir.path())).unwrap().len(), 12);

    write(&dir.path().join("test/unknown/z.png"), &png(22));
    assert!(
        all(&at(dir.path()))
            .err()
            .unwrap()
            .to_string()
            .contains("unknown")
    );
}

#[test]
fn missing_empty_and_unknown_sources_are_sentences() {
    let dir = tempfile::tempdir().unwrap();
    assert!(refused(&dir.path().join("nowhere")).contains("no such file or folder"));
    fs::create_dir(dir.path().join("empty")).unwrap();
    assert!(refused(&dir.path().join("empty")).contains("no image"));
    write(&dir.path().join("table.xls"), b"?");
    assert!(refused(&dir.path().join("table.xls")).contains("data.reader"));
    for reader in [Reader::Cifar, Reader::Idx, Reader::Parquet] {
        let config = DataConfig {
            reader,
            ..at(&dir.path().join("empty"))
        };
        assert!(
            all(&config)
                .err()
                .unwrap()
                .to_string()
                .contains("in this folder")
                || reader == Reader::Idx
        );
    }
}

#[test]
fn corrupt_truncated_and_hostile_images_are_errors_with_their_path() {
    let dir = tempfile::tempdir().unwrap();
    let jpeg = encode(&picture(1, 64, 64, 3), image::ImageFormat::Jpeg);
    let mut huge = png(1);
    huge[16..24].copy_from_slice(&[0x00, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff, 0xff]); // 16 million squared
    write(&dir.path().join("a-truncated.jpg"), &jpeg[..jpeg.len() / 8]);
    write(&dir.path().join("b-huge.png"), &huge);
    write(&dir.path().join("c-empty.png"), b"");
    write(
        &dir.path().join("d-noise.webp"),
        b"RIFF\xff\xff\xff\xffWEBPVP8 nonsense",
    );
    write(&dir.path().join("e-good.jpg"), &jpeg);
    let set = all(&at(dir.path())).unwrap();
    for (index, name) in [
        "a-truncated.jpg",
        "b-huge.png",
        "c-empty.png",
        "d-noise.webp",
    ]
    .iter()
    .enumerate()
    {
        let problem = set.get(index).unwrap_err().to_string();
        assert!(problem.contains(name), "{problem}");
    }
    let good = set.get(4).unwrap();
    assert_eq!((good.width, good.height, good.channels), (64, 64, 3));
}

/// A JPEG with an EXIF orientation of 6: stored lying, shown after a quarter turn clockwise.
#[test]
fn exif_orientation_is_applied() {
    let plain = encode(&picture(1, 8, 4, 1), image::ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([6, 0, 0, 0, 0, 0, 0, 0]);
    let mut turned = vec![0xff, 0xd8, 0xff, 0xe1];
    turned.extend((exif.len() as u16 + 2).to_be_bytes());
    turned.extend(&exif);
    turned.extend(&plain[2..]);
    let lying = ravine::data::decode::decode(&plain, 1).unwrap();
    let upright = ravine::data::decode::decode(&turned, 1).unwrap();
    assert_eq!((upright.width, upright.height), (4, 8));
    for y in 0..8 {
        for x in 0..4 {
            assert_eq!(upright.pixels[y * 4 + x], lying.pixels[(3 - x) * 8 + y]);
        }
    }
}

#[test]
fn sixteen_bit_alpha_and_grey_pngs_become_what_is_asked() {
    let rgba = image::RgbaImage::from_fn(3, 2, |x, y| {
        image::Rgba([x as u8 * 10, y as u8 * 20, 7, 90])
    });
    let deep = image::ImageBuffer::<image::Luma<u16>, _>::from_fn(3, 2, |x, _| {
        image::Luma([x as u16 * 257])
    });
    let encoded = |picture: image::DynamicImage| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture
            .write_to(&mut bytes, image::ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    };
    let colour = ravine::data::decode::decode(&encoded(rgba.into()), 3).unwrap();
    assert_eq!(colour.pixels[..6], [0, 0, 7, 10, 0, 7]);
    let grey = ravine::data::decode::decode(&encoded(deep.into()), 3).unwrap();
    assert_eq!(grey.pixels[..9], [0, 0, 0, 1, 1, 1, 2, 2, 2]);
}

// ---- CIFAR

fn cifar_record(number: usize, labels: &[u8]) -> (Vec<u8>, Image) {
    let image = picture(number, 32, 32, 3);
    let mut record = labels.to_vec();
    for channel in 0..3 {
        record.extend(image.pixels.iter().skip(channel).step_by(3));
    }
    (record, image)
}

#[test]
fn cifar_binary_reads_back_and_refuses_broken_files() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("cifar-10-batches-bin");
    for batch in 1..=5 {
        let records: Vec<u8> = (0..2)
            .flat_map(|i| cifar_record(batch * 2 + i, &[i as u8]).0)
            .collect();
        write(&root.join(format!("data_batch_{batch}.bin")), &records);
    }
    write(&root.join("test_batch.bin"), &cifar_record(99, &[9]).0);
    let splits = open(
        &DataConfig {
            validation: 0.0,
            ..at(dir.path())
        },
        0,
    )
    .unwrap();
    assert_eq!(
        (
            splits.train.len(),
            splits.validation.len(),
            splits.test.len()
        ),
        (10, 0, 1)
    );
    assert_eq!(splits.train.get(7).unwrap(), cifar_record(9, &[0]).1);
    assert_eq!(splits.test.get(0).unwrap(), cifar_record(99, &[0]).1);
    assert_eq!(splits.classes[9], "truck");
    assert_eq!(
        (splits.train.id(7), splits.test.label(0)),
        ("data_batch_4.bin#1".into(), Some(9))
    );

    let file = root.join("test_batch.bin");
    write(&file, &cifar_record(99, &[9]).0[..3000]);
    assert!(
        all(&at(dir.path()))
            .err()
            .unwrap()
            .to_string()
            .contains("truncated")
    );
    write(&file, &cifar_record(99, &[77]).0);
    assert!(
        all(&at(dir.path()))
            .err()
            .unwrap()
            .to_string()
            .contains("label 77")
    );
}

#[test]
fn cifar_100_uses_fine_labels_and_their_names() {
    let dir = tempfile::tempdir().unwrap();
    let records: Vec<u8> = (0..3)
        .flat_map(|i| cifar_record(i, &[19, i as u8 + 50]).0)
        .collect();
    write(&dir.path().join("train.bin"), &records);
    let names: Vec<String> = (0..100).map(|i| format!("thing{i}")).collect();
    write(
        &dir.path().join("fine_label_names.txt"),
        names.join("\n").as_bytes(),
    );
    let set = all(&at(dir.path())).unwrap();
    assert_eq!(set.label(2), Some(52));
    assert_eq!(set.classes()[52], "thing52");
    assert_eq!(set.get(2).unwrap(), picture(2, 32, 32, 3));
    write(&dir.path().join("fine_label_names.txt"), b"one\n");
    assert!(
        all(&at(dir.path()))
            .err()
            .unwrap()
            .to_string()
            .contains("fine_label_names.txt")
    );
}

// ---- IDX

fn idx_images(count: u32, announced: u32) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3];
    for word in [announced, 5, 6] {
        bytes.extend(word.to_be_bytes());
    }
    for i in 0..count {
        bytes.extend(picture(i as usize, 6, 5, 1).pixels);
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
        let put = |name: &str, bytes: &[u8]| match zipped {
            true => write(&dir.path().join(format!("{name}.gz")), &gzip(bytes)),
            false => write(&dir.path().join(name), bytes),
        };
        put("train-images-idx3-ubyte", &idx_images(12, 12));
        put("train-labels-idx1-ubyte", &idx_labels(12));
        put("t10k-images-idx3-ubyte", &idx_images(3, 3));
        put("t10k-labels-idx1-ubyte", &idx_labels(3));
        let splits = open(&at(dir.path()), 0).unwrap();
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
        refused(&labels.with_file_name("train-images-idx3-ubyte"));
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

// ---- Parquet

fn parquet_file(
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
    let splits = open(&at(dir.path()), 3).unwrap();
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
    assert_eq!(splits.train.id(12), "train-00001-of-00002.parquet#2");
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
        for pixel in &mut image.pixels {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *pixel = (state >> 24) as u8;
        }
        image
    };
    let images: Vec<_> = (0..200)
        .map(|i| encode(&noisy(i), image::ImageFormat::Png))
        .collect();
    let whole: usize = images.iter().map(Vec::len).sum();
    parquet_file(&path, &images, None, None, 50); // row groups of about 240 kB, cut into runs by the cap
    let cap = whole / 4;
    let set = ravine::data::parquet::Parquet::open(std::slice::from_ref(&path), 3, cap).unwrap();
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
    let roomy = ravine::data::parquet::Parquet::open(&[path], 3, 8 * whole).unwrap();
    assert_eq!(roomy.blocks(), [0..200]);
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
        match ravine::data::parquet::Parquet::open(&[PathBuf::from(&path)], 3, 1 << 20) {
            Ok(set) => {
                broken_images += (0..set.len().min(6))
                    .filter(|&i| set.get(i).is_err())
                    .count()
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
    let splits = open(&at(Path::new(&root)), 0).unwrap();
    assert_eq!(
        (
            splits.train.len(),
            splits.validation.len(),
            splits.test.len()
        ),
        (45_000, 5_000, 10_000)
    );
    assert_eq!(splits.classes.len(), 10);
    let report = ravine::data::check::check(splits.test.as_ref());
    assert_eq!(report.sizes, [([32, 32], 10_000)]);
    assert!(report.bad.is_empty() && report.classes.iter().all(|(_, count)| *count == 1000));
    let measured = ravine::data::Statistics::measure(splits.train.as_ref(), 5000).unwrap();
    let known = ravine::data::Statistics::known("cifar10").unwrap();
    for channel in 0..3 {
        assert!((measured.mean[channel] - known.mean[channel]).abs() < 0.01);
        assert!((measured.std[channel] - known.std[channel]).abs() < 0.01);
    }
}

// ---- splits

#[test]
fn digits_split_the_same_way_for_a_seed_without_overlap() {
    let config = DataConfig::default();
    let splits = open(&config, 7).unwrap();
    assert_eq!(
        (
            splits.train.len(),
            splits.validation.len(),
            splits.test.len()
        ),
        (1293, 144, 360)
    );
    assert_eq!((splits.channels, splits.classes.len()), (1, 10));
    let ids = |set: &Arc<dyn Dataset>| (0..set.len()).map(|i| set.id(i)).collect::<Vec<_>>();
    let mut every: Vec<String> = [&splits.train, &splits.validation, &splits.test]
        .map(ids)
        .concat();
    every.sort();
    every.dedup();
    assert_eq!(every.len(), 1797);
    let again = open(&config, 7).unwrap();
    let other = open(&config, 8).unwrap();
    assert_eq!(ids(&splits.test), ids(&again.test));
    assert_eq!(ids(&splits.validation), ids(&again.validation));
    assert_ne!(ids(&splits.test), ids(&other.test));
    for class in 0..10 {
        let of = |set: &Arc<dyn Dataset>| {
            (0..set.len())
                .filter(|&i| set.label(i) == Some(class))
                .count()
        };
        let whole = of(&splits.train) + of(&splits.validation) + of(&splits.test);
        assert!((of(&splits.test) as f64 - 0.2 * whole as f64).abs() <= 1.0);
    }
    let first = all(&config).unwrap().get(0).unwrap();
    assert_eq!(first.pixels[..8], [0, 0, 80, 207, 143, 16, 0, 0]); // 0 0 5 13 9 1 0 0, times 255/16
    require_classes(splits.train.as_ref(), "digits").unwrap();
}

#[test]
fn parts_are_in_storage_order_and_too_small_a_set_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..10 {
        write(&dir.path().join(format!("{i}.png")), &png(i));
    }
    let test = open_part(&at(dir.path()), 1, Part::Test).unwrap();
    let train = open_part(&at(dir.path()), 1, Part::Train).unwrap();
    assert_eq!((train.len(), test.len()), (7, 2));
    let ids: Vec<_> = (0..train.len()).map(|i| train.id(i)).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    for i in 1..10 {
        fs::remove_file(dir.path().join(format!("{i}.png"))).unwrap();
    }
    assert!(
        open(&at(dir.path()), 1)
            .err()
            .unwrap()
            .to_string()
            .contains("too few")
    );
}

//! DICOM files against the values that pydicom reads from them (`tests/goldens/dicom.py`), and broken ones.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ravine::data::decode::{decode, decode_within};
use ravine::data::{Depth, Image, Look, Pixels};
use serde::Deserialize;

use crate::tiny::*;

#[derive(Deserialize)]
struct Goldens {
    files: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
struct Case {
    shape: [usize; 3],
    values: Vec<f32>,
    measured: Option<Vec<f32>>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/dicom")
}

fn goldens() -> BTreeMap<String, Case> {
    let text = std::fs::read_to_string(folder().join("values.json")).unwrap();
    serde_json::from_str::<Goldens>(&text).unwrap().files
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

fn values(image: Image) -> Vec<f32> {
    match image.pixels {
        Pixels::Bytes(values) => values.iter().map(|&v| f32::from(v) / 255.0).collect(),
        Pixels::Floats(values) => values,
    }
}

fn worst(read: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(read.len(), expected.len());
    let differs = read.iter().zip(expected).map(|(a, b)| (a - b).abs());
    differs.fold(0.0, f32::max)
}

#[test]
fn values_are_those_that_pydicom_reads() {
    let goldens = goldens();
    assert!(goldens.len() > 30);
    let mut wrong = Vec::new();
    for (name, case) in &goldens {
        let image = match decode(&file(name), case.shape[2]) {
            Ok(image) => image,
            Err(problem) => {
                wrong.push(format!("{name}: {problem}"));
                continue;
            }
        };
        assert_eq!([image.height, image.width, image.channels], case.shape);
        // Decoders of JPEG with loss round differently.
        let lossy = [
            "jpeg-grey.dcm",
            "jpeg-rgb.dcm",
            "jpeg-rgb-bare.dcm",
            "jpeg-video.dcm",
        ];
        let allowed = if lossy.contains(&name.as_str()) {
            2.01 / 255.0
        } else {
            1e-6
        };
        let worst = worst(&values(image), &case.values);
        if worst > allowed {
            wrong.push(format!("{name}: differs by {worst}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Without a window, `data.range` is the measured value that is white; a window says itself what is.
#[test]
fn a_range_is_for_pictures_without_a_window() {
    for (name, case) in goldens() {
        let Some(measured) = case.measured else {
            continue;
        };
        let read = decode_within(&file(&name), 1, Some(4096));
        if measured.iter().any(|&value| value < 0.0) {
            let problem = read.unwrap_err();
            assert!(problem.contains("data.range"), "{name}: {problem}");
            continue;
        }
        let turned = name.starts_with("mono1");
        let white = measured.iter().map(|&value| (value / 4096.0).min(1.0));
        let white: Vec<f32> = white.map(|v| if turned { 1.0 - v } else { v }).collect();
        assert!(worst(&values(read.unwrap()), &white) < 1e-6, "{name}");
    }
    let windowed = file("ct-12-bit.dcm");
    let read = |range| values(decode_within(&windowed, 1, range).unwrap());
    assert_eq!(read(None), read(Some(4096)));
}

#[test]
fn headers_tell_channels_bits_and_frames() {
    let look = |name: &str| Look::at(&file(name));
    let depth = |channels, bits| Some(Depth { channels, bits });
    assert_eq!(look("ct-12-bit.dcm").depth, depth(1, 12));
    assert_eq!(look("jpeg2000.dcm").channels, Some(1));
    assert_eq!(look("palette.dcm").depth, depth(3, 8));
    assert!(look("frames.dcm").more && !look("rgb.dcm").more);
}

#[test]
fn a_folder_of_them_is_read_by_name_and_by_content() {
    let dir = tempfile::tempdir().unwrap();
    for (class, name) in [
        ("ct", "ct-12-bit.dcm"),
        ("ct", "frames.dcm"),
        ("mr", "odd-without-extension"),
        ("mr", "grey-8-bit.dcm"),
    ] {
        write(&dir.path().join(class).join(name), &file(name));
    }
    // The list of all files that stands on a disk of them.
    let mut list = vec![0; 128];
    list.extend(b"DICM\x02\0\0\0UL\x04\0\x1e\0\0\0\x02\0\x02\0UI\x14\x001.2.840.10008.1.3.10");
    write(&dir.path().join("DICOMDIR"), &list);
    let found = checked(&at(dir.path()));
    assert_eq!((found.images, found.bad.len()), (4, 0), "{:?}", found.bad);
    let notes = found.notes.join("; ");
    assert!(notes.contains("1 without extension"), "{notes}");
    assert!(
        notes.contains("1 of 4 pictures have several pages or frames"),
        "{notes}"
    );
    let set = all(&at(dir.path())).unwrap();
    assert_eq!(set.classes(), ["ct", "mr"]);
}

#[test]
fn truncated_ones_are_refused_wherever_they_stop() {
    for name in [
        "ct-12-bit.dcm",
        "ct-implicit.dcm",
        "rle-rgb.dcm",
        "jpeg-grey.dcm",
        "jpeg2000.dcm",
        "jpeg-lossless.dcm",
    ] {
        let whole = file(name);
        for length in (132..whole.len() - 40).step_by(13) {
            let problem = decode(&whole[..length], 1);
            let problem = problem.expect_err(&format!("{name} of {length} bytes"));
            assert!(
                !problem.contains("panicked"),
                "{name} of {length} bytes: {problem}"
            );
        }
    }
}

/// The file with the value of an element of two bytes replaced, found by its tag and VR.
fn with(name: &str, tag: [u8; 4], value: u16) -> Vec<u8> {
    let mut bytes = file(name);
    let head = [&tag[..], b"US\x02\0"].concat();
    let at = bytes.windows(8).position(|part| part == head).unwrap();
    bytes[at + 8..at + 10].copy_from_slice(&value.to_le_bytes());
    bytes
}

#[test]
fn odd_ones_are_named() {
    const ROWS: [u8; 4] = [0x28, 0, 0x10, 0];
    const SAMPLES: [u8; 4] = [0x28, 0, 0x02, 0];
    const ALLOCATED: [u8; 4] = [0x28, 0, 0, 1];
    let text = |name: &str, from: &str, to: &str| {
        let bytes = file(name);
        let at = bytes
            .windows(from.len())
            .position(|part| part == from.as_bytes())
            .unwrap();
        [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
    };
    for (bytes, said) in [
        (with("grey-8-bit.dcm", ROWS, 60_000), "60000 pixels"),
        (with("grey-8-bit.dcm", ROWS, 0), "0 pixels"),
        (
            with("grey-8-bit.dcm", ROWS, 13),
            "holds 192 bytes of pixels where 208 are announced",
        ),
        (with("grey-8-bit.dcm", SAMPLES, 2), "2 a pixel"),
        (with("grey-8-bit.dcm", ALLOCATED, 64), "of 8 bits in 64"),
        (with("jpeg-grey.dcm", ROWS, 11), "holds 16 x 12 of 1"),
        (with("jpeg2000.dcm", ROWS, 11), "holds 16 x 12 of 1"),
        (text("rgb.dcm", "RGB ", "HSV "), "HSV, 3 a pixel"),
        (
            text(
                "jpeg-grey.dcm",
                "1.2.840.10008.1.2.4.50",
                "1.2.840.10008.1.2.4.80",
            ),
            "JPEG-LS",
        ),
        (
            text("ct-12-bit.dcm", "\u{4}\x00400 ", "\u{4}\x000.5 "),
            "window of width 0.5",
        ),
    ] {
        let problem = decode(&bytes, 1).unwrap_err();
        assert!(problem.contains(said), "{problem}");
        assert!(!problem.contains("panicked"), "{problem}");
    }
}

/// Lengths and depths that would take more memory than there is are refused before it is taken.
#[test]
fn what_announces_too_much_is_refused() {
    let mut bytes = file("ct-12-bit.dcm");
    let pixels = bytes
        .windows(6)
        .rposition(|part| part == [0xe0, 0x7f, 0x10, 0, b'O', b'W'])
        .unwrap();
    bytes[pixels + 8..pixels + 12].copy_from_slice(&0xffff_fff0u32.to_le_bytes());
    let problem = decode(&bytes, 1).unwrap_err();
    assert!(problem.contains("announces 4294967280 bytes"), "{problem}");

    let start = [
        &[0x08, 0, 0x40, 0x11][..],
        b"SQ\0\0\xff\xff\xff\xff",
        &[0xfe, 0xff, 0, 0xe0, 0xff, 0xff, 0xff, 0xff],
    ]
    .concat();
    let head = file("ct-12-bit.dcm")[..pixels].to_vec();
    let deep = [head, start.repeat(50_000)].concat();
    let problem = decode(&deep, 1).unwrap_err();
    assert!(
        problem.contains("sequences within one another"),
        "{problem}"
    );

    let mut run = file("rle-rgb.dcm");
    let offsets = run
        .windows(8)
        .position(|part| part == [3, 0, 0, 0, 64, 0, 0, 0])
        .unwrap();
    run[offsets..offsets + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let problem = decode(&run, 3).unwrap_err();
    assert!(problem.contains("no header of RLE"), "{problem}");
}

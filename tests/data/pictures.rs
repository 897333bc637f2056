//! Pictures of every kind against the values that other programs read from them (`tests/goldens/pictures.py`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use ravine::augment::AugmentConfig;
use ravine::data::Pixels;
use ravine::data::decode::{decode, decode_within};
use serde::Deserialize;

#[derive(Deserialize)]
struct Goldens {
    files: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
struct Case {
    shape: [usize; 3],
    values: Vec<f32>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/pictures")
}

fn goldens() -> Goldens {
    let text = std::fs::read_to_string(folder().join("values.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The value that is white in a file of this name.
fn white(name: &str) -> f32 {
    match name {
        name if ["float", "half", "double"]
            .iter()
            .any(|kind| name.contains(kind)) =>
        {
            1.0
        }
        name if name.contains("16") => 65_535.0,
        _ => 255.0,
    }
}

#[test]
fn values_are_those_that_other_programs_read() {
    let goldens = goldens();
    assert!(goldens.files.len() > 50);
    let mut wrong = Vec::new();
    for (name, case) in &goldens.files {
        let bytes = std::fs::read(folder().join(name)).unwrap();
        let [height, width, channels] = case.shape;
        let image = match decode(&bytes, channels) {
            Ok(image) => image,
            Err(problem) => {
                wrong.push(format!("{name}: {problem}"));
                continue;
            }
        };
        assert_eq!(
            [image.height, image.width, image.channels],
            case.shape,
            "{name}"
        );
        let white = white(name);
        let expected = case.values.iter().map(|value| value / white);
        let read: Vec<f32> = match image.pixels {
            Pixels::Bytes(values) => values.iter().map(|&v| f32::from(v) / white).collect(),
            Pixels::Floats(values) => values,
        };
        assert_eq!(read.len(), height * width * channels, "{name}");
        let differs = read.iter().zip(expected).map(|(a, b)| (a - b).abs());
        let worst = differs.fold(0.0, f32::max);
        // Colours of ink in a JPEG file become light by a formula that programs round differently; all else is exact.
        let allowed = if name == "cmyk.jpg" { 1.0 / 255.0 } else { 0.0 };
        if worst > allowed {
            wrong.push(format!("{name}: differs by {worst}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Opacity is kept where it makes the number of channels that is asked for: four bands may be stored so.
#[test]
fn opacity_is_dropped_or_asked_for() {
    let bytes = std::fs::read(folder().join("4x16-bit.png")).unwrap();
    let values = |channels| {
        let image = decode(&bytes, channels).unwrap();
        image.pixels.as_floats().unwrap().to_vec()
    };
    let (all, colors) = (values(4), values(3));
    let without: Vec<f32> = all.chunks_exact(4).flat_map(|p| &p[..3]).copied().collect();
    assert_eq!(without, colors);
    assert!(all.iter().skip(3).step_by(4).any(|&v| v < 1.0));
}

/// What the network sees are the stored values themselves, where the size is the image's own.
#[test]
fn thirteen_channels_and_sixteen_bits_come_through_exactly() {
    let goldens = goldens();
    for name in ["gdal-13xuint16-plain.tif", "1x16-bit.png", "rgb-16.tif"] {
        let case = &goldens.files[name];
        let [height, width, channels] = case.shape;
        let bytes = std::fs::read(folder().join(name)).unwrap();
        let image = decode_within(&bytes, channels, Some(65_535)).unwrap();
        let side = height.min(width);
        let views = AugmentConfig {
            size: side,
            ..AugmentConfig::default()
        };
        let views = views.evaluation(channels).unwrap();
        let mut view = vec![0.0; channels * side * side];
        views.fill(&image, 0, 0, 0, 0, &mut view).unwrap();
        let left = (width - side) / 2;
        for channel in 0..channels {
            for y in 0..side {
                for x in 0..side {
                    let stored = case.values[(y * width + left + x) * channels + channel];
                    let seen = view[(channel * side + y) * side + x];
                    assert_eq!(seen, stored / 65_535.0, "{name} {channel} {y} {x}");
                }
            }
        }
    }
}

#[test]
fn other_channels_than_those_stored_are_refused_with_the_way_out() {
    let bytes = std::fs::read(folder().join("13xuint16-contig-plain.tif")).unwrap();
    for channels in [1, 3, 12] {
        let problem = decode(&bytes, channels).unwrap_err();
        assert!(problem.contains("data.channels=13"), "{problem}");
    }
}

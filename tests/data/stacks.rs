//! Pages of TIFF files against the values that tifffile reads from them (`tests/goldens/stacks.py`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use ravine::data::{DataConfig, Look};
use serde::Deserialize;

use crate::tiny::*;

#[derive(Deserialize)]
struct Goldens {
    stacks: BTreeMap<String, Vec<Page>>,
}

#[derive(Deserialize)]
struct Page {
    shape: [usize; 3],
    values: Vec<f32>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/stacks")
}

#[test]
fn each_page_is_a_picture_with_the_values_that_tifffile_reads() {
    let text = std::fs::read_to_string(folder().join("values.json")).unwrap();
    let goldens: Goldens = serde_json::from_str(&text).unwrap();
    assert_eq!(goldens.stacks.len(), 7);
    for (name, pages) in &goldens.stacks {
        for (number, page) in pages.iter().enumerate() {
            let config = DataConfig {
                channels: Some(page.shape[2]),
                ..at(&folder().join(name))
            };
            let set = all(&config).unwrap();
            assert_eq!(set.len(), pages.len(), "{name}");
            assert_eq!(set.id(number), format!("{name}#{number}"));
            let image = set.get(number).unwrap();
            assert_eq!(
                [image.height, image.width, image.channels],
                page.shape,
                "{name}"
            );
            let white = match set.look(number).depth.unwrap().bits {
                8 => 255.0,
                16 => 65_535.0,
                _ => 1.0,
            };
            let read: Vec<f32> = match image.pixels {
                ravine::data::Pixels::Bytes(values) => {
                    values.iter().map(|&v| f32::from(v) / 255.0).collect()
                }
                ravine::data::Pixels::Floats(values) => values,
            };
            let expected: Vec<f32> = page.values.iter().map(|value| value / white).collect();
            assert_eq!(read, expected, "{name}, page {number}");
            let bytes = set.file_bytes(number).unwrap().unwrap();
            assert!(!Look::at(&bytes).more, "a page is a file of its own");
        }
    }
}

#[test]
fn a_stack_that_is_cut_off_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let whole = std::fs::read(folder().join("deep.tif")).unwrap();
    let mut read = 0;
    for length in (0..whole.len()).step_by(7) {
        let path = dir.path().join("cut.tif");
        write(&path, &whole[..length]);
        let Ok(set) = all(&at(&path)) else { continue };
        for i in 0..set.len() {
            match set.get(i) {
                Ok(_) => read += 1,
                Err(problem) => assert!(problem.to_string().contains("cut.tif"), "{problem}"),
            }
        }
    }
    assert!(read > 0, "the pages before the cut");
}

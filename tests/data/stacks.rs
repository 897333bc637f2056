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

#[test]
fn the_pages_of_a_file_are_held_out_together_and_a_lost_page_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let stack = std::fs::read(folder().join("deep.tif")).unwrap();
    for i in 0..10 {
        write(&dir.path().join(format!("{i}.tif")), &stack);
    }
    let splits = ravine::data::open(&DataConfig {
        test: Some(0.2),
        validation: Some(0.2),
        ..at(dir.path())
    })
    .unwrap();
    let parts = [&splits.train, &splits.validation, &splits.test];
    assert_eq!(parts.map(|part| part.len()), [24, 8, 8]);
    let files = parts.map(|part| {
        let file = |i| part.id(i).split('#').next().unwrap_or_default().to_string();
        (0..part.len())
            .map(file)
            .collect::<std::collections::BTreeSet<_>>()
    });
    assert_eq!(files.map(|files| files.len()), [6, 2, 2]);

    // Of a file that is cut, the pages that are whole are read, and the rest is one that is not.
    let planes = std::fs::read(folder().join("sizes-and-copies.tif")).unwrap();
    let cut = dir.path().join("0.tif");
    write(&cut, &planes[..planes.len() - 60]);
    let found = checked(&at(dir.path()));
    assert_eq!(found.bad.len(), 1, "{:?}", found.bad);
    let bad = &found.bad[0];
    assert!(
        bad.reason.contains("truncated") && bad.id.starts_with("0.tif#"),
        "{bad:?}"
    );
}

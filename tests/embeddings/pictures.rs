//! Runs and pictures of seconds, for tests of tables that runs make.

use std::fs;
use std::path::{Path, PathBuf};

use ravine::random::{Purpose, normal, stream};

use crate::common::cli::ravine;

pub(crate) fn text(path: &Path) -> String {
    path.to_str().expect("a path").into()
}

/// Draw `count` coloured pictures, each of its own smooth colours.
pub(crate) fn drawn(folder: &Path, count: usize) -> PathBuf {
    fs::create_dir_all(folder).expect("a folder");
    for number in 0..count {
        let mut rng = stream(0, Purpose::Check, number as u64, 0, 0);
        let corners: Vec<f64> = (0..12).map(|_| 128.0 + 60.0 * normal(&mut rng)).collect();
        let picture = image::RgbImage::from_fn(16, 12, |x, y| {
            let (x, y) = (f64::from(x) / 15.0, f64::from(y) / 11.0);
            let at = |c: usize| {
                let top = corners[c] * (1.0 - x) + corners[3 + c] * x;
                let bottom = corners[6 + c] * (1.0 - x) + corners[9 + c] * x;
                (top * (1.0 - y) + bottom * y) as u8
            };
            image::Rgb([at(0), at(1), at(2)])
        });
        picture
            .save(folder.join(format!("{number:02}.png")))
            .expect("a file");
    }
    folder.into()
}

/// A run on `data` that has learned nothing yet: its embeddings are as good as any to count and compare.
pub(crate) fn pretrained(folder: &Path, data: &str) -> PathBuf {
    let run = folder.join("run");
    let out = text(&run);
    let mut arguments = vec!["pretrain", "--data", data, "--out", &out];
    for set in [
        "encoder={kind='resnet',depth=10,width=4}",
        "augment.size=8",
        "projector.hidden=[16]",
        "projector.output=8",
        "train.epochs=0",
        "train.batch=8",
        "probe.bank=100",
    ] {
        arguments.extend(["--set", set]);
    }
    let output = ravine(&arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    run
}

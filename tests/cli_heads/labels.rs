//! Labels that some parts have and others have not: what is pretrained, judged and refused.

use std::fs;
use std::path::Path;

use crate::common::Any;
use crate::common::cli::{SMALL, ravine, refused};
use crate::{text, train};

/// So many pictures of noise in `root/folder`.
fn fill(root: &Path, folder: &str, count: u32) -> Result<(), Any> {
    let folder = root.join(folder);
    fs::create_dir_all(&folder)?;
    for i in 0..count {
        let picture = image::RgbImage::from_fn(8, 8, |x, y| {
            image::Rgb([i * 37 + x * 11, i * 91 + y * 23, i * 53 + x * y].map(|v| (v % 251) as u8))
        });
        picture.save(folder.join(format!("{i:03}.png")))?;
    }
    Ok(())
}

#[test]
fn an_unlabelled_training_part_beside_labelled_ones_is_pretrained_without_a_probe()
-> Result<(), Any> {
    for train in ["train", "train/good"] {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        for (part, count) in [(train, 20), ("val/good", 8), ("val/crack", 8)] {
            fill(&data, part, count)?;
        }
        let source = format!("data.source={}", text(&data));
        let out = text(&folder.path().join("run"));
        let mut arguments = vec!["pretrain", "--out", &out];
        arguments.extend(SMALL);
        arguments.extend(["--set", &source, "--set", "train.batch=8"]);
        let output = ravine(&arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{train}: {said}");
        assert_eq!(said.matches("makes no probe").count(), 1, "{train}: {said}");
        let card: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.path().join("run/card.json"))?)?;
        assert!(
            card["probe"].is_null() && card["verdict"].is_string(),
            "{card}"
        );
    }
    Ok(())
}

#[test]
fn a_head_that_no_test_image_could_judge_is_refused_or_judged_on_the_validation_part()
-> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    for (part, count) in [
        ("train/cat", 12),
        ("train/dog", 12),
        ("test/Cat", 4),
        ("test/Dog", 4),
    ] {
        fill(&data, part, count)?;
    }
    let source = format!("data.source={}", text(&data));
    let run = folder.path().join("run");
    let said = refused(
        &[
            "train",
            "ebm/digits-nll",
            "--out",
            &text(&run),
            "--set",
            &source,
        ],
        1,
    );
    for words in [
        "`Cat` and `cat`",
        "no class",
        "test part",
        "`data.validation`",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!run.join("metrics.jsonl").exists());

    for class in ["cat", "dog"] {
        fill(&data, &format!("val/{class}"), 8)?;
    }
    let card = train(
        "ebm/digits-nll",
        &run,
        &[&source, "train.epochs=1", "train.batch=8"],
    )?;
    assert_eq!(card["part"], "validation", "{card}");
    assert!(card["accuracy"].is_number(), "{card}");
    Ok(())
}

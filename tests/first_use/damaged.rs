//! Pictures that cannot be read are counted wherever they are missing.

use std::fs;
use std::path::Path;

use crate::common::Any;
use crate::common::cli::{SMALL, json, ravine, refused};
use crate::{said, text};

/// Two classes of 30 pictures to train on and 10 to judge by, of which `broken` in the test part are cut short.
fn pets(root: &Path, broken: usize) -> Result<String, Any> {
    for (part, count) in [("train", 30_u32), ("test", 10)] {
        for (class, tint) in [("cat", 0), ("dog", 120)] {
            let folder = root.join(part).join(class);
            fs::create_dir_all(&folder)?;
            for i in 0..count {
                let picture = image::RgbImage::from_fn(8, 8, |x, y| {
                    image::Rgb([(x * 15 + tint) as u8, (y * 20 + i) as u8, (i * 4) as u8])
                });
                picture.save(folder.join(format!("{i:02}.png")))?;
            }
        }
    }
    for i in 0..broken {
        let path = root.join(format!("test/cat/{i:02}.png"));
        let bytes = fs::read(&path)?;
        fs::write(&path, &bytes[..bytes.len() / 2])?;
    }
    Ok(root.to_string_lossy().into_owned())
}

#[test]
fn cards_answers_and_statistics_count_what_cannot_be_read() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let data = pets(&folder.path().join("pets"), 3)?;
    let whole = pets(&folder.path().join("whole"), 0)?;
    let [run, head, out] = ["run", "head", "out.csv"]
        .map(|name| folder.path().join(name).to_string_lossy().into_owned());
    let small = [
        SMALL,
        &["--set", "train.batch=16", "--set", "augment.size=8"],
    ]
    .concat();
    let pretrain = [
        &[
            "pretrain", "digits", "--data", &data, "--out", &run, "--json",
        ][..],
        &small,
    ]
    .concat();
    assert_eq!(json(&pretrain)?["unreadable"], 3);
    let train = [
        "train",
        "ebm/digits-nll",
        "--out",
        &head,
        "--set",
        "train.epochs=1",
    ];
    let printed = ravine(&[&train[..], &["--set", "train.batch=16", "--data", &data]].concat());
    assert!(
        text(&printed.stdout).contains("left out    3 images of the test part cannot be read"),
        "{}{}",
        text(&printed.stdout),
        text(&printed.stderr)
    );
    assert_eq!(json(&["data", "stats", &data, "--json"])?["unreadable"], 0); // of the training part
    let cut = folder.path().join("whole/train/dog/00.png");
    let bytes = fs::read(&cut)?;
    fs::write(&cut, &bytes[..bytes.len() / 2])?;
    assert_eq!(json(&["data", "stats", &whole, "--json"])?["unreadable"], 1);
    fs::write(&cut, &bytes)?;
    let asked = ["infer", &head, "--out", &out, "--data"];
    let refusal = refused(&[&asked[..], &[&data]].concat(), 1);
    assert!(
        refusal.contains("3 of 80 images cannot be read") && !Path::new(&out).exists(),
        "{refusal}"
    );
    let allowed = ["--set", "data.max_bad_share=0.5"];
    assert!(said(&[&asked[..], &[&data], &allowed].concat()).contains("3 of 80"));
    assert_eq!(fs::read_to_string(&out)?.lines().count(), 1 + 77);
    assert!(!said(&[&asked[..], &[&whole]].concat()).contains("cannot be read"));
    Ok(())
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_are_counted() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let data = pets(folder.path(), 0)?;
    for i in 0..4 {
        std::os::unix::fs::symlink(
            "/nowhere/at/all.png",
            folder.path().join(format!("train/cat/x{i}.png")),
        )?;
    }
    let found = json(&["data", "check", &data, "--json"])?;
    assert_eq!(found["images"], 80);
    assert!(
        found["notes"]
            .to_string()
            .contains("4 links that lead nowhere"),
        "{found}"
    );
    Ok(())
}

#[test]
fn deep_pictures_through_the_encoder_of_shallow_ones_are_named() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let dark = folder.path().join("dark");
    fs::create_dir_all(&dark)?;
    for i in 0..5_u16 {
        let picture =
            image::ImageBuffer::from_fn(8, 8, |x, y| image::Luma([(x * y) as u16 * 60 + i]));
        picture.save(dark.join(format!("{i}.png")))?;
    }
    let run = folder.path().join("run");
    crate::common::cli::pretrain(&run, &["--set", "train.epochs=1"])?;
    let [run, dark, out] =
        [run, dark, folder.path().join("x.csv")].map(|path| path.to_string_lossy().into_owned());
    let messages = said(&["embed", &run, "--data", &dark, "--out", &out]);
    assert!(
        messages.contains("data.range=4096") && messages.contains("nearly black"),
        "{messages}"
    );
    Ok(())
}

//! What is printed: a single picture, lists, names that do not exist.

use std::fs;

use crate::common::Any;
use crate::common::cli::{json, pretrain, ravine, refused};
use crate::text;

#[test]
fn a_single_picture_is_embedded_and_checked_and_not_trained_on() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    pretrain(&run, &[])?;
    let picture = folder.path().join("one.png");
    image::GrayImage::from_fn(8, 8, |x, y| image::Luma([(9 * x + 20 * y) as u8])).save(&picture)?;
    let [run, picture] = [run, picture].map(|path| path.to_string_lossy().into_owned());
    let out = folder.path().join("one.csv").to_string_lossy().into_owned();
    let written = json(&["embed", &run, "--data", &picture, "--out", &out, "--json"])?;
    assert_eq!(written["rows"], 1);
    assert!(fs::read_to_string(&out)?.contains("one.png,"));
    assert_eq!(json(&["data", "check", &picture, "--json"])?["images"], 1);
    let said = refused(&["pretrain", "--data", &picture], 1);
    assert!(
        said.contains("one.png") && said.contains("too few images"),
        "{said}"
    );
    Ok(())
}

#[test]
fn lists_have_names_in_the_place_of_links() {
    let list = text(&ravine(&["list"]).stdout);
    assert!(list.contains("contrastive loss: `Dcl` whose"), "{list}");
    assert!(!list.contains("[`") && !list.contains("`]"), "{list}");
}

#[test]
fn a_preset_that_does_not_exist_gets_the_nearest_and_not_all_of_them() {
    let said = refused(&["config", "show", "simclear"], 2);
    assert!(said.contains("did you mean `simclr`?"), "{said}");
    for wrong in ["simclear", "nothing-like-it-at-all"] {
        let said = refused(&["config", "show", wrong], 2);
        assert!(
            said.contains("`ravine list presets`") && !said.contains("barlow"),
            "{said}"
        );
    }
}

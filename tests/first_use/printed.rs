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
fn a_list_of_pictures_is_embedded_with_its_further_columns() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    pretrain(&run, &[])?;
    for (name, value) in [("a/x.png", 9), ("b/y.png", 90), ("a/z.png", 30)] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().ok_or("a folder")?)?;
        image::GrayImage::from_fn(8, 8, |x, y| image::Luma([(value + x + y) as u8])).save(&path)?;
    }
    let list = folder.path().join("list.csv");
    fs::write(
        &list,
        "path,label,id,split\nb/y.png,old,7,test\na/x.png,new,,train\na/z.png,new,8,val\n",
    )?;
    let out = folder.path().join("list-out.csv");
    let [run, list, out] = [run, list, out].map(|path| path.to_string_lossy().into_owned());
    assert_eq!(
        json(&["embed", &run, "--data", &list, "--out", &out, "--json"])?["rows"],
        3
    );
    let rows = fs::read_to_string(&out)?;
    let cells = |line: &str| -> Vec<String> {
        let cells: Vec<&str> = line.split(',').collect();
        [&cells[..4], &cells[cells.len() - 1..]]
            .concat()
            .iter()
            .map(|cell| (*cell).into())
            .collect()
    };
    let rows: Vec<Vec<String>> = rows.lines().map(cells).collect();
    assert_eq!(rows[0], ["id", "part", "label", "class", "id_"]);
    assert_eq!(rows[1], ["a/x.png", "train", "0", "new", ""]);
    assert_eq!(rows[2], ["a/z.png", "validation", "0", "new", "8"]);
    assert_eq!(rows[3], ["b/y.png", "test", "1", "old", "7"]);
    let set = "data.class_level=last";
    let found = json(&[
        "data",
        "check",
        &folder.path().to_string_lossy(),
        "--set",
        set,
        "--json",
    ])?;
    assert_eq!(found["classes"][0]["class"], "a");
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

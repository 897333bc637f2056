//! Several sources as one set.

use ravine::data::{Dataset, open};

use crate::tiny::*;

/// Folders of `classes` below `root`, two pictures each, the first of them of shade `first`.
fn classes(root: &std::path::Path, classes: &[&str], first: usize) {
    for (i, class) in classes.iter().enumerate() {
        for picture in 0..2 {
            let name = format!("{class}/{picture}.png");
            write(&root.join(name), &png(first + 2 * i + picture));
        }
    }
}

fn named(set: &dyn Dataset) -> Vec<(String, String)> {
    let class = |label: Option<u32>| label.map_or("?", |label| &set.classes()[label as usize]);
    let row = |i| (set.id(i), class(set.label(i)).to_string());
    (0..set.len()).map(row).collect()
}

#[test]
fn classes_of_one_name_are_one_and_ids_say_the_source() {
    let dir = tempfile::tempdir().unwrap();
    classes(&dir.path().join("a"), &["cat", "dog"], 0);
    classes(&dir.path().join("b/train"), &["ant", "dog"], 4);
    classes(&dir.path().join("b/test"), &["ant", "dog"], 8);
    let mut config = at(&dir.path().join("a"));
    config.more = vec![dir.path().join("b").display().to_string()];
    let set = all(&config).unwrap();
    assert_eq!(set.classes(), ["ant", "cat", "dog"]);
    let rows = named(set.as_ref());
    let row = |id: &str| {
        let found = rows.iter().find(|(own, _)| own.ends_with(id));
        found.map_or("missing", |(_, class)| class.as_str())
    };
    assert_eq!(rows.len(), 12);
    assert_eq!((row("a/dog/1.png"), row("a/cat/0.png")), ("dog", "cat"));
    assert_eq!(
        (row("b/train/dog/1.png"), row("b/test/ant/0.png")),
        ("dog", "ant")
    );
    let splits = open(&config).unwrap();
    assert_eq!(
        splits.test.len(),
        4,
        "the test part of the one that has one"
    );

    // Grey beside colour is read in colour; what no number of channels fits is said.
    let grey = image::GrayImage::from_pixel(5, 5, image::Luma([7]));
    std::fs::create_dir_all(dir.path().join("grey")).unwrap();
    grey.save(dir.path().join("grey/0.png")).unwrap();
    config.more = vec![dir.path().join("grey").display().to_string()];
    assert_eq!(all(&config).unwrap().get(4).unwrap().channels, 3);
    let bands = crate::table::npy("|u1", "False", "(4, 4, 13)", &[9; 208]);
    write(&dir.path().join("bands/0.npy"), &bands);
    config.more = vec![dir.path().join("bands").display().to_string()];
    let said = all(&config).err().unwrap().to_string();
    assert!(
        said.contains("data.channels") && said.contains("3 channels"),
        "{said}"
    );
}

#[test]
fn a_source_that_is_given_twice_keeps_ids_apart_and_a_table_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    classes(&dir.path().join("a"), &["cat", "dog"], 0);
    let mut config = at(&dir.path().join("a"));
    config.more = vec![config.source.clone()];
    let set = all(&config).unwrap();
    let ids: std::collections::BTreeSet<String> = (0..set.len()).map(|i| set.id(i)).collect();
    assert_eq!((ids.len(), set.classes().len()), (8, 2));
    config.source = "two_moons".into();
    let said = config.check().unwrap_err().to_string();
    assert!(
        said.contains("data.more") && said.contains("table"),
        "{said}"
    );
}

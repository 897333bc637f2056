//! Tar files and Parquet as webdataset and datasets write them, against what these read (`tests/goldens/shards.py`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::tiny::*;

#[derive(Deserialize)]
struct Goldens {
    sets: BTreeMap<String, Vec<Case>>,
}

#[derive(Deserialize)]
struct Case {
    key: Option<String>,
    label: Option<String>,
    tags: Option<Vec<String>>,
    shape: [usize; 3],
    values: Vec<u8>,
}

#[test]
fn pictures_labels_and_keys_are_those_that_the_peers_read() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/shards");
    let text = std::fs::read_to_string(folder.join("values.json")).unwrap();
    let goldens: Goldens = serde_json::from_str(&text).unwrap();
    assert_eq!(goldens.sets.len(), 3);
    for (name, cases) in &goldens.sets {
        let set = all(&at(&folder.join(name))).unwrap();
        assert_eq!(set.len(), cases.len(), "{name}");
        for (i, case) in cases.iter().enumerate() {
            let image = set.get(i).unwrap();
            let shape = [image.height, image.width, image.channels];
            assert_eq!(
                (shape, bytes(&image)),
                (case.shape, case.values.as_slice()),
                "{name}: {i}"
            );
            let class = set
                .label(i)
                .map(|label| set.classes()[label as usize].clone());
            assert_eq!(class, case.label, "{name}: {i}");
            let tag = |&tag: &u32| set.tag_names()[tag as usize].clone();
            let tags: Option<Vec<String>> = set.tags(i).map(|tags| tags.iter().map(tag).collect());
            assert_eq!(tags, case.tags, "{name}: {i}");
            if let Some(key) = &case.key {
                assert!(
                    set.id(i).contains(key.as_str()),
                    "{} is not {key}",
                    set.id(i)
                );
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn shards_behind_a_link_are_found() {
    let shards = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/shards");
    for shard in ["train-000000.tar", "one.parquet"] {
        let (elsewhere, around) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::copy(shards.join(shard), elsewhere.path().join(shard)).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), around.path().join("here")).unwrap();
        let (direct, linked) = (all(&at(elsewhere.path())), all(&at(around.path())));
        assert_eq!(direct.unwrap().len(), linked.unwrap().len(), "{shard}");
    }
}

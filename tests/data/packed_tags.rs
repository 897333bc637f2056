//! Packed sets of images with several labels each.

use ravine::data::DataConfig;
use ravine::run::PackFormat;

use crate::packed::{pack_to, to};
use crate::tiny::*;

#[test]
fn several_labels_a_picture_come_back_from_parquet_and_are_refused_by_tar_files() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..3 {
        write(&dir.path().join(format!("{i}.png")), &png(i));
    }
    let list = "file_name,tags\n0.png,\"['b', 'a']\"\n1.png,\n2.png,[]\n";
    write(&dir.path().join("list.csv"), list.as_bytes());
    let config = DataConfig {
        label: Some("tags".into()),
        ..at(&dir.path().join("list.csv"))
    };
    let old = all(&config).unwrap();
    let out = dir.path().join("packed.parquet");
    pack_to(&config, &to(&out, PackFormat::Parquet)).unwrap();
    let new = all(&at(&out)).unwrap();
    assert_eq!(
        (old.tag_names().len(), old.tag_names()),
        (2, new.tag_names())
    );
    for i in 0..3 {
        assert_eq!(old.tags(i), new.tags(i), "{i}");
    }
    let tars = to(&dir.path().join("tars"), PackFormat::WebDataset);
    let said = pack_to(&config, &tars).unwrap_err().to_string();
    assert!(said.contains("must be parquet"), "{said}");
}

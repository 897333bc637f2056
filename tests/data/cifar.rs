//! CIFAR binary files.

use ravine::data::{DataConfig, Image, open};

use crate::tiny::*;

pub(crate) fn cifar_record(number: usize, labels: &[u8]) -> (Vec<u8>, Image) {
    let image = picture(number, 32, 32, 3);
    let mut record = labels.to_vec();
    for channel in 0..3 {
        record.extend(bytes(&image).iter().skip(channel).step_by(3));
    }
    (record, image)
}

#[test]
fn cifar_binary_reads_back_and_refuses_broken_files() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("cifar-10-batches-bin");
    for batch in 1..=5 {
        let records: Vec<u8> = (0..2)
            .flat_map(|i| cifar_record(batch * 2 + i, &[i as u8]).0)
            .collect();
        write(&root.join(format!("data_batch_{batch}.bin")), &records);
    }
    write(&root.join("test_batch.bin"), &cifar_record(99, &[9]).0);
    let splits = open(&DataConfig {
        validation: Some(0.0),
        ..at(dir.path())
    })
    .unwrap();
    assert_eq!(
        (
            splits.train.len(),
            splits.validation.len(),
            splits.test.len()
        ),
        (10, 0, 1)
    );
    assert_eq!(splits.train.get(7).unwrap(), cifar_record(9, &[0]).1);
    assert_eq!(splits.test.get(0).unwrap(), cifar_record(99, &[0]).1);
    assert_eq!(splits.classes[9], "truck");
    assert_eq!(
        (splits.train.id(7), splits.test.label(0)),
        ("data_batch_4.bin#1".into(), Some(9))
    );

    let file = root.join("test_batch.bin");
    write(&file, &cifar_record(99, &[9]).0[..3000]);
    assert!(
        all(&at(dir.path()))
            .err()
            .unwrap()
            .to_string()
            .contains("truncated")
    );
    write(&file, &cifar_record(99, &[77]).0);
    assert!(
        all(&at(dir.path()))
            .err()
            .unwrap()
            .to_string()
            .contains("label 77")
    );
}

#[test]
fn cifar_100_uses_fine_labels_and_their_names() {
    let dir = tempfile::tempdir().unwrap();
    let records: Vec<u8> = (0..3)
        .flat_map(|i| cifar_record(i, &[19, i as u8 + 50]).0)
        .collect();
    write(&dir.path().join("train.bin"), &records);
    let names: Vec<String> = (0..100).map(|i| format!("thing{i}")).collect();
    write(
        &dir.path().join("fine_label_names.txt"),
        names.join("\n").as_bytes(),
    );
    let set = all(&at(dir.path())).unwrap();
    assert_eq!(set.label(2), Some(52));
    assert_eq!(set.classes()[52], "thing52");
    assert_eq!(set.get(2).unwrap(), picture(2, 32, 32, 3));
    write(&dir.path().join("fine_label_names.txt"), b"one\n");
    assert!(
        all(&at(dir.path()))
            .err()
            .unwrap()
            .to_string()
            .contains("fine_label_names.txt")
    );
}

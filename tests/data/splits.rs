//! Train, validation and test parts.

use std::fs;
use std::sync::Arc;

use ravine::data::{DataConfig, Dataset, Part, open, open_part, require_classes};

use crate::tiny::*;

#[test]
fn digits_split_the_same_way_for_a_seed_without_overlap() {
    let seeded = |split_seed| DataConfig {
        split_seed,
        ..DataConfig::default()
    };
    let config = seeded(7);
    let splits = open(&config).unwrap();
    assert_eq!(
        (
            splits.train.len(),
            splits.validation.len(),
            splits.test.len()
        ),
        (1293, 144, 360)
    );
    assert_eq!((splits.channels, splits.classes.len()), (1, 10));
    let ids = |set: &Arc<dyn Dataset>| (0..set.len()).map(|i| set.id(i)).collect::<Vec<_>>();
    let mut every: Vec<String> = [&splits.train, &splits.validation, &splits.test]
        .map(ids)
        .concat();
    every.sort();
    every.dedup();
    assert_eq!(every.len(), 1797);
    let again = open(&config).unwrap();
    let other = open(&seeded(8)).unwrap();
    assert_eq!(ids(&splits.test), ids(&again.test));
    assert_eq!(ids(&splits.validation), ids(&again.validation));
    assert_ne!(ids(&splits.test), ids(&other.test));
    for class in 0..10 {
        let of = |set: &Arc<dyn Dataset>| {
            (0..set.len())
                .filter(|&i| set.label(i) == Some(class))
                .count()
        };
        let whole = of(&splits.train) + of(&splits.validation) + of(&splits.test);
        assert!((of(&splits.test) as f64 - 0.2 * whole as f64).abs() <= 1.0);
    }
    let first = all(&config).unwrap().get(0).unwrap();
    assert_eq!(
        first.pixels.as_bytes().unwrap()[..8],
        [0, 0, 80, 207, 143, 16, 0, 0]
    ); // 0 0 5 13 9 1 0 0, times 255/16
    require_classes(splits.train.as_ref(), "digits").unwrap();
}

#[test]
fn parts_are_in_storage_order_and_too_small_a_set_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..10 {
        write(&dir.path().join(format!("{i}.png")), &png(i));
    }
    let held_out = |test| {
        let config = DataConfig {
            test,
            ..at(dir.path())
        };
        let splits = open(&config).unwrap();
        [splits.validation.len(), splits.test.len()]
    };
    assert_eq!(held_out(None), [1, 0]); // no labels, so that nothing is judged on a test part
    assert_eq!(held_out(Some(0.2)), [1, 2]);
    assert_eq!(held_out(Some(0.0)), [1, 0]);
    let train = open_part(&at(dir.path()), Part::Train).unwrap();
    assert_eq!(train.len(), 9);
    let ids: Vec<_> = (0..train.len()).map(|i| train.id(i)).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    for i in 1..10 {
        fs::remove_file(dir.path().join(format!("{i}.png"))).unwrap();
    }
    assert!(
        open(&at(dir.path()))
            .err()
            .unwrap()
            .to_string()
            .contains("too few")
    );
}

//! Neighbors, duplicates, outliers, clusters and selections of planted truth.

use ravine::embeddings::EmbeddingTable;
use ravine::embeddings::agreement::agreement;
use ravine::embeddings::clusters::spherical_k_means;
use ravine::embeddings::duplicates::{Criterion, duplicates, valley};
use ravine::embeddings::label_errors::label_errors;
use ravine::embeddings::leakage::leakage;
use ravine::embeddings::neighbors::neighbors;
use ravine::embeddings::outliers::{energies_of, outlyingness, separation};
use ravine::embeddings::select::{SelectBy, select};
use ravine::eval::Features;

use super::{clouds, write};
use crate::common::Any;

fn table(rows: &Features) -> Result<EmbeddingTable, Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("t.parquet");
    write(&path, rows);
    Ok(EmbeddingTable::open(&path, None)?)
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn neighbors_are_those_of_sorting_all_cosines_without_the_row_itself() -> Result<(), Any> {
    let rows = clouds(300, 6, 4, 0.3);
    let table = table(&rows)?;
    let mut asked = 0;
    neighbors(&table, None, 7, |row, near| {
        let others = (0..300).filter(|other| *other != row);
        let mut all: Vec<(f64, usize)> = others
            .map(|other| (cosine(rows.row(row), rows.row(other)), other))
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        assert_eq!(near.len(), 7);
        for (near, (cosine, _)) in near.iter().zip(all) {
            assert!((f64::from(near.cosine) - cosine).abs() < 1e-6);
        }
        asked += 1;
        Ok(())
    })?;
    assert_eq!(asked, 300);
    let some = table.find(&["pictures/17.png".into(), "pictures/3.png".into()])?;
    assert_eq!(some, [17, 3]);
    let mut seen = Vec::new();
    neighbors(&table, Some(&some), 2, |row, _| {
        seen.push(row);
        Ok(())
    })?;
    assert_eq!(seen, [17, 3]);
    let wrong = table
        .find(&["pictures/1000.png".into()])
        .err()
        .map(|e| e.to_string());
    assert!(
        wrong.is_some_and(|w| w.contains("no row has the id `pictures/1000.png`; did you mean"))
    );
    for k in [0, 300] {
        let wrong = neighbors(&table, None, k, |_, _| Ok(()))
            .err()
            .map(|e| e.to_string());
        assert!(wrong.is_some_and(|w| w.contains("ask for 1 to 299")));
    }
    Ok(())
}

#[test]
fn planted_duplicates_are_found_and_those_across_parts_leak() -> Result<(), Any> {
    let mut rows = clouds(200, 16, 5, 0.5);
    // Row 41 shows what row 40 does, rows 104 and 7 what row 12 does; 104 and 4 are of the test part.
    for (copy, of) in [(41, 40), (104, 12), (7, 12)] {
        let original = rows.row(of).to_vec();
        for (i, v) in original.iter().enumerate() {
            rows.values[copy * 16 + i] = v * 3.0 + 0.01 * (i as f32 - 8.0) * v;
        }
    }
    let found = duplicates(&table(&rows)?, Criterion::Cosine(0.995), |_| Ok(()))?;
    assert_eq!(found.groups, [vec![7, 12, 104], vec![40, 41]]);
    assert_eq!(found.leaked, [104]);
    assert!(
        found
            .pairs
            .windows(2)
            .all(|pair| pair[0].cosine >= pair[1].cosine)
    );
    assert!(found.pairs.iter().any(|pair| pair.rows == (40, 41)));
    Ok(())
}

#[test]
fn rows_that_leak_flatter_what_is_measured_on_them() -> Result<(), Any> {
    // Without any structure, only copies of training rows are known.
    let mut rows = clouds(100, 24, 1, 1.0);
    rows.labels = (0..100).map(|i| Some(i * 7 / 3 % 2)).collect();
    for test in (4..100).step_by(10) {
        let original = rows.row(test - 1).to_vec();
        rows.values[test * 24..][..24].copy_from_slice(&original);
        rows.labels[test] = rows.labels[test - 1];
    }
    let table = table(&rows)?;
    let found = duplicates(&table, Criterion::Cosine(0.999), |_| Ok(()))?;
    assert_eq!(found.leaked, (4..100).step_by(10).collect::<Vec<_>>());
    let leak = leakage(&table, &found.leaked)?.ok_or("nothing was compared")?;
    assert_eq!(leak.rows, 20);
    assert!(leak.accuracy >= leak.accuracy_without + 0.1, "{leak:?}");
    Ok(())
}

#[test]
fn the_valley_lies_between_and_few_true_duplicates_do_not_move_it() {
    let same: Vec<f32> = (0..100).map(|i| 0.95 + 0.0005 * i as f32).collect();
    let mut others: Vec<f32> = (0..98).map(|i| 0.2 + 0.005 * i as f32).collect();
    others.extend([0.99, 0.995]);
    let found = valley(&same, &others);
    assert!((0.69..=0.951).contains(&found.threshold), "{found:?}");
    assert_eq!((found.recall, found.precision), (1.0, 1.0));
    // Where both overlap, rare duplicates make a few of the many others costly.
    others.extend((0..40).map(|i| 0.94 + 0.0005 * i as f32));
    let strict = valley(&same, &others);
    assert!(
        strict.threshold > found.threshold && strict.recall < 1.0,
        "{strict:?}"
    );
}

#[test]
fn planted_outliers_have_the_highest_energy() -> Result<(), Any> {
    let mut rows = clouds(120, 8, 3, 0.1);
    for (at, row) in [13, 77].into_iter().enumerate() {
        rows.values[row * 8..][..8].fill(0.0);
        rows.values[row * 8 + 6 + at] = -1.0;
    }
    let table = table(&rows)?;
    let found = outlyingness(&table, 5, |_| Ok(()))?;
    let mut first = found.ranking()[..2].to_vec();
    first.sort_unstable();
    assert_eq!(first, [13, 77]);
    assert!(found.density_ratio[13] > 5.0 && found.density_ratio[14] < 3.0);
    let mut other = clouds(40, 8, 8, 0.1);
    other.values.iter_mut().for_each(|v| *v = -*v);
    let far = energies_of(&table, &self::table(&other)?, 5)?;
    let apart = separation(&found.energy, &far);
    assert!(
        apart.auroc > 0.98 && apart.fpr_at_95_tpr < 0.05,
        "{apart:?}"
    );
    let itself = separation(&found.energy, &found.energy);
    assert!(
        (itself.auroc - 0.5).abs() < 1e-9 && itself.fpr_at_95_tpr > 0.9,
        "{itself:?}"
    );
    Ok(())
}

#[test]
fn separation_equals_counting_pairs() {
    let (known, outliers) = ([0.1, 0.4, 0.4, 0.8], [0.4, 0.9, 0.9]);
    // 0.4: above one, equal to two; 0.9: above four, twice.
    let apart = separation(&known, &outliers);
    assert!((apart.auroc - (2.0 + 4.0 + 4.0) / 12.0).abs() < 1e-12);
    assert!((apart.fpr_at_95_tpr - 0.75).abs() < 1e-12);
}

#[test]
fn clusters_find_clouds_whatever_the_seed_and_wrong_labels_are_named() -> Result<(), Any> {
    let mut rows = clouds(400, 12, 8, 0.08);
    rows.labels[33] = Some(0); // is of class 1
    let table = table(&rows)?;
    for seed in 0..3 {
        let clusters = spherical_k_means(&table, 8, seed)?;
        let agree = agreement(&table, &clusters.of).ok_or("no classes")?;
        assert!(
            agree.nmi > 0.98 && agree.ari > 0.98 && agree.purity > 0.99,
            "{agree:?}"
        );
        assert_eq!(clusters.of, spherical_k_means(&table, 8, seed)?.of);
    }
    let doubtful = label_errors(&table, 10, 0.8, |_| Ok(()))?;
    assert_eq!(doubtful.len(), 1);
    assert_eq!(
        (doubtful[0].row, doubtful[0].neighbors_say.as_str()),
        (33, "class1")
    );
    let one = agreement(&table, &[0; 400]).ok_or("no classes")?;
    assert!(
        one.ari.abs() < 1e-9 && one.nmi.abs() < 1e-9 && (one.purity - 0.1275).abs() < 1e-9,
        "{one:?}"
    );
    Ok(())
}

#[test]
fn equal_rows_still_make_as_many_choices_as_were_asked_for() -> Result<(), Any> {
    let mut rows = clouds(30, 4, 2, 0.0);
    rows.labels.clear();
    let table = table(&rows)?;
    let chosen = select(&table, 6, SelectBy::Coverage, 0)?;
    let mut distinct = chosen.rows.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 6);
    let wrong = select(&table, 6, SelectBy::Uncertainty, 0)
        .err()
        .map(|e| e.to_string());
    assert!(wrong.is_some_and(|w| w.contains("no row has a class")));
    assert!(select(&table, 31, SelectBy::Coverage, 0).is_err());
    Ok(())
}

#[test]
fn a_selection_holds_every_cloud_and_covers_more_with_every_row() -> Result<(), Any> {
    let rows = clouds(320, 16, 8, 0.1);
    let table = table(&rows)?;
    for by in [SelectBy::Coverage, SelectBy::Typicality] {
        let chosen = select(&table, 8, by, 1)?;
        let mut clouds: Vec<usize> = chosen.rows.iter().map(|row| row % 8).collect();
        clouds.sort_unstable();
        assert_eq!(clouds, (0..8).collect::<Vec<_>>(), "{by:?}");
        assert!(
            chosen.coverage.windows(2).all(|two| two[0].1 <= two[1].1),
            "{:?}",
            chosen.coverage
        );
        assert_eq!(chosen.coverage.last().map(|last| last.0), Some(8));
    }
    Ok(())
}

#[test]
fn only_rows_without_a_class_are_chosen_where_there_are_any() -> Result<(), Any> {
    let mut rows = clouds(120, 16, 6, 0.4);
    for (i, label) in rows.labels.iter_mut().enumerate() {
        if i % 3 > 0 {
            *label = None;
        }
    }
    let some = table(&rows)?;
    for by in SelectBy::ALL {
        let chosen = select(&some, 30, by, 0)?;
        assert_eq!(chosen.rows.len(), 30, "{by:?}");
        assert!(chosen.rows.iter().all(|row| row % 3 > 0), "{by:?}");
    }
    let said = |rows: &EmbeddingTable, budget, by| {
        let wrong = select(rows, budget, by, 0);
        wrong.err().map(|e| e.to_string()).unwrap_or_default()
    };
    let many = said(&some, 81, SelectBy::Coverage);
    assert!(many.contains("81 rows cannot be chosen of 80"), "{many}");
    rows.labels = clouds(120, 16, 6, 0.4).labels;
    let all = table(&rows)?;
    assert_eq!(select(&all, 12, SelectBy::Coverage, 0)?.rows.len(), 12);
    let none = said(&all, 12, SelectBy::Mixed);
    assert!(none.contains("every row has a class"), "{none}");
    Ok(())
}

//! How alike two tables are: identities of the alignment, neighbors in common, classes that change.

use std::path::Path;

use ravine::embeddings::EmbeddingTable;
use ravine::embeddings::alike::{Likeness, alike};
use ravine::eval::{Features, LinearCka};

use crate::common::{Any, randn};
use crate::{clouds, write};

fn table(folder: &Path, name: &str, rows: &Features) -> Result<EmbeddingTable, Any> {
    let path = folder.join(name);
    write(&path, rows);
    Ok(EmbeddingTable::open(&path, None)?)
}

fn compared(a: &EmbeddingTable, b: &EmbeddingTable) -> Result<Likeness, Any> {
    Ok(alike((a, b), (5, usize::MAX, 0), || Ok(()))?)
}

fn cka(x: &[f32], y: &[f32], dims: [usize; 2]) -> Result<f64, Any> {
    let mut found = LinearCka::new(dims[0], dims[1]);
    let rows = x.len() / dims[0];
    for block in [0..rows / 3, rows / 3..rows] {
        let of = |values: &[f32], dim| values[block.start * dim..block.end * dim].to_vec();
        found.add(&of(x, dims[0]), &of(y, dims[1]))?;
    }
    Ok(found.value()?)
}

fn draws(rows: usize, dim: usize, which: u64) -> Result<Vec<f32>, Any> {
    Ok(randn(&[rows, dim], which)?.flatten_all()?.to_vec1()?)
}

/// `values` by a product of rotations in planes, a scale, and a shift.
fn turned(values: &[f32], dim: usize, scale: f64, shift: f64) -> Vec<f32> {
    let mut out = values.to_vec();
    for row in out.chunks_exact_mut(dim) {
        let mut wide: Vec<f64> = row.iter().map(|v| f64::from(*v)).collect();
        for i in 0..dim {
            let (j, angle) = ((i + 1) % dim, 0.3 + 0.7 * i as f64);
            let (a, b) = (wide[i], wide[j]);
            wide[i] = angle.cos() * a - angle.sin() * b;
            wide[j] = angle.sin() * a + angle.cos() * b;
        }
        for (v, wide) in row.iter_mut().zip(wide) {
            *v = (scale * wide + shift) as f32;
        }
    }
    out
}

#[test]
fn the_alignment_is_one_with_itself_and_blind_to_rotation_scale_and_shift() -> Result<(), Any> {
    for (rows, dim) in [(50, 3), (400, 130)] {
        let x = draws(rows, dim, 1)?;
        assert!((cka(&x, &x, [dim, dim])? - 1.0).abs() < 1e-12);
        let y = turned(&x, dim, 37.0, 0.0);
        assert!((cka(&x, &y, [dim, dim])? - 1.0).abs() < 1e-6);
        let far = turned(&x, dim, 1.0, 300.0);
        assert!((cka(&x, &far, [dim, dim])? - 1.0).abs() < 1e-6);
        let other = draws(rows, 7, 2)?;
        let (there, back) = (cka(&x, &other, [dim, 7])?, cka(&other, &x, [7, dim])?);
        assert!((there - back).abs() < 1e-12 && (0.0..1.0).contains(&there));
        let turned = cka(&y, &other, [dim, 7])?;
        assert!((there - turned).abs() < 1e-6, "{there} {turned}");
    }
    Ok(())
}

#[test]
fn the_alignment_is_that_of_the_gram_matrices() -> Result<(), Any> {
    let (rows, dims) = (30, [4, 6]);
    let (x, y) = (draws(rows, dims[0], 3)?, draws(rows, dims[1], 4)?);
    // HSIC by its definition: tr(K H L H), with K and L the products of rows and H what takes means off.
    let centered = |values: &[f32], dim: usize| -> Vec<f64> {
        let mut out: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
        for column in 0..dim {
            let mean = (0..rows).map(|row| out[row * dim + column]).sum::<f64>() / rows as f64;
            (0..rows).for_each(|row| out[row * dim + column] -= mean);
        }
        out
    };
    let gram = |values: &[f64], dim: usize| -> Vec<f64> {
        let row = |i: usize| &values[i * dim..(i + 1) * dim];
        let dot = |i, j| row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum::<f64>();
        (0..rows * rows)
            .map(|at| dot(at / rows, at % rows))
            .collect()
    };
    let (k, l) = (
        gram(&centered(&x, dims[0]), dims[0]),
        gram(&centered(&y, dims[1]), dims[1]),
    );
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let expected = dot(&k, &l) / (dot(&k, &k).sqrt() * dot(&l, &l).sqrt());
    assert!((cka(&x, &y, dims)? - expected).abs() < 1e-10);
    Ok(())
}

#[test]
fn equal_rows_have_no_alignment() {
    let mut found = LinearCka::new(2, 2);
    found
        .add(&[1.0; 8], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])
        .expect("four rows");
    assert!(found.value().is_err());
    assert!(found.add(&[1.0; 3], &[1.0; 4]).is_err());
}

#[test]
fn tables_are_compared_row_by_row_whatever_their_order() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let rows = clouds(120, 8, 4, 0.1);
    let a = table(folder.path(), "a.parquet", &rows)?;
    let order: Vec<usize> = (0..120).map(|i| (7 * i) % 120).collect();
    let shuffled = rows.select(&order);
    let same = compared(&a, &table(folder.path(), "b.npy", &shuffled)?)?;
    assert!((same.cka - 1.0).abs() < 1e-9, "{same:?}");
    assert_eq!(same.shared_neighbors, 1.0);
    assert_eq!(same.accuracy, Some([1.0, 1.0]));

    // The second mixes up classes 0 and 1, and nothing else.
    let mut mixed = rows.clone();
    for (i, row) in mixed.values.chunks_exact_mut(8).enumerate() {
        if i % 4 < 2 {
            row[0] = 1.0;
            row[1] = if i % 8 < 4 { 1.0 } else { -1.0 };
        }
    }
    let found = compared(&a, &table(folder.path(), "c.safetensors", &mixed)?)?;
    assert!(
        found.cka < 0.99 && found.shared_neighbors < 0.9,
        "{found:?}"
    );
    let changed: Vec<&str> = found.per_class[..2]
        .iter()
        .map(|c| c.class.as_str())
        .collect();
    assert!(
        changed.contains(&"class0") && changed.contains(&"class1"),
        "{found:?}"
    );
    for kept in &found.per_class[2..] {
        assert_eq!(
            (kept.first, kept.second, kept.shared_neighbors),
            (1.0, 1.0, 1.0)
        );
    }
    Ok(())
}

#[test]
fn tables_of_other_rows_are_refused() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let rows = clouds(40, 8, 4, 0.1);
    let a = table(folder.path(), "a.parquet", &rows)?;
    let few: Vec<usize> = (0..30).collect();
    let b = table(folder.path(), "b.parquet", &rows.select(&few))?;
    let said = compared(&a, &b)
        .err()
        .map(|e| e.to_string())
        .unwrap_or_default();
    assert!(said.contains("30 of the 40 rows"), "{said}");
    let mut twice = rows.select(&(0..40).rev().collect::<Vec<_>>());
    twice.ids[3] = twice.ids[4].clone();
    let c = table(folder.path(), "c.parquet", &twice)?;
    let said = compared(&a, &c)
        .err()
        .map(|e| e.to_string())
        .unwrap_or_default();
    assert!(said.contains("several rows"), "{said}");
    let said = compared(&c, &a)
        .err()
        .map(|e| e.to_string())
        .unwrap_or_default();
    assert!(said.contains("39 of the 40 rows"), "{said}");
    Ok(())
}

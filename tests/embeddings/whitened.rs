//! Whitening, and duplicates by the measure of their surroundings.

use ravine::embeddings::EmbeddingTable;
use ravine::embeddings::duplicates::{Criterion, duplicates, surroundings};
use ravine::embeddings::whitening::Whitening;
use ravine::eval::{Features, Neighbor};

use super::{clouds, write};
use crate::common::Any;

fn table(rows: &Features) -> Result<EmbeddingTable, Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("t.parquet");
    write(&path, rows);
    Ok(EmbeddingTable::open(&path, None)?)
}

/// Rows that share a large direction and differ little: what a cosine sees of them is what they share.
fn alike(rows: usize, dim: usize) -> Features {
    let mut rows = clouds(rows, dim, 1, 0.2);
    for row in rows.values.chunks_exact_mut(dim) {
        row[1] += 20.0;
        row[2] *= 40.0;
    }
    rows
}

#[test]
fn whitened_rows_have_mean_0_and_nearly_unit_covariance() -> Result<(), Any> {
    let (count, dim) = (4000, 6);
    let mut rows = clouds(count, dim, 3, 0.3);
    rows.values
        .chunks_exact_mut(dim)
        .for_each(|row| row[4] += 2.0 * row[5]);
    let table = table(&rows)?;
    let white = Whitening::of(&table)?.apply(&table.read(0..count)?)?;
    let column = |d: usize| white.iter().skip(d).step_by(dim).map(|v| f64::from(*v));
    for i in 0..dim {
        let mean = column(i).sum::<f64>() / count as f64;
        assert!(mean.abs() < 1e-3, "{i}: {mean}");
        for j in 0..dim {
            let products = column(i).zip(column(j)).map(|(a, b)| a * b);
            let covariance = products.sum::<f64>() / count as f64;
            // The ridge takes a little from every direction.
            let wanted = f64::from(u8::from(i == j));
            assert!((covariance - wanted).abs() < 0.15, "{i} {j}: {covariance}");
            assert!(i != j || covariance < 1.0, "{i}: {covariance}");
        }
    }
    Ok(())
}

#[test]
fn whitening_is_the_inner_product_of_the_inverse_covariance() -> Result<(), Any> {
    // Products of whitened rows do not depend on the factor that is used: they are those of (C + ridge)⁻¹.
    let (count, dim) = (50, 2);
    let rows = clouds(count, dim, 2, 0.3);
    let table = table(&rows)?;
    let white = Whitening::of(&table)?.apply(&rows.values)?;
    let unit = rows.values.chunks_exact(dim).map(|row| {
        let [x, y] = [f64::from(row[0]), f64::from(row[1])];
        let length = x.hypot(y);
        [x / length, y / length]
    });
    let unit: Vec<[f64; 2]> = unit.collect();
    let mean = |f: &dyn Fn(&[f64; 2]) -> f64| unit.iter().map(f).sum::<f64>() / count as f64;
    let [mx, my] = [mean(&|z| z[0]), mean(&|z| z[1])];
    let [xx, xy, yy] = [
        mean(&|z| (z[0] - mx).powi(2)),
        mean(&|z| (z[0] - mx) * (z[1] - my)),
        mean(&|z| (z[1] - my).powi(2)),
    ];
    let ridge = 0.01 * f64::midpoint(xx, yy);
    let (a, d) = (xx + ridge, yy + ridge);
    let determinant = a * d - xy * xy;
    for (i, j) in [(0, 1), (3, 3), (7, 40)] {
        let [p, q] = [unit[i], unit[j]].map(|z| [z[0] - mx, z[1] - my]);
        let wanted = (p[0] * (d * q[0] - xy * q[1]) + p[1] * (a * q[1] - xy * q[0])) / determinant;
        let found: f64 = (0..dim)
            .map(|k| f64::from(white[i * dim + k]) * f64::from(white[j * dim + k]))
            .sum();
        assert!(
            (found - wanted).abs() < 1e-4 * (1.0 + wanted.abs()),
            "{found} {wanted}"
        );
    }
    Ok(())
}

#[test]
fn duplicates_that_cosines_hide_are_found_by_the_measure_of_their_surroundings() -> Result<(), Any>
{
    let dim = 12;
    let mut rows = alike(400, dim);
    let planted = [(41, 40), (104, 12), (250, 251)];
    for (at, (copy, of)) in planted.into_iter().enumerate() {
        let original = rows.row(of).to_vec();
        for (i, v) in original.iter().enumerate() {
            rows.values[copy * dim + i] = v + if i == at + 3 { 0.03 } else { 0.0 };
        }
    }
    let table = table(&rows)?;
    // As they are, every row is within 0.999 of others.
    let plain = duplicates(&table, Criterion::Cosine(0.999), |_| Ok(()))?;
    assert!(plain.groups.iter().map(Vec::len).sum::<usize>() > 200);
    let white = Whitening::of(&table)?;
    let whitened = table.map(|rows| white.apply(rows))?;
    let relative = Criterion::Relative {
        ratio: 0.2,
        cosine: 1.0,
    };
    let found = duplicates(&whitened, relative, |_| Ok(()))?;
    assert_eq!(found.groups, [vec![12, 104], vec![40, 41], vec![250, 251]]);
    assert_eq!(found.leaked, [104]);
    Ok(())
}

#[test]
fn a_burst_larger_than_surroundings_is_found_by_its_cosine() -> Result<(), Any> {
    let mut rows = clouds(200, 16, 16, 0.6);
    let original = rows.row(0).to_vec();
    for copy in 1..20 {
        for (i, v) in original.iter().enumerate() {
            rows.values[copy * 16 + i] = v * (1.0 + 0.001 * ((copy * 7 + i * 3) % 5) as f32);
        }
    }
    let relative = |cosine| Criterion::Relative { ratio: 0.3, cosine };
    let table = table(&rows)?;
    let found = duplicates(&table, relative(0.999), |_| Ok(()))?;
    assert_eq!(found.groups, [(0..20).collect::<Vec<_>>()]);
    assert!(
        duplicates(&table, relative(1.1), |_| Ok(()))?
            .groups
            .iter()
            .all(|g| g.len() < 20)
    );
    Ok(())
}

#[test]
fn surroundings_are_the_mean_distance_of_what_follows() {
    let near: Vec<Neighbor> = (0..12)
        .map(|row| Neighbor {
            cosine: 1.0 - 0.1 * row as f32,
            row,
        })
        .collect();
    assert!((surroundings(&near) - 0.45).abs() < 1e-6);
    assert!((surroundings(&near[..3]) - 0.15).abs() < 1e-6);
    assert_eq!(surroundings(&near[..1]), 1.0);
}

#[test]
fn equal_rows_and_rows_of_another_length_are_refused() -> Result<(), Any> {
    let same = clouds(20, 4, 1, 0.0);
    let wrong = Whitening::of(&table(&same)?).err().map(|e| e.to_string());
    assert!(wrong.is_some_and(|w| w.contains("point the same way")));
    let white = Whitening::of(&table(&clouds(20, 4, 4, 0.2))?)?;
    let wrong = white.apply(&[1.0; 7]).err().map(|e| e.to_string());
    assert!(wrong.is_some_and(|w| w.contains("no rows of 4")));
    Ok(())
}

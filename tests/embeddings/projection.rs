//! Maps of planted truth.

use ravine::embeddings::EmbeddingTable;
use ravine::embeddings::projection::{ProjectionKind, pca, umap};
use ravine::eval::Features;

use super::{clouds, write};
use crate::common::Any;

fn table(rows: &Features) -> Result<EmbeddingTable, Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("t.parquet");
    write(&path, rows);
    Ok(EmbeddingTable::open(&path, None)?)
}

fn umap_of(table: &EmbeddingTable) -> ravine::error::Result<Vec<[f32; 2]>> {
    umap(table, 3, || Ok(()))
}

/// Share of points whose nearest other point is of their class.
fn purity(points: &[[f32; 2]], classes: usize) -> f64 {
    let square = |a: [f32; 2], b: [f32; 2]| (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2);
    let nearest = |i: usize| {
        let others = (0..points.len()).filter(|j| *j != i);
        others
            .min_by(|a, b| square(points[i], points[*a]).total_cmp(&square(points[i], points[*b])))
    };
    let same =
        (0..points.len()).filter(|&i| nearest(i).is_some_and(|j| j % classes == i % classes));
    same.count() as f64 / points.len() as f64
}

#[test]
fn neighbors_stay_neighbors() -> Result<(), Any> {
    // Five classes in 24 dimensions: two directions cannot part them, neighbors can.
    let rows = clouds(500, 24, 5, 0.22);
    let table = table(&rows)?;
    let points = umap_of(&table)?;
    assert!(points.iter().flatten().all(|v| v.is_finite()));
    let (kept, plain) = (purity(&points, 5), purity(&pca(&table, 3)?, 5));
    assert!(kept > 0.97, "{kept}");
    assert!(plain < kept, "{plain} of PCA, {kept} of UMAP");
    Ok(())
}

#[test]
fn threads_change_nothing() -> Result<(), Any> {
    let table = table(&clouds(300, 12, 3, 0.4))?;
    let with = |threads: usize| -> Result<_, Any> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()?;
        Ok(pool.install(|| (umap_of(&table), pca(&table, 3))))
    };
    let (one, three) = (with(1)?, with(3)?);
    assert_eq!(one.0?, three.0?);
    assert_eq!(one.1?, three.1?);
    Ok(())
}

#[test]
fn principal_components_are_those_of_the_covariance() -> Result<(), Any> {
    // Rows on a circle of latitude, seen at length 1: x and y differ, the third number does not, and x differs most.
    let values: Vec<f32> = (0..64)
        .flat_map(|i| {
            let turn = i as f32 * std::f32::consts::TAU / 64.0;
            let (x, y) = (0.6 * turn.cos(), 0.3 * turn.sin());
            [x, y, (1.0 - x * x - y * y).sqrt()]
        })
        .collect();
    let rows = Features {
        dim: 3,
        ids: (0..64).map(|i| i.to_string()).collect(),
        values: values.clone(),
        ..Features::default()
    };
    let points = pca(&table(&rows)?, 0)?;
    for (point, row) in points.iter().zip(values.chunks_exact(3)) {
        assert!(
            (point[0].abs() - row[0].abs()).abs() < 1e-3,
            "{point:?} of {row:?}"
        );
        assert!(
            (point[1].abs() - row[1].abs()).abs() < 1e-3,
            "{point:?} of {row:?}"
        );
    }
    Ok(())
}

#[test]
fn few_and_equal_rows_have_points() -> Result<(), Any> {
    for (count, spread) in [(1, 1.0), (2, 1.0), (3, 1.0), (40, 0.0)] {
        let table = table(&clouds(count, 4, 1, spread))?;
        for kind in ProjectionKind::ALL {
            let points = kind.points(&table, 0, || Ok(()))?;
            assert_eq!(points.len(), count);
            assert!(
                points.iter().flatten().all(|v| v.is_finite()),
                "{kind:?} of {count}"
            );
        }
    }
    Ok(())
}

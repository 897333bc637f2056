//! How clusters and classes agree.

use std::collections::BTreeMap;

use super::table::EmbeddingTable;

/// How clusters and classes agree, over the rows whose class is known.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Agreement {
    /// Normalised mutual information, by the arithmetic mean of both entropies.
    pub nmi: f64,
    /// Adjusted Rand index (Hubert and Arabie 1985): 0 for chance, 1 for the same partition.
    pub ari: f64,
    /// Share of rows whose class is the most frequent one of their cluster.
    pub purity: f64,
}

/// Compare clusters with the classes of a table; `None` where no class is known.
#[must_use]
pub fn agreement(table: &EmbeddingTable, of: &[u32]) -> Option<Agreement> {
    let mut cells = BTreeMap::<(u32, &str), f64>::new();
    for (row, cluster) in of.iter().enumerate() {
        if let Some(class) = table.class(row) {
            *cells.entry((*cluster, class)).or_default() += 1.0;
        }
    }
    let n: f64 = cells.values().sum();
    let mut clusters = BTreeMap::<u32, (f64, f64)>::new(); // rows, most of one class
    let mut classes = BTreeMap::<&str, f64>::new();
    for ((cluster, class), count) in &cells {
        let entry = clusters.entry(*cluster).or_default();
        *entry = (entry.0 + count, entry.1.max(*count));
        *classes.entry(class).or_default() += count;
    }
    if n == 0.0 {
        return None;
    }
    let entropy = |counts: &mut dyn Iterator<Item = f64>| -> f64 {
        counts.map(|c| -c / n * (c / n).ln()).sum()
    };
    let of_clusters = entropy(&mut clusters.values().map(|(rows, _)| *rows));
    let of_classes = entropy(&mut classes.values().copied());
    let both = entropy(&mut cells.values().copied());
    let mean = f64::midpoint(of_clusters, of_classes);
    let pairs = |counts: &mut dyn Iterator<Item = f64>| -> f64 {
        counts.map(|c| c * (c - 1.0) / 2.0).sum()
    };
    let together = pairs(&mut cells.values().copied());
    let (a, b) = (
        pairs(&mut clusters.values().map(|(rows, _)| *rows)),
        pairs(&mut classes.values().copied()),
    );
    let expected = a * b / (n * (n - 1.0) / 2.0).max(1.0);
    let most = f64::midpoint(a, b);
    Some(Agreement {
        nmi: if mean > 0.0 {
            (of_clusters + of_classes - both) / mean
        } else {
            1.0
        },
        ari: if most > expected {
            (together - expected) / (most - expected)
        } else {
            1.0
        },
        purity: clusters.values().map(|(_, most)| most).sum::<f64>() / n,
    })
}

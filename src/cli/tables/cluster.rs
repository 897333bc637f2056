//! `ravine cluster`: clusters of a table of embeddings, and labels that neighbors disagree with.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::json;

use super::{Asked, Csv, Watch, named};
use crate::cli::output::{print_json, print_text};
use crate::embeddings::EmbeddingTable;
use crate::embeddings::agreement::agreement;
use crate::embeddings::clusters::{Clusters, spherical_k_means};
use crate::embeddings::label_errors::{Disagreement, label_errors};
use crate::error::Result;

/// Neighbors that judge a label, and the share of them that must agree on another.
const JUDGES: (usize, f64) = (10, 0.8);
/// Doubtful labels that are shown.
const SHOWN: usize = 10;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    of: Asked,
    /// Number of clusters; that of the classes, or 10, when left out.
    #[arg(short, long)]
    clusters: Option<usize>,
    /// Decides the centers that clusters start from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// File to write: a line `id,cluster,cosine,class,neighbors_say` for each row, as CSV.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(in crate::cli) fn run(args: &Args, json: bool) -> Result<()> {
    let table = args.of.open()?;
    let classes: std::collections::BTreeSet<&str> = (0..table.rows())
        .filter_map(|row| table.class(row))
        .collect();
    let usual = if classes.len() > 1 {
        classes.len()
    } else {
        10.min(table.rows())
    };
    let clusters = spherical_k_means(&table, args.clusters.unwrap_or(usual), args.seed)?;
    let agree = agreement(&table, &clusters.of);
    let doubtful = if classes.len() > 1 {
        let watch = Watch::rows(table.rows())?;
        let judges = JUDGES.0.min(table.rows() - 1);
        label_errors(&table, judges, JUDGES.1, |_| watch.row())?
    } else {
        Vec::new()
    };
    if let Some(out) = &args.out {
        write(&table, &clusters, &doubtful, out)?;
    }
    let sizes: Vec<usize> = clusters.rows().iter().map(Vec::len).collect();
    if json {
        let one = |d: &Disagreement| json!({ "id": table.id(d.row), "class": table.class(d.row), "neighbors_say": d.neighbors_say, "share": d.share });
        return print_json(&json!({
            "table": table.path().display().to_string(), "rows": table.rows(), "clusters": sizes, "agreement": agree,
            "doubtful_labels": doubtful.iter().map(one).collect::<Vec<_>>(),
        }));
    }
    let mut text = format!(
        "{} clusters of {} to {} rows\n",
        sizes.len(),
        sizes.iter().min().unwrap_or(&0),
        sizes.iter().max().unwrap_or(&0)
    );
    if let Some(agree) = agree {
        let _ = writeln!(
            text,
            "with the classes: NMI {:.4}, adjusted Rand index {:.4}, purity {:.4}",
            agree.nmi, agree.ari, agree.purity
        );
        let _ = writeln!(
            text,
            "{} doubtful labels: at least {:.0} % of the {} nearest rows are of one other class",
            doubtful.len(),
            100.0 * JUDGES.1,
            JUDGES.0
        );
    }
    for d in doubtful.iter().take(SHOWN) {
        let _ = writeln!(
            text,
            "  {}: {:.0} % say {}",
            named(&table, d.row),
            100.0 * d.share,
            d.neighbors_say
        );
    }
    print_text(&text)
}

fn write(
    table: &EmbeddingTable,
    clusters: &Clusters,
    doubtful: &[Disagreement],
    out: &std::path::Path,
) -> Result<()> {
    let mut says = vec![""; table.rows()];
    for d in doubtful {
        says[d.row] = &d.neighbors_say;
    }
    let mut csv = Csv::create(out, &["id", "cluster", "cosine", "class", "neighbors_say"])?;
    for (row, says) in says.into_iter().enumerate() {
        let (cluster, cosine) = (
            clusters.of[row].to_string(),
            clusters.cosine[row].to_string(),
        );
        csv.row(&[
            table.id(row),
            &cluster,
            &cosine,
            table.class(row).unwrap_or_default(),
            says,
        ])?;
    }
    csv.finish()
}

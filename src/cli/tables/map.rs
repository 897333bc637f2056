//! `ravine map`: rows of a table of embeddings as points of a plane.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Csv, Watch};
use crate::assembly::OpenedRun;
use crate::atomic::{write, write_bytes};
use crate::cli::chosen::Chosen;
use crate::cli::output::{notes, print_json, print_text};
use crate::cli::part::by_name;
use crate::cli::progress::Bars;
use crate::cli::stop::stop_flag;
use crate::embeddings::EmbeddingTable;
use crate::embeddings::projection::ProjectionKind;
use crate::error::{Error, Result};
use crate::eval::writers::{SAID_OF_PARTS, SUCCESS};
use crate::plot::{Scatter, sheet};
use crate::report::{Album, Atlas, map_page};
use crate::run::embed_some;

/// Width and height of the drawing, in points.
const SIDE: f64 = 640.0;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Table of embeddings (.parquet, .npy, .safetensors or a folder of parts), or a run folder, whose pictures are embedded.
    #[arg(value_name = "TABLE|RUN")]
    of: PathBuf,
    /// Its column of embeddings, where there are several.
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// How rows become points: umap keeps neighbors, pca distances.
    #[arg(long, default_value = "umap", value_parser = by_name(ProjectionKind::ALL, ProjectionKind::name))]
    kind: ProjectionKind,
    /// Decides every random draw.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Folder for map.html, map.png and map.csv (id, x, y, class, part); `map` in the run folder, or TABLE-map beside the
    /// table, when left out.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Pictures on the page, evenly spread over the rows; 0 shows none.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    images: usize,
    /// The run that made the table; the one that the table names when left out.
    #[arg(long, value_name = "RUN")]
    run: Option<PathBuf>,
    /// Where the pictures lie; the run's own data when left out.
    #[arg(long, value_name = "PATH")]
    data: Option<String>,
    #[command(flatten)]
    chosen: Chosen,
}

pub(in crate::cli) fn run(args: &Args, json: bool) -> Result<()> {
    let is_run = args.of.is_dir() && !is_table(&args.of);
    let root = is_run.then(|| args.of.clone()).or_else(|| args.run.clone());
    let (table, run) = if let Some(root) = root.filter(|_| is_run) {
        let run = opened(args, &root)?;
        (embedded(&run)?, Some(run))
    } else {
        let table = EmbeddingTable::open(&args.of, args.column.as_deref())?;
        notes(table.notes());
        let root = args
            .run
            .clone()
            .or_else(|| table.run().filter(|root| root.is_dir()));
        let run = root
            .filter(|_| args.images > 0)
            .map(|root| opened(args, &root))
            .transpose()?;
        (table, run)
    };
    let folder = args.out.clone().unwrap_or_else(|| beside(&args.of, is_run));
    std::fs::create_dir_all(&folder)
        .map_err(|e| Error::data(&folder, format!("cannot be created: {e}; choose --out")))?;
    let album = run
        .as_ref()
        .filter(|_| args.images > 0)
        .map(Album::open)
        .transpose()?;
    let watch = Watch::rows(table.rows())?;
    let atlas = Atlas::new(
        &table,
        (args.kind, args.seed),
        (album.as_ref(), args.images),
        || watch.row(),
    )?;
    drop(watch);
    let title = format!("Map of {}", args.of.display());
    let page = folder.join("map.html");
    write(&page, &map_page(&title, &atlas)?)?;
    let png = folder.join("map.png");
    write_bytes(&png, &drawn(&title, &table, &atlas)?)?;
    let csv = folder.join("map.csv");
    listed(&csv, &table, &atlas)?;
    let written = [page, png, csv].map(|path| path.display().to_string());
    if json {
        return print_json(&json!({
            "of": args.of.display().to_string(), "rows": atlas.rows(), "written": written,
        }));
    }
    print_text(&format!("{}\n", written.join("\n")))
}

fn opened(args: &Args, root: &Path) -> Result<OpenedRun> {
    let mut run = args.chosen.open(root)?;
    if let Some(data) = &args.data {
        run.use_data(data);
    }
    if run.config.data.is_table() {
        return Err(Error::Usage(format!(
            "{} learns from a table, which needs no embeddings; give a run of pictures",
            root.display()
        )));
    }
    Ok(run)
}

/// All pictures of `run`.
fn embedded(run: &OpenedRun) -> Result<EmbeddingTable> {
    let folder = tempfile::tempdir()
        .map_err(|e| Error::Failed(format!("no temporary folder can be made: {e}")))?;
    let path = folder.path().join("embeddings.safetensors");
    embed_some(run, usize::MAX, &path, &mut Bars::new(), &*stop_flag()?)?;
    EmbeddingTable::open(&path, None)
}

/// Whether `folder` holds the parts of a table.
fn is_table(folder: &Path) -> bool {
    [SUCCESS, SAID_OF_PARTS]
        .iter()
        .any(|name| folder.join(name).exists())
}

/// Where a map goes that nobody gave a place.
fn beside(of: &Path, is_run: bool) -> PathBuf {
    if is_run {
        return of.join("map");
    }
    let stem = of.file_stem().unwrap_or_default().to_string_lossy();
    of.with_file_name(format!("{stem}-map"))
}

/// The points as a picture.
fn drawn(title: &str, table: &EmbeddingTable, atlas: &Atlas) -> Result<Vec<u8>> {
    let scatter = Scatter {
        title: String::new(),
        points: atlas.points().to_vec(),
        class_of: (0..table.rows())
            .map(|row| atlas.class_number(row))
            .collect(),
        classes: atlas.classes().to_vec(),
        side: SIDE,
    };
    sheet(title, &[], &[vec![Box::new(scatter)]]).png()
}

/// The points as a table.
fn listed(path: &Path, table: &EmbeddingTable, atlas: &Atlas) -> Result<()> {
    let mut csv = Csv::create(path, &["id", "x", "y", "class", "part"])?;
    for (row, [x, y]) in atlas.points().iter().enumerate() {
        let (class, part) = (
            table.class(row).unwrap_or_default(),
            table.part(row).unwrap_or_default(),
        );
        csv.row(&[table.id(row), &x.to_string(), &y.to_string(), class, part])?;
    }
    csv.finish()
}

//! `ravine data split`: which image is of which part, in a file.

use std::path::PathBuf;

use serde::Serialize;

use super::images::Images;
use crate::atomic::AtomicFile;
use crate::cli::output::{print_json, print_text};
use crate::data::check::PartCounts;
use crate::data::{Part, open_with_parts};
use crate::error::{Error, Result};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    of: Images,
    /// File to write, .csv: path (relative to the root of the data), label (empty where there is none), part.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace the file.
    #[arg(long)]
    force: bool,
}

/// What was written.
#[derive(Serialize)]
struct Written {
    out: String,
    images: usize,
    parts: PartCounts,
    unlabelled: usize,
}

/// A line of the file.
#[derive(Serialize)]
struct Line<'a> {
    path: String,
    label: &'a str,
    part: Part,
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    if !args
        .out
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("csv"))
    {
        return Err(Error::Usage(format!(
            "--out {}: the parts are written as .csv; give such a name",
            args.out.display()
        )));
    }
    if args.out.exists() && !args.force {
        return Err(Error::Usage(format!(
            "{} is there already; add --force to replace it, or give another file with --out",
            args.out.display()
        )));
    }
    let (data, parts) = open_with_parts(&args.of.config()?, Part::All)?;
    let unwritable = |e: csv::Error| Error::data(&args.out, format!("cannot be written: {e}"));
    let mut unlabelled = 0;
    let mut lines = csv::Writer::from_writer(AtomicFile::create(&args.out)?);
    for (index, &part) in parts.iter().enumerate() {
        let label = data
            .label(index)
            .and_then(|label| data.classes().get(label as usize));
        unlabelled += usize::from(label.is_none());
        let line = Line {
            path: data.id(index),
            label: label.map_or("", String::as_str),
            part,
        };
        lines.serialize(line).map_err(unwritable)?;
    }
    let file = lines
        .into_inner()
        .map_err(|e| unwritable(e.into_error().into()))?;
    file.commit()?;
    let written = Written {
        out: args.out.display().to_string(),
        images: parts.len(),
        parts: PartCounts::of(&parts),
        unlabelled,
    };
    if json {
        return print_json(&written);
    }
    let PartCounts {
        train,
        validation,
        test,
    } = written.parts;
    print_text(&format!(
        "{}: {} images, {train} to train on, {validation} for validation, {test} for the test\n",
        written.out, written.images
    ))
}

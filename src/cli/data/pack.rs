//! `ravine data pack`: a copy of a data set that loads fast.

use std::fmt::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use indicatif::ProgressStyle;

use super::images::Images;
use crate::cli::output::{bar, note, notes, print_json, print_text};
use crate::cli::part::one_of;
use crate::cli::stop::stop_flag;
use crate::data::Part;
use crate::error::Result;
use crate::run::{PackFormat, PackedSet, Packing, pack};

/// Pictures passed over that are printed.
const PRINTED: usize = 10;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    of: Images,
    /// Folder to write, or a file .parquet where the images come in one part.
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// How pictures are stored: Parquet in the Hugging Face image layout, or tar files of samples.
    #[arg(long, value_enum, default_value_t = Format::Parquet)]
    format: Format,
    /// Pictures of one part alone, as training splits them; left out: all, in the parts that the source comes in.
    #[arg(long, default_value = "all", value_parser = one_of([Part::All, Part::Train, Part::Validation, Part::Test]))]
    part: Part,
    /// Resize the shorter side of larger pictures to so many pixels, and store them without loss; left out: every file is
    /// copied as it is.
    #[arg(long, value_name = "PIXELS")]
    size: Option<usize>,
    /// Megabytes of pictures after which another file of the folder is begun.
    #[arg(long, value_name = "MB", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    shard_size: u64,
    /// Replace a packed set that is there.
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Parquet,
    Webdataset,
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let wanted = Packing {
        out: args.out.clone(),
        format: match args.format {
            Format::Parquet => PackFormat::Parquet,
            Format::Webdataset => PackFormat::WebDataset,
        },
        part: args.part,
        size: args.size,
        shard_bytes: args.shard_size * 1_000_000,
        force: args.force,
    };
    let bar = bar(0);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} pictures, {eta} left") {
        bar.set_style(style);
    }
    let mut watch = |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    let packed = pack(&args.of.config()?, &wanted, &mut watch, &*stop_flag()?);
    bar.finish_and_clear();
    let packed = packed?;
    notes(&packed.notes);
    for bad in packed.passed_over.iter().take(PRINTED) {
        note(&format!("passed over: {}: {}", bad.id, bad.reason));
    }
    if json {
        return print_json(&packed);
    }
    print_text(&text(&packed))
}

fn text(packed: &PackedSet) -> String {
    let mut text = format!("{}: {} pictures", packed.out, packed.images);
    if packed.unreadable > 0 {
        let _ = write!(
            text,
            ", {} that cannot be read are passed over (pack.json names them)",
            packed.unreadable
        );
    }
    text.push('\n');
    for part in &packed.parts {
        let classes = match part.classes.len() {
            0 if !packed.tags.is_empty() => {
                format!("{} labels, several a picture", packed.tags.len())
            }
            0 => "no labels".into(),
            classes if part.unlabelled == 0 => format!("{classes} classes"),
            classes => format!("{classes} classes, {} without label", part.unlabelled),
        };
        let files = packed.files.iter().filter(|file| file.part == part.part);
        let bytes: u64 = files.clone().map(|file| file.bytes).sum();
        let count = files.count();
        let plural = if count == 1 { "" } else { "s" };
        let (name, images) = (part.part.name(), part.images);
        let megabytes = bytes as f64 / 1e6;
        let _ = writeln!(
            text,
            "  {name:<10}  {images} pictures, {classes}, {count} file{plural}, {megabytes:.1} MB"
        );
    }
    text
}

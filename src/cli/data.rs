//! `ravine data`: statistics and health of a data set.

use std::fmt::Write;

use super::output::{print_json, print_text};
use super::preview;
use crate::data::check::check;
use crate::data::depth::RangeInUse;
use crate::data::{DataConfig, Part, ReaderKind, Statistics, open_part};
use crate::error::{Error, Result};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Mean and standard deviation of each channel, for `augment.mean` and `augment.std`.
    Stats {
        /// Folder or file of images, or `digits`.
        path: String,
        /// Images to measure, evenly spread over the training part.
        #[arg(long, default_value_t = 10_000)]
        images: usize,
    },
    /// Read every image; count classes and sizes, list what cannot be read. Exit code 1 when something cannot.
    Check {
        /// Folder or file of images, or `digits`.
        path: String,
    },
    /// Draw the views that a configuration makes of some images: views.svg and views.png.
    Preview(preview::Args),
}

/// Statistics of pixels, and how much of their range images of 16 bits use.
#[derive(serde::Serialize)]
struct Measured {
    #[serde(flatten)]
    found: Statistics,
    range: Option<RangeInUse>,
}

fn open(path: &str, part: Part) -> Result<std::sync::Arc<dyn crate::data::Dataset>> {
    let config = DataConfig {
        source: path.into(),
        reader: ReaderKind::Auto,
        ..DataConfig::default()
    };
    open_part(&config, part)
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    match &args.command {
        Command::Preview(args) => preview::run(args, json),
        Command::Stats { path, images } => {
            let data = open(path, Part::Train)?;
            let found = Statistics::measure(data.as_ref(), *images)?;
            let range = RangeInUse::measure(data.as_ref(), *images);
            if json {
                return print_json(&Measured { found, range });
            }
            let list = |values: &[f64]| {
                let values: Vec<String> = values.iter().map(|v| format!("{v:.4}")).collect();
                values.join(", ")
            };
            print_text(&format!(
                "mean = [{}]\nstd = [{}]\n{}",
                list(&found.mean),
                list(&found.std),
                range.map_or(String::new(), |range| format!("# {}\n", range.sentence()))
            ))
        }
        Command::Check { path } => {
            let found = check(open(path, Part::All)?.as_ref());
            if json {
                print_json(&found)?;
            } else {
                print_text(&text(&found))?;
            }
            if found.bad.is_empty() {
                return Ok(());
            }
            Err(Error::Failed(format!(
                "{} of {} images cannot be read; training skips them, and stops where they are more than the share \
                 `data.max_bad_share` (0.01)",
                found.bad.len(),
                found.images
            )))
        }
    }
}

fn text(found: &crate::data::check::Check) -> String {
    let mut text = format!(
        "{} images, {} without label\n",
        found.images, found.unlabelled
    );
    for (class, count) in &found.classes {
        let _ = writeln!(text, "  class {class}: {count}");
    }
    for ([height, width], count) in found.sizes.iter().take(10) {
        let _ = writeln!(text, "  {width}x{height} pixels: {count}");
    }
    for note in &found.notes {
        let _ = writeln!(text, "  {note}");
    }
    if let Some(range) = &found.range {
        let _ = writeln!(text, "  {}", range.sentence());
    }
    for bad in &found.bad {
        let _ = writeln!(text, "  cannot be read: {}: {}", bad.id, bad.reason);
    }
    text
}

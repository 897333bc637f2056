//! `ravine data stats`: mean and deviation of the pixels.

use super::images::Images;
use crate::cli::output::{note, print_json, print_text};
use crate::data::depth::RangeInUse;
use crate::data::{Part, Statistics, open_part};
use crate::error::Result;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    of: Images,
    /// Images to measure, evenly spread over the training part.
    #[arg(long, default_value_t = 10_000)]
    images: usize,
}

/// Statistics of pixels, and how much of their range images of 16 bits use.
#[derive(serde::Serialize)]
struct Measured {
    #[serde(flatten)]
    found: Statistics,
    images: usize,
    unreadable: usize,
    range: Option<RangeInUse>,
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let data = open_part(&args.of.config()?, Part::Train)?;
    let (found, [images, unreadable]) = Statistics::counted(data.as_ref(), args.images)?;
    let range = RangeInUse::measure(data.as_ref(), args.images);
    if json {
        return print_json(&Measured {
            found,
            images,
            unreadable,
            range,
        });
    }
    let list = |values: &[f64]| {
        let values: Vec<String> = values.iter().map(|v| format!("{v:.4}")).collect();
        values.join(", ")
    };
    if unreadable > 0 {
        note(&format!(
            "{unreadable} of {} images cannot be read and do not count; `ravine data check` names them",
            images + unreadable
        ));
    }
    print_text(&format!(
        "mean = [{}]\nstd = [{}]\n{}",
        list(&found.mean),
        list(&found.std),
        range.map_or(String::new(), |range| format!("# {}\n", range.sentence()))
    ))
}

//! `ravine data check`: what is in a data set, twice or broken.

use std::fmt::Write;

use super::images::Images;
use crate::cli::output::{print_json, print_text};
use crate::data::check::{Alike, Check, PartCounts, check};
use crate::data::repeats::Repeats;
use crate::data::{Part, open_with_parts};
use crate::error::{Error, Result};

/// Sizes that are listed.
const LISTED: usize = 10;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    of: Images,
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let config = args.of.config()?;
    let (data, parts) = open_with_parts(&config, Part::All)?;
    let found = check(data.as_ref(), &parts);
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
         `data.max_bad_share` ({})",
        found.bad.len(),
        found.images,
        config.max_bad_share
    )))
}

fn text(found: &Check) -> String {
    let mut text = format!(
        "{} images, {} without label\n",
        found.images,
        found.unlabelled.total()
    );
    text.push_str(&table(found));
    let mut line = |line: &str| {
        let _ = writeln!(text, "  {line}");
    };
    for Alike { what, images } in found.sizes.iter().take(LISTED) {
        line(&format!("{}x{} pixels: {images}", what.width, what.height));
    }
    if let Some(others) = found.sizes.len().checked_sub(LISTED).filter(|n| *n > 0) {
        let of_them = found.sizes[LISTED..].iter().map(|alike| alike.images);
        line(&format!(
            "… and {others} other sizes: {}",
            of_them.sum::<usize>()
        ));
    }
    for Alike { what, images } in &found.depths {
        let plural = if what.channels == 1 { "" } else { "s" };
        let (channels, bits) = (what.channels, what.bits);
        line(&format!(
            "{channels} channel{plural} of {bits} bits: {images}"
        ));
    }
    if let Some(range) = &found.range {
        line(&range.sentence());
    }
    for said in found.notes.iter().chain(&warnings(&found.repeats)) {
        line(said);
    }
    for bad in &found.bad {
        line(&format!("cannot be read: {}: {}", bad.id, bad.reason));
    }
    text
}

/// Classes by parts.
fn table(found: &Check) -> String {
    let named = |name: String, counts: &PartCounts| {
        let PartCounts {
            train,
            validation,
            test,
        } = counts;
        let counts = [*train, *validation, *test, counts.total()].map(|count| count.to_string());
        let mut row = vec![name];
        row.extend(counts);
        row
    };
    let mut rows = vec![
        ["", "train", "validation", "test", "all"]
            .map(String::from)
            .to_vec(),
    ];
    let classes = found.classes.iter();
    rows.extend(classes.map(|class| named(format!("class {}", class.class), &class.parts)));
    let tags = found.tags.iter();
    rows.extend(tags.map(|tag| named(format!("tag {}", tag.class), &tag.parts)));
    if found.unlabelled.total() > 0 && !found.classes.is_empty() {
        rows.push(named("without label".into(), &found.unlabelled));
    }
    rows.push(named("all".into(), &found.parts));
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let _ = write!(text, "  {:<1$}", row[0], widths[0]);
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            let _ = write!(text, "  {cell:>width$}");
        }
        text.push('\n');
    }
    text
}

/// What is there twice, a sentence each.
fn warnings(repeats: &Repeats) -> Vec<String> {
    let mut said = Vec::new();
    if repeats.within > 0 {
        said.push(format!(
            "{} images repeat an earlier one of their part byte by byte",
            repeats.within
        ));
    }
    for leak in &repeats.across {
        let pairs: Vec<String> = leak
            .first
            .iter()
            .map(|[a, b]| format!("{b} is {a}"))
            .collect();
        let (from, to) = (leak.from.name(), leak.to.name());
        let cut = if leak.first.len() < leak.images {
            ", …"
        } else {
            ""
        };
        said.push(format!(
            "warning: leakage: {} images of the {to} part are in the {from} part too, byte by byte: {}{cut}; take them \
             out of one of the two",
            leak.images,
            pairs.join(", ")
        ));
    }
    said
}

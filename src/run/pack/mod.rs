//! A copy of a data set that loads fast: Parquet files in the Hugging Face image layout, or tar files of samples.
//!
//! The same source and settings give the same bytes.

mod hashed;
mod manifest;
mod parquet;
mod part;
mod picture;
mod place;
mod row;
mod wanted;
mod webdataset;

use std::sync::atomic::AtomicBool;

pub use manifest::{PackedFile, PackedPart, PackedSet};
pub use wanted::{PackFormat, Packing};

use crate::data::{DataConfig, Part, Stock, open_part};
use crate::error::{Error, Result, require};
use part::{Going, pack_part};
use place::Target;
use row::Names;

/// Pack the images of `config` and write all files or none; `watch` is told how many of how many were read.
///
/// Pictures that cannot be read are passed over, counted and named. Memory: that of the opened source, 16 MiB and some
/// pictures.
///
/// # Errors
/// A source that cannot be opened, no picture that can be read, a place that is taken, several parts for one file, a full
/// disk; [`Error::Interrupted`] after a stop from outside.
pub fn pack(
    config: &DataConfig,
    wanted: &Packing,
    watch: &mut dyn FnMut(usize, usize),
    stop: &AtomicBool,
) -> Result<PackedSet> {
    require(
        "--size",
        wanted.size.is_none_or(|size| (1..=16_384).contains(&size)),
        "must be between 1 and 16384 pixels",
    )?;
    let target = Target::new(wanted)?;
    let stock = if wanted.part == Part::All {
        Stock::open(config)?
    } else {
        let set = open_part(config, wanted.part)?;
        let channels = Stock::open(config)?.channels;
        Stock {
            parts: vec![(wanted.part, set)],
            channels,
        }
    };
    target.takes(&stock.parts)?;
    let names = Names::of(&stock.parts, wanted.format.own());
    require(
        "--format",
        names.tags.is_empty() || wanted.format == PackFormat::Parquet,
        "must be parquet for images with several labels each, which samples in tar files have no place for",
    )?;
    if !names.tags.is_empty() && !names.classes.is_empty() {
        return Err(Error::data(
            config.sources_in_words(),
            "some images have one class and others several labels, which one column does not hold; pack them by themselves",
        ));
    }
    let mut set = PackedSet::new(config, wanted, &names, &stock);
    let all = stock.parts.iter().map(|(_, set)| set.len()).sum();
    let mut going = Going {
        wanted,
        names: &names,
        target: &target,
        before: 0,
        all,
        watch,
        stop,
    };
    for (part, images) in &stock.parts {
        let packed = pack_part(*part, images.as_ref(), &mut going, &mut set)?;
        set.parts.push(packed);
        going.before += images.len();
    }
    if set.images == 0 {
        let first = set.passed_over.first();
        let why = first.map_or_else(String::new, |bad| format!("; {}: {}", bad.id, bad.reason));
        return Err(Error::data(
            &config.source,
            format!("no picture can be read{why}"),
        ));
    }
    target.finish(&set, &names)?;
    Ok(set)
}

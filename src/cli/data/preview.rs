//! `ravine data preview`: a contact sheet of the views that a configuration makes.

use std::path::PathBuf;

use crate::augment::MultiView;
use crate::cli::output::{note, print_json, print_text};
use crate::config::Config;
use crate::data::{self, Image};
use crate::error::{Error, Result};
use crate::judge::chosen;
use crate::plot::{Drawing, Panel, Picture, sheet};

/// Width of a view of full size on the sheet, in points.
const SIDE: f64 = 76.0;

/// Most images that are shown.
const MOST: usize = 100;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A preset (see `ravine list presets`) or a TOML file; the embedded digits when left out.
    config: Option<String>,
    /// Folder or file of images, or `digits`.
    #[arg(long, value_name = "PATH")]
    data: Option<String>,
    /// Change one key of the configuration, for example --set augment.size=64.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Images of the training part, drawn by the seed.
    #[arg(long, default_value_t = 8)]
    images: usize,
    /// The epoch whose views are shown, from 0.
    #[arg(long, default_value_t = 0)]
    epoch: u64,
    /// Folder for views.svg and views.png.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Replace the figures that are there.
    #[arg(long)]
    force: bool,
}

/// The name of the figure.
const NAME: &str = "views";

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    if !(1..=MOST).contains(&args.images) {
        return Err(Error::Usage(format!(
            "--images {}: a sheet shows 1 to {MOST} images",
            args.images
        )));
    }
    let mut files = ["svg", "png"]
        .map(|extension| args.out.join(format!("{NAME}.{extension}")))
        .into_iter();
    if let Some(there) = files.find(|file| !args.force && file.exists()) {
        return Err(Error::Usage(format!(
            "{} is there already; add --force to replace it, or give another folder with --out",
            there.display()
        )));
    }
    let mut config = Config::load(args.config.as_deref(), &args.sets)?;
    if let Some(data) = &args.data {
        config.data.source.clone_from(data);
    }
    if config.data.is_table() {
        return Err(Error::key(
            "data.source",
            "is a table, whose rows have no views to be looked at; give images",
        ));
    }
    let splits = data::open(&config.data)?;
    // What is shown are pixels.
    (config.augment.mean, config.augment.std) = (None, None);
    let (plain, views) = (
        config.augment.evaluation(splits.channels)?,
        config.augment.build(splits.channels)?,
    );
    let mut drawings: Vec<Box<dyn Drawing>> = Vec::new();
    let mut skipped = Vec::new();
    for index in chosen(splits.train.len(), args.images, config.seed) {
        let image = match splits.train.get(index) {
            Ok(image) => image,
            Err(e @ Error::Data { .. }) => {
                skipped.push(e.to_string());
                continue;
            }
            Err(other) => return Err(other),
        };
        let at = (config.seed, args.epoch, index as u64);
        let mut panels = panels(&plain, &image, at, config.augment.size)?;
        panels.extend(self::panels(&views, &image, at, config.augment.size)?);
        drawings.push(Box::new(Picture {
            title: splits.train.id(index),
            panels,
        }));
    }
    for skipped in &skipped {
        note(&format!("skipped {skipped}"));
    }
    if drawings.is_empty() {
        return Err(Error::Failed("none of the images could be read".into()));
    }
    let title = format!("Views of {} by {}", config.data.source, config.method);
    let note = format!(
        "First each image as evaluation sees it, then its {} views of epoch {} in the order of augment.views, before \
         normalisation.",
        views.shapes().len(),
        args.epoch
    );
    let shown = drawings.len();
    let written = sheet(&title, &[note], &[drawings]).write(&args.out, NAME)?;
    if json {
        return print_json(&serde_json::json!({"images": shown, "figures": [written]}));
    }
    print_text(&format!(
        "{}\n{}\n",
        written.svg.display(),
        written.png.display()
    ))
}

/// All views of one image, each as wide as its size says.
pub(in crate::cli) fn panels(
    views: &MultiView,
    image: &Image,
    (seed, epoch, sample): (u64, u64, u64),
    full: usize,
) -> Result<Vec<Panel>> {
    let made = views.shapes().into_iter().zip(0..).map(|(shape, view)| {
        let mut values = vec![0.0; shape.iter().product()];
        views.fill(image, seed, epoch, sample, view, &mut values)?;
        let width = SIDE * shape[2] as f64 / full as f64;
        Ok(Panel::of(&values, shape, width))
    });
    made.collect()
}

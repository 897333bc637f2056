//! `ravine export`: the encoder for other programs.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};

use super::chosen::Chosen;
use super::output::{print_json, print_text};
use super::progress::Bars;
use crate::error::{Error, Result};
use crate::export::{Export, FORMATS, Format, With, export, find};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run folder.
    run: PathBuf,
    /// What reads it.
    #[arg(long, value_parser = formats(), default_value = "onnx")]
    to: String,
    /// File to write, its card beside it (FILE.md); for timm and hf a folder.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What goes out on top of the encoder: projector, head, or a probe fitted on the labelled training images.
    #[arg(long, value_parser = PossibleValuesParser::new(With::ALL.map(|(name, _)| name)))]
    with: Option<String>,
    /// Take pixels in [0, 1] and normalise them inside, by the mean and deviation of the run.
    #[arg(long)]
    normalize: bool,
    /// Images of any size: positions are interpolated inside (opset 18).
    #[arg(long)]
    any_size: bool,
    /// Labelled images for --with probe; the run's own when left out.
    #[arg(long, value_name = "PATH")]
    data: Option<String>,
    #[command(flatten)]
    chosen: Chosen,
}

/// The names that `--to` takes.
fn formats() -> PossibleValuesParser {
    let value = |format: &&dyn Format| PossibleValue::new(format.name()).help(format.about());
    FORMATS.iter().map(value).collect::<Vec<_>>().into()
}

impl Args {
    fn wanted(&self) -> Result<Export> {
        let with = self.with.as_deref().unwrap_or_default();
        let mut named = With::ALL.iter().filter(|(name, _)| *name == with);
        let with = named.next().map_or(With::Nothing, |(_, with)| *with);
        if self.data.is_some() && with != With::Probe {
            return Err(Error::Usage(
                "--data names the images that a probe is fitted on; give --with probe too, or leave it out".into(),
            ));
        }
        Ok(Export {
            to: find(&self.to)?,
            out: self.out.clone(),
            with,
            normalize: self.normalize,
            any_size: self.any_size,
        })
    }
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let wanted = args.wanted()?;
    let mut opened = args.chosen.open(&args.run)?;
    if let Some(data) = &args.data {
        opened.use_data(data);
    }
    let written = export(&opened, &wanted, &mut Bars::new())?;
    if json {
        return print_json(&written);
    }
    let outputs = match written.outputs.as_slice() {
        [] => String::new(),
        outputs => format!(", outputs {}", outputs.join(", ")),
    };
    print_text(&format!(
        "{}: {} parameters{outputs}; card: {}\n",
        written.out, written.parameters, written.card
    ))
}

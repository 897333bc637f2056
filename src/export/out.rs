//! How a network goes out.

use std::path::{Path, PathBuf};

use super::card;
use super::fitted::with_probe;
use super::format::Takes;
use super::network::{ChannelStatistics, Exported};
use super::wanted::{Export, ExportedFile, With};
use crate::assembly::OpenedRun;
use crate::error::{Error, Result};
use crate::train::Observer;

/// Write the network of `run` as `wanted`, with a card beside it.
///
/// # Errors
/// The run lacks what is asked for, the format cannot hold it, or the disk is full.
pub fn export(
    run: &OpenedRun,
    wanted: &Export,
    observer: &mut dyn Observer,
) -> Result<ExportedFile> {
    check(wanted)?;
    check_name(wanted)?;
    let mut probe = None;
    let mut exported = match wanted.with {
        With::Nothing => Exported::until(run, "features")?,
        With::Projector => Exported::until(run, "embedding")?,
        With::Head => Exported::with_head(run)?,
        With::Probe => {
            let (exported, said) = with_probe(run, observer)?;
            observer.message(&format!("probe: {said}"));
            probe = Some(said);
            exported
        }
    };
    if wanted.any_size {
        exported.any_size = true;
        exported.check_any_size()?;
    }
    if wanted.normalize {
        let statistics = ChannelStatistics::of(&run.config);
        exported.normalize = Some(statistics.ok_or_else(|| {
            Error::Usage(
                "--normalize: the run's images were not normalised, so the network takes pixels in [0, 1] as it is; \
                 leave it out"
                    .into(),
            )
        })?);
    }
    exported.statistics = ChannelStatistics::of(&run.config);
    exported.kind = Some(run.config.encoder.clone());
    exported.title = card::title(run);
    exported.facts = card::facts(run, &exported);
    let path = if wanted.to.is_folder() {
        wanted.out.join("README.md")
    } else {
        card_path(&wanted.out)
    };
    let text = card::text(run, &exported, wanted, probe.as_deref())?;
    wanted.to.write(&exported, &wanted.out)?;
    crate::atomic::write(&path, &text)?;
    let mut outputs = exported.output_names();
    if wanted.to.takes() == Takes::Encoder {
        outputs.clear();
    }
    Ok(ExportedFile {
        out: wanted.out.display().to_string(),
        card: path.display().to_string(),
        format: wanted.to.name().into(),
        outputs,
        features: exported.features(),
        parameters: exported.count(),
        classes: exported
            .answers
            .map_or_else(Vec::new, |answers| answers.classes),
    })
}

/// Refuse what the format cannot hold.
fn check(wanted: &Export) -> Result<()> {
    let asked = [
        ("--with", wanted.with != With::Nothing),
        ("--normalize", wanted.normalize),
        ("--any-size", wanted.any_size),
    ];
    let Some((option, _)) = asked.iter().find(|(_, asked)| *asked) else {
        return Ok(());
    };
    if wanted.to.takes() == Takes::Everything {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "{option}: `{}` holds the parameters of the encoder and nothing else; leave it out, or give --to onnx",
        wanted.to.name()
    )))
}

/// Refuse a name that is not the format's, which may be that of some other file.
fn check_name(wanted: &Export) -> Result<()> {
    let endings = wanted.to.endings();
    let ending = wanted.out.extension().unwrap_or_default();
    if endings.is_empty() || endings.iter().any(|&one| one == ending) {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "--out {}: files for {} end in .{}; name it so",
        wanted.out.display(),
        wanted.to.name(),
        endings.join(" or .")
    )))
}

/// The card of the file `out`.
fn card_path(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_os_string();
    name.push(".md");
    out.with_file_name(name)
}

//! How much a run may cost, in images or in time, instead of a number of epochs.

use std::str::FromStr;

use super::dry_run::DryRun;
use super::estimate::duration;
use super::held::Held;
use crate::assembly::{ImageSetup, set_epochs};
use crate::config::Config;
use crate::data;
use crate::error::{Error, Result};

/// Share of a time that steps may take; the rest is for probes and the card.
const FOR_STEPS: f64 = 0.85;

/// No run sees so many images, or takes so many seconds.
const MOST: f64 = 1e9;

/// What a run may cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// Images that are seen in all, each with all its views.
    Images(f64),
    /// Seconds on this machine, from the first step to the card, roughly.
    Seconds(f64),
}

impl FromStr for Budget {
    type Err = Error;

    /// `90s`, `10m` or `2h` of time; `200k`, `1.5M` or a plain number of images.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::Usage(format!(
                "--budget {text}: give a time, 90s, 10m or 2h, or a number of images to see, 200k or 1.5M"
            ))
        };
        let text = text.trim();
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let number: f64 = digits.trim().parse().map_err(|_| wrong())?;
        if !(number > 0.0 && number < MOST) {
            return Err(wrong());
        }
        Ok(match &text[digits.len()..] {
            "s" => Self::Seconds(number),
            "m" | "min" => Self::Seconds(60.0 * number),
            "h" => Self::Seconds(3600.0 * number),
            "" => Self::Images(number),
            "k" => Self::Images(1e3 * number),
            "M" => Self::Images(1e6 * number),
            _ => return Err(wrong()),
        })
    }
}

/// `config` with as many chunks as its batch needs on this machine, where `fits` asks for that, and with the epochs that
/// `budget` is enough for; and what was changed and why, a sentence each.
///
/// # Errors
/// As [`crate::run::pretrain`], before its first step.
pub fn within(config: Config, fits: bool, budget: Option<Budget>) -> Result<(Config, Vec<String>)> {
    let (mut changed, mut reasons) = (config.clone(), Vec::new());
    let mut setup = ImageSetup::new(without_statistics(config)?)?;
    setup.check_batch(2)?;
    setup.check_memory()?;
    if fits
        && let Some(held) = Held::measure(&setup)?
        && let Some((chunks, why)) = held.more_chunks(&setup)
    {
        changed.train.chunks = chunks;
        setup.config.train.chunks = chunks;
        reasons.push(why);
    }
    if let Some(budget) = budget {
        let steps = setup.loader()?.batches_per_epoch();
        let images = steps * setup.config.train.batch as u64;
        let (epochs, of) = match budget {
            Budget::Images(number) => {
                let epochs = (number / images as f64).round().max(1.0);
                (epochs as u64, format!("{images} images an epoch"))
            }
            Budget::Seconds(_) if !setup.config.all_heads().is_empty() => {
                return Err(Error::Usage(
                    "--budget: a time is for pretraining; for a head give a number of images, 200k"
                        .into(),
                ));
            }
            Budget::Seconds(seconds) => {
                let run = DryRun::of(&setup)?;
                let epochs = run.epochs_within(FOR_STEPS * seconds, steps);
                let took = duration(run.seconds(epochs, steps));
                (epochs, format!("{took} of steps on this machine"))
            }
        };
        set_epochs(&mut changed, epochs);
        reasons.push(format!("train.epochs {epochs}: {of}"));
    }
    Ok((changed, reasons))
}

/// `config` with any mean and deviation: those of the images cost a look at thousands of them and change no time.
fn without_statistics(mut config: Config) -> Result<Config> {
    let augment = &mut config.augment;
    if augment.mean.is_none() && augment.std.is_none() {
        let channels = data::open(&config.data)?.channels;
        augment.mean = Some(vec![0.5; channels]);
        augment.std = Some(vec![0.25; channels]);
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_numbers_of_images_are_told_apart() {
        let read = |text: &str| text.parse::<Budget>();
        for (text, budget) in [
            ("90s", Budget::Seconds(90.0)),
            ("10m", Budget::Seconds(600.0)),
            ("0.5h", Budget::Seconds(1800.0)),
            ("200k", Budget::Images(200_000.0)),
            ("1.5M", Budget::Images(1_500_000.0)),
            ("5000", Budget::Images(5000.0)),
        ] {
            assert_eq!(read(text).unwrap(), budget, "{text}");
        }
        for text in ["", "m", "9999999999k", "-3m", "0", "10x", "inf", "nan"] {
            let problem = read(text).unwrap_err().to_string();
            assert!(problem.contains("--budget"), "{problem}");
        }
    }
}

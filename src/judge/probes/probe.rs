//! What a probe of frozen features is, and what it is asked.

use std::fmt::Display;
use std::sync::Arc;

use serde::Serialize;

use crate::config::ProbeConfig;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::eval::Features;
use crate::eval::card::{ProbeCard, WithBaselines};
use crate::judge::baselines::{Pair, draws, over_draws};

/// A way to say how good the features of an encoder are, measured for it and for its two baselines.
pub trait FeatureProbe: Sync {
    /// The name that `ravine probe --kind` takes.
    fn name(&self) -> &'static str;

    /// What it does, in one sentence without a full stop.
    fn about(&self) -> &'static str;

    /// The options that change what it measures.
    fn settings(&self) -> &'static [Setting] {
        &[]
    }

    /// Whether it has a setting that is chosen on a part of its own, [`Pair::validation`].
    fn chooses(&self) -> bool {
        false
    }

    /// Whether it also reads images with several labels each.
    fn takes_tags(&self) -> bool {
        false
    }

    /// Refuse what it cannot do, before anything is embedded.
    ///
    /// # Errors
    /// [`Error::Usage`] with the option and the way out.
    fn check(&self, _: &Asked) -> Result<()> {
        Ok(())
    }

    /// Fit on the training part and judge on the other, for each of the three encoders.
    ///
    /// # Errors
    /// The features cannot be probed so: no labels, a setting out of range, numbers that are not finite.
    fn measure(&self, question: &Question<'_>) -> Result<Box<dyn Outcome>>;
}

/// What a probe found: displayed as text, or as one JSON object.
pub trait Outcome: Display {
    /// The object.
    ///
    /// # Errors
    /// [`Error::Failed`] when it cannot be written.
    fn json(&self) -> Result<String>;
}

impl<T: Serialize + Display> Outcome for T {
    fn json(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|e| Error::Failed(format!("the result cannot be written: {e}")))
    }
}

/// An option that belongs to some probes only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Neighbours that vote, or the k of recall@k.
    K,
    /// Temperature of the votes.
    Temperature,
    /// Weight of ‖W‖².
    L2,
}

impl Setting {
    pub(super) const ALL: [Self; 3] = [Self::K, Self::Temperature, Self::L2];

    /// As the command line names it.
    pub(super) fn option(self) -> &'static str {
        match self {
            Self::K => "--k",
            Self::Temperature => "--temperature",
            Self::L2 => "--l2",
        }
    }
}

/// What was asked for; what is `None` is as configured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// Labels that the probe sees of each class; all with `None`.
    pub labels_per_class: Option<usize>,
    /// Draws of those labels.
    pub seeds: Option<u64>,
    /// See [`Setting::K`].
    pub k: Option<usize>,
    /// See [`Setting::Temperature`].
    pub temperature: Option<f64>,
    /// See [`Setting::L2`].
    pub l2: Option<f64>,
}

impl Asked {
    pub(super) fn gives(&self, setting: Setting) -> bool {
        match setting {
            Setting::K => self.k.is_some(),
            Setting::Temperature => self.temperature.is_some(),
            Setting::L2 => self.l2.is_some(),
        }
    }
}

/// The features to probe and all that a probe may want to know of them.
pub struct Question<'a> {
    /// What the three encoders make of the images.
    pub pairs: &'a WithBaselines<Pair>,
    /// The training part that `pairs` are of.
    pub train: &'a Arc<dyn Dataset>,
    /// The part that is judged on.
    pub judged: &'a Arc<dyn Dataset>,
    /// (C,), the names of the classes.
    pub classes: &'a [String],
    /// What was asked for.
    pub asked: Asked,
    /// Settings for what was not.
    pub config: &'a ProbeConfig,
    /// Decides the draws of labels and where probes start.
    pub seed: u64,
    /// The data set.
    pub source: &'a str,
    /// Whether that is another one than the encoder was trained on.
    pub transfer: bool,
    /// The name of the part that is judged on.
    pub part: &'a str,
}

impl Question<'_> {
    /// The card of a probe `kind` that answers as `answer` does after each draw of labels ([`over_draws`]).
    pub(super) fn card(
        &self,
        kind: &str,
        answer: impl FnMut(&Features, &Pair, u64) -> Result<Vec<u32>>,
    ) -> Result<ProbeCard> {
        let draws = self.draws()?;
        let measured = over_draws(self.pairs, self.classes, &draws, answer)?;
        Ok(ProbeCard {
            labels_per_class: self.asked.labels_per_class,
            seeds: draws.len() as u64,
            data: self.transfer.then(|| self.source.into()),
            ..ProbeCard::of(kind, self.part, measured)
        })
    }

    /// Images of the training part in each draw of labels.
    pub(super) fn draws(&self) -> Result<Vec<Vec<usize>>> {
        let repetitions = self.asked.seeds.unwrap_or(self.config.seeds);
        draws(
            self.train,
            self.asked.labels_per_class,
            self.seed,
            repetitions,
        )
    }
}

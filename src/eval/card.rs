//! The card of a run: what was measured, how, and on which data (`card.json`).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::class_figures::{ByClass, ClassFigures, unbalanced};
use super::collapse::Verdict;
use super::multi_label::MultiLabelCard;
pub use super::with_baselines::WithBaselines;

/// A probe: its settings, and what it reached. `ravine probe --json` prints this object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProbeCard {
    /// `knn`, `linear` or `logistic`.
    pub kind: String,
    /// The part of the data that was judged: `test`, `validation`.
    #[serde(alias = "split")] // of earlier versions
    pub part: String,
    /// Labels that the probe saw of each class; absent when it saw all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels_per_class: Option<usize>,
    /// Repetitions, each with its own draw of labels (or start).
    pub seeds: u64,
    /// Neighbours that voted (`knn`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub k: Option<usize>,
    /// Temperature of the votes (`knn`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Training images that the neighbours came from (`knn`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank: Option<usize>,
    /// Weight of ‖W‖² (`logistic`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub l2: Option<f64>,
    /// Data set of the probe, where it is not the run's own (`probe --data`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Learning rates that were tried (`linear`), chosen by the accuracy on `chosen_on`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rates: Option<Vec<f64>>,
    /// What chose the learning rate (`linear`): `validation`, or `held-out training images`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen_on: Option<String>,
    /// The learning rate chosen, in the first repetition (`linear`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<WithBaselines<f64>>,
    /// Mean share of right answers over the repetitions.
    pub accuracy: WithBaselines<f64>,
    /// Mean over the repetitions of the mean recall of the classes ([`super::class_figures::balanced_accuracy`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balanced_accuracy: Option<WithBaselines<f64>>,
    /// Each class as the trained encoder answers it, in the first repetition: with its row of the confusion matrix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub per_class: Vec<ClassFigures>,
    /// 95 % interval of the accuracy: the bootstrap over the images judged and, of several repetitions, Student's t
    /// over them, half-widths added in quadrature.
    pub interval: WithBaselines<Option<[f64; 2]>>,
}

/// What the answers of a probe are worth, for the trained encoder and its baselines; the fields are those of [`ProbeCard`].
#[derive(Clone, Debug)]
pub struct Measured {
    /// Mean share of right answers.
    pub accuracy: WithBaselines<f64>,
    /// Its 95 % interval.
    pub interval: WithBaselines<Option<[f64; 2]>>,
    /// Mean of the mean recall of the classes.
    pub balanced_accuracy: WithBaselines<f64>,
    /// Each class as the trained encoder answers it.
    pub per_class: Vec<ClassFigures>,
}

/// What one run is worth. `ravine pretrain --json` prints this object; `card.json` holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Folder of the run.
    pub run: String,
    /// Name of the method or preset.
    pub method: String,
    /// Data set it was trained on.
    pub data: String,
    /// Part of it that everything below was measured on.
    #[serde(alias = "split")] // of earlier versions
    pub part: String,
    /// Images of that part that could not be read: they are in none of the figures.
    #[serde(default)]
    pub unreadable: usize,
    /// Checkpoint that was judged.
    pub checkpoint: String,
    /// Images trained on per second.
    pub images_per_s: f64,
    /// Seconds of training.
    pub seconds: f64,
    /// Updates made.
    pub steps: u64,
    /// Passes over the data.
    pub epochs: f64,
    /// Trainable numbers of the encoder.
    pub parameters: usize,
    /// The main probe; null in unlabelled data.
    pub probe: Option<ProbeCard>,
    /// Nearest neighbours with all labels; null in unlabelled data.
    pub knn: Option<ProbeCard>,
    /// Where images have several labels each, a probe for each of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_label: Option<MultiLabelCard>,
    /// Relative spread of the embeddings: 0 collapsed, near 1 healthy.
    pub spread: f64,
    /// RankMe of the embeddings: directions in use.
    pub rank: f64,
    /// Numbers in an embedding.
    pub dim: usize,
    /// Healthy, uninformative or collapsed.
    pub verdict: Verdict,
    /// Names of what in the configuration is the likely cause; empty for a healthy run.
    #[serde(default)]
    pub causes: Vec<String>,
    /// The reason in one sentence.
    pub why: String,
}

impl Card {
    /// What a healthy cloud does not show: that a baseline is read off more easily. `None` where neither is, where there
    /// are no labels to tell, or where nothing has been trained.
    #[must_use]
    pub fn headline(&self) -> Option<String> {
        let probes = self.probe.iter().chain(&self.knn);
        let probes = probes.map(|probe| (probe.kind.as_str(), &probe.accuracy));
        let tags = self
            .multi_label
            .iter()
            .map(|card| ("mean average precision", &card.map));
        let (kind, reached) = (probes.chain(tags))
            .filter(|_| self.steps > 0)
            .find(|(_, reached)| reached.pretrained < reached.untrained.max(reached.raw))?;
        let (untrained, mine) = (reached.untrained, reached.pretrained);
        let best = untrained.max(reached.raw);
        let name = if untrained > reached.raw {
            "untrained encoder"
        } else {
            "raw input"
        };
        let so = if mine > untrained {
            format!(
                "training has helped (untrained {:.1} %), and not yet enough",
                100.0 * untrained
            )
        } else {
            "training has not helped these classes so far".into()
        };
        Some(format!(
            "the {name} probes at {:.1} % and this encoder at {:.1} % ({}): {so}; train longer, or choose augmentations \
             that keep the classes recognisable",
            100.0 * best,
            100.0 * mine,
            kind
        ))
    }
}

/// A sentence on images of the part that a card could not judge.
pub(super) fn left_out(unreadable: usize, part: &str) -> Option<String> {
    let sentence = format!(
        "{unreadable} images of the {part} part cannot be read and are not judged; `ravine data check` names them"
    );
    (unreadable > 0).then_some(sentence)
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line =
            |f: &mut fmt::Formatter<'_>, key: &str, value: String| writeln!(f, "{key:<11} {value}");
        if let Some(headline) = self.headline() {
            writeln!(f, "{headline}\n")?;
        }
        line(f, "run", format!("{} ({})", self.run, self.checkpoint))?;
        line(f, "method", self.method.clone())?;
        line(
            f,
            "data",
            format!("{}, judged on: {}", self.data, self.part),
        )?;
        if let Some(sentence) = left_out(self.unreadable, &self.part) {
            line(f, "left out", sentence)?;
        }
        let training = format!(
            "{} steps, {:.1} epochs in {:.1} s, {:.0} images/s",
            self.steps, self.epochs, self.seconds, self.images_per_s
        );
        line(f, "training", training)?;
        line(f, "encoder", format!("{} parameters", self.parameters))?;
        let cloud = format!(
            "spread {:.2} (0 collapsed, 1 spread out), {:.1} of {} directions in use",
            self.spread, self.rank, self.dim
        );
        line(f, "embeddings", cloud)?;
        for probe in self.probe.iter().chain(&self.knn) {
            write!(f, "\n{probe}")?;
        }
        if let Some(card) = &self.multi_label {
            write!(f, "\n{card}")?;
        }
        writeln!(f, "\n{}: {}", self.verdict, self.why)
    }
}

impl fmt::Display for ProbeCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title())?;
        let rows = [
            (
                "pretrained",
                self.accuracy.pretrained,
                self.interval.pretrained,
            ),
            (
                "untrained",
                self.accuracy.untrained,
                self.interval.untrained,
            ),
            ("raw input", self.accuracy.raw, self.interval.raw),
        ];
        for (name, accuracy, interval) in rows {
            write!(f, "  {name:<11}{:>6.1} %", 100.0 * accuracy)?;
            if let Some([low, high]) = interval {
                write!(f, "   {:.1} to {:.1} %", 100.0 * low, 100.0 * high)?;
            }
            writeln!(f)?;
        }
        if let Some(balanced) = self
            .balanced_accuracy
            .as_ref()
            .filter(|_| unbalanced(&self.per_class))
        {
            let percent = |share: f64| format!("{:.1} %", 100.0 * share);
            writeln!(
                f,
                "classes are of very different size; balanced accuracy: pretrained {}, untrained {}, raw input {}",
                percent(balanced.pretrained),
                percent(balanced.untrained),
                percent(balanced.raw)
            )?;
            write!(f, "{}", ByClass(&self.per_class))?;
        }
        Ok(())
    }
}

impl ProbeCard {
    /// What a probe `kind` reached on the part `part`, from one repetition with all labels and no setting to tell of.
    #[must_use]
    pub fn of(kind: &str, part: &str, measured: Measured) -> Self {
        Self {
            kind: kind.into(),
            part: part.into(),
            seeds: 1,
            accuracy: measured.accuracy,
            interval: measured.interval,
            balanced_accuracy: Some(measured.balanced_accuracy),
            per_class: measured.per_class,
            ..Self::default()
        }
    }

    /// What was measured, in words.
    fn title(&self) -> String {
        let what = match self.kind.as_str() {
            "knn" => "k-nearest neighbours".to_string(),
            kind => format!("{kind} probe"),
        };
        let labels = match self.labels_per_class {
            Some(n) => format!("{n} labels per class"),
            None => "all labels".into(),
        };
        let settings = [
            self.bank.map(|n| format!(", bank {n}")),
            self.k.map(|k| format!(", k {k}")),
            self.temperature.map(|t| format!(", temperature {t}")),
            self.l2.map(|l2| format!(", l2 {l2}")),
            self.learning_rate.as_ref().map(|rate| {
                format!(
                    ", learning rate {} of {} chosen on {}",
                    rate.pretrained,
                    self.learning_rates.as_ref().map_or(0, Vec::len),
                    self.chosen_on.as_deref().unwrap_or_default()
                )
            }),
        ];
        let settings = settings.into_iter().flatten().collect::<String>();
        let seeds = match self.seeds {
            1 if self.interval.pretrained.is_some() => {
                ", 95 % interval over the images judged".into()
            }
            1 => String::new(),
            n => format!(", mean of {n} draws, 95 % interval over draws and images judged"),
        };
        format!(
            "accuracy on {}{}: {what}, {labels}{settings}{seeds}",
            self.data
                .as_ref()
                .map_or(String::new(), |data| format!("{data}, ")),
            self.part
        )
    }
}

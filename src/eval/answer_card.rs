//! The card of a head: how good its answers are, whether its energy is healthy, whether it can be read as probabilities.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::card::left_out;
use super::class_figures::{ByClass, ClassFigures};
use super::collapse::Verdict;
use super::rounded::rounded;

/// What a trained head is worth. `ravine train --json` ends with this object; `card.json` holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerCard {
    /// Folder of the run.
    pub run: String,
    /// Name of the method or preset.
    pub method: String,
    /// Data set it was trained on.
    pub data: String,
    /// Kinds of the heads.
    pub heads: Vec<String>,
    /// Name of the loss.
    pub loss: String,
    /// Part of the data that everything below was measured on.
    #[serde(alias = "split")] // of earlier versions
    pub part: String,
    /// Images of that part that could not be read: they are in none of the figures.
    #[serde(default)]
    pub unreadable: usize,
    /// Checkpoint that was judged.
    pub checkpoint: String,
    /// Samples trained on per second.
    pub images_per_s: f64,
    /// Seconds of training.
    pub seconds: f64,
    /// Updates made.
    pub steps: u64,
    /// Passes over the data.
    pub epochs: f64,
    /// Trainable numbers.
    pub parameters: usize,
    /// Healthy, uninformative or collapsed.
    pub verdict: Verdict,
    /// The reason in one sentence.
    pub why: String,
    /// What may go wrong by construction, said before training.
    pub warnings: Vec<String>,
    /// Standard deviation of E over y, the mean over x: 0 is flat.
    pub flatness: f64,
    /// The same before training.
    pub flatness_before: f64,
    /// Mean energy of right answers.
    pub e_c: f64,
    /// Mean energy of the most offending wrong answers.
    pub e_i: f64,
    /// `e_i − e_c`.
    pub gap: f64,
    /// Share of wrong answers above the right one.
    pub ranked: f64,
    /// Answers that are classes.
    #[serde(flatten)]
    pub classes: Option<ClassCard>,
    /// Answers that are vectors.
    #[serde(flatten)]
    pub vectors: Option<VectorCard>,
}

/// Of a head that chooses among classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassCard {
    /// Share of questions whose lowest energy is that of the right class.
    pub accuracy: f64,
    /// The accuracy of always answering with the most frequent class of the training part.
    pub majority: f64,
    /// Inverse temperature fitted on the validation part; null when none is best there.
    pub beta: Option<f64>,
    /// Expected calibration error at beta 1.
    pub expected_calibration_error: f64,
    /// The same at the fitted beta.
    pub calibrated_error: Option<f64>,
    /// Mean −log P(right class) at beta 1.
    pub nll: f64,
    /// The same at the fitted beta.
    pub calibrated_nll: Option<f64>,
    /// Each class by itself, with its row of the confusion matrix; empty on cards of earlier versions.
    #[serde(default)]
    pub per_class: Vec<ClassFigures>,
}

/// Of a head whose answers are vectors, in the units of the source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VectorCard {
    /// Mean distance of argmin_y E over a grid of the box to the answer in the data.
    pub argmin_error: f64,
    /// The same of always answering with the mean of the training answers.
    pub constant_error: f64,
    /// Mean distance of the configured inference's best answer to the answer in the data.
    pub inference_error: f64,
    /// Share of questions where that answer and argmin_y E over the grid are within 0.02; null where a latent makes a
    /// whole manifold of answers right.
    pub search_agreement: Option<f64>,
    /// Share of questions all of whose right answers were found, each within 0.1; null when they are not known.
    pub answers_found: Option<f64>,
    /// The same among questions with several right answers; null when there are none.
    pub branches_found: Option<f64>,
    /// Mean distance from the predictions at the best z to the true manifold; null without a latent.
    pub manifold_error: Option<f64>,
}

impl fmt::Display for AnswerCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |key: &str, value: String| writeln!(f, "{key:<11} {value}");
        line("run", format!("{} ({})", self.run, self.checkpoint))?;
        line(
            "method",
            format!(
                "{}: {} with {}",
                self.method,
                self.heads.join(" + "),
                self.loss
            ),
        )?;
        line("data", format!("{}, judged on: {}", self.data, self.part))?;
        if let Some(sentence) = left_out(self.unreadable, &self.part) {
            line("left out", sentence)?;
        }
        let training = format!(
            "{} steps, {:.1} epochs in {:.1} s, {} parameters",
            self.steps, self.epochs, self.seconds, self.parameters
        );
        line("training", training)?;
        let energy = format!(
            "right {:.4}, most offending {:.4}, gap {:.4}; varies over y by {:.4} ({:.4} before training)",
            rounded(self.e_c, 4),
            rounded(self.e_i, 4),
            rounded(self.gap, 4),
            self.flatness,
            self.flatness_before
        );
        line("energy", energy)?;
        if let Some(classes) = &self.classes {
            let accuracy = format!(
                "{:.1} %; always the most frequent class: {:.1} %",
                100.0 * classes.accuracy,
                100.0 * classes.majority
            );
            line("accuracy", accuracy)?;
            let fitted = classes.beta.zip(classes.calibrated_error);
            let fitted = fitted.map_or(String::new(), |(beta, after)| {
                format!(", {after:.3} at beta {beta:.3}, fitted on validation")
            });
            let before = classes.expected_calibration_error;
            line(
                "calibration",
                format!("error {before:.3} at beta 1{fitted}"),
            )?;
        }
        if let Some(vectors) = &self.vectors {
            let agreement = vectors.search_agreement.map_or(String::new(), |share| {
                format!("; they agree for {:.1} %", 100.0 * share)
            });
            let error = format!(
                "argmin over the grid {:.4}, inference {:.4}{agreement}; always the mean answer: {:.4}",
                vectors.argmin_error, vectors.inference_error, vectors.constant_error
            );
            line("error", error)?;
            if let Some(share) = vectors.answers_found {
                let several = vectors.branches_found;
                let several = several.map_or(String::new(), |s| {
                    format!(", of questions with several {:.1} %", 100.0 * s)
                });
                let found = format!(
                    "all right answers for {:.1} % of questions{several}",
                    100.0 * share
                );
                line("found", found)?;
            }
            if let Some(distance) = vectors.manifold_error {
                line("manifold", format!("{distance:.4} from the true one"))?;
            }
        }
        if let Some(classes) = self.classes.as_ref().filter(|c| !c.per_class.is_empty()) {
            write!(f, "{}", ByClass(&classes.per_class))?;
        }
        for warning in &self.warnings {
            writeln!(f, "\nwarning: {warning}")?;
        }
        writeln!(f, "\n{}: {}", self.verdict, self.why)
    }
}

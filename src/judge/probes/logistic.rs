//! How much of the classes can a linear layer read, at its one optimum?

use super::probe::{FeatureProbe, Outcome, Question, Setting};
use crate::error::Result;
use crate::eval::Features;
use crate::eval::card::ProbeCard;
use crate::eval::features::accuracy;
use crate::eval::logistic::Logistic;

/// [`Logistic`] on the training images that may be seen.
pub(super) struct LogisticProbe;

impl FeatureProbe for LogisticProbe {
    fn name(&self) -> &'static str {
        "logistic"
    }

    fn about(&self) -> &'static str {
        "Logistic regression to convergence"
    }

    fn settings(&self) -> &'static [Setting] {
        &[Setting::L2]
    }

    fn measure(&self, question: &Question<'_>) -> Result<Box<dyn Outcome>> {
        let logistic = Logistic {
            l2: question.asked.l2.unwrap_or(question.config.l2),
            ..Logistic::default()
        };
        let card = question.accuracy(self.name(), |rows, pair, _| {
            logistic_accuracy(logistic, rows, &pair.test)
        })?;
        Ok(Box::new(ProbeCard {
            l2: Some(logistic.l2),
            ..card
        }))
    }
}

/// Accuracy on `test` of the logistic probe fitted on `train`.
pub(in crate::judge) fn logistic_accuracy(
    probe: Logistic,
    train: &Features,
    test: &Features,
) -> Result<f64> {
    let fitted = probe.fit(train)?;
    Ok(accuracy(&fitted.predict(test)?, &test.known_labels()?))
}

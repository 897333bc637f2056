//! How much of the classes can a linear layer read, at its one optimum?

use super::probe::{FeatureProbe, Outcome, Question, Setting};
use crate::error::Result;
use crate::eval::card::ProbeCard;
use crate::eval::logistic::Logistic;
use crate::judge::multi_label::probe_tags;

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

    fn takes_tags(&self) -> bool {
        true
    }

    fn measure(&self, question: &Question<'_>) -> Result<Box<dyn Outcome>> {
        if !question.train.tag_names().is_empty() {
            let l2 = question.asked.l2.unwrap_or(question.config.l2);
            let images = [question.train, question.judged];
            let card = probe_tags(question.pairs, images, l2, (question.source, question.part))?;
            return Ok(Box::new(card));
        }
        let logistic = Logistic {
            l2: question.asked.l2.unwrap_or(question.config.l2),
            ..Logistic::default()
        };
        let card = question.card(self.name(), |rows, pair, _| {
            logistic.fit(rows)?.predict(&pair.test)
        })?;
        Ok(Box::new(ProbeCard {
            l2: Some(logistic.l2),
            ..card
        }))
    }
}

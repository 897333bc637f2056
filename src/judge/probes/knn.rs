//! Do neighbours share a class?

use super::probe::{FeatureProbe, Outcome, Question, Setting};
use crate::error::Result;
use crate::eval::card::ProbeCard;
use crate::eval::knn::Knn;
use crate::judge::baselines::{neighbors, rows_of};

/// [`Knn`] with the training images as its bank.
pub(super) struct NeighborProbe;

impl FeatureProbe for NeighborProbe {
    fn name(&self) -> &'static str {
        "knn"
    }

    fn about(&self) -> &'static str {
        "Weighted vote of the nearest training images"
    }

    fn settings(&self) -> &'static [Setting] {
        &[Setting::K, Setting::Temperature]
    }

    fn measure(&self, question: &Question<'_>) -> Result<Box<dyn Outcome>> {
        let (asked, config) = (question.asked, question.config);
        let pretrained = &question.pairs.pretrained;
        let knn = Knn {
            k: asked
                .k
                .unwrap_or_else(|| neighbors(config.k, question.train))
                .min(pretrained.train.rows()),
            temperature: asked.temperature.unwrap_or(config.temperature),
        };
        let card = question.card(self.name(), |rows, pair, _| {
            Ok(knn.predict(rows, &pair.test)?.predictions)
        })?;
        let bank = rows_of(pretrained, &question.draws()?[0]);
        Ok(Box::new(ProbeCard {
            k: Some(knn.k),
            temperature: Some(knn.temperature),
            bank: Some(bank.rows()),
            ..card
        }))
    }
}

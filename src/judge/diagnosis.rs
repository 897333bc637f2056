//! What is known before the first step about how a run may end: the loss's floor and the configuration's faults.

use crate::config::Config;
use crate::error::Result;
use crate::eval::collapse::{Cause, Judgement, Verdict, judge};
use crate::judge::causes::causes;

/// Made once a run, asked at every probe and by the card.
#[derive(Clone)]
pub struct Diagnosis {
    collapse_value: Option<f64>,
    causes: Vec<Cause>,
}

/// A verdict in words, with the causes that belong to it.
pub struct Diagnosed {
    /// Healthy, uninformative, collapsed.
    pub verdict: Verdict,
    /// A sentence.
    pub why: String,
    /// None where all is well.
    pub causes: Vec<Cause>,
}

impl Diagnosis {
    /// Read the faults of `config` on `images` training images; `collapse_value` is what the loss reads when all has collapsed.
    ///
    /// # Errors
    /// Views that cannot be made.
    pub fn new(config: &Config, images: usize, collapse_value: Option<f64>) -> Result<Self> {
        let causes = causes(config, images)?;
        Ok(Self {
            collapse_value,
            causes,
        })
    }

    /// The same of pictures that are at fault themselves: no setting helps, so that nothing else is named.
    #[must_use]
    pub fn of_pictures(mut self, fault: Option<Cause>) -> Self {
        if let Some(fault) = fault {
            self.causes = vec![fault];
        }
        self
    }

    /// What may go wrong by construction, a sentence each.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let sentence = |cause: &Cause| format!("warning ({}): {}", cause.name, cause.why);
        self.causes.iter().map(sentence)
    }

    /// Judge a `loss` beside the relative spread and RankMe of embeddings of `dim` numbers, and the AUROC of pairs now
    /// and before training.
    #[must_use]
    pub fn judge(
        &self,
        loss: f64,
        (spread, rank, dim): (f64, f64, usize),
        auroc: Option<[f64; 2]>,
    ) -> Diagnosed {
        let mut judgement: Judgement = judge(loss, self.collapse_value, spread, rank, dim);
        if let Some([now, before]) = auroc {
            judgement = judgement.since(now, before);
        }
        let judgement = judgement.knowing(&self.causes);
        let causes = match judgement.verdict {
            Verdict::Healthy => Vec::new(),
            _ => self.causes.clone(),
        };
        Diagnosed {
            verdict: judgement.verdict,
            why: judgement.sentence(&causes),
            causes,
        }
    }
}

//! What is known before the first step about how a run may end: the loss's floor and the configuration's faults.

use crate::config::Config;
use crate::data::Dataset;
use crate::error::Result;
use crate::eval::collapse::{Cause, Judgement, Verdict, judge, too_early};
use crate::judge::causes::causes_for;

/// Made once a run, asked at every probe and by the card.
#[derive(Clone)]
pub struct Diagnosis {
    collapse_value: Option<f64>,
    causes: Vec<Cause>,
    at_fault: bool, // the pictures themselves: more steps change nothing
    repels: bool,
    rate: f64,
    per_epoch: u64,
}

/// A verdict in words, with the causes that belong to it.
pub struct Diagnosed {
    /// Healthy, uninformative, collapsed, too early.
    pub verdict: Verdict,
    /// A sentence.
    pub why: String,
    /// None where all is well, or nothing can be said yet.
    pub causes: Vec<Cause>,
}

/// What of a training part its diagnosis takes into account.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// How many.
    pub count: usize,
    /// Heights and widths of some of them.
    pub sides: Vec<(usize, usize)>,
}

/// Pictures whose size is looked at.
const LOOKED_AT: usize = 16;

impl Pictures {
    /// Those of `dataset`: a few are read for their size.
    #[must_use]
    pub fn of(dataset: &dyn Dataset) -> Self {
        let count = dataset.len();
        let some = (0..LOOKED_AT.min(count)).map(|i| i * count / LOOKED_AT.min(count));
        let read = some.filter_map(|i| dataset.get(i).ok()); // what cannot be read is counted when it is trained on
        let mut sides: Vec<(usize, usize)> =
            read.map(|image| (image.height, image.width)).collect();
        sides.sort_unstable();
        sides.dedup();
        Self { count, sides }
    }
}

impl Diagnosis {
    /// Read the faults of `config` on the training `pictures`; `collapse_value` is what the loss reads when all has collapsed.
    ///
    /// # Errors
    /// Views that cannot be made.
    pub fn new(config: &Config, pictures: &Pictures, collapse_value: Option<f64>) -> Result<Self> {
        let (causes, repels) = causes_for(config, pictures.count, &pictures.sides)?;
        Ok(Self {
            collapse_value,
            causes,
            at_fault: false,
            repels,
            rate: config.optimizer.part().learning_rate(),
            per_epoch: (pictures.count / config.train.batch.max(1)) as u64,
        })
    }

    /// The same of pictures that are at fault themselves: no setting helps, so that nothing else is named.
    #[must_use]
    pub fn of_pictures(mut self, fault: Option<Cause>) -> Self {
        if let Some(fault) = fault {
            self.causes = vec![fault];
            self.at_fault = true;
        }
        self
    }

    /// What the loss reads when all embeddings are equal; `None` for a loss that has no such value.
    #[must_use]
    pub fn collapse_value(&self) -> Option<f64> {
        self.collapse_value
    }

    /// What may go wrong by construction, a sentence each.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let sentence = |cause: &Cause| format!("warning ({}): {}", cause.name, cause.why);
        self.causes.iter().map(sentence)
    }

    /// Judge the `loss` after `step` steps beside the relative spread and RankMe of embeddings of `dim` numbers, and the
    /// AUROC of pairs now and before training.
    #[must_use]
    pub fn judge(
        &self,
        (step, loss): (u64, f64),
        (spread, rank, dim): (f64, f64, usize),
        auroc: Option<[f64; 2]>,
    ) -> Diagnosed {
        if let Some(early) = too_early(step, self.per_epoch).filter(|_| !self.at_fault) {
            return Diagnosed {
                verdict: early.verdict,
                why: early.sentence(&[]),
                causes: Vec::new(),
            };
        }
        let mut judgement: Judgement = judge(loss, self.collapse_value, spread, rank, dim);
        if let Some([now, before]) = auroc {
            judgement = judgement.since(now, before);
        }
        let mut judgement = judgement.knowing(&self.causes);
        judgement.advice = self.advice(&judgement, step);
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

    /// What helps this run: whoever repels already is not told to.
    fn advice(&self, judgement: &Judgement, step: u64) -> String {
        let rate = self.rate;
        match judgement.verdict {
            Verdict::Collapsed if self.repels => format!(
                "the method holds embeddings apart, so lower `optimizer.lr` (it is {rate}; try {}), or give \
                 `train.warmup_epochs` more",
                rate / 4.0
            ),
            Verdict::Uninformative => format!(
                "train longer than {step} steps, or check `optimizer.lr` (it is {rate}), the augmentations and the \
                 labels or pairs"
            ),
            _ => judgement.advice.clone(),
        }
    }
}

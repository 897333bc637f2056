//! What in a configuration makes a run collapse or learn nothing, read before the first step.

use super::Config;
use crate::error::Result;
use crate::eval::collapse::{Cause, FEWEST_DIMENSIONS};
use crate::losses::{LossKind, Margin};
use crate::negatives::{NegativesKind, Pairs, WrongFrom};
use crate::optim::OptimizerKind;
use crate::regularizers::RegularizerKind;

/// Fewer samples a batch tell nothing about a cloud, and offer hardly a wrong answer.
const FEWEST_SAMPLES: usize = 8;

/// With a smaller β · (highest − lowest energy) all answers are about as probable, whatever the network does.
const LEAST_CONTRAST: f64 = 0.1;

/// With a larger one a thousandth of the range decides which answer has all the probability.
const MOST_CONTRAST: f64 = 1000.0;

/// A margin below this share of the energy's range is met by chance.
const LEAST_MARGIN: f64 = 0.01;

/// A target that has moved less than this share of the way to the trained network has not moved.
const LEAST_FOLLOWED: f64 = 0.5;

/// Above this rate of SGD the few learned numbers of a loss overshoot.
const FASTEST_LEARNED: f64 = 0.05;

impl Config {
    /// Why a self-supervised run with this configuration on `images` training images may collapse or learn nothing,
    /// the likeliest cause first; empty for a sound one.
    ///
    /// Read from the settings alone: whether the run did collapse is measured, by [`crate::eval::collapse::judge`].
    ///
    /// # Errors
    /// Views that cannot be made.
    pub fn causes(&self, images: usize) -> Result<Vec<Cause>> {
        let causes = [
            self.identical_views()?,
            self.nothing_repels(),
            self.hardest_only(),
            self.temperature(),
            self.tiny_margin(),
            self.still_target(images),
            self.small_batch(),
            self.learned_fast(),
            self.fast(),
            self.small_embedding(),
        ];
        Ok(causes.into_iter().flatten().collect())
    }

    fn identical_views(&self) -> Result<Option<Cause>> {
        let identical = self.augment.identical(self.data.channels.unwrap_or(3))?;
        Ok(identical.then(|| Cause {
            blinds: true,
            ..cause(
                "identical_views",
                "`augment.views` makes the same view of an image every time, so that pairs agree whatever the network \
                 does; add operations that change an image and keep what it shows",
            )
        }))
    }

    /// Neither wrong answers nor a predictor nor a centre nor a price that is higher in one point than elsewhere.
    fn nothing_repels(&self) -> Option<Cause> {
        let loss = self.loss.name();
        let repels = |r: &RegularizerKind| r.part().repels() && r.part().weight() > 0.0;
        let centred = self.target.is_some_and(|target| target.centre.is_some());
        if centred || self.predictor.is_some() || self.regularizers.iter().any(repels) {
            return None;
        }
        match self.loss.part().margin() {
            Margin::None if self.regularizers.is_empty() => Some(cause(
                "nothing_repels",
                &format!(
                    "the loss `{loss}` only pulls embeddings together and nothing holds them apart; add a predictor \
                     (SimSiam, BYOL), regularizers with a variance term (VICReg), or choose a loss with wrong answers"
                ),
            )),
            Margin::None => {
                let names = self.regularizers.iter().map(RegularizerKind::name);
                let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
                Some(cause(
                    "no_variance",
                    &format!(
                        "the variance term is missing: {} in `regularizers` costs least when all embeddings are equal \
                         (or has weight 0); add kind = \"variance\"",
                        names.join(" + ")
                    ),
                ))
            }
            Margin::Finite(0.0) => Some(cause(
                "no_margin",
                &format!(
                    "the loss `{loss}` has a margin of 0, so that equal energies satisfy it; choose one with a margin"
                ),
            )),
            _ => None,
        }
    }

    /// A loss of the one lowest wrong energy, among many wrong answers.
    fn hardest_only(&self) -> Option<Cause> {
        let of_the_lowest = matches!(
            self.loss,
            LossKind::Hinge(_)
                | LossKind::Log(_)
                | LossKind::Mce(_)
                | LossKind::SquareSquare(_)
                | LossKind::SquareExponential(_)
        );
        let pairs = self.negatives.as_ref().and_then(NegativesKind::pairs);
        let many = pairs.is_none_or(Pairs::offers_hardest);
        (of_the_lowest && many).then(|| {
            cause(
                "hardest_negatives",
                &format!(
                    "the loss `{}` looks at the nearest wrong answer only, which in a network that knows nothing yet \
                     pulls all embeddings into one point; set negatives.kind = \"triplets\" with mining = \"all\", or lower `optimizer.lr`",
                    self.loss.name()
                ),
            )
        })
    }

    /// Energies that differ by too little, times beta, for a softmax to tell, or by so much that it is none.
    fn temperature(&self) -> Option<Cause> {
        let beta = self.loss.part().beta()?;
        let (low, high) = self.energy_range();
        let contrast = beta * (high - low);
        let (size, so) = if contrast < LEAST_CONTRAST {
            ("large", "all answers look equally probable")
        } else if contrast.is_finite() && contrast > MOST_CONTRAST {
            ("small", "nothing but the lowest energy counts")
        } else {
            return None;
        };
        Some(cause(
            "temperature",
            &format!(
                "the temperature 1/β of `{}` in `loss`, {}, is {size} against energies between {low} and {high}: {so}; \
                 0.1 to 0.5 is usual for cosine energies",
                self.loss.name(),
                1.0 / beta
            ),
        ))
    }

    fn tiny_margin(&self) -> Option<Cause> {
        let Margin::Finite(margin) = self.loss.part().margin() else {
            return None;
        };
        let (low, high) = self.energy_range();
        let tiny = margin > 0.0 && high.is_finite() && margin < LEAST_MARGIN * (high - low);
        tiny.then(|| {
            cause(
                "tiny_margin",
                &format!(
                    "`loss.margin` {margin} is small against energies between {low} and {high}, so that nearly equal \
                     embeddings satisfy it; a tenth to a quarter of the range is usual"
                ),
            )
        })
    }

    fn still_target(&self, images: usize) -> Option<Cause> {
        let target = self.target?;
        let steps = self.train.epochs as f64 * (images / self.train.batch.max(1)) as f64;
        let kept = f64::midpoint(target.momentum, target.end); // the mean over its schedule
        (steps * (1.0 - kept) < LEAST_FOLLOWED).then(|| {
            cause(
                "still_target",
                &format!(
                    "`target.momentum` {} to {} keeps the target nearly as it started, a random network, for all \
                     {steps:.0} steps; lower it",
                    target.momentum, target.end
                ),
            )
        })
    }

    fn small_batch(&self) -> Option<Cause> {
        let pairs = self.negatives.as_ref().and_then(NegativesKind::pairs);
        let queued = pairs.is_some_and(|pairs| pairs.wrong_from() == WrongFrom::Memory);
        let wrong = self.loss.part().needs_negatives() && !queued;
        let looks = !self.regularizers.is_empty() || wrong;
        let batch = self.train.batch;
        (looks && batch < FEWEST_SAMPLES).then(|| {
            cause(
                "small_batch",
                &format!(
                    "`train.batch` {batch} is too small to tell one cloud of embeddings from another; give 64 or more"
                ),
            )
        })
    }

    /// Single numbers of the loss whose gradient sums over the batch, at the rate of a network's weights.
    fn learned_fast(&self) -> Option<Cause> {
        let rate = self.optimizer.part().learning_rate();
        let adapts = matches!(self.optimizer, OptimizerKind::AdamW(_));
        let learned = self.loss.part().learned();
        (!learned.is_empty() && !adapts && rate > FASTEST_LEARNED).then(|| {
            cause(
                "learned_scale",
                &format!(
                    "the scale of `{}` is learned and runs to 0 at `optimizer.lr` {rate} of {}, after which nothing \
                     is learned; choose optimizer.kind = \"adamw\" with lr 0.001",
                    self.loss.name(),
                    OptimizerKind::name(&self.optimizer)
                ),
            )
        })
    }

    fn fast(&self) -> Option<Cause> {
        let optimizer = self.optimizer.part();
        let (rate, usual) = (optimizer.learning_rate(), optimizer.usual());
        (rate > usual).then(|| {
            cause(
                "learning_rate",
                &format!(
                    "`optimizer.lr` {rate} is large for {}; start below {usual:.3}",
                    OptimizerKind::name(&self.optimizer)
                ),
            )
        })
    }

    fn small_embedding(&self) -> Option<Cause> {
        let projector = self.projector.as_ref()?;
        let (key, size) = match projector.prototypes {
            0 => ("output", projector.output),
            prototypes => ("prototypes", prototypes),
        };
        (size < FEWEST_DIMENSIONS).then(|| {
            cause(
                "small_embedding",
                &format!(
                    "`projector.{key}` {size} leaves embeddings too few directions to differ in; 64 or more is usual"
                ),
            )
        })
    }

    /// Lowest and highest energy of a pair.
    fn energy_range(&self) -> (f64, f64) {
        let dim = self
            .projector
            .as_ref()
            .map_or(FEWEST_DIMENSIONS, |p| p.output);
        self.energy.part().range(dim)
    }
}

fn cause(name: &str, why: &str) -> Cause {
    Cause {
        name: name.into(),
        why: why.into(),
        blinds: false,
    }
}

//! How much of the classes can a linear layer learn by gradient descent?

use super::probe::{FeatureProbe, Outcome, Question};
use super::sweep::{LEARNING_RATES, Layers};
use crate::error::{Error, Result};
use crate::eval::Features;
use crate::eval::card::{ProbeCard, WithBaselines};
use crate::eval::features::{accuracy, argmax};
use crate::random::{Purpose, permutation, stream};

/// One linear layer on features standardised by mean and deviation (N − 1) of the rows that it learns from
/// ([`crate::eval::standardize`]), trained by SGD; of seven learning rates the one that other images choose.
pub(super) struct LinearProbe;

/// Of the training rows, one in so many chooses the learning rate where there is no validation part to do it.
const HELD_OUT: usize = 10;

impl FeatureProbe for LinearProbe {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn about(&self) -> &'static str {
        "One linear layer by stochastic gradient descent; of seven learning rates the one that validation images choose"
    }

    fn chooses(&self) -> bool {
        true
    }

    fn measure(&self, question: &Question<'_>) -> Result<Box<dyn Outcome>> {
        let mut rates = Vec::new();
        let card = question.card(self.name(), |rows, pair, draw| {
            let (validation, seed) = (pair.validation.as_ref(), question.seed + draw);
            let swept = sweep(rows, validation, &pair.test, question.classes.len(), seed)?;
            if draw == 0 {
                rates.push(swept.learning_rate);
            }
            Ok(swept.answers)
        })?;
        let chosen_on = match &question.pairs.pretrained.validation {
            Some(_) => "validation",
            None => "held-out training images",
        };
        let learning_rate = match rates.as_slice() {
            &[pretrained, untrained, raw] => Some(WithBaselines {
                pretrained,
                untrained,
                raw,
            }),
            _ => None,
        };
        Ok(Box::new(ProbeCard {
            learning_rates: Some(LEARNING_RATES.to_vec()),
            chosen_on: Some(chosen_on.into()),
            learning_rate,
            ..card
        }))
    }
}

/// The answers under the chosen learning rate, and that rate.
struct Swept {
    answers: Vec<u32>,
    learning_rate: f64,
}

/// The answers to `test` of the linear layer, of those trained on `train` with the [`LEARNING_RATES`], that is right most often
/// on `validation` (of equals the lowest rate); without a validation part, on a tenth of the training rows held out.
fn sweep(
    train: &Features,
    validation: Option<&Features>,
    test: &Features,
    classes: usize,
    seed: u64,
) -> Result<Swept> {
    let (kept, held_out) = match validation {
        Some(validation) => (train.clone(), validation.clone()),
        None => hold_out(train, seed)?,
    };
    let layers = Layers::fit(&kept, classes, seed)?;
    let labels = held_out.known_labels()?;
    let right = layers.answers(&held_out).into_iter();
    let right: Vec<f64> = right.map(|answers| accuracy(&answers, &labels)).collect();
    let best = argmax(&right);
    Ok(Swept {
        answers: layers.answers(test).swap_remove(best),
        learning_rate: LEARNING_RATES[best],
    })
}

/// `train` without a tenth of its rows, and those.
fn hold_out(train: &Features, seed: u64) -> Result<(Features, Features)> {
    let rows = train.rows();
    let count = rows.div_ceil(HELD_OUT);
    if rows < 2 {
        return Err(Error::Usage(
            "a linear probe needs two labelled images or more: one to learn from, one to choose the learning rate".into(),
        ));
    }
    let order = permutation(rows, &mut stream(seed, Purpose::Probe, 1, 0, 0));
    Ok((train.select(&order[count..]), train.select(&order[..count])))
}

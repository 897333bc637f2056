//! Negatives: which wrong answers a question is compared with.
//!
//! Pairs of views are compared with each other ([`Negatives::energies`]); the questions of a head are offered
//! answers ([`WrongAnswers`]): all labels, a grid, samples, or those of lowest energy.

mod exclude;
mod gaussian;
mod grid;
mod in_batch;
mod labels;
mod langevin;
mod most_offending;
mod none;
mod other_classes;
mod other_view;
mod others;
mod queue;
mod replay;
mod triplets;
mod uniform;
mod wrong_answers;

pub use gaussian::Gaussian;
pub use grid::Grid;
pub use in_batch::InBatch;
pub use labels::Labels;
pub use langevin::LangevinSamples;
pub use most_offending::MostOffending;
pub use none::NoNegatives;
pub use other_classes::OtherClasses;
pub use other_view::OtherView;
pub use queue::Queue;
pub use replay::Replay;
pub use triplets::{Mining, Triplets};
pub use uniform::Uniform;
pub use wrong_answers::{Measure, Proposed, Questions, WrongAnswers};

use candle_core::Tensor;

use crate::energies::Energy;
use crate::error::{Error, Result};
use crate::losses::Energies;

/// Chooses the wrong answers, among embeddings of pairs of views or in the space of answers.
pub trait Negatives: Send + Sync {
    /// Energies of right and wrong answers of every question.
    ///
    /// `questions` and `answers` hold one (B, D) tensor a view, the same ones when nothing stands between
    /// them (no predictor, no target branch). The right answers to view v of a sample are its other views. Where only
    /// the first views answer (the large ones of multi-crop), there are fewer `answers` than `questions`.
    ///
    /// # Errors
    /// Fewer than two views, a source of answers and not of pairs, or a tensor operation failed.
    fn energies(
        &self,
        _energy: &dyn Energy,
        _questions: &[Tensor],
        _answers: &[Tensor],
    ) -> Result<Energies> {
        Err(Error::key(
            "negatives.kind",
            "this source offers answers to a head and cannot compare pairs of views; use `in_batch`, `triplets`, `queue` or `none`",
        ))
    }

    /// As [`Negatives::energies`] for samples of the classes `labels` (B,), which most sources do not look at.
    ///
    /// # Errors
    /// As [`Negatives::energies`], or labels are needed and missing.
    fn labelled(
        &self,
        energy: &dyn Energy,
        questions: &[Tensor],
        answers: &[Tensor],
        _labels: Option<&Tensor>,
    ) -> Result<Energies> {
        self.energies(energy, questions, answers)
    }

    /// Whether it looks at labels.
    fn needs_labels(&self) -> bool {
        false
    }

    /// Refuse settings that cannot work with pairs of views.
    ///
    /// # Errors
    /// A sentence with the key.
    fn validate(&self) -> Result<()> {
        Ok(())
    }

    /// Whether a loss over equal embeddings reads its floor; not when equal answers are left out.
    fn keeps_floor(&self) -> bool {
        true
    }

    /// Whether the hardest wrong answer is all that counts under a loss of the most offending one
    /// ([`crate::losses::Loss::only_most_offending`]): so where a question is offered all of them at once, not where
    /// each is a question of its own.
    fn only_hardest_counts(&self) -> bool {
        true
    }

    /// Whether wrong answers come from outside the batch, so that a small batch offers as many as a large one.
    fn outside_batch(&self) -> bool {
        false
    }

    /// Whether pairs of views can be compared.
    fn pairs(&self) -> bool {
        true
    }

    /// The queue of earlier answers, when it takes its wrong answers from one.
    fn queue(&self) -> Option<&Queue> {
        None
    }

    /// The wrong answers that a head is offered, when this is a source of them.
    fn wrong_answers(&self) -> Option<&dyn WrongAnswers> {
        None
    }

    /// The mean over questions of their losses (N,): a scalar.
    ///
    /// # Errors
    /// A tensor operation failed.
    fn reduce(&self, losses: &Tensor) -> Result<Tensor> {
        Ok(losses.mean_all()?)
    }

    /// How many answers, the right one included, a question is offered in a batch of `batch` samples of
    /// `views` views; 1 when there are no wrong ones.
    fn answers(&self, batch: usize, views: usize) -> usize;
}

crate::family! {
    /// Sources of wrong answers by name.
    NegativesKind: Negatives {
        "in_batch" => InBatch(InBatch),
        "other_view" => OtherView(OtherView),
        "other_classes" => OtherClasses(OtherClasses),
        "triplets" => Triplets(Triplets),
        "queue" => Queue(Queue),
        "none" => NoNegatives(NoNegatives),
        "labels" => Labels(Labels),
        "grid" => Grid(Grid),
        "uniform" => Uniform(Uniform),
        "gaussian" => Gaussian(Gaussian),
        "most_offending" => MostOffending(MostOffending),
        "langevin" => Langevin(LangevinSamples),
        "replay" => Replay(Replay),
    }
}

/// Energies (V·B, V·B) of all questions against all answers, view after view, and (V, B).
fn square_table(
    energy: &dyn Energy,
    questions: &[Tensor],
    answers: &[Tensor],
) -> Result<(Tensor, usize, usize)> {
    let views = questions.len();
    if views < 2 {
        return Err(Error::key(
            "augment.views",
            "pairs need at least two views of a sample",
        ));
    }
    if answers.len() != views {
        return Err(Error::key(
            "negatives.kind",
            format!(
                "this source compares all views with each other, but only the {} views of full size answer; use \
                 `none`, `queue` or `other_view`, or give all views one size",
                answers.len()
            ),
        ));
    }
    let batch = questions[0].dim(0)?;
    let x = Tensor::cat(questions, 0)?;
    let y = Tensor::cat(answers, 0)?;
    Ok((energy.table(&x, &y)?, views, batch))
}

/// One (B, D) tensor a view, without gradient.
fn detached(views: &[Tensor]) -> Vec<Tensor> {
    views.iter().map(Tensor::detach).collect()
}

/// Columns of `table` (N, M) chosen row by row: `choose(row)` lists them, the same number for each row.
fn columns(table: &Tensor, choose: impl Fn(usize) -> Vec<u32>) -> Result<Tensor> {
    let rows = table.dim(0)?;
    let index: Vec<u32> = (0..rows).flat_map(choose).collect();
    let width = index.len() / rows.max(1);
    let index = Tensor::from_vec(index, (rows, width), table.device())?;
    Ok(table.gather(&index, 1)?)
}

//! Grids over inputs and answers, and the codes of inputs.

use candle_core::Tensor;

use super::opened::Opened;
use super::questions::Question;
use crate::data::table::Tables;
use crate::error::Result;
use crate::inference::EnergyModel;
use crate::judge::units;
use crate::plot::Scale;

/// The values of column `column` of x, in the units of the data.
pub(super) fn input_scale(tables: &Tables, column: usize) -> Scale {
    if let Some(generator) = tables.generator
        && let Some((low, high)) = generator.x_range().get(column)
    {
        return Scale::new(*low, *high);
    }
    seen_scale(tables, column)
}

/// The values of column `column` of x in the training part, in the units of the data.
pub(super) fn seen_scale(tables: &Tables, column: usize) -> Scale {
    let x = tables.scales.x.invert(&tables.train.x);
    Scale::of(x.into_iter().skip(column).step_by(tables.train.x_dim()))
}

/// Number `d` of answers over the box, in the units of the data.
pub(super) fn answer_scale(run: &Opened, d: usize) -> Scale {
    let corner = |corner: &[f32]| units(&run.task, corner)[d];
    let bounds = &run.task.bounds;
    Scale::new(corner(&bounds.low), corner(&bounds.high))
}

/// The middles of `count` cells over number `d` of the box, as the network sees them.
pub(super) fn middles(run: &Opened, d: usize, count: usize) -> Vec<f32> {
    let (low, high) = (run.task.bounds.low[d], run.task.bounds.high[d]);
    let scale = Scale::new(f64::from(low), f64::from(high));
    (0..count).map(|i| scale.middle(i, count) as f32).collect()
}

/// Codes of inputs (N·x_dim) as the network sees them.
pub(super) fn codes(
    run: &Opened,
    model: &EnergyModel,
    x: &[f32],
    dim: usize,
) -> Result<Vec<Tensor>> {
    model.codes(&Tensor::from_vec(
        x.to_vec(),
        (x.len() / dim, dim),
        &run.task.device,
    )?)
}

/// Codes of one question.
pub(super) fn codes_of(
    run: &Opened,
    model: &EnergyModel,
    question: &Question,
) -> Result<Vec<Tensor>> {
    codes(run, model, &question.x, question.x.len())
}

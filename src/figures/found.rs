//! What inference finds on a surface.

use candle_core::Tensor;

use super::grid::{codes, codes_of, input_scale};
use super::opened::Opened;
use super::questions::Question;
use crate::data::table::Tables;
use crate::error::Result;
use crate::inference::answers;
use crate::judge::{ANSWERS, search, typical, units};
use crate::plot::{Overlay, Style};

/// Rows of the data that are drawn on a surface.
pub(super) const ROWS: usize = 300;

/// Questions whose minima are drawn on a surface over x.
const ASKED: usize = 31;

/// (x, y) of the answers that inference finds at evenly spaced x.
pub(super) fn minima_over_x(run: &Opened, tables: &Tables) -> Result<Vec<[f64; 2]>> {
    let scale = input_scale(tables, 0);
    let inputs: Vec<f64> = (0..ASKED).map(|i| scale.middle(i, ASKED)).collect();
    let scaled = tables.scales.x.apply(&inputs, &tables.train.x_names)?;
    let codes = codes(run, &run.model, &scaled, 1)?;
    let found = found(run, &codes)?;
    let pairs = inputs.iter().zip(found);
    Ok(pairs
        .flat_map(|(x, ys)| ys.into_iter().map(|y| [*x, y[0]]))
        .collect())
}

/// The answers that inference finds for each code, in the units of the data.
pub(super) fn found(run: &Opened, codes: &[Tensor]) -> Result<Vec<Vec<Vec<f64>>>> {
    let (task, model) = (&run.task, &run.model);
    let minima = search(task, model, codes, 0)?;
    let typical = typical(model, codes, &task.bounds, task.config.seed)?;
    let rows = minima.iter().zip(typical);
    let given = rows.map(|(minima, typical)| {
        let given = answers(minima, typical, ANSWERS);
        given
            .iter()
            .map(|minimum| units(task, &minimum.y))
            .collect()
    });
    Ok(given.collect())
}

/// The data near `question` with the predictions at their best latent values, or the minima without a latent.
pub(super) fn found_for(
    run: &Opened,
    tables: &Tables,
    question: &Question,
) -> Result<Vec<Overlay>> {
    let shown = &question.rows[..question.rows.len().min(ROWS)];
    let y: Vec<f32> = shown
        .iter()
        .flat_map(|&row| tables.test.y_row(row))
        .copied()
        .collect();
    let pairs = |y: &[f32]| {
        let numbers = units(&run.task, y);
        numbers
            .chunks_exact(2)
            .map(|p| [p[0], p[1]])
            .collect::<Vec<[f64; 2]>>()
    };
    let near = if question.said.is_empty() || shown.len() == 1 {
        ""
    } else {
        " of near x"
    };
    let data = Overlay::new(Style::Data, &format!("test data{near}"), pairs(&y));
    let codes = codes(
        run,
        &run.model,
        &question.x.repeat(shown.len()),
        question.x.len(),
    )?;
    let asked = Tensor::from_vec(y, (shown.len(), 1, 2), &run.task.device)?;
    let found = if let Some(traced) = run.model.traced(&codes, &asked)? {
        let traced: Vec<f32> = traced.flatten_all()?.to_vec1()?;
        Overlay::new(
            Style::Traced,
            "traced: prediction at the best z of each",
            pairs(&traced),
        )
    } else {
        let found = found(run, &codes_of(run, &run.model, question)?)?;
        let points = found.into_iter().flatten().map(|y| [y[0], y[1]]).collect();
        Overlay::new(Style::Minima, "minima found", points)
    };
    Ok(vec![found, data])
}

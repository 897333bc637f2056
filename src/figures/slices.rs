//! Cuts through a surface: E over y for some questions.

use candle_core::Tensor;

use super::found::found;
use super::grid::{answer_scale, codes_of, middles};
use super::opened::Opened;
use super::questions::{Question, questions};
use crate::data::table::Tables;
use crate::error::Result;
use crate::inference::offered;
use crate::judge::units;
use crate::plot::{Figure, Lines, Overlay, Series, Style, sheet};

/// Points of a line.
const POINTS: usize = 400;

/// E over y for four test questions, with the answers in the data and those found.
///
/// # Errors
/// A tensor operation failed.
pub(super) fn figure(run: &Opened, tables: &Tables) -> Result<Figure> {
    let (mut series, mut right, mut low) = (Vec::new(), Vec::new(), Vec::new());
    for (i, question) in questions(tables, &[0.05, 0.35, 0.65, 0.95])
        .iter()
        .enumerate()
    {
        let y = middles(run, 0, POINTS);
        let energies = energies(run, question, &y)?;
        let points = units(&run.task, &y).into_iter().zip(energies);
        series.push(Series {
            name: if question.said.is_empty() {
                "E(y)".into()
            } else {
                question.said.clone()
            },
            points: points.map(|(y, e)| [y, e]).collect(),
            color: i,
            dashed: i % 2 == 1,
        });
        let truth = truth(tables, question);
        right.extend(pairs(run, question, &truth)?);
        let found = found(run, &codes_of(run, &run.model, question)?)?;
        let found: Vec<f64> = found.into_iter().flatten().map(|y| y[0]).collect();
        let scaled = tables.scales.y.apply(&found, &tables.train.y_names[..1])?;
        low.extend(pairs(run, question, &scaled)?);
    }
    let name = &tables.test.y_names[0];
    let lines = Lines {
        title: String::new(),
        labels: [
            format!("{name} (units of the data)"),
            format!("energy {}", run.energy()),
        ],
        series,
        overlays: vec![
            Overlay::new(Style::Right, "answer in the test data", right),
            Overlay::new(Style::Minima, "minima found", low),
        ],
        inner: (600.0, 320.0),
        x: Some(answer_scale(run, 0)),
        span: run.span(),
    };
    let title = format!("{}: energy over answers, for some questions", run.name());
    Ok(sheet(&title, &[run.note()], &[vec![Box::new(lines)]]))
}

/// The answer of the asked row, as the network sees it; none without input, where every row is one.
fn truth(tables: &Tables, question: &Question) -> Vec<f32> {
    let asked = question
        .rows
        .iter()
        .filter(|&&row| tables.test.x_row(row) == question.x);
    let answers = asked.map(|&row| tables.test.y_row(row)[0]);
    if question.said.is_empty() {
        return Vec::new();
    }
    answers.collect()
}

/// Energies of answers y (K) to one question.
fn energies(run: &Opened, question: &Question, y: &[f32]) -> Result<Vec<f64>> {
    if y.is_empty() {
        return Ok(Vec::new());
    }
    let codes = codes_of(run, &run.model, question)?;
    let y: Tensor = offered(y, 1, 1, &run.task.device)?;
    let energies: Vec<f32> = run.model.energies(&codes, &y)?.flatten_all()?.to_vec1()?;
    Ok(energies.into_iter().map(f64::from).collect())
}

/// (y, E) of answers y (K), in the units of the data.
fn pairs(run: &Opened, question: &Question, y: &[f32]) -> Result<Vec<[f64; 2]>> {
    let energies = energies(run, question, y)?;
    let points = units(&run.task, y).into_iter().zip(energies);
    Ok(points.map(|(y, e)| [y, e]).collect())
}

//! Which surface of a run can be drawn, and its energies on a grid.

use super::found::{ROWS, found_for, minima_over_x};
use super::grid::{answer_scale, codes, codes_of, input_scale, middles};
use super::opened::Opened;
use super::questions::{Question, questions};
use crate::assembly::rows_at_once;
use crate::data::table::Tables;
use crate::error::Result;
use crate::inference::{EnergyModel, offered};
use crate::plot::{Field, Overlay, Style};

/// Answers whose energies are computed at once.
const AT_ONCE: usize = 2048;

/// A surface over two numbers.
pub(super) enum View {
    /// E(x, y) of one number x and one number y.
    InputAnswer,
    /// E(x, y) of two numbers y for one question.
    Answers(Question),
}

/// The surfaces that can be drawn; none where answers have more than two numbers, or one that hangs on several.
pub(super) fn views(run: &Opened) -> Vec<View> {
    let Some(tables) = run.tables() else {
        return Vec::new();
    };
    match (tables.test.x_dim(), tables.test.y_dim()) {
        (1, 1) if !tables.test.is_unconditional() => vec![View::InputAnswer],
        (_, 2) => questions(tables, &[0.1, 0.5, 0.9])
            .into_iter()
            .map(View::Answers)
            .collect(),
        _ => Vec::new(),
    }
}

impl View {
    /// Labels of the two axes.
    pub(super) fn labels(&self, tables: &Tables) -> [String; 2] {
        let label = |name: &String| format!("{name} (units of the data)");
        match self {
            Self::InputAnswer => [
                label(&tables.test.x_names[0]),
                label(&tables.test.y_names[0]),
            ],
            Self::Answers(_) => [
                label(&tables.test.y_names[0]),
                label(&tables.test.y_names[1]),
            ],
        }
    }

    /// The question, in words.
    pub(super) fn question(&self) -> &str {
        match self {
            Self::InputAnswer => "",
            Self::Answers(question) => &question.said,
        }
    }

    /// How much `field` varies over answers.
    pub(super) fn flatness(&self, field: &Field) -> f64 {
        match self {
            Self::InputAnswer => field.flatness_by_column(),
            Self::Answers(_) => field.flatness(),
        }
    }

    /// Energies on the grid.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub(super) fn field(
        &self,
        run: &Opened,
        model: &EnergyModel,
        tables: &Tables,
    ) -> Result<Field> {
        match self {
            Self::InputAnswer => over_input(run, model, tables),
            Self::Answers(question) => over_answers(run, model, question),
        }
    }

    /// Rows of the test part, and what inference finds.
    ///
    /// # Errors
    /// The configured inference does not go with this energy, or a tensor operation failed.
    pub(super) fn overlays(&self, run: &Opened, tables: &Tables) -> Result<Vec<Overlay>> {
        match self {
            Self::InputAnswer => {
                let rows = tables.test.len().min(ROWS);
                let x = tables.scales.x.invert(&tables.test.x[..rows]);
                let y = tables.scales.y.invert(&tables.test.y[..rows]);
                let data = x.into_iter().zip(y).map(|(x, y)| [x, y]).collect();
                Ok(vec![
                    Overlay::new(Style::Data, "test data", data),
                    Overlay::new(Style::Minima, "minima found", minima_over_x(run, tables)?),
                ])
            }
            Self::Answers(question) => found_for(run, tables, question),
        }
    }
}

/// E(x, y) of one number x (columns) and one number y (rows).
fn over_input(run: &Opened, model: &EnergyModel, tables: &Tables) -> Result<Field> {
    let (n, scale) = (run.grid, input_scale(tables, 0));
    let inputs: Vec<f64> = (0..n).map(|i| scale.middle(i, n)).collect();
    let inputs = tables.scales.x.apply(&inputs, &tables.train.x_names)?;
    let answers = middles(run, 0, n);
    let mut energies = vec![f32::NAN; n * n];
    for (chunk, inputs) in inputs.chunks(rows_at_once(n)).enumerate() {
        let y = offered(&answers, 1, inputs.len(), &run.task.device)?;
        let codes = codes(run, model, inputs, 1)?;
        let rows: Vec<Vec<f32>> = model.energies(&codes, &y)?.to_vec2()?;
        for (i, row) in rows.iter().enumerate() {
            let column = chunk * rows_at_once(n) + i;
            for (j, energy) in row.iter().enumerate() {
                energies[j * n + column] = *energy;
            }
        }
    }
    Ok(Field {
        x: scale,
        y: answer_scale(run, 0),
        columns: n,
        energies,
    })
}

/// E(x, y) of two numbers y for one question.
fn over_answers(run: &Opened, model: &EnergyModel, question: &Question) -> Result<Field> {
    let (first, second) = (middles(run, 0, run.grid), middles(run, 1, run.grid));
    let rows = second.iter();
    let points = rows.flat_map(|b| first.iter().flat_map(move |a| [*a, *b]));
    let points: Vec<f32> = points.collect();
    let codes = codes_of(run, model, question)?;
    let mut energies: Vec<f32> = Vec::new();
    for points in points.chunks(2 * AT_ONCE) {
        let y = offered(points, 2, 1, &run.task.device)?;
        let some = model.energies(&codes, &y)?.flatten_all()?;
        energies.extend(some.to_vec1::<f32>()?);
    }
    Ok(Field {
        x: answer_scale(run, 0),
        y: answer_scale(run, 1),
        columns: run.grid,
        energies,
    })
}

/// The surface before training, where it is known.
///
/// # Errors
/// A tensor operation failed.
pub(super) fn before(run: &Opened, tables: &Tables, view: &View) -> Result<Option<Field>> {
    let fresh = run.starts_fresh().then_some(());
    fresh
        .map(|()| run.at(None, |model| view.field(run, model, tables)))
        .transpose()
}

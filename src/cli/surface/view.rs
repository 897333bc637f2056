//! Which surface of a run can be drawn, and its energies on a grid.

use candle_core::Tensor;

use super::opened::Opened;
use crate::cli::judge_head::{ANSWERS, search, typical, units};
use crate::cli::task::rows_at_once;
use crate::data::table::Tables;
use crate::error::Result;
use crate::inference::{Machine, answers, offered};
use crate::report::{Field, Overlay, Scale, Style};

/// Rows of the data that are drawn on a surface.
const ROWS: usize = 300;

/// Questions whose minima are drawn on a surface over x.
const ASKED: usize = 31;

/// Answers whose energies are computed at once.
const AT_ONCE: usize = 2048;

/// A surface over two numbers.
pub(super) enum View {
    /// E(x, y) of one number x and one number y.
    InputAnswer,
    /// E(x, y) of two numbers y for one question.
    Answers(Question),
}

/// One input.
#[derive(Clone)]
pub(super) struct Question {
    /// As the network sees it (x_dim).
    pub(super) x: Vec<f32>,
    /// In the units of the data; empty without an input.
    pub(super) said: String,
    /// Rows of the test part with this or a near input.
    pub(super) rows: Vec<usize>,
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

/// Rows of the test part at these shares of the way from the least to the largest first number of x; one without input.
pub(super) fn questions(tables: &Tables, shares: &[f64]) -> Vec<Question> {
    let test = &tables.test;
    let every: Vec<usize> = (0..test.len()).collect();
    if test.is_unconditional() {
        let x = test.x_row(0).to_vec();
        let (said, rows) = (String::new(), every);
        return vec![Question { x, said, rows }];
    }
    let mut order = every;
    order.sort_by(|&a, &b| test.x_row(a)[0].total_cmp(&test.x_row(b)[0]));
    let last = order.len().saturating_sub(1);
    let near = order.len() / 20; // a twentieth of the rows at each side
    let ask = |share: &f64| {
        let place = (share * last as f64).round() as usize;
        let row = order[place];
        let rows = if test.x_dim() == 1 {
            order[place.saturating_sub(near)..=(place + near).min(last)].to_vec()
        } else {
            vec![row]
        };
        let x = test.x_row(row).to_vec();
        let numbers = tables.scales.x.invert(&x);
        let numbers: Vec<String> = numbers.iter().map(|v| crate::report::short(*v)).collect();
        let said = format!("{} = {}", test.x_names.join(", "), numbers.join(", "));
        Question { x, said, rows }
    };
    shares.iter().map(ask).collect()
}

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
pub(super) fn codes(run: &Opened, machine: &Machine, x: &[f32], dim: usize) -> Result<Vec<Tensor>> {
    machine.codes(&Tensor::from_vec(
        x.to_vec(),
        (x.len() / dim, dim),
        &run.task.device,
    )?)
}

/// Codes of one question.
pub(super) fn codes_of(
    run: &Opened,
    machine: &Machine,
    question: &Question,
) -> Result<Vec<Tensor>> {
    codes(run, machine, &question.x, question.x.len())
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
    pub(super) fn field(&self, run: &Opened, machine: &Machine, tables: &Tables) -> Result<Field> {
        let n = run.grid;
        match self {
            Self::InputAnswer => {
                let scale = input_scale(tables, 0);
                let inputs: Vec<f64> = (0..n).map(|i| scale.middle(i, n)).collect();
                let inputs = tables.scales.x.apply(&inputs, &tables.train.x_names)?;
                let answers = middles(run, 0, n);
                let mut energies = vec![f32::NAN; n * n];
                for (chunk, inputs) in inputs.chunks(rows_at_once(n)).enumerate() {
                    let y = offered(&answers, 1, inputs.len(), &run.task.device)?;
                    let codes = codes(run, machine, inputs, 1)?;
                    let rows: Vec<Vec<f32>> = machine.energies(&codes, &y)?.to_vec2()?;
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
            Self::Answers(question) => {
                let (first, second) = (middles(run, 0, n), middles(run, 1, n));
                let points = second
                    .iter()
                    .flat_map(|b| first.iter().flat_map(move |a| [*a, *b]));
                let points: Vec<f32> = points.collect();
                let codes = codes_of(run, machine, question)?;
                let mut energies = Vec::new();
                for points in points.chunks(2 * AT_ONCE) {
                    let y = offered(points, 2, 1, &run.task.device)?;
                    energies.extend(
                        machine
                            .energies(&codes, &y)?
                            .flatten_all()?
                            .to_vec1::<f32>()?,
                    );
                }
                let (x, y) = (answer_scale(run, 0), answer_scale(run, 1));
                Ok(Field {
                    x,
                    y,
                    columns: n,
                    energies,
                })
            }
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

/// (x, y) of the answers that inference finds at evenly spaced x.
fn minima_over_x(run: &Opened, tables: &Tables) -> Result<Vec<[f64; 2]>> {
    let scale = input_scale(tables, 0);
    let inputs: Vec<f64> = (0..ASKED).map(|i| scale.middle(i, ASKED)).collect();
    let scaled = tables.scales.x.apply(&inputs, &tables.train.x_names)?;
    let codes = codes(run, &run.machine, &scaled, 1)?;
    let found = found(run, &codes)?;
    let pairs = inputs.iter().zip(found);
    Ok(pairs
        .flat_map(|(x, ys)| ys.into_iter().map(|y| [*x, y[0]]))
        .collect())
}

/// The answers that inference finds for each code, in the units of the data.
pub(super) fn found(run: &Opened, codes: &[Tensor]) -> Result<Vec<Vec<Vec<f64>>>> {
    let (task, machine) = (&run.task, &run.machine);
    let minima = search(task, machine, codes, 0)?;
    let typical = typical(machine, codes, &task.bounds, task.config.seed)?;
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
fn found_for(run: &Opened, tables: &Tables, question: &Question) -> Result<Vec<Overlay>> {
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
        &run.machine,
        &question.x.repeat(shown.len()),
        question.x.len(),
    )?;
    let asked = Tensor::from_vec(y, (shown.len(), 1, 2), &run.task.device)?;
    let found = if let Some(traced) = run.machine.traced(&codes, &asked)? {
        let traced: Vec<f32> = traced.flatten_all()?.to_vec1()?;
        Overlay::new(
            Style::Traced,
            "traced: prediction at the best z of each",
            pairs(&traced),
        )
    } else {
        let found = found(run, &codes_of(run, &run.machine, question)?)?;
        let points = found.into_iter().flatten().map(|y| [y[0], y[1]]).collect();
        Overlay::new(Style::Minima, "minima found", points)
    };
    Ok(vec![found, data])
}

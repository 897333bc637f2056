//! Which inputs are asked about.

use crate::data::table::Tables;
use crate::plot::short;

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
        let numbers: Vec<String> = numbers.iter().map(|v| short(*v)).collect();
        let said = format!("{} = {}", test.x_names.join(", "), numbers.join(", "));
        Question { x, said, rows }
    };
    shares.iter().map(ask).collect()
}

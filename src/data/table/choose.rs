//! Which columns are x, y and the class.

use std::path::Path;

use crate::data::config::DataConfig;
use crate::data::table_formats::{is_index, unusable};
use crate::error::{Result, hint};

/// Above this many columns a message counts them instead of naming them.
const NAMED: usize = 20;

/// The columns of a table by their part, as a configuration names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Inputs; `None`: every column that is not named below and is no index of pandas; empty: no input.
    pub x: Option<Vec<String>>,
    /// Answers that are numbers.
    pub y: Vec<String>,
    /// The answer that is a class.
    pub label: Option<String>,
}

/// The places of the columns in the file.
pub(super) struct Places {
    pub(super) x: Vec<usize>,
    pub(super) y: Vec<usize>,
    pub(super) label: Option<usize>,
    /// Columns left out because they count the rows.
    pub(super) indices: Vec<usize>,
}

impl Layout {
    /// The keys `data.x`, `data.y` and `data.label`.
    #[must_use]
    pub fn of(config: &DataConfig) -> Self {
        Self {
            x: config.x.clone(),
            y: config.y.clone(),
            label: config.label.clone(),
        }
    }

    /// Find the columns among `names`.
    pub(super) fn places(&self, names: &[String], path: &Path) -> Result<Places> {
        let find = |key: &str, wanted: &String| {
            let mut found = (0..names.len()).filter(|&i| names[i] == *wanted);
            match (found.next(), found.next()) {
                (Some(place), None) => Ok(place),
                (Some(_), Some(_)) => Err(unusable(
                    path,
                    format!("`{key}`: two columns are named `{wanted}`; rename one"),
                )),
                (None, _) => Err(unusable(path, absent(key, wanted, names))),
            }
        };
        let all = |key: &str, wanted: &[String]| -> Result<Vec<usize>> {
            wanted.iter().map(|name| find(key, name)).collect()
        };
        let y = all("data.y", &self.y)?;
        let label = self.label.as_ref();
        let label = label.map(|name| find("data.label", name)).transpose()?;
        let taken = |place: &usize| !y.contains(place) && label != Some(*place);
        let (x, indices) = match &self.x {
            Some(x) => (all("data.x", x)?, Vec::new()),
            None => (0..names.len())
                .filter(taken)
                .partition(|&place| !is_index(place, &names[place])),
        };
        let mut every: Vec<usize> = x.iter().chain(&y).chain(&label).copied().collect();
        every.sort_unstable();
        if let Some(pair) = every.windows(2).find(|pair| pair[0] == pair[1]) {
            let name = &names[pair[0]];
            return Err(unusable(
                path,
                format!(
                    "column `{name}` is named twice in `data.x`, `data.y` and `data.label`; name it once"
                ),
            ));
        }
        Ok(Places {
            x,
            y,
            label,
            indices,
        })
    }
}

/// What a person should know of a column that was left out.
pub(super) fn left_out(name: &str, path: &Path) -> String {
    let column = match name {
        "" => "the first column, which has no name,".into(),
        name => format!("column `{name}`"),
    };
    format!(
        "{}: {column} is the index of a pandas table and left out; name it in `data.x` if it is an input",
        path.display()
    )
}

fn absent(key: &str, wanted: &str, names: &[String]) -> String {
    let way = if names.len() > NAMED
        && crate::error::nearest(wanted, names.iter().map(String::as_str)).is_none()
    {
        format!(
            "it has {} columns, from `{}` to `{}`",
            names.len(),
            names[0],
            names[names.len() - 1]
        )
    } else {
        hint(wanted, names.iter().map(String::as_str))
    };
    format!("`{key}`: there is no column `{wanted}`; {way}")
}

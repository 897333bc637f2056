//! Several labels in a cell, or one column a label.

use std::collections::{BTreeSet, HashSet};

use super::rows::Sheet;
use crate::data::tags::Tags;

/// What stands between labels of one cell, as in ChestX-ray14.
const SEPARATOR: char = '|';

/// The tags of a column whose cells hold several labels: lists (`["a", "b"]`, `['a']`, `[1, 3]`) in all that are not empty,
/// or words with `|` between them in some, of which one stands in other cells too. `None` where cells hold one label each.
pub(super) fn of_cells<'a>(cells: impl Iterator<Item = Option<&'a str>> + Clone) -> Option<Tags> {
    let known = || cells.clone().flatten();
    let lists = known().next().is_some() && known().all(|cell| inside(cell).is_some());
    if !lists && !combined(known()) {
        return None;
    }
    let words = |cell: &'a str| {
        let (text, separator) = match inside(cell).filter(|_| lists) {
            Some(text) => (text, ','),
            None => (cell, SEPARATOR),
        };
        let words = text.split(separator).map(|word| bare(word.trim()));
        words.filter(|word| !word.is_empty())
    };
    Some(Tags::of_words(cells.map(|cell| cell.map(words))))
}

/// Whether some words with strokes between them stand in other cells too, alone or with others: else `a|b` is a name.
fn combined<'a>(cells: impl Iterator<Item = &'a str>) -> bool {
    let distinct: BTreeSet<&str> = cells.collect();
    let mut words: HashSet<&str> = HashSet::new();
    let of = |cell: &'a str| cell.split(SEPARATOR).map(str::trim);
    let mut again = false;
    for cell in &distinct {
        let own: BTreeSet<&str> = of(cell).filter(|word| !word.is_empty()).collect();
        again |= own.into_iter().filter(|word| !words.insert(word)).count() > 0;
    }
    again && distinct.iter().any(|cell| cell.contains(SEPARATOR))
}

/// What stands between the brackets of a list.
fn inside(cell: &str) -> Option<&str> {
    cell.strip_prefix('[')?.strip_suffix(']')
}

/// `word` without quotes around it.
fn bare(word: &str) -> &str {
    let quoted = |quote: char| word.strip_prefix(quote)?.strip_suffix(quote);
    quoted('"').or_else(|| quoted('\'')).unwrap_or(word)
}

/// The tags that `columns` of `sheet` are called: each holds 1 where a picture has its tag and 0 where not, or -1 where
/// no cell of them is 0. An empty cell leaves the tags of its picture unknown.
///
/// # Errors
/// The first cell that says neither.
pub(in crate::data::readers) fn of_columns(
    sheet: &Sheet,
    columns: &[usize],
) -> Result<Tags, String> {
    let cells = || {
        columns
            .iter()
            .flat_map(|&column| sheet.cells(column))
            .flatten()
    };
    let absent = if cells().any(|cell| number(cell) == Some(0.0)) {
        0.0
    } else {
        -1.0
    };
    let holds = |row: usize, column: usize| {
        let Some(cell) = sheet.cell(row, column) else {
            return Ok(None);
        };
        match number(cell) {
            Some(1.0) => Ok(Some(true)),
            Some(value) if value == absent => Ok(Some(false)),
            _ => Err(format!(
                "column `{}` says `{cell}` in row {}: of several columns each says 1 or 0, whether a picture has its tag",
                sheet.names()[column],
                row + 1
            )),
        }
    };
    let mut rows = Vec::new();
    for row in 0..sheet.rows() {
        let cells = columns.iter().map(|&column| holds(row, column));
        rows.push(cells.collect::<Result<Option<Vec<bool>>, String>>()?);
    }
    let names = columns.iter().map(|&column| sheet.names()[column].clone());
    Ok(Tags::of_rows(names.collect(), rows.into_iter()))
}

/// A number, or a truth value as one.
fn number(cell: &str) -> Option<f64> {
    match cell.to_ascii_lowercase().as_str() {
        "true" => Some(1.0),
        "false" => Some(0.0),
        cell => cell.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(cells: &[&str]) -> Option<Vec<Vec<String>>> {
        let cells = cells
            .iter()
            .map(|cell| Some(*cell).filter(|cell| !cell.is_empty()));
        let tags = of_cells(cells)?;
        let name = |tag: &u32| tags.names()[*tag as usize].clone();
        let of = |picture| tags.get(picture).map(|own| own.iter().map(name).collect());
        Some((0..tags.len()).filter_map(of).collect())
    }

    #[test]
    fn lists_and_words_with_strokes_between_them_are_tags() {
        let lists = tags(&["[1, 3]", "", "[]", "[10]"]).unwrap();
        assert_eq!(lists, [vec!["1", "3"], vec![], vec!["10"]]);
        let lists = tags(&["['a', 'b']", "[\"b\"]"]).unwrap();
        assert_eq!(lists, [vec!["a", "b"], vec!["b"]]);
        let strokes = tags(&["Mass|Edema", "Mass", "No Finding"]).unwrap();
        assert_eq!(
            strokes,
            [vec!["Edema", "Mass"], vec!["Mass"], vec!["No Finding"]]
        );
        assert_eq!(tags(&["a", "b"]), None);
        assert_eq!(tags(&["a|b", "c", "a|b"]), None, "a name");
        assert_eq!(tags(&["[a]", "b"]), None, "not all are lists");
    }

    #[test]
    fn each_of_several_columns_is_a_tag() {
        let mut sheet = Sheet::new(["file", "a", "b"].map(String::from).to_vec());
        for row in [["1", "1", "-1"], ["2", "-1", "1"], ["3", "", "1"]] {
            sheet.push(row.into_iter());
        }
        let tags = of_columns(&sheet, &[1, 2]).unwrap();
        assert_eq!(tags.get(0), Some(&[0][..]));
        assert_eq!((tags.get(1), tags.get(2)), (Some(&[1][..]), None));
        sheet.push(["4", "0", "-1"].into_iter());
        let said = of_columns(&sheet, &[1, 2]).unwrap_err();
        assert!(said.contains("column `b` says `-1` in row 1"), "{said}");
    }
}

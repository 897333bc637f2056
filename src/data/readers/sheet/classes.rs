//! Classes as a column of text names them.

use std::collections::HashMap;
use std::ops::Range;

use super::tags;
use crate::data::readers::labels::{UNKNOWN, ordered};
use crate::data::tags::Tags;

/// What a table says of the labels of its pictures.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::data::readers) enum Given {
    /// Nothing.
    Nothing,
    /// One class a picture.
    Classes(Classes),
    /// Several labels a picture.
    Tags(Tags),
}

impl Given {
    /// What `cells` name: tags where some hold several labels, else classes.
    ///
    /// # Errors
    /// As [`Classes::of`].
    pub(in crate::data::readers) fn of<'a>(
        cells: impl Iterator<Item = Option<&'a str>> + Clone,
    ) -> Result<Self, String> {
        if let Some(tags) = tags::of_cells(cells.clone()) {
            return Ok(Self::Tags(tags));
        }
        let classes = Classes::of(cells)?;
        Ok(classes.map_or(Self::Nothing, Self::Classes))
    }

    /// Those of some rows.
    pub(in crate::data::readers) fn some(&self, rows: Range<usize>) -> Self {
        match self {
            Self::Nothing => Self::Nothing,
            Self::Classes(classes) => Self::Classes(Classes {
                names: classes.names.clone(),
                codes: classes.codes[rows].to_vec(),
            }),
            Self::Tags(tags) => Self::Tags(tags.some(rows)),
        }
    }
}

/// The class of each row, and the names of all.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::data::readers) struct Classes {
    pub(in crate::data::readers) names: Vec<String>,
    /// Places in `names`; [`UNKNOWN`] where a row has no class.
    pub(in crate::data::readers) codes: Vec<u32>,
}

impl Classes {
    /// The classes that `cells` name; `None` where no cell does.
    ///
    /// Where all are whole numbers, a negative one says that there is no class, and `3.0` is `3`: so pandas writes a
    /// column of numbers that lacks some.
    ///
    /// # Errors
    /// What stands in the cells instead of classes: numbers with a fraction.
    pub(in crate::data::readers) fn of<'a>(
        cells: impl Iterator<Item = Option<&'a str>>,
    ) -> Result<Option<Self>, String> {
        let (mut codes, mut places) = (Vec::new(), HashMap::new());
        for cell in cells {
            codes.push(cell.map_or(UNKNOWN, |word| {
                let next = places.len() as u32;
                *places.entry(word).or_insert(next)
            }));
        }
        let mut words: Vec<&str> = vec![""; places.len()];
        for (word, place) in places {
            words[place as usize] = word;
        }
        refuse(&words)?;
        let whole = words.iter().all(|word| number(word).is_some());
        let name = |word: &&str| {
            let bare = word.strip_suffix(".0").filter(|_| whole);
            let none = whole && number(word).is_some_and(|number| number < 0.0);
            (!none).then(|| bare.unwrap_or(word).to_string())
        };
        let of_words: Vec<Option<String>> = words.iter().map(name).collect();
        let names = ordered(of_words.iter().flatten().cloned());
        if names.is_empty() {
            return Ok(None);
        }
        let places: HashMap<&String, u32> = names.iter().zip(0..).collect();
        let place = |word: &Option<String>| word.as_ref().map(|word| places[word]);
        let new: Vec<u32> = of_words
            .iter()
            .map(|word| place(word).unwrap_or(UNKNOWN))
            .collect();
        for code in codes.iter_mut().filter(|code| **code != UNKNOWN) {
            *code = new[*code as usize];
        }
        Ok(Some(Self { names, codes }))
    }
}

fn number(word: &str) -> Option<f64> {
    word.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// Refuse what is no class.
fn refuse(words: &[&str]) -> Result<(), String> {
    let broken = |word: &&&str| number(word).is_some_and(|number| number.fract() != 0.0);
    let numbers = words.iter().all(|word| number(word).is_some());
    match words.iter().find(broken).filter(|_| numbers) {
        Some(word) => Err(format!("numbers such as {word}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cells: &[&str]) -> Result<Option<Classes>, String> {
        let cells = cells.iter().map(|cell| Some(*cell));
        Classes::of(cells.map(|cell| cell.filter(|cell| !cell.is_empty())))
    }

    #[test]
    fn words_are_ordered_by_name_and_numbers_by_value() {
        let found = of(&["b", "", "a", "b"]).unwrap().unwrap();
        assert_eq!(
            (found.names, found.codes),
            (vec!["a".into(), "b".into()], vec![1, UNKNOWN, 0, 1])
        );
        let found = of(&["10.0", "2", "-1", "10"]).unwrap().unwrap();
        assert_eq!(
            (found.names, found.codes),
            (vec!["2".into(), "10".into()], vec![1, 0, UNKNOWN, 1])
        );
        assert_eq!(of(&["", "-1"]), Ok(None));
        assert_eq!(of(&["0.5", "1"]), Err("numbers such as 0.5".into()));
        assert_eq!(of(&["1.5", "x"]).unwrap().unwrap().names, ["1.5", "x"]);
    }
}

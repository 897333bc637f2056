//! Rows of text under named columns.

use super::texts::Texts;
use crate::data::table_formats::is_index;

/// Rows of text under named columns.
#[derive(Clone, Debug, Default)]
pub(in crate::data::readers) struct Sheet {
    names: Vec<String>,
    columns: Vec<Texts>,
    rows: usize,
}

impl Sheet {
    /// No row yet.
    pub(in crate::data::readers) fn new(names: Vec<String>) -> Self {
        Self {
            columns: vec![Texts::default(); names.len()],
            names,
            rows: 0,
        }
    }

    /// The names of its columns.
    pub(in crate::data::readers) fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of rows.
    pub(in crate::data::readers) fn rows(&self) -> usize {
        self.rows
    }

    /// The place of the column called `name`.
    pub(in crate::data::readers) fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|own| own == name)
    }

    /// What stands in a cell; `None` where it is empty.
    pub(in crate::data::readers) fn cell(&self, row: usize, column: usize) -> Option<&str> {
        self.columns.get(column)?.get(row)
    }

    /// All cells of a column.
    pub(in crate::data::readers) fn cells(
        &self,
        column: usize,
    ) -> impl Iterator<Item = Option<&str>> + Clone {
        (0..self.rows).map(move |row| self.cell(row, column))
    }

    /// Add a row, the cells of the first columns in their order.
    pub(in crate::data::readers) fn push<'a>(&mut self, cells: impl Iterator<Item = &'a str>) {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.put(self.rows, cell);
        }
        self.rows += 1;
    }

    /// Add a row, the name of the column beside each cell; new names become columns.
    pub(in crate::data::readers) fn push_named<'a>(
        &mut self,
        cells: impl Iterator<Item = (&'a str, &'a str)>,
    ) {
        for (name, cell) in cells {
            let column = self.column(name).unwrap_or_else(|| {
                self.names.push(name.to_string());
                self.columns.push(Texts::default());
                self.names.len() - 1
            });
            self.columns[column].put(self.rows, cell);
        }
        self.rows += 1;
    }

    /// The same rows without the columns `left`, and without those that only count rows.
    pub(in crate::data::readers) fn without(mut self, left: &[usize]) -> Self {
        let kept = |place: usize, name: &str| !left.contains(&place) && !is_index(place, name);
        let names = self.names.iter().enumerate();
        let kept: Vec<bool> = names.map(|(place, name)| kept(place, name)).collect();
        let mut keep = kept.iter();
        self.names.retain(|_| keep.next() == Some(&true));
        let mut keep = kept.iter();
        self.columns.retain(|_| keep.next() == Some(&true));
        self
    }

    /// Add empty rows until there are `rows`.
    pub(in crate::data::readers) fn fill_to(&mut self, rows: usize) {
        self.rows = self.rows.max(rows);
    }

    /// Its columns in words.
    pub(in crate::data::readers) fn columns_in_words(&self) -> String {
        let names = self.names.iter().map(|name| format!("`{name}`"));
        names.collect::<Vec<_>>().join(", ")
    }
}

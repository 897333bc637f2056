//! How alike two tables of embeddings of the same rows are.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use serde::Serialize;

use super::neighbors::neighbors;
use super::numbers::blocks;
use super::table::EmbeddingTable;
use crate::error::Result;
use crate::eval::{LinearCka, Neighbor};
use crate::random::{Purpose, permutation, stream};

/// What two tables have in common, and what changes from one to the other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Likeness {
    /// Rows of each.
    pub rows: usize,
    /// Linear centered kernel alignment over all rows ([`LinearCka`]).
    pub cka: f64,
    /// Neighbors of each row that was asked, k.
    pub k: usize,
    /// Rows whose neighbors were compared: all, or as many as were asked for.
    pub asked: usize,
    /// Mean share of the k nearest rows in one that are among the k nearest in the other.
    pub shared_neighbors: f64,
    /// The same in each of some tables of chance: k / (N − 1).
    pub by_chance: f64,
    /// Share of rows asked whose k nearest vote for their class, in the first and in the second; where classes are known.
    pub accuracy: Option<[f64; 2]>,
    /// The same class by class, what loses most first.
    pub per_class: Vec<ClassChange>,
}

/// What becomes of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassChange {
    /// Its name.
    pub class: String,
    /// Rows of it that were asked.
    pub rows: usize,
    /// Share of them whose nearest vote for it in the first table.
    pub first: f64,
    /// The same in the second.
    pub second: f64,
    /// Mean share of neighbors that both tables agree on.
    pub shared_neighbors: f64,
}

/// The rows of one table where the other has them.
struct Paired<'a> {
    table: &'a EmbeddingTable,
    /// The place of each row of the other table; `None` where both have the same order.
    places: Option<Vec<usize>>,
}

impl<'a> Paired<'a> {
    /// Find the rows of `first` in `table`.
    fn new(first: &EmbeddingTable, table: &'a EmbeddingTable) -> Result<Self> {
        let rows = first.rows();
        let same = rows == table.rows() && (0..rows).all(|row| first.id(row) == table.id(row));
        if same {
            return Ok(Self {
                table,
                places: None,
            });
        }
        let mut found = HashMap::with_capacity(table.rows());
        for row in 0..table.rows() {
            if found.insert(table.id(row), row).is_some() {
                let id = table.id(row);
                return Err(table.error(format!(
                    "several rows have the id `{id}`, so its rows cannot be found in {}; embed the same data in the same \
                     order",
                    first.path().display()
                )));
            }
        }
        let places: Vec<usize> = (0..rows)
            .filter_map(|row| found.remove(first.id(row)))
            .collect();
        if places.len() != rows || rows != table.rows() {
            return Err(table.error(format!(
                "has {} rows, and {} of the {rows} rows of {} are among them by id; embed the same data with both runs",
                table.rows(),
                places.len(),
                first.path().display()
            )));
        }
        Ok(Self {
            table,
            places: Some(places),
        })
    }

    fn place(&self, row: usize) -> usize {
        self.places.as_ref().map_or(row, |places| places[row])
    }

    fn read(&self, rows: Range<usize>) -> Result<Cow<'_, [f32]>> {
        if self.places.is_none() {
            return self.table.read(rows);
        }
        let mut values = Vec::with_capacity(rows.len() * self.table.dim());
        for row in rows {
            let place = self.place(row);
            values.extend_from_slice(&self.table.read(place..place + 1)?);
        }
        Ok(Cow::Owned(values))
    }
}

/// Compare two tables of the same rows, which are found by their ids; the `k` nearest of at most `most` rows, drawn by
/// `seed`. Classes are those of `first`, of `second` where it has none.
///
/// # Errors
/// [`crate::error::Error::Usage`] where the rows are not the same, those of one are all equal, or there are no `k` others;
/// what `progress` returns, which is called for every row whose neighbors were found.
pub fn alike(
    (first, second): (&EmbeddingTable, &EmbeddingTable),
    (k, most, seed): (usize, usize, u64),
    mut progress: impl FnMut() -> Result<()>,
) -> Result<Likeness> {
    let paired = Paired::new(first, second)?;
    let rows = first.rows();
    let mut cka = LinearCka::new(first.dim(), second.dim());
    for block in blocks(rows, first.dim().max(second.dim())) {
        cka.add(&first.read(block.clone())?, &paired.read(block)?)?;
    }
    let mut asked = permutation(rows, &mut stream(seed, Purpose::Probe, 0, 0, 0));
    asked.truncate(most.max(1));
    asked.sort_unstable();
    let there: Vec<usize> = asked.iter().map(|&row| paired.place(row)).collect();
    let class = |row: usize| first.class(row).or_else(|| second.class(paired.place(row)));
    let mut back = vec![0; rows]; // row of the first table by row of the second
    (0..rows).for_each(|row| back[paired.place(row)] = row);

    let mut lists: Vec<Vec<usize>> = Vec::with_capacity(asked.len());
    let mut tally = Tally::default();
    let mut votes = [Vec::with_capacity(asked.len()), Vec::new()];
    neighbors(first, Some(&asked), k, |_, near| {
        votes[0].push(vote(near, |near| class(near.row)));
        lists.push(near.iter().map(|near| near.row).collect());
        progress()
    })?;
    neighbors(second, Some(&there), k, |_, near| {
        let at = votes[1].len();
        let here = |near: &Neighbor| back[near.row];
        let shared = near
            .iter()
            .filter(|near| lists[at].contains(&here(near)))
            .count();
        votes[1].push(vote(near, |near| class(here(near))));
        let right = [0, 1].map(|table: usize| votes[table][at] == class(asked[at]));
        tally.add(class(asked[at]), right, shared as f64 / k as f64);
        progress()
    })?;
    Ok(tally.done(Likeness {
        rows,
        cka: cka.value()?,
        k,
        asked: asked.len(),
        shared_neighbors: 0.0,
        by_chance: k as f64 / (rows - 1) as f64,
        accuracy: None,
        per_class: Vec::new(),
    }))
}

/// The class of most of the nearest; of equals, that of the nearest.
fn vote<'a>(near: &[Neighbor], class: impl Fn(&Neighbor) -> Option<&'a str>) -> Option<&'a str> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for class in near.iter().filter_map(class) {
        match counts.iter_mut().find(|(known, _)| *known == class) {
            Some((_, count)) => *count += 1,
            None => counts.push((class, 1)),
        }
    }
    let best = counts.iter().map(|(_, count)| *count).max()?;
    counts
        .into_iter()
        .find(|(_, count)| *count == best)
        .map(|(class, _)| class)
}

/// What was seen of the rows asked.
#[derive(Default)]
struct Tally {
    rows: usize,
    shared: f64,
    /// Of each class: rows, how many are right in either table, neighbors shared.
    classes: BTreeMap<String, (usize, [usize; 2], f64)>,
}

impl Tally {
    fn add(&mut self, class: Option<&str>, right: [bool; 2], shared: f64) {
        self.rows += 1;
        self.shared += shared;
        let Some(class) = class else { return };
        let seen = self.classes.entry(class.into()).or_default();
        seen.0 += 1;
        seen.1 = [0, 1].map(|table| seen.1[table] + usize::from(right[table]));
        seen.2 += shared;
    }

    fn done(self, mut alike: Likeness) -> Likeness {
        alike.shared_neighbors = self.shared / self.rows.max(1) as f64;
        let known: usize = self.classes.values().map(|(rows, ..)| rows).sum();
        let right =
            |table: usize| -> usize { self.classes.values().map(|seen| seen.1[table]).sum() };
        let shares = [0, 1].map(|table| right(table) as f64 / known as f64);
        alike.accuracy = (known > 0).then_some(shares);
        let change =
            |(class, (rows, right, shared)): (String, (usize, [usize; 2], f64))| ClassChange {
                class,
                rows,
                first: right[0] as f64 / rows as f64,
                second: right[1] as f64 / rows as f64,
                shared_neighbors: shared / rows as f64,
            };
        alike.per_class = self.classes.into_iter().map(change).collect();
        let gain = |change: &ClassChange| change.second - change.first;
        alike.per_class.sort_by(|a, b| gain(a).total_cmp(&gain(b)));
        alike
    }
}

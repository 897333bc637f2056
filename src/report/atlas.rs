//! Points of a table on a map, with the pictures and neighbors of some of them.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::album::Album;
use super::sprite::Sprite;
use crate::embeddings::EmbeddingTable;
use crate::embeddings::neighbors::{Neighbor, neighbors};
use crate::embeddings::projection::ProjectionKind;
use crate::error::Result;
use crate::eval::rounded;

/// Neighbors of a row that are shown.
pub(super) const NEAR: usize = 8;
/// Rows of the gallery.
const GALLERY: usize = 12;
/// Bytes of ids that a page holds; of more, rows without a picture go by their number.
const IDS: usize = 6_000_000;
/// The class of rows without one.
const NONE: u16 = u16::MAX;

/// A table of embeddings as points, each with its class, some with their pictures and nearest rows.
pub struct Atlas {
    kind: ProjectionKind,
    points: Vec<[f32; 2]>,
    classes: Vec<String>,
    class_of: Vec<u16>,
    ids: BTreeMap<usize, String>,
    /// Rows with neighbors, and these.
    pub(super) near: BTreeMap<usize, Vec<Neighbor>>,
    /// Rows of the gallery.
    pub(super) gallery: Vec<usize>,
    /// Place of each pictured row on the sheet.
    pub(super) place: BTreeMap<usize, usize>,
    pub(super) sprite: Option<Sprite>,
}

impl Atlas {
    /// The points of `table` by `kind`, and up to `most` pictures of `album`, evenly spread over the rows.
    ///
    /// # Errors
    /// A table that cannot be read again; what `each`, called for rows whose neighbors are found, returns.
    pub fn new(
        table: &EmbeddingTable,
        (kind, seed): (ProjectionKind, u64),
        (album, most): (Option<&Album>, usize),
        mut each: impl FnMut() -> Result<()>,
    ) -> Result<Self> {
        let rows = table.rows();
        let points = kind.points(table, seed, &mut each)?;
        let step = rows.div_ceil(most.max(1)).max(1);
        let mut shown: BTreeSet<usize> = (0..rows).step_by(step).filter(|_| most > 0).collect();
        let gallery = gallery(table);
        let asked: Vec<usize> = shown
            .iter()
            .chain(&gallery)
            .copied()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let mut near = BTreeMap::new();
        let k = NEAR.min(rows - 1);
        if k > 0 && !asked.is_empty() {
            neighbors(table, Some(&asked), k, |row, found| {
                near.insert(row, found.to_vec());
                Ok(())
            })?;
        }
        for row in &gallery {
            shown.insert(*row);
            shown.extend(near.get(row).into_iter().flatten().map(|near| near.row));
        }
        let (place, sprite) = pictures(table, album, &shown)?;
        let (classes, class_of) = classes(table);
        let ids = ids(table, &shown, &near);
        Ok(Self {
            kind,
            points,
            classes,
            class_of,
            ids,
            near,
            gallery,
            place,
            sprite,
        })
    }

    /// N.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.points.len()
    }

    /// (x, y) of each row.
    #[must_use]
    pub fn points(&self) -> &[[f32; 2]] {
        &self.points
    }

    /// Names of the classes, in the order of the alphabet.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Which of the classes a row is of, where known.
    ///
    /// # Panics
    /// `row` is not below N.
    #[must_use]
    pub fn class_number(&self, row: usize) -> Option<usize> {
        Some(usize::from(self.class_of[row])).filter(|class| *class < self.classes.len())
    }

    /// The class of a row, where known.
    pub(super) fn class(&self, row: usize) -> Option<&str> {
        Some(self.classes[self.class_number(row)?].as_str())
    }

    /// What a row is called.
    pub(super) fn id(&self, row: usize) -> String {
        self.ids
            .get(&row)
            .cloned()
            .unwrap_or_else(|| format!("row {row}"))
    }

    /// What the page draws.
    pub(super) fn data(&self) -> Value {
        let places: Vec<u8> = placed(&self.points)
            .into_iter()
            .flatten()
            .flat_map(u16::to_le_bytes)
            .collect();
        let classes: Vec<u8> = self
            .class_of
            .iter()
            .copied()
            .flat_map(u16::to_le_bytes)
            .collect();
        let near = self.near.iter().map(|(row, near)| {
            let near = near
                .iter()
                .map(|near| json!([near.row, rounded(f64::from(near.cosine), 4)]));
            (row.to_string(), near.collect::<Value>())
        });
        let kind = self.kind.name();
        json!({
            "kind": kind, "rows": self.rows(),
            "places": STANDARD.encode(places), "classOf": STANDARD.encode(classes), "classes": self.classes,
            "ids": if self.ids.len() == self.rows() { json!(self.ids.values().collect::<Vec<_>>()) } else { json!(self.ids) },
            "near": near.collect::<serde_json::Map<_, _>>(),
            "pictured": self.place.keys().collect::<Vec<_>>(),
            "sheet": self.sprite.as_ref().map(|s| json!({ "columns": s.columns, "rows": s.rows, "side": s.side })),
        })
    }
}

/// Rows whose neighbors are listed: evenly spread over the table, classes in turn where they are known.
fn gallery(table: &EmbeddingTable) -> Vec<usize> {
    let rows = table.rows();
    let count = GALLERY.min(rows);
    if !table.has_classes() {
        return (0..count).map(|i| i * rows / count).collect();
    }
    let mut of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for row in 0..rows {
        of.entry(table.class(row).unwrap_or_default())
            .or_default()
            .push(row);
    }
    let each = count.div_ceil(of.len()).max(1);
    let spread = |rows: Vec<usize>| {
        (0..each.min(rows.len()))
            .map(move |i| rows[i * rows.len() / each])
            .collect::<Vec<_>>()
    };
    let mut found: Vec<usize> = of.into_values().flat_map(spread).collect();
    let step = found.len().div_ceil(GALLERY).max(1);
    found = found.into_iter().step_by(step).collect();
    found.truncate(GALLERY);
    found
}

/// The sheet of the pictures of `shown`, as far as they can be read, and where on it each stands.
fn pictures(
    table: &EmbeddingTable,
    album: Option<&Album>,
    shown: &BTreeSet<usize>,
) -> Result<(BTreeMap<usize, usize>, Option<Sprite>)> {
    let (mut place, mut pictures) = (BTreeMap::new(), Vec::new());
    for &row in shown.iter().filter(|_| album.is_some()) {
        if let Some(picture) = album.and_then(|album| album.picture(table.id(row))) {
            place.insert(row, pictures.len());
            pictures.push(picture);
        }
    }
    let sprite = (!pictures.is_empty())
        .then(|| Sprite::of(&pictures))
        .transpose()?;
    Ok((place, sprite))
}

/// Names of the classes, in order, and the class of each row.
fn classes(table: &EmbeddingTable) -> (Vec<String>, Vec<u16>) {
    let names: BTreeSet<&str> = (0..table.rows())
        .filter_map(|row| table.class(row))
        .collect();
    let names: Vec<&str> = names.into_iter().take(usize::from(NONE)).collect();
    let place = |row| {
        let class = table.class(row)?;
        names.binary_search(&class).ok().map(|i| i as u16)
    };
    let of = (0..table.rows())
        .map(|row| place(row).unwrap_or(NONE))
        .collect();
    (names.into_iter().map(String::from).collect(), of)
}

/// Ids of all rows, or where they are too long together, of those with a picture or neighbors, and their neighbors.
fn ids(
    table: &EmbeddingTable,
    shown: &BTreeSet<usize>,
    near: &BTreeMap<usize, Vec<Neighbor>>,
) -> BTreeMap<usize, String> {
    let length: usize = (0..table.rows()).map(|row| table.id(row).len() + 3).sum();
    let id = |row: usize| (row, table.id(row).to_string());
    if length <= IDS {
        return (0..table.rows()).map(id).collect();
    }
    let others = near.values().flatten().map(|near| near.row);
    shown
        .iter()
        .copied()
        .chain(near.keys().copied())
        .chain(others)
        .map(id)
        .collect()
}

/// Points as whole numbers of 16 bits, on one scale for both axes.
fn placed(points: &[[f32; 2]]) -> Vec<[u16; 2]> {
    let ends = |axis: usize| {
        let values = points
            .iter()
            .map(move |p| p[axis])
            .filter(|v| v.is_finite());
        values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        })
    };
    let (x, y) = (ends(0), ends(1));
    let span = (x.1 - x.0).max(y.1 - y.0).max(1e-12);
    let on = |value: f32, (low, high): (f32, f32)| {
        let from = f32::midpoint(low, high) - span / 2.0;
        ((value - from) / span * 65_535.0)
            .round()
            .clamp(0.0, 65_535.0) as u16
    };
    points.iter().map(|p| [on(p[0], x), on(p[1], y)]).collect()
}

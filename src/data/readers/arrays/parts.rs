//! Which arrays are the pictures and the labels of which part.

use std::path::Path;
use std::sync::Arc;

use super::super::reader::{Parts, Request};
use super::array::{Array, Arrays};
use super::stack::Stack;
use crate::data::dataset::Dataset;
use crate::data::limits::MAX_ALLOC;
use crate::data::npy::Kind;
use crate::data::part::Part;
use crate::data::readers::labels::{Collected, UNKNOWN};
use crate::data::tags::Tags;
use crate::error::{Error, Result, hint};

/// More numbers a picture are no tags.
const MOST_TAGS: usize = 4096;

/// The parts that the names of the arrays `found` tell apart.
pub(super) fn open(request: &Request, found: Arrays) -> Result<Parts> {
    let Arrays { arrays, mut notes } = found;
    let mut sets = Vec::new();
    for part in [Part::Train, Part::Validation, Part::Test] {
        let own: Vec<&Array> = arrays.iter().filter(|a| part_of(a) == part).collect();
        let Some(pictures) = pictures(request.path, &own)? else {
            continue;
        };
        let mut stack = Stack::open(pictures, request.channels, request.range)?;
        notes.drain(..).for_each(|note| stack.note(note)); // the first part has them
        let labels = labels(request, pictures, &own)?;
        if let Some(array) = labels {
            match numbers(array)? {
                Numbers::Labels(labels) => stack.use_labels(labels),
                Numbers::Tags(tags) => stack.use_tags(tags),
                Numbers::Several(columns) => stack.note(format!(
                    "`{}` has {columns} numbers for each picture, which are no truth values of up to {MOST_TAGS} tags: no picture has a label",
                    array.name
                )),
                Numbers::Measured => stack.note(format!(
                    "`{}` holds measurements and no class numbers: no picture has a label",
                    array.name
                )),
            }
        }
        let unused = own.iter().filter(|a| {
            !std::ptr::eq(**a, pictures) && labels.is_none_or(|l| !std::ptr::eq(**a, l))
        });
        for array in unused {
            let Array { name, header, .. } = array;
            stack.note(format!(
                "passed over: `{name}`, an array of shape {:?}",
                header.shape
            ));
        }
        sets.push((part, stack));
    }
    if sets.is_empty() {
        let names: Vec<String> = arrays.iter().map(described).chain(notes).collect();
        return Err(Error::data(
            request.path,
            format!(
                "no array of pictures, which has the axes (pictures, height, width) and perhaps channels; it holds {}",
                names.join(", ")
            ),
        ));
    }
    let classes = sets
        .iter()
        .map(|(_, set)| set.highest_label())
        .max()
        .flatten();
    let count = classes.map_or(0, |highest| highest as usize + 1);
    let classes: Vec<String> = (0..count).map(|class| class.to_string()).collect();
    let shared = |(part, mut set): (Part, Stack)| {
        set.name_classes(&classes);
        (part, Arc::new(set) as Arc<dyn Dataset>)
    };
    Ok(sets.into_iter().map(shared).collect())
}

fn described(array: &Array) -> String {
    format!("`{}` {:?}", array.name, array.header.shape)
}

/// Train where a name does not say.
fn part_of(array: &Array) -> Part {
    Part::in_name(&array.name).map_or(Part::Train, |(part, _)| part)
}

/// Whether one of the words of an array's name is one of `words`.
fn is_called(array: &Array, words: &[&str]) -> bool {
    let name = array.name.to_lowercase();
    let mut own = name.split(|c: char| !c.is_alphabetic());
    own.any(|word| words.contains(&word))
}

/// The pictures among the arrays of one part.
fn pictures<'a>(path: &Path, arrays: &[&'a Array]) -> Result<Option<&'a Array>> {
    let stacks: Vec<&Array> = arrays.iter().copied().filter(|a| a.is_stack()).collect();
    if let [] | [_] = stacks.as_slice() {
        return Ok(stacks.first().copied());
    }
    let words = ["images", "image", "imgs", "img", "x", "data", "pictures"];
    let named: Vec<&Array> = stacks
        .iter()
        .copied()
        .filter(|a| is_called(a, &words))
        .collect();
    if let [only] = named.as_slice() {
        return Ok(Some(only));
    }
    let names: Vec<String> = stacks.iter().map(|array| described(array)).collect();
    Err(Error::data(
        path,
        format!(
            "several arrays may be the pictures of one part: {}; call one of them `images`, or save it alone",
            names.join(", ")
        ),
    ))
}

/// The labels of `pictures`: the array that `data.label` names, or one that is called so and is as long.
fn labels<'a>(
    request: &Request,
    pictures: &Array,
    arrays: &[&'a Array],
) -> Result<Option<&'a Array>> {
    let flat = |array: &&&Array| !array.is_stack();
    let mut flat = arrays.iter().filter(flat).copied();
    if let Some(wanted) = request.label {
        let named =
            |array: &&Array| array.name == wanted || array.name.ends_with(&format!("_{wanted}"));
        let found = flat
            .clone()
            .find(named)
            .filter(|a| a.count() == pictures.count());
        if found.is_some() {
            return Ok(found);
        }
        let way = hint(wanted, flat.map(|array| array.name.as_str()));
        return Err(Error::Usage(format!(
            "{}: `data.label`: no array `{wanted}` holds one label for each of the {} pictures; {way}",
            request.path.display(),
            pictures.count()
        )));
    }
    let words = [
        "labels", "label", "y", "targets", "target", "classes", "class",
    ];
    Ok(flat.find(|array| is_called(array, &words) && array.count() == pictures.count()))
}

/// What an array of labels holds.
enum Numbers {
    Labels(Vec<u32>),
    /// For each picture, whether it has each of several tags.
    Tags(Tags),
    /// So many numbers for each picture that are no truth values.
    Several(usize),
    /// Numbers that are no classes.
    Measured,
}

fn numbers(array: &Array) -> Result<Numbers> {
    let columns: usize = array.picture().iter().product();
    let rows = array.rows()?;
    let kind = array.header.kind;
    let row = columns * kind.size;
    let size = array.count().checked_mul(row);
    let size = size.filter(|&size| columns <= MOST_TAGS && size as u64 <= MAX_ALLOC);
    let Some(size) = size else {
        return Ok(Numbers::Several(columns));
    };
    let mut stored = vec![0; size];
    rows.read(0, row, &mut stored)
        .map_err(|problem| Error::data(array.place(), problem))?;
    if columns != 1 {
        return Ok(several(&stored, kind, columns));
    }
    let mut collected = Collected::default();
    for bytes in stored.chunks_exact(kind.size) {
        let number = kind.number(bytes);
        if number.fract() != 0.0 || collected.number(Some(number as i64)).is_err() {
            return Ok(Numbers::Measured);
        }
    }
    let labels = collected.finish(array.count());
    labels
        .map(|labels| Numbers::Labels(labels.codes))
        .map_err(|problem| Error::data(array.place(), problem))
}

/// What rows of several numbers each hold: a class each where every row has a single 1 (one-hot), else tags.
fn several(stored: &[u8], kind: Kind, columns: usize) -> Numbers {
    let numbers = || {
        stored
            .chunks_exact(kind.size)
            .map(|bytes| kind.number(bytes))
    };
    if columns == 0 || numbers().any(|number| number != 0.0 && number != 1.0) {
        return Numbers::Several(columns);
    }
    let holds: Vec<bool> = numbers().map(|number| number == 1.0).collect();
    let rows = || holds.chunks_exact(columns);
    if rows().all(|row| row.iter().filter(|&&holds| holds).count() == 1) {
        let class = |row: &[bool]| row.iter().position(|&holds| holds);
        let classes = rows().filter_map(class).map(|class| class as u32);
        return Numbers::Labels(classes.collect());
    }
    let names = (0..columns).map(|tag| tag.to_string()).collect();
    Numbers::Tags(Tags::of_rows(names, rows().map(|row| Some(row.to_vec()))))
}

impl Stack {
    fn highest_label(&self) -> Option<u32> {
        let labels = self.labels.iter().flatten();
        labels.copied().filter(|&label| label != UNKNOWN).max()
    }

    /// The label of a picture; `None` where it has none.
    pub(super) fn known(&self, index: usize) -> Option<u32> {
        let label = self.labels.as_ref().map(|labels| labels[index]);
        label.filter(|&label| label != UNKNOWN)
    }
}

//! From the headers of a shard to its samples.

use std::collections::{HashMap, HashSet};

use serde_json::Map;

use super::counts::Counts;
use super::further::Further;
use super::index::Index;
use super::label::{Label, key_of, of_json, of_text};
use super::members::{Ending, Kind, Member, walk};
use super::names;
use super::unpack::Shard;
use super::window::Stretch;
use crate::data::readers::folder::is_picture_extension;
use crate::data::readers::labels::{Collected, UNKNOWN, ordered};

/// Larger fields are not read for a label.
const MOST_TEXT: u64 = 64 << 10;
pub(super) const MOST_JSON: u64 = 1 << 20;

/// Where the content of a file lies in its archive.
#[derive(Clone, Copy)]
struct Field {
    at: u64,
    size: u64,
    sparse: bool,
}

/// Files of one key that are neighbors, while they are read.
struct Sample {
    key: String,
    extensions: HashSet<String>,
    picture: Option<Field>, // the first
    text: Option<Field>,    // that may hold the class
    json: Option<Field>,
}

/// Reads the shards of all parts of a set, one after the other.
pub(super) struct Indexer<'a> {
    /// The field or key that holds the class; `None`: as it is usually called.
    wanted: Option<&'a str>,
    labels: Collected,
    number: Option<String>, // the first sample whose label is one
    word: Option<String>,
    pub(super) counts: Counts,
    /// What stands in `.json` beside the class, of the samples since it was last taken.
    pub(super) further: Further,
}

impl<'a> Indexer<'a> {
    pub(super) fn new(wanted: Option<&'a str>) -> Self {
        Self {
            wanted,
            labels: Collected::default(),
            number: None,
            word: None,
            counts: Counts::default(),
            further: Further::default(),
        }
    }

    /// Append the pictures of `shard`, which is called `name`, to `index`, and their labels to those read before.
    ///
    /// # Errors
    /// A sentence without the path: a broken archive, a file twice in one sample, or a label that is no class.
    pub(super) fn add(
        &mut self,
        shard: &Shard,
        name: &str,
        index: &mut Index,
    ) -> Result<(), String> {
        let ending = shard.with(|archive| {
            let (mut current, mut used) = (None::<Sample>, HashMap::new());
            let ending = walk(archive, |member| {
                let Some((key, extension)) = self.sort(&member) else {
                    return Ok(());
                };
                if let Some(whole) = current.take_if(|sample| sample.key != key) {
                    self.finish(&whole, archive, &mut used, index)?;
                }
                let sample = current.get_or_insert_with(|| Sample::new(key));
                self.counts.more_pictures +=
                    usize::from(sample.add(&member, extension, self.wanted)?);
                Ok(())
            })?;
            if let Some(last) = current {
                self.finish(&last, archive, &mut used, index)?;
            }
            Ok(ending)
        })?;
        match ending {
            Ending::Whole => {}
            Ending::Unmarked => self.counts.unmarked.push(name.into()),
            Ending::More => self.counts.more_behind.push(name.into()),
        }
        Ok(())
    }

    /// Key and extension of a file that belongs to a sample; the others are counted.
    fn sort<'m>(&mut self, member: &'m Member) -> Option<(&'m str, String)> {
        let passed_over = match member.kind {
            Kind::Other => return None,
            Kind::Link => &mut self.counts.links,
            Kind::File | Kind::Sparse if names::is_meta(&member.name) => &mut self.counts.meta,
            Kind::File | Kind::Sparse if names::is_hidden(&member.name) => &mut self.counts.hidden,
            Kind::File | Kind::Sparse => match names::split(&member.name) {
                Some(found) => return Some(found),
                None => &mut self.counts.without_extension,
            },
        };
        *passed_over += 1;
        None
    }

    fn finish(
        &mut self,
        sample: &Sample,
        archive: Stretch,
        used: &mut HashMap<Box<str>, u32>,
        index: &mut Index,
    ) -> Result<(), String> {
        let Some(picture) = sample.picture else {
            self.counts.without_picture += 1;
            let extensions = sample.extensions.iter();
            extensions.for_each(|extension| self.counts.kind(names::last(extension)));
            return Ok(());
        };
        self.label(sample, archive)?;
        let key = unused(&sample.key, used);
        self.counts.repeated += usize::from(key != sample.key);
        index.push(&key, picture.at, picture.size, picture.sparse);
        let json = sample
            .json
            .filter(|json| !json.sparse && json.size <= MOST_JSON);
        let json = json.filter(|_| self.further.has_room());
        let json = json.and_then(|json| archive.read(json.at, json.size as usize).ok());
        let mut json = json.and_then(|json| serde_json::from_slice::<Map<_, _>>(&json).ok());
        if let Some(json) = json.as_mut().filter(|_| sample.text.is_none())
            && let Some(class) = key_of(json, self.wanted).map(String::from)
        {
            json.remove(&class);
        }
        self.further.add(json);
        Ok(())
    }

    fn label(&mut self, sample: &Sample, archive: Stretch) -> Result<(), String> {
        let (wanted, key) = (self.wanted, &sample.key);
        let read = |field: Field, most: u64, look: &dyn Fn(&[u8]) -> Label| {
            if field.sparse || field.size > most {
                return Ok(Label::NoClass(format!(
                    "has {} bytes, too many for a label",
                    field.size
                )));
            }
            let content = archive.read(field.at, field.size as usize);
            content
                .map(|content| look(&content))
                .map_err(|e| format!("`{key}`: {e}"))
        };
        let found = match (sample.text, sample.json) {
            (Some(text), _) => read(text, MOST_TEXT, &|text| of_text(text, wanted.is_some()))?,
            (None, Some(json)) => read(json, MOST_JSON, &|json| of_json(json, wanted))?,
            (None, None) => Label::Missing,
        };
        let strict = wanted.is_some() || sample.text.is_some();
        self.take(key, found, strict).map_err(|why| {
            let field = wanted.unwrap_or(if sample.text.is_some() { "cls" } else { "json" });
            format!(
                "the label of `{key}`, `{field}`, {why}; write it anew, or name another field or key in `data.label`"
            )
        })
    }

    /// Append one label; what is no class is refused where it is `strict`, and else counted.
    fn take(&mut self, key: &str, label: Label, strict: bool) -> Result<(), String> {
        match &label {
            Label::NoClass(why) if strict => return Err(why.clone()),
            Label::NoClass(why) => {
                self.counts.no_class += 1;
                let first = &mut self.counts.first_no_class;
                first.get_or_insert_with(|| format!("that of `{key}` {why}"));
            }
            Label::Number(_) if self.number.is_none() => self.number = Some(key.into()),
            Label::Word(_) if self.word.is_none() => self.word = Some(key.into()),
            _ => {}
        }
        if let (Some(number), Some(word)) = (&self.number, &self.word) {
            let other = if number == key { word } else { number };
            return Err(format!(
                "is a number where that of `{other}` is a word, or the other way round"
            ));
        }
        let known = match &label {
            Label::Word(_) => true,
            Label::Number(number) => *number >= 0,
            Label::Missing | Label::NoClass(_) => false,
        };
        self.counts.labelled += usize::from(known);
        self.counts.unlabelled += usize::from(!known);
        match label {
            Label::Number(number) => self.labels.number(Some(number)),
            Label::Word(word) => self.labels.word(Some(&word)),
            Label::Missing | Label::NoClass(_) => self.labels.number(None),
        }
    }

    /// Whether labels are words and not numbers.
    pub(super) fn in_words(&self) -> bool {
        self.word.is_some()
    }

    /// The labels of all pictures in their order, the names of their classes, and what was counted.
    ///
    /// # Errors
    /// As many labels as `pictures` must have been read.
    pub(super) fn labels(self, pictures: usize) -> Result<(Vec<u32>, Vec<String>, Counts), String> {
        let mut labels = self.labels.finish(pictures)?;
        let classes = if let Some(words) = &labels.words {
            let classes = ordered(words.iter().cloned());
            labels.renumber(&classes);
            classes
        } else {
            let known = labels.codes.iter().filter(|&&code| code != UNKNOWN);
            let top = known.max().map_or(0, |&top| top + 1);
            (0..top).map(|class| class.to_string()).collect()
        };
        Ok((labels.codes, classes, self.counts))
    }
}

/// `key`, or where a sample of the shard has it already `key (2)`, `key (3)`, …; `used` counts how often each was asked for.
fn unused(key: &str, used: &mut HashMap<Box<str>, u32>) -> String {
    let mut number = used.get(key).copied().unwrap_or(0) + 1;
    let mut free = key.to_string();
    while number > 1 {
        free = format!("{key} ({number})");
        if !used.contains_key(free.as_str()) {
            used.insert(free.as_str().into(), 1);
            break;
        }
        number += 1;
    }
    used.insert(key.into(), number);
    free
}

impl Sample {
    fn new(key: &str) -> Self {
        Self {
            key: key.into(),
            extensions: HashSet::new(),
            picture: None,
            text: None,
            json: None,
        }
    }

    /// One more file of the sample; whether it is one more picture.
    ///
    /// # Errors
    /// There is one of this extension already, which webdataset 1.0.2 refuses too.
    fn add(
        &mut self,
        member: &Member,
        extension: String,
        wanted: Option<&str>,
    ) -> Result<bool, String> {
        let field = Field {
            at: member.at,
            size: member.size,
            sparse: member.kind == Kind::Sparse,
        };
        let more = self.picture.is_some();
        let is_picture = is_picture_extension(names::last(&extension));
        if is_picture {
            self.picture.get_or_insert(field);
        }
        if extension == "json" {
            self.json = Some(field);
        } else if wanted.unwrap_or("cls").eq_ignore_ascii_case(&extension) {
            self.text = Some(field);
        }
        if !self.extensions.insert(extension) {
            return Err(format!(
                "`{}` stands there twice in one sample; write the archive without the older one",
                member.name
            ));
        }
        Ok(is_picture && more)
    }
}

//! Several sources as one: part by part, with one list of classes.

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::dataset::Dataset;
use super::image::Image;
use super::look::Look;
use super::ordered::ordered;
use super::part::Part;
use super::readers::Parts;
use super::stored::Stored;
use super::subset::Joined;
use super::tags::Tags;
use crate::error::Result;

/// One of several sources.
///
/// Memory: 4 bytes a class of it; of images with several labels, these once more.
struct Member {
    set: Arc<dyn Dataset>,
    name: String,
    classes: Vec<String>,
    places: Vec<u32>, // of its own classes among `classes`
    tags: Option<Tags>,
}

impl Member {
    fn of(set: Arc<dyn Dataset>, name: &str, classes: &[String], tags: &[String]) -> Self {
        let all: HashMap<&String, u32> = classes.iter().zip(0..).collect();
        let own = set.classes().iter();
        let places = own.map(|class| all.get(class).copied().unwrap_or_default());
        Self {
            name: name.into(),
            classes: if set.classes().is_empty() {
                Vec::new()
            } else {
                classes.to_vec()
            },
            places: places.collect(),
            tags: (!set.tag_names().is_empty()).then(|| renumbered(set.as_ref(), tags)),
            set,
        }
    }
}

/// The tags of `set` as numbers of `names`.
fn renumbered(set: &dyn Dataset, names: &[String]) -> Tags {
    let own = set.tag_names();
    let of = (0..set.len()).map(|index| {
        let tags = set.tags(index)?;
        Some(tags.iter().map(|&tag| own[tag as usize].as_str()))
    });
    let mut tags = Tags::of_words(of);
    tags.renumber(names);
    tags
}

/// The parts of each of the sources at `paths` as one set of parts: an image is called by the name of its source too, and
/// classes and tags of one name are one.
pub(super) fn together(paths: &[PathBuf], sources: &[Parts]) -> Parts {
    let sets = || sources.iter().flatten().map(|(_, set)| set);
    let lists: Vec<&[String]> = sets()
        .map(|set| set.classes())
        .filter(|list| !list.is_empty())
        .collect();
    let classes = match lists.split_first() {
        Some((first, others)) if others.iter().all(|list| list == first) => first.to_vec(),
        _ => ordered(lists.concat().into_iter()),
    };
    let tags = ordered(sets().flat_map(|set| set.tag_names().to_vec()));
    let names = names(paths);
    let mut parts = Vec::new();
    for part in [Part::Train, Part::Validation, Part::Test] {
        let members: Vec<Arc<dyn Dataset>> = names
            .iter()
            .zip(sources)
            .flat_map(|(name, source)| source.iter().map(move |(own, set)| (name, own, set)))
            .filter(|(_, own, _)| **own == part)
            .map(|(name, _, set)| {
                Arc::new(Member::of(set.clone(), name, &classes, &tags)) as Arc<dyn Dataset>
            })
            .collect();
        if !members.is_empty() {
            parts.push((part, Arc::new(Joined::new(members)) as Arc<dyn Dataset>));
        }
    }
    parts
}

/// The last name of each path, with a number where several are alike.
fn names(paths: &[PathBuf]) -> Vec<String> {
    let last = |path: &PathBuf| {
        path.file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy()
            .into_owned()
    };
    super::ids::distinct(paths.iter().map(last))
}

impl Dataset for Member {
    fn len(&self) -> usize {
        self.set.len()
    }

    fn get(&self, index: usize) -> Result<Image> {
        self.set.get(index)
    }

    fn file_bytes(&self, index: usize) -> Result<Option<Vec<u8>>> {
        self.set.file_bytes(index)
    }

    fn stored(&self, index: usize) -> Result<Stored> {
        self.set.stored(index)
    }

    fn look(&self, index: usize) -> Look {
        self.set.look(index)
    }

    fn file(&self, index: usize) -> Option<PathBuf> {
        self.set.file(index)
    }

    fn file_length(&self, index: usize) -> Option<u64> {
        self.set.file_length(index)
    }

    fn decodes(&self) -> bool {
        self.set.decodes()
    }

    fn label(&self, index: usize) -> Option<u32> {
        let own = self.set.label(index)?;
        self.places.get(own as usize).copied()
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn tags(&self, index: usize) -> Option<&[u32]> {
        self.tags.as_ref()?.get(index)
    }

    fn tag_names(&self) -> &[String] {
        self.tags.as_ref().map_or(&[], Tags::names)
    }

    fn belongs_to(&self, index: usize) -> usize {
        self.set.belongs_to(index)
    }

    fn id(&self, index: usize) -> String {
        format!("{}/{}", self.name, self.set.id(index))
    }

    fn metadata(&self) -> &[String] {
        self.set.metadata()
    }

    fn cell(&self, index: usize, column: usize) -> Option<&str> {
        self.set.cell(index, column)
    }

    fn notes(&self) -> Vec<String> {
        self.set.notes()
    }

    fn blocks(&self) -> Vec<Range<usize>> {
        self.set.blocks()
    }

    fn blocks_at_once(&self) -> usize {
        self.set.blocks_at_once()
    }
}

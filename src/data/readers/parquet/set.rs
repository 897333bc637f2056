//! The shards of one part as one set of images.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::rows::{Rows, Stored};
use super::shard::{Opening, Shard};
use crate::data::dataset::Dataset;
use crate::data::decode::decode_within;
use crate::data::ids::{common_folder, names_below};
use crate::data::image::Image;
use crate::data::readers::labels::{Labels, UNKNOWN, ordered};
use crate::data::readers::run_cache::RunCache;
use crate::data::starts::Starts;
use crate::data::tags::Tags;
use crate::error::{Error, Result};

/// What is wrong with a row that is empty.
const NOTHING: &str =
    "holds no picture and no path to one; remove the row, or put its picture there";

/// The shards of one part, read row group by row group.
///
/// Memory: 4 bytes an image for its label, and at most the cache given at opening for encoded images.
#[derive(Debug)]
pub struct Parquet {
    shards: Vec<Shard>,
    runs: Vec<(usize, usize)>, // shard, and run in the shard
    starts: Starts,            // of the runs
    labels: Option<Labels>,
    tags: Tags,
    classes: Vec<String>,
    channels: usize,
    range: Option<u32>,
    budget: usize,
    cache: RunCache<Rows>,
    notes: Vec<String>,
}

impl Parquet {
    /// Open the shards of one part; `budget` bounds the encoded images held in memory, in bytes.
    ///
    /// # Errors
    /// A truncated or foreign file, no image column, or labels that do not fit the class names.
    pub fn open(files: &[PathBuf], channels: usize, budget: usize) -> Result<Self> {
        let root = files.first().and_then(|file| file.parent());
        Self::of(
            files,
            (channels, budget),
            root.unwrap_or(Path::new("")),
            None,
        )
    }

    /// As [`Parquet::open`], of a data set at `root`, with the labels of the column `label` where one is named.
    pub(super) fn of(
        files: &[PathBuf],
        (channels, budget): (usize, usize),
        root: &Path,
        label: Option<&str>,
    ) -> Result<Self> {
        let mut set = Self {
            shards: Vec::new(),
            runs: Vec::new(),
            starts: Starts::new(),
            labels: None,
            tags: Tags::default(),
            classes: Vec::new(),
            channels,
            range: None,
            budget,
            cache: RunCache::new(budget),
            notes: Vec::new(),
        };
        let how = Opening {
            root,
            label,
            run_bytes: (budget / 8).max(1),
        };
        for (i, path) in files.iter().enumerate() {
            let shard = Shard::open(path, how).map_err(|problem| Error::data(path, problem))?;
            for (run, info) in shard.runs.iter().enumerate() {
                set.runs.push((i, run));
                set.starts.push(info.rows);
            }
            if set.classes.is_empty() {
                set.classes.clone_from(&shard.classes);
            }
            set.shards.push(shard);
        }
        set.join_labels(files)?;
        set.join_tags();
        set.name_below(files, &common_folder(files));
        Ok(set)
    }

    /// Name the rows by the paths of their `files`, those that the set was opened with, below `root`.
    pub(super) fn name_below(&mut self, files: &[PathBuf], root: &Path) {
        for (shard, name) in self.shards.iter_mut().zip(names_below(files, root)) {
            shard.name = name;
        }
    }

    /// The labels of all shards one after the other; those of a shard without any are unknown.
    fn join_labels(&mut self, files: &[PathBuf]) -> Result<()> {
        let known = |shard: &&Shard| shard.labels.as_ref().is_some_and(|l| !l.are_unknown());
        let words = |shard: &Shard| {
            shard
                .labels
                .as_ref()
                .and_then(|labels| labels.words.clone())
        };
        let in_words: Vec<bool> = self
            .shards
            .iter()
            .filter(known)
            .map(|s| words(s).is_some())
            .collect();
        if in_words.contains(&true) && in_words.contains(&false) {
            let path = files.first().map_or(Path::new("."), PathBuf::as_path);
            return Err(mixed(path));
        }
        let worded = in_words.contains(&true);
        if worded {
            self.classes = ordered(self.shards.iter().filter_map(words).flatten());
        }
        let mut all = Labels {
            codes: Vec::new(),
            words: worded.then(|| self.classes.clone()),
        };
        for shard in &mut self.shards {
            match shard.labels.take() {
                Some(mut labels) => {
                    if worded {
                        labels.renumber(&self.classes);
                    }
                    all.codes.extend(labels.codes);
                }
                None => all.codes.extend(std::iter::repeat_n(UNKNOWN, shard.rows())),
            }
        }
        self.use_labels(all, files.first())
    }

    /// The tags of all shards one after the other, where any has some.
    fn join_tags(&mut self) {
        if self.shards.iter().all(|shard| shard.tags.is_none()) {
            return;
        }
        for shard in &mut self.shards {
            match shard.tags.take() {
                Some(tags) => self.tags.append(tags),
                None => self.tags.append_unknown(shard.rows()),
            }
        }
    }

    /// Number tags by `names`, which several parts of one set share and which hold all of them.
    pub(super) fn use_tags(&mut self, names: &[String]) {
        self.tags.renumber(names);
    }

    fn use_labels(&mut self, labels: Labels, file: Option<&PathBuf>) -> Result<()> {
        let known = labels.codes.iter().filter(|&&label| label != UNKNOWN);
        let Some(count) = known.max().map(|&top| top as usize + 1) else {
            self.classes.clear(); // no label at all
            return Ok(());
        };
        if self.classes.is_empty() {
            self.classes = (0..count).map(|class| class.to_string()).collect();
        }
        if count > self.classes.len() {
            let problem = format!(
                "label {} does not fit the {} class names of its metadata",
                count - 1,
                self.classes.len()
            );
            return Err(Error::data(
                file.map_or(Path::new("."), PathBuf::as_path),
                problem,
            ));
        }
        self.labels = Some(labels);
        Ok(())
    }

    /// Whether its labels are words; `None` in unlabelled data.
    pub(super) fn in_words(&self) -> Option<bool> {
        self.labels.as_ref().map(|labels| labels.words.is_some())
    }

    /// Number labels that are words by `classes`, which several parts of one set share and which hold all of them.
    pub(super) fn use_classes(&mut self, classes: &[String]) {
        if let Some(labels) = &mut self.labels {
            labels.renumber(classes);
            self.classes = classes.to_vec();
        }
    }

    /// One more thing that a person should know.
    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// The column of labels and the rows of each shard.
    pub(super) fn label_columns(&self) -> impl Iterator<Item = (Option<&String>, usize)> {
        let shards = self.shards.iter();
        shards.map(|shard| (shard.label.as_ref(), shard.rows()))
    }

    /// The columns of its first shard.
    pub(super) fn columns(&self) -> Vec<String> {
        self.shards.first().map_or_else(Vec::new, Shard::columns)
    }

    /// The same images with the value `range` of those of 16 bits or floating point white.
    pub(super) fn with_range(mut self, range: Option<u32>) -> Self {
        self.range = range;
        self
    }

    /// What `look` makes of the encoded picture `index`, which a shard holds or names by its path.
    fn encoded<T>(
        &self,
        index: usize,
        look: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Result<T, String> {
        let (shard, _, run, row) = self.locate(index);
        let shard = &self.shards[shard];
        let loaded = self.cache.get(run, || shard.load(self.runs[run].1));
        match loaded.get() {
            Some(Ok(rows)) => match rows.get(row) {
                Stored::Image([]) => Err(NOTHING.into()),
                Stored::Image(bytes) => look(bytes),
                Stored::Path(path) => look(&shard.read_file(path)?),
            },
            Some(Err(problem)) => Err(problem.clone()),
            None => Err("its row group was not read".into()),
        }
    }

    /// Bytes of encoded images held in memory now.
    #[must_use]
    pub fn resident_bytes(&self) -> usize {
        self.cache.resident()
    }

    fn run_bytes(&self) -> impl Iterator<Item = usize> {
        let shards = self.shards.iter();
        shards.flat_map(|shard| {
            shard
                .runs
                .iter()
                .map(|run| run.bytes + run.rows * size_of::<usize>())
        })
    }

    /// Shard, row in the shard, run, and row in the run.
    fn locate(&self, index: usize) -> (usize, usize, usize, usize) {
        let (run, row) = self.starts.locate(index);
        let (shard, in_shard) = self.runs[run];
        (shard, index - self.starts.of(run - in_shard), run, row)
    }
}

/// The labels of some files are words, those of others numbers.
pub(super) fn mixed(path: &Path) -> Error {
    let problem = "the labels of some of its files are words, those of others numbers; write all of them alike";
    Error::data(path, problem)
}

impl Dataset for Parquet {
    fn len(&self) -> usize {
        self.starts.total()
    }

    fn get(&self, index: usize) -> Result<Image> {
        let image = self.encoded(index, |bytes| {
            decode_within(bytes, self.channels, self.range)
        });
        image.map_err(|problem| Error::data(self.id(index), problem))
    }

    fn file_bytes(&self, index: usize) -> Result<Option<Vec<u8>>> {
        let bytes = self.encoded(index, |bytes| Ok(bytes.to_vec()));
        bytes
            .map(Some)
            .map_err(|problem| Error::data(self.id(index), problem))
    }

    fn decodes(&self) -> bool {
        true
    }

    fn label(&self, index: usize) -> Option<u32> {
        let label = self.labels.as_ref().map(|labels| labels.codes[index]);
        label.filter(|&label| label != UNKNOWN)
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn tags(&self, index: usize) -> Option<&[u32]> {
        self.tags.get(index)
    }

    fn tag_names(&self) -> &[String] {
        self.tags.names()
    }

    fn id(&self, index: usize) -> String {
        let (shard, row, ..) = self.locate(index);
        format!("{}#{row}", self.shards[shard].name)
    }

    fn notes(&self) -> Vec<String> {
        let unlabelled = self.shards.first().filter(|_| self.labels.is_none());
        let unused = unlabelled.and_then(Shard::unused_labels);
        self.notes.iter().cloned().chain(unused).collect()
    }

    fn blocks(&self) -> Vec<Range<usize>> {
        if self.run_bytes().sum::<usize>() <= self.budget {
            return std::iter::once(0..self.len()).collect();
        }
        self.starts.ranges()
    }

    fn blocks_at_once(&self) -> usize {
        // Half of the budget: workers already read the next window while the last images of this one are asked for.
        let largest = self.run_bytes().max().unwrap_or(1).max(1);
        (self.budget / 2 / largest).max(1)
    }
}

//! The shards of one part as one set of images.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::row_cache::RowCache;
use super::shard::Shard;
use crate::data::dataset::Dataset;
use crate::data::decode::decode;
use crate::data::ids::{common_folder, names_below};
use crate::data::image::Image;
use crate::data::starts::Starts;
use crate::error::{Error, Result};

/// The shards of one part, read row group by row group.
///
/// Memory: 4 bytes an image for its label, and at most the cache given at opening for encoded images.
#[derive(Debug)]
pub struct Parquet {
    shards: Vec<Shard>,
    runs: Vec<(usize, usize)>, // shard, and run in the shard
    starts: Starts,            // of the runs
    labels: Option<Vec<u32>>,
    classes: Vec<String>,
    channels: usize,
    budget: usize,
    cache: RowCache,
}

impl Parquet {
    /// Open the shards of one part; `budget` bounds the encoded images held in memory, in bytes.
    ///
    /// # Errors
    /// A truncated or foreign file, no image column, or labels that do not fit the class names.
    pub fn open(files: &[PathBuf], channels: usize, budget: usize) -> Result<Self> {
        let mut set = Self {
            shards: Vec::new(),
            runs: Vec::new(),
            starts: Starts::new(),
            labels: None,
            classes: Vec::new(),
            channels,
            budget,
            cache: RowCache::new(budget),
        };
        let mut labels = Some(Vec::new());
        for (i, path) in files.iter().enumerate() {
            let mut shard = Shard::open(path, (budget / 8).max(1))
                .map_err(|problem| Error::data(path, problem))?;
            for (run, info) in shard.runs.iter().enumerate() {
                set.runs.push((i, run));
                set.starts.push(info.rows);
            }
            labels = labels.zip(shard.labels.take()).map(|(mut all, more)| {
                all.extend(more);
                all
            });
            if set.classes.is_empty() {
                set.classes.clone_from(&shard.classes);
            }
            set.shards.push(shard);
        }
        set.use_labels(labels, files.first())?;
        set.name_below(files, &common_folder(files));
        Ok(set)
    }

    /// Name the rows by the paths of their `files`, those that the set was opened with, below `root`.
    pub(super) fn name_below(&mut self, files: &[PathBuf], root: &Path) {
        for (shard, name) in self.shards.iter_mut().zip(names_below(files, root)) {
            shard.name = name;
        }
    }

    fn use_labels(&mut self, labels: Option<Vec<u32>>, file: Option<&PathBuf>) -> Result<()> {
        let top = labels
            .iter()
            .flatten()
            .filter(|&&label| label != u32::MAX)
            .max();
        let Some(count) = top.map(|&top| top as usize + 1) else {
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
        self.labels = labels;
        Ok(())
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

impl Dataset for Parquet {
    fn len(&self) -> usize {
        self.starts.total()
    }

    fn get(&self, index: usize) -> Result<Image> {
        let (shard, row_of_shard, run, row) = self.locate(index);
        let shard = &self.shards[shard];
        let loaded = self.cache.get(run, || shard.load(self.runs[run].1));
        let image = match loaded.get() {
            Some(Ok(rows)) => decode(rows.get(row), self.channels),
            Some(Err(problem)) => Err(problem.clone()),
            None => Err("its row group was not read".into()),
        };
        image.map_err(|problem| Error::data(format!("{}#{row_of_shard}", shard.name), problem))
    }

    fn label(&self, index: usize) -> Option<u32> {
        let label = self.labels.as_ref().map(|labels| labels[index]);
        label.filter(|&label| label != u32::MAX)
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn id(&self, index: usize) -> String {
        let (shard, row, ..) = self.locate(index);
        format!("{}#{row}", self.shards[shard].name)
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

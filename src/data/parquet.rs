//! Parquet files in the Hugging Face image layout: a column `struct<bytes, path>` and a label column.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::decode::decode;
use super::row_cache::RowCache;
use super::shard::Shard;
use super::split::{Part, part_of_name};
use super::{Dataset, Image};
use crate::error::{Error, Result};

/// Folders below the root that are searched: `data/train-….parquet`, `default/train/0000.parquet`.
const DEPTH: usize = 2;

/// The shards of one part, read row group by row group.
///
/// Memory: 4 bytes an image for its label, and at most the cache given at opening for encoded images.
#[derive(Debug)]
pub struct Parquet {
    shards: Vec<Shard>,
    runs: Vec<(usize, usize)>, // shard, and run in the shard
    starts: Vec<usize>,        // (runs + 1): first image of each run, then the total
    labels: Option<Vec<u32>>,
    classes: Vec<String>,
    channels: usize,
    budget: usize,
    cache: RowCache,
}

/// Every `.parquet` file at `root` (itself, or a folder searched two levels deep), sorted.
///
/// # Errors
/// A folder that cannot be read.
pub fn files(root: &Path) -> Result<Vec<PathBuf>> {
    if root.is_file() {
        return Ok(vec![root.to_path_buf()]);
    }
    let mut found = Vec::new();
    search(root, DEPTH, &mut found)?;
    found.sort();
    Ok(found)
}

fn search(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(|e| Error::data(folder, e))? {
        let path = entry.map_err(|e| Error::data(folder, e))?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path
            .extension()
            .is_some_and(|extension| extension == "parquet")
            && !hidden
        {
            found.push(path);
        } else if depth > 0 && !hidden && path.is_dir() {
            search(&path, depth - 1, found)?;
        }
    }
    Ok(())
}

/// The files at `root` by part: from the start of the file name, else from the name of its folder, else train.
///
/// # Errors
/// A folder without Parquet files, or with a shard of a numbered set missing.
pub fn parts(root: &Path) -> Result<Vec<(Part, Vec<PathBuf>)>> {
    let mut parts: Vec<(Part, Vec<PathBuf>)> = Vec::new();
    for file in files(root)? {
        let word = |name: Option<&std::ffi::OsStr>| {
            let name = name?.to_str()?.to_lowercase();
            part_of_name(name.split(|c: char| !c.is_alphanumeric()).next()?)
        };
        let folder = file.parent().and_then(Path::file_name);
        let part = word(file.file_name())
            .or_else(|| word(folder))
            .unwrap_or(Part::Train);
        match parts.iter_mut().find(|(other, _)| *other == part) {
            Some((_, files)) => files.push(file),
            None => parts.push((part, vec![file])),
        }
    }
    if parts.is_empty() {
        return Err(Error::data(root, "no .parquet file in this folder"));
    }
    if root.is_dir() {
        parts.iter().try_for_each(|(_, files)| all_shards(files))?;
    }
    Ok(parts)
}

/// `train-00000-of-00005.parquet` promises five files.
fn all_shards(files: &[PathBuf]) -> Result<()> {
    let promised = |path: &PathBuf| -> Option<usize> {
        let stem = path.file_stem()?.to_str()?;
        stem.rsplit_once("-of-")?.1.split('-').next()?.parse().ok()
    };
    for file in files {
        let siblings = || files.iter().filter(|other| other.parent() == file.parent());
        let Some(count) = promised(file) else {
            continue;
        };
        let present = siblings()
            .filter(|other| promised(other) == Some(count))
            .count();
        if present < count {
            let problem = format!(
                "only {present} of the {count} files of this part are here; download the others"
            );
            return Err(Error::data(file, problem));
        }
    }
    Ok(())
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
            starts: vec![0],
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
                set.starts
                    .push(set.starts[set.starts.len() - 1] + info.rows);
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
        Ok(set)
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
        let run = self.starts.partition_point(|&start| start <= index) - 1;
        let row = index - self.starts[run];
        let (shard, in_shard) = self.runs[run];
        (shard, index - self.starts[run - in_shard], run, row)
    }
}

impl Dataset for Parquet {
    fn len(&self) -> usize {
        self.starts[self.runs.len()]
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
        self.starts
            .windows(2)
            .map(|pair| pair[0]..pair[1])
            .collect()
    }

    fn blocks_at_once(&self) -> usize {
        // Half of the budget: workers already read the next window while the last images of this one are asked for.
        let largest = self.run_bytes().max().unwrap_or(1).max(1);
        (self.budget / 2 / largest).max(1)
    }
}

//! `ravine data split`: which image is of which part, in a file.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::images::Images;
use crate::atomic::AtomicFile;
use crate::cli::output::{notes, print_json, print_text};
use crate::data::check::PartCounts;
use crate::data::{Apart, Dataset, Part, open_with_parts, parts_apart, tags_in_words};
use crate::error::{Error, Result};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    of: Images,
    /// File to write, .csv: path (relative to this file where it lies beside or above the images), label (empty where there
    /// is none), part. Of pictures in files of their own it is a list that --data takes, with the same parts.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Split anew, images with the same text in this further column in one part, shares as near as that allows.
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["group_folder", "time"])]
    group: Option<String>,
    /// Split anew, images with the same folders down to this level (1 the first) in one part.
    #[arg(long, value_name = "LEVEL", conflicts_with = "time", value_parser = clap::value_parser!(u64).range(1..=255))]
    group_folder: Option<u64>,
    /// Split anew by the time in this further column (numbers, or dates as 2021-03-07): the oldest to train on, the newest
    /// for the test, equal times in one part.
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,
    /// Replace the file.
    #[arg(long)]
    force: bool,
}

/// What was written.
#[derive(Serialize)]
struct Written {
    out: String,
    images: usize,
    parts: PartCounts,
    unlabelled: usize,
}

impl Args {
    /// What keeps images together.
    fn by(&self) -> Option<Apart> {
        let group = self.group.clone().map(Apart::Group);
        let folder = self.group_folder.map(|level| Apart::Folder(level as usize));
        let time = self.time.clone().map(Apart::Time);
        group.or(folder).or(time)
    }
}

/// How paths are written so that the list is read back.
struct Places {
    folder: Option<PathBuf>, // of the list
}

impl Places {
    fn of(list: &Path) -> Self {
        let folder = list
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        Self {
            folder: folder.canonicalize().ok(),
        }
    }

    /// `file` relative to the folder of the list where it lies below it, else from the root of the system.
    fn path(&self, file: &Path) -> String {
        let whole = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
        let parent = whole.parent().and_then(|parent| parent.canonicalize().ok());
        let named = parent.zip(whole.file_name());
        let whole = named.map_or(whole.clone(), |(parent, name)| parent.join(name));
        let below = self
            .folder
            .as_ref()
            .and_then(|folder| whole.strip_prefix(folder).ok());
        below.unwrap_or(&whole).to_string_lossy().into_owned()
    }
}

/// The columns of the list before the further ones of the images.
const OWN: [&str; 3] = ["path", "label", "part"];

/// The class of an image, or the list of its tags.
fn label(data: &dyn Dataset, index: usize) -> Option<String> {
    let class = |class: u32| data.classes().get(class as usize).cloned();
    tags_in_words(data, index).or_else(|| class(data.label(index)?))
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    if !args
        .out
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("csv"))
    {
        return Err(Error::Usage(format!(
            "--out {}: the parts are written as .csv; give such a name",
            args.out.display()
        )));
    }
    if args.out.exists() && !args.force {
        return Err(Error::Usage(format!(
            "{} is there already; add --force to replace it, or give another file with --out",
            args.out.display()
        )));
    }
    let config = args.of.config()?;
    let same = |source: &str| {
        let both = [Path::new(source), &args.out].map(|path| path.canonicalize().ok());
        both[0].is_some() && both[0] == both[1]
    };
    if config.sources().any(same) {
        return Err(Error::Usage(format!(
            "--out {} is the list that is split; give another file",
            args.out.display()
        )));
    }
    let (data, mut parts) = open_with_parts(&config, Part::All)?;
    if let Some(by) = args.by() {
        parts = parts_apart(data.as_ref(), &config, &by)?;
    }
    let places = Places::of(&args.out);
    let mut inside = 0; // of files with other images
    let unwritable = |e: csv::Error| Error::data(&args.out, format!("cannot be written: {e}"));
    let mut unlabelled = 0;
    let mut lines = csv::Writer::from_writer(AtomicFile::create(&args.out)?);
    let columns = data.metadata().iter().enumerate();
    let columns = columns.filter(|(_, name)| !OWN.contains(&name.as_str()));
    let (further, names): (Vec<usize>, Vec<&str>) =
        columns.map(|(place, name)| (place, name.as_str())).unzip();
    let names = OWN.into_iter().chain(names);
    lines.write_record(names).map_err(unwritable)?;
    for (index, &part) in parts.iter().enumerate() {
        let label = label(data.as_ref(), index);
        unlabelled += usize::from(label.is_none());
        inside += usize::from(data.file(index).is_none());
        let path = match data.file(index) {
            Some(file) => places.path(&file),
            None => data.id(index),
        };
        let own = [
            path.as_str(),
            label.as_deref().unwrap_or_default(),
            part.name(),
        ];
        let cell = |&place: &usize| data.cell(index, place).unwrap_or_default();
        let line = own.into_iter().chain(further.iter().map(cell));
        lines.write_record(line).map_err(unwritable)?;
    }
    let file = lines
        .into_inner()
        .map_err(|e| unwritable(e.into_error().into()))?;
    file.commit()?;
    let written = Written {
        out: args.out.display().to_string(),
        images: parts.len(),
        parts: PartCounts::of(&parts),
        unlabelled,
    };
    if inside > 0 {
        notes(&[format!(
            "{inside} images are no files of their own: the list tells their parts, and --data does not take it; \
             `ravine data pack --part` writes the parts of such sets"
        )]);
    }
    let held = [
        ("test", written.parts.test),
        ("validation", written.parts.validation),
    ];
    for (part, _) in held
        .iter()
        .filter(|(_, images)| *images == 0 && inside == 0)
    {
        notes(&[format!(
            "there is no {part} part: read the list with --set data.{part}=0, or some are held out again"
        )]);
    }
    if json {
        return print_json(&written);
    }
    let PartCounts {
        train,
        validation,
        test,
    } = written.parts;
    print_text(&format!(
        "{}: {} images, {train} to train on, {validation} for validation, {test} for the test\n",
        written.out, written.images
    ))
}

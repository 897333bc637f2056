//! The image files below a folder, and what else lies there.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, DirEntry, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::wanted::{DICOM, EXTENSIONS, Wanted, is_named_video};
use crate::data::dicom::{START, WAY_OUT, is_dicom, is_directory};
use crate::data::readers::entry::{is_file, is_folder, is_hidden};
use crate::error::{Error, Result};

/// Formats of pictures that are not read; some begin as a TIFF file does.
const UNREAD: [&str; 27] = [
    "avif", "heic", "heif", "hif", "jxl", "jp2", "j2k", "svg", "psd", "xcf", "raw", "cr2", "cr3",
    "nef", "arw", "dng", "orf", "rw2", "raf", "pef", "srw", "ico", "exr", "hdr", "tga", "dds",
    "qoi",
];

/// Largest file read as one image, in bytes.
const MAX_FILE: u64 = 256 << 20;

/// What lies below a folder.
#[derive(Debug, Default)]
pub(super) struct Found {
    wanted: Wanted,
    hasty: bool, // whether a picture beside the videos ends the walk
    /// Files that are wanted, relative to the root.
    pub(super) images: Vec<Box<Path>>,
    /// Tables that say something of them, relative to the root.
    pub(super) sheets: Vec<PathBuf>,
    unread: BTreeMap<String, usize>, // pictures in formats that are not read, by extension
    beside: BTreeMap<String, usize>, // videos beside pictures, or pictures beside videos
    others: BTreeMap<String, usize>, // files that are neither, by extension
    dicom: usize,                    // DICOM files that this build does not read
    runs: usize,                     // folders of runs
    loose: usize,                    // links that lead nowhere
}

/// The real folders on the way down: a link cannot lead in circles.
struct Way<'a> {
    real: PathBuf,
    above: Option<&'a Self>,
}

impl Way<'_> {
    fn passed(&self, real: &Path) -> bool {
        self.real == real || self.above.is_some_and(|way| way.passed(real))
    }
}

enum Kind {
    Image,
    Video,
    Unread(String),
    Dicom, // which this build does not read
    Other(String),
}

impl Found {
    /// Nothing yet, of what is `wanted`.
    pub(super) fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            ..Self::default()
        }
    }

    /// Collect what lies below `folder` of `root`; hidden files and folders are left out, and folders of runs below it.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub(super) fn walk(&mut self, root: &Path, folder: &Path) -> Result<()> {
        self.below(root, folder, None)
    }

    /// [`Found::walk`] with the folders on the `way` down to the one above; folders in one are looked into at once.
    fn below(&mut self, root: &Path, folder: &Path, way: Option<&Way>) -> Result<()> {
        let here = root.join(folder);
        let real = here.canonicalize().map_err(|e| Error::data(&here, e))?;
        if way.is_some_and(|way| way.passed(&real)) {
            return Ok(());
        }
        let way = Way { real, above: way };
        let before = self.images.len();
        let mut folders = self.files_of(&here, folder)?;
        // Each folder is sorted by itself, so that sorting all of them finds little to do.
        self.images[before..].par_sort_unstable();
        folders.sort_unstable();
        if self.hasty {
            // One after the other, for the first picture ends it.
            return folders.iter().try_for_each(|folder| {
                let enough = self.has_pictures_beside();
                if enough {
                    Ok(())
                } else {
                    self.below(root, folder, Some(&way))
                }
            });
        }
        let inside = folders.par_iter().map(|folder| {
            let mut found = Self::new(self.wanted);
            found.below(root, folder, Some(&way)).map(|()| found)
        });
        let inside: Vec<Self> = inside.collect::<Result<_>>()?;
        for found in inside {
            self.join(found);
        }
        Ok(())
    }

    /// Collect the files in `here`, which is called `folder`, and return the folders in it.
    fn files_of(&mut self, here: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
        let mut folders = Vec::new();
        for entry in fs::read_dir(here).map_err(|e| Error::data(here, e))? {
            if self.hasty && self.has_pictures_beside() {
                break;
            }
            let entry = entry.map_err(|e| Error::data(here, e))?;
            if is_hidden(&entry) {
                continue;
            }
            let (path, name) = (entry.path(), entry.file_name());
            let kind = entry.file_type().map_err(|e| Error::data(&path, e))?;
            if is_folder(&entry) {
                if is_run(&path) {
                    self.runs += 1;
                } else {
                    folders.push(folder.join(name));
                }
            } else if is_file(&entry) {
                self.add(&path, folder.join(name));
            } else if kind.is_symlink() {
                self.loose += 1;
            }
        }
        Ok(folders)
    }

    /// Take what was found elsewhere.
    fn join(&mut self, other: Self) {
        self.images.extend(other.images);
        self.sheets.extend(other.sheets);
        for (own, counts) in [
            (&mut self.unread, other.unread),
            (&mut self.beside, other.beside),
            (&mut self.others, other.others),
        ] {
            for (name, count) in counts {
                *own.entry(name).or_default() += count;
            }
        }
        self.dicom += other.dicom;
        self.runs += other.runs;
        self.loose += other.loose;
    }

    fn add(&mut self, path: &Path, relative: PathBuf) {
        if is_metadata(path) {
            return self.sheets.push(relative);
        }
        let kind = kind(path);
        match kind {
            Kind::Image | Kind::Video if is_wanted(&kind, self.wanted) => {
                self.images.push(relative.into());
            }
            Kind::Image | Kind::Video => *self.beside.entry(name_of(path)).or_default() += 1,
            Kind::Unread(name) => *self.unread.entry(name).or_default() += 1,
            Kind::Dicom => self.dicom += 1,
            Kind::Other(name) => *self.others.entry(name).or_default() += 1,
        }
    }

    /// Whether videos lie below `folder`, and no pictures; the walk ends at the first picture.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub(super) fn videos_alone(folder: &Path) -> Result<bool> {
        let mut found = Self {
            hasty: true,
            ..Self::new(Wanted::Videos)
        };
        found.walk(folder, Path::new(""))?;
        Ok(!found.images.is_empty() && !found.has_pictures_beside())
    }

    fn has_pictures_beside(&self) -> bool {
        !self.beside.is_empty() || self.unread() > 0
    }

    /// Pictures in formats that are not read.
    pub(super) fn unread(&self) -> usize {
        self.unread.values().sum::<usize>() + self.dicom
    }

    /// What was passed over, a sentence each.
    pub(super) fn notes(&self) -> Vec<String> {
        let list = |counts: &BTreeMap<String, usize>| {
            let counts: Vec<String> = counts.iter().map(|(n, c)| format!("{c} {n}")).collect();
            counts.join(", ")
        };
        let mut notes = Vec::new();
        if !self.unread.is_empty() {
            notes.push(format!(
                "passed over: pictures in formats that are not read ({}); convert them to JPEG or PNG",
                list(&self.unread)
            ));
        }
        if self.dicom > 0 {
            notes.push(format!(
                "passed over: {} DICOM files, because {WAY_OUT}",
                self.dicom
            ));
        }
        if !self.beside.is_empty() {
            let list = list(&self.beside);
            notes.push(match self.wanted {
                Wanted::Pictures => format!(
                    "passed over: videos beside pictures ({list}); data.reader = \"video\" reads them instead"
                ),
                Wanted::Videos => format!(
                    "passed over: pictures beside videos ({list}); data.reader = \"folder\" reads them instead"
                ),
            });
        }
        if !self.others.is_empty() {
            let (list, wanted) = (list(&self.others), self.wanted.files());
            notes.push(format!("passed over: files that are no {wanted} ({list})"));
        }
        if self.loose > 0 {
            notes.push(format!(
                "passed over: {} links that lead nowhere; were the files they point to moved?",
                self.loose
            ));
        }
        if self.runs > 0 {
            notes.push(format!(
                "passed over: {} folders of runs, whose figures are no data",
                self.runs
            ));
        }
        notes
    }
}

/// Whether `folder` is that of a run of this program.
fn is_run(folder: &Path) -> bool {
    folder.join("config.toml").is_file() && folder.join("checkpoints").is_dir()
}

/// Whether `folder` holds runs and nothing else.
pub(super) fn holds_runs(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut inside = entries.map(|entry| entry.path()).peekable();
    is_run(folder) || (inside.peek().is_some() && inside.all(|path| is_run(&path)))
}

/// What a table beside pictures is called, as Hugging Face reads it.
pub(super) const METADATA: [&str; 3] = ["metadata.csv", "metadata.jsonl", "metadata.parquet"];

fn is_metadata(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str);
    name.is_some_and(|name| METADATA.contains(&name))
}

/// Whether a text ends like the name of a picture.
pub(in crate::data::readers) fn has_picture_name(text: &str) -> bool {
    let extension = Path::new(text).extension().map(OsStr::to_ascii_lowercase);
    let extension = extension.as_deref().and_then(OsStr::to_str);
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}

/// Whether an entry of a folder is a file of those that are `wanted`.
pub(super) fn is_entry(entry: &DirEntry, wanted: Wanted) -> bool {
    is_file(entry) && is_wanted(&kind(&entry.path()), wanted)
}

fn is_wanted(kind: &Kind, wanted: Wanted) -> bool {
    match wanted {
        Wanted::Pictures => matches!(kind, Kind::Image),
        Wanted::Videos => matches!(kind, Kind::Video),
    }
}

/// Whether a file is read as an image: by its name, else by its content.
pub(in crate::data::readers) fn is_image(path: &Path) -> bool {
    path.is_file() && is_wanted(&kind(path), Wanted::Pictures)
}

/// The extension of a file in words.
fn name_of(path: &Path) -> String {
    match path.extension() {
        Some(extension) => format!(".{}", extension.to_string_lossy().to_lowercase()),
        None => "without extension".into(),
    }
}

fn kind(path: &Path) -> Kind {
    let extension = path.extension().map(OsStr::to_string_lossy);
    let extension = extension.map(|extension| extension.to_lowercase());
    let known = |list: &[&str]| extension.as_deref().is_some_and(|e| list.contains(&e));
    let name = name_of(path);
    if known(&[DICOM]) && !cfg!(feature = "dicom") {
        return Kind::Dicom;
    }
    if known(&EXTENSIONS) {
        return Kind::Image;
    }
    if is_named_video(path) {
        return Kind::Video;
    }
    if known(&UNREAD) {
        return Kind::Unread(name);
    }
    match start(path) {
        Ok(start) if is_picture(&start) => Kind::Image,
        Ok(start) if is_directory(&start) => Kind::Other(name),
        Ok(start) if is_dicom(&start) && cfg!(feature = "dicom") => Kind::Image,
        Ok(start) if is_dicom(&start) => Kind::Dicom,
        Ok(start) if is_heif(&start) => Kind::Unread(name),
        _ => Kind::Other(name),
    }
}

/// The first bytes of a file.
fn start(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(2 * START as u64)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a file that starts so is of a format that is read.
fn is_picture(start: &[u8]) -> bool {
    let begins = |magic: &[u8]| start.starts_with(magic);
    let tiff = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];
    begins(&[0xff, 0xd8, 0xff])
        || begins(b"\x89PNG\r\n\x1a\n")
        || begins(b"GIF87a")
        || begins(b"GIF89a")
        || (begins(b"RIFF") && start.get(8..12) == Some(b"WEBP"))
        || (begins(b"BM") && start.get(6..10) == Some(&[0; 4]))
        || tiff.iter().any(|magic| begins(*magic))
}

/// Whether a file that starts so holds AVIF or HEIC pictures.
fn is_heif(start: &[u8]) -> bool {
    let brands: [&[u8]; 6] = [b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"];
    start.get(4..8) == Some(b"ftyp") && start.get(8..12).is_some_and(|b| brands.contains(&b))
}

/// The content of a file of reasonable size.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > MAX_FILE {
        return Err(io::Error::other(format!(
            "{length} bytes are too many for one image; scale it down"
        )));
    }
    let mut bytes = Vec::with_capacity(length as usize + 1);
    file.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

//! One part of a folder of images as a set.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::annotations::Annotations;
use super::classes::{class_of, foreign, level, level_of, names, nested, number};
use super::files::{Found, read};
use super::wanted::Wanted;
use crate::data::dataset::Dataset;
use crate::data::decode::decode_within;
use crate::data::ids::text_of;
use crate::data::image::Image;
use crate::data::part::Part;
use crate::data::readers::labels::UNKNOWN;
use crate::error::{Error, Result};

/// Image files below a root, found recursively and sorted by path; read and decoded when asked for.
///
/// Memory: the paths, nothing of the images.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    wanted: Wanted,
    part: Option<Part>,    // of a root that is split by hand
    files: Vec<Box<Path>>, // relative to the root
    folders: Vec<PathBuf>, // of this part, relative to the root
    apart: Vec<PathBuf>,   // folders whose images have no labels
    labels: Option<Vec<u32>>,
    classes: Vec<String>,
    channels: usize,
    range: Option<u32>,
    notes: Vec<String>,
    of_classes: Vec<String>, // notes on how classes were found
    sheets: Vec<PathBuf>,    // tables beside the images, relative to the root
}

impl Folder {
    /// Find the images below `root`.
    ///
    /// `labelled`: the first-level folders are the classes (`Some(true)`), there are no classes (`Some(false)`), or they
    /// are classes when most images lie below one of them and there are at least two (`None`). A single folder around
    /// the classes is looked through.
    ///
    /// # Errors
    /// A folder that cannot be read or holds no image; with `Some(true)`, an image outside of every class folder.
    pub fn open(root: &Path, channels: usize, labelled: Option<bool>) -> Result<Self> {
        Self::whole(root, Wanted::Pictures, channels, labelled)
    }

    /// Find the files below `root` that are `wanted`.
    ///
    /// # Errors
    /// As [`Folder::open`].
    pub(super) fn whole(
        root: &Path,
        wanted: Wanted,
        channels: usize,
        labelled: Option<bool>,
    ) -> Result<Self> {
        let folders = (&[PathBuf::new()][..], &[][..]);
        Self::find((root, wanted), None, folders, channels, labelled)
    }

    /// Find the images of one `part`: those in its `folders` of `root`, and in the folders `apart`, which have no labels.
    ///
    /// # Errors
    /// As [`Folder::open`].
    pub(super) fn part(
        root: (&Path, Wanted),
        part: Part,
        folders: (&[PathBuf], &[PathBuf]),
        channels: usize,
        labelled: Option<bool>,
    ) -> Result<Self> {
        Self::find(root, Some(part), folders, channels, labelled)
    }

    /// The one image at `path`, whose folder is the root.
    ///
    /// # Errors
    /// With `labelled = Some(true)`: it lies in no class folder.
    pub(super) fn file(path: &Path, channels: usize, labelled: Option<bool>) -> Result<Self> {
        let root = path.parent().unwrap_or(Path::new(""));
        let name = path.file_name().unwrap_or(path.as_os_str());
        let mut folder = Self::unlabelled(root, vec![Path::new(name).into()], channels);
        if labelled == Some(true) {
            folder.find_classes(0, true)?;
        }
        Ok(folder)
    }

    /// `files` of `root`, in this order, whether they are there or not.
    pub(in crate::data::readers) fn unlabelled(
        root: &Path,
        files: Vec<Box<Path>>,
        channels: usize,
    ) -> Self {
        Self {
            root: root.to_path_buf(),
            wanted: Wanted::Pictures,
            part: None,
            files,
            folders: Vec::new(),
            apart: Vec::new(),
            labels: None,
            classes: Vec::new(),
            channels,
            range: None,
            notes: Vec::new(),
            of_classes: Vec::new(),
            sheets: Vec::new(),
        }
    }

    fn find(
        (root, wanted): (&Path, Wanted),
        part: Option<Part>,
        (folders, apart): (&[PathBuf], &[PathBuf]),
        channels: usize,
        labelled: Option<bool>,
    ) -> Result<Self> {
        let mut found = Found::new(wanted);
        for folder in folders.iter().chain(apart) {
            found.walk(root, folder)?;
        }
        let notes = found.notes();
        found.images.sort();
        let mut folder = Self {
            wanted,
            part,
            folders: folders.to_vec(),
            apart: apart.to_vec(),
            notes,
            sheets: found.sheets,
            ..Self::unlabelled(root, found.images, channels)
        };
        if folder.files.is_empty() {
            let (none, names) = wanted.none();
            let looked = format!("looked for {names}");
            let seen = folder.notes.into_iter().chain([looked]);
            let problem = seen.collect::<Vec<_>>().join("; ");
            return Err(Error::data(
                root.join(&folders[0]),
                format!("{none} in this folder; {problem}"),
            ));
        }
        if labelled != Some(false) {
            folder.find_classes(usize::from(part.is_some()), labelled.is_some())?;
        }
        Ok(folder)
    }

    /// The same images with the value `range` of those of 16 bits or floating point white.
    #[must_use]
    pub fn with_range(mut self, range: Option<u32>) -> Self {
        self.range = range;
        self
    }

    /// The images of the class folders, if there are any: not those of the folders apart.
    pub(super) fn candidates(&self) -> Vec<&Path> {
        let apart = |file: &Path| self.apart.iter().any(|folder| file.starts_with(folder));
        let files = self.files.iter().map(AsRef::as_ref);
        files.filter(|file| !apart(file)).collect()
    }

    /// Take folders for classes where they look so, or where `said` so.
    fn find_classes(&mut self, top: usize, said: bool) -> Result<()> {
        let files = self.candidates();
        let found = level(&files, top);
        let wanted = found.unwrap_or(top);
        let outside = files.iter().any(|file| class_of(file, wanted).is_none());
        let names = names(&files, wanted);
        let classes: Vec<String> = names
            .into_iter()
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        if found.is_some() || said {
            if let Some(note) = nested(&files, wanted).filter(|_| self.part != Some(Part::Test)) {
                self.of_classes.push(note);
            }
            return self.number_level(&classes, wanted, said);
        }
        if outside && !classes.is_empty() {
            self.of_classes.push(format!(
                "most {} lie outside of the {} folders, which are not taken for classes; move them into folders to \
                 have labels",
                self.pictures(),
                classes.len()
            ));
        } else if let [only] = classes.as_slice() {
            self.of_classes.push(format!(
                "all {} lie in one folder, `{only}`, and one class tells nothing apart: they have no labels, and \
                 probes learn no classes from them; give each class a folder of its own to have some",
                self.pictures()
            ));
        }
        Ok(())
    }

    /// What its files are.
    pub(super) fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// The pictures of this set, in words.
    fn pictures(&self) -> String {
        let files = self.wanted.files();
        let of = |part: Part| format!("{files} of the {} part", in_words(part));
        self.part.map_or(files.into(), of)
    }

    /// Number the labels by the `classes` of the training part: by the class folders, else by an annotation file.
    ///
    /// # Errors
    /// An image beside class folders, where it is `said` that there are labels.
    pub(super) fn use_classes(&mut self, classes: &[String], said: bool) -> Result<()> {
        let files = self.candidates();
        if let Some(level) = level_of(&files, 1, classes) {
            return self.number_level(classes, level, said);
        }
        let said_of = |folder: &PathBuf| {
            let part = self.part.unwrap_or(Part::Train);
            Annotations::of(&self.root.join(folder), part)
        };
        let texts: Vec<Annotations> = self.folders.iter().map(said_of).collect();
        let label = |file: &Path| texts.iter().find_map(|text| text.label(file, classes));
        let labels = self.files.iter();
        let labels: Vec<u32> = labels.map(|file| label(file).unwrap_or(UNKNOWN)).collect();
        if labels.iter().all(|&label| label == UNKNOWN) {
            let level = level(&files, 1).unwrap_or(1);
            return self.number_level(classes, level, false);
        }
        let unknown = labels.iter().filter(|&&label| label == UNKNOWN).count();
        if unknown > 0 {
            self.of_classes.push(format!(
                "{unknown} of {} {} have no label: the file of annotations gives them no class of the training part",
                labels.len(),
                self.pictures()
            ));
        }
        (self.labels, self.classes) = (Some(labels), classes.to_vec());
        Ok(())
    }

    /// The same labels as numbers of `classes`, which hold all classes of this set.
    pub(super) fn renumber(&mut self, classes: &[String]) {
        let own = std::mem::replace(&mut self.classes, classes.to_vec());
        for label in self.labels.iter_mut().flatten() {
            let name = own.get(*label as usize);
            let found = name.and_then(|name| number(name.as_ref(), classes));
            *label = found.unwrap_or(UNKNOWN);
        }
    }

    /// Number the labels by the folders at `level`; no image may lie outside of all of them where it is `said` that there
    /// are labels.
    fn number_level(&mut self, classes: &[String], level: usize, said: bool) -> Result<()> {
        let files = self.candidates();
        let outside = files.iter().find(|file| class_of(file, level).is_none());
        if let Some(file) = outside.filter(|_| said) {
            return Err(Error::data(
                self.root.join(file),
                "lies outside of every class folder; move it into one, or leave `data.labels` out",
            ));
        }
        self.number(classes, |file| {
            class_of(file, level).map(OsStr::to_string_lossy)
        });
        Ok(())
    }

    /// Number the labels by what `name` calls the class of a file; what is none of `classes` has no label.
    pub(super) fn number(
        &mut self,
        classes: &[String],
        name: impl for<'f> Fn(&'f Path) -> Option<Cow<'f, str>>,
    ) {
        let mut labels = vec![UNKNOWN; self.files.len()];
        let (mut outside, mut strange) = (Vec::new(), Vec::new());
        // Of two names that only differ in bytes that are no text, the first counts.
        let numbers = classes.iter().enumerate().rev();
        let numbers: HashMap<&str, u32> =
            numbers.map(|(i, name)| (name.as_str(), i as u32)).collect();
        for (file, label) in self.files.iter().zip(&mut labels) {
            if self.apart.iter().any(|folder| file.starts_with(folder)) {
                continue;
            }
            let Some(name) = name(file) else {
                outside.push(text_of(file));
                continue;
            };
            match numbers.get(name.as_ref()) {
                Some(known) => *label = *known,
                None => strange.push(name),
            }
        }
        let pictures = self.pictures();
        self.of_classes
            .extend(foreign(&pictures, &strange, classes));
        if let Some(first) = outside.first() {
            self.of_classes.push(format!(
                "{} of {} {pictures} lie outside of the class folders and have no label; the first: {first}",
                outside.len(),
                self.files.len()
            ));
        }
        (self.labels, self.classes) = (Some(labels), classes.to_vec());
    }

    /// Tables beside the images, relative to the root.
    pub(super) fn sheets(&self) -> &[PathBuf] {
        &self.sheets
    }

    /// The place of the image at `path`, relative to the root.
    pub(super) fn place(&self, path: &Path) -> Option<usize> {
        let place = self.files.binary_search_by(|file| (**file).cmp(path));
        place.ok()
    }

    /// Take no folder for a class.
    pub(super) fn forget_classes(&mut self) {
        (self.labels, self.classes) = (None, Vec::new());
        self.of_classes.clear();
    }

    /// More that a person should know, first.
    pub(super) fn add_notes(&mut self, notes: Vec<String>) {
        self.notes.splice(..0, notes);
    }
}

fn in_words(part: Part) -> &'static str {
    match part {
        Part::Train => "training",
        other => other.name(),
    }
}

impl Dataset for Folder {
    fn len(&self) -> usize {
        self.files.len()
    }

    fn get(&self, index: usize) -> Result<Image> {
        let path = self.root.join(&self.files[index]);
        let bytes = read(&path).map_err(|e| Error::data(&path, e))?;
        decode_within(&bytes, self.channels, self.range)
            .map_err(|problem| Error::data(&path, problem))
    }

    fn file_bytes(&self, index: usize) -> Result<Option<Vec<u8>>> {
        let path = self.root.join(&self.files[index]);
        read(&path).map(Some).map_err(|e| Error::data(&path, e))
    }

    fn file(&self, index: usize) -> Option<PathBuf> {
        Some(self.root.join(&self.files[index]))
    }

    fn decodes(&self) -> bool {
        true
    }

    fn label(&self, index: usize) -> Option<u32> {
        let label = self.labels.as_ref().map(|labels| labels[index]);
        label.filter(|&label| label != UNKNOWN)
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn id(&self, index: usize) -> String {
        text_of(&self.files[index])
    }

    fn notes(&self) -> Vec<String> {
        let notes = self.notes.iter().chain(&self.of_classes);
        notes.cloned().collect()
    }
}

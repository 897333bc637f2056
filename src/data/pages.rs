//! Pictures in files of several pages: each page a picture.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::dataset::Dataset;
use super::decode::{decode_within, stored};
use super::image::Image;
use super::starts::Starts;
use super::stored::Stored;
use super::tiff;
use crate::error::{Error, Result};

/// TIFF files that are looked at for a second page.
const LOOKED_AT: usize = 8;

/// A set of picture files, of which each page of a TIFF file with several is a picture: `stack.tif#0`, `stack.tif#1`, …
///
/// A page is read by itself, so that a long stack costs no more than its pages. Memory: 8 bytes a page, and as much a file.
pub(super) struct Paged {
    files: Arc<dyn Dataset>,
    starts: Starts,        // of the files
    places: Vec<Vec<u64>>, // of the pages of each file; nothing of a file that is read as a whole
    channels: usize,
    range: Option<u32>,
    note: Option<String>,
}

impl Paged {
    /// The pages of `files`, delivered with `channels`; `files` themselves where none has several.
    ///
    /// Without a wish pages count where one of the first eight TIFF files has several, and no other file is looked at where none has.
    pub(super) fn over(
        files: Arc<dyn Dataset>,
        wanted: Option<bool>,
        (channels, range): (usize, Option<u32>),
    ) -> Arc<dyn Dataset> {
        if wanted == Some(false) {
            return files;
        }
        let stacks: Vec<Option<PathBuf>> = (0..files.len())
            .map(|index| files.file(index).filter(|path| is_named_tiff(path)))
            .collect();
        let several = |path: &PathBuf| tiff::pages(path).len() > 1;
        if wanted.is_none() && !stacks.iter().flatten().take(LOOKED_AT).any(several) {
            return files;
        }
        let places: Vec<Vec<u64>> = stacks
            .par_iter()
            .map(|path| path.as_deref().map(tiff::pages).unwrap_or_default())
            .map(|places| if places.len() > 1 { places } else { Vec::new() })
            .collect();
        let mut starts = Starts::new();
        for places in &places {
            starts.push(places.len().max(1));
        }
        let stacks = places.iter().filter(|places| !places.is_empty()).count();
        if stacks == 0 {
            return files;
        }
        let pages: usize = places.iter().map(Vec::len).sum();
        let note = format!(
            "TIFF files with {pages} pages in all ({stacks} of several), each of which is a picture; data.pages = false takes the first of each file"
        );
        Arc::new(Self {
            files,
            starts,
            places,
            channels,
            range,
            note: wanted.is_none().then_some(note),
        })
    }

    /// The file of a picture, and its page there; `None` where it is the whole file.
    fn locate(&self, index: usize) -> (usize, Option<usize>) {
        let (file, page) = self.starts.locate(index);
        (file, (!self.places[file].is_empty()).then_some(page))
    }

    fn page(&self, file: usize, page: usize) -> Result<Vec<u8>, String> {
        let path = self
            .files
            .file(file)
            .ok_or("its file is not there any more")?;
        tiff::page(&path, self.places[file][page])
    }
}

fn is_named_tiff(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    extension.eq_ignore_ascii_case("tif") || extension.eq_ignore_ascii_case("tiff")
}

impl Dataset for Paged {
    fn len(&self) -> usize {
        self.starts.total()
    }

    fn get(&self, index: usize) -> Result<Image> {
        let (file, Some(page)) = self.locate(index) else {
            return self.files.get(self.locate(index).0);
        };
        let image = self.page(file, page);
        let image = image.and_then(|bytes| decode_within(&bytes, self.channels, self.range));
        image.map_err(|problem| Error::data(self.id(index), problem))
    }

    fn file_bytes(&self, index: usize) -> Result<Option<Vec<u8>>> {
        let (file, Some(page)) = self.locate(index) else {
            return self.files.file_bytes(self.locate(index).0);
        };
        let bytes = self.page(file, page).map(Some);
        bytes.map_err(|problem| Error::data(self.id(index), problem))
    }

    fn stored(&self, index: usize) -> Result<Stored> {
        let (file, Some(page)) = self.locate(index) else {
            return self.files.stored(self.locate(index).0);
        };
        let picture = self.page(file, page);
        let picture = picture.and_then(|bytes| stored(&bytes));
        picture.map_err(|problem| Error::data(self.id(index), problem))
    }

    fn file(&self, index: usize) -> Option<PathBuf> {
        let (file, page) = self.locate(index);
        let whole = page.is_none();
        whole.then(|| self.files.file(file)).flatten()
    }

    fn file_length(&self, index: usize) -> Option<u64> {
        self.files.file_length(self.locate(index).0)
    }

    fn decodes(&self) -> bool {
        true
    }

    fn label(&self, index: usize) -> Option<u32> {
        self.files.label(self.locate(index).0)
    }

    fn classes(&self) -> &[String] {
        self.files.classes()
    }

    fn tags(&self, index: usize) -> Option<&[u32]> {
        self.files.tags(self.locate(index).0)
    }

    fn tag_names(&self) -> &[String] {
        self.files.tag_names()
    }

    fn belongs_to(&self, index: usize) -> usize {
        self.locate(index).0
    }

    fn id(&self, index: usize) -> String {
        let (file, page) = self.locate(index);
        let id = self.files.id(file);
        page.map_or(id.clone(), |page| format!("{id}#{page}"))
    }

    fn metadata(&self) -> &[String] {
        self.files.metadata()
    }

    fn cell(&self, index: usize, column: usize) -> Option<&str> {
        self.files.cell(self.locate(index).0, column)
    }

    fn notes(&self) -> Vec<String> {
        let notes = self.files.notes().into_iter();
        notes.chain(self.note.clone()).collect()
    }
}

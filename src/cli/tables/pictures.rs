//! The pictures that rows of a table are of, on a contact sheet.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::assembly::OpenedRun;
use crate::augment::AugmentConfig;
use crate::cli::data::panels;
use crate::data::{Dataset, Image, Part, open_with_parts};
use crate::embeddings::EmbeddingTable;
use crate::error::{Error, Result};
use crate::plot::{Drawing, Panel, Picture, sheet};

/// Rows of pictures on a sheet.
const ROWS: usize = 24;

/// Where pictures come from, and where they go.
#[derive(Debug, clap::Args)]
pub(super) struct Pictures {
    /// Folder for a contact sheet of the pictures found, as SVG and PNG.
    #[arg(long, value_name = "DIR")]
    sheet: Option<PathBuf>,
    /// The run that made the table; the one that the table names when left out.
    #[arg(long, value_name = "RUN")]
    pub(super) run: Option<PathBuf>,
    /// Where the table's pictures lie; the run's own data when left out.
    #[arg(long, value_name = "PATH")]
    data: Option<String>,
}

impl Pictures {
    /// The folder of the run that made the table.
    pub(super) fn root(&self, table: &EmbeddingTable) -> Result<PathBuf> {
        self.run.clone().or_else(|| table.run()).ok_or_else(|| {
            Error::Usage(format!(
                "{} does not say which run made it: give the run with --run",
                table.path().display()
            ))
        })
    }

    /// Put the table's own pictures in place of the run's.
    pub(super) fn of_table(&self, run: &mut OpenedRun) {
        if let Some(data) = &self.data {
            run.use_data(data);
        }
    }

    /// Draw lists of rows, each under its caption; the sentence to print, or nothing where no sheet is wanted.
    pub(super) fn draw(
        &self,
        table: &EmbeddingTable,
        name: &str,
        lists: &[(String, Vec<usize>)],
    ) -> Result<String> {
        self.draw_after(&[], table, name, lists)
    }

    /// The same, each list after the image that it was found for, where there are such.
    pub(super) fn draw_after(
        &self,
        asked: &[Image],
        table: &EmbeddingTable,
        name: &str,
        lists: &[(String, Vec<usize>)],
    ) -> Result<String> {
        let Some(folder) = &self.sheet else {
            return Ok(String::new());
        };
        let mut run = OpenedRun::open(&self.root(table)?, "end")?;
        self.of_table(&mut run);
        let (images, _) = open_with_parts(&run.config.data, Part::All)?;
        let places = (0..images.len()).map(|index| (images.id(index), index));
        let album = Album {
            places: places.collect(),
            images,
            augment: AugmentConfig {
                mean: None,
                std: None,
                ..run.config.augment
            },
        };
        let mut drawings: Vec<Box<dyn Drawing>> = Vec::new();
        for (at, (title, rows)) in lists.iter().take(ROWS).enumerate() {
            let before = asked.get(at);
            drawings.push(Box::new(album.picture(table, title, (before, rows))?));
        }
        let note = if lists.len() > ROWS {
            vec![format!("The first {ROWS} of {}.", lists.len())]
        } else {
            Vec::new()
        };
        let title = format!("{name} of {}", table.path().display());
        let written = sheet(&title, &note, &[drawings]).write(folder, name)?;
        Ok(format!(
            "{}\n{}\n",
            written.svg.display(),
            written.png.display()
        ))
    }
}

/// Pictures by their id.
struct Album {
    images: Arc<dyn Dataset>,
    places: HashMap<String, usize>,
    augment: AugmentConfig,
}

impl Album {
    fn picture(
        &self,
        table: &EmbeddingTable,
        title: &str,
        (before, rows): (Option<&Image>, &[usize]),
    ) -> Result<Picture> {
        let mut all = match before {
            Some(image) => self.panels(image)?,
            None => Vec::new(),
        };
        for &row in rows {
            let id = table.id(row);
            let Some(&index) = self.places.get(id) else {
                return Err(Error::Usage(format!(
                    "{}: `{id}` is not among the pictures of its run; give those that were embedded with --data",
                    table.path().display()
                )));
            };
            all.extend(self.panels(&self.images.get(index)?)?);
        }
        Ok(Picture {
            title: title.into(),
            panels: all,
        })
    }

    fn panels(&self, image: &Image) -> Result<Vec<Panel>> {
        let plain = self.augment.evaluation(image.channels)?;
        panels(&plain, image, (0, 0, 0), self.augment.size)
    }
}

//! Reports: figures of what a run has learned, each written as SVG and as PNG from one description.
//!
//! | drawing | shows |
//! |---|---|
//! | [`HeatMap`] | E over two numbers, with data and minima; several with one scale are a strip |
//! | [`Lines`] | energies over training, or over y |
//! | [`Plane`] | (E_C, E_I) of each question, with the margin line |
//! | [`Histogram`] | energies of right against wrong answers |
//! | [`Picture`] | images side by side: the views of a sample, or a pair |
//! | [`Scatter`] | rows of a table as points of a plane, by class |
//! | [`Bars`] | energies of all classes for one question |
//!
//! A [`Drawing`] knows its size and draws itself; [`sheet`] puts several under one title and legend. The same drawings
//! give the same bytes.

mod bars;
pub mod color;
mod contours;
mod drawing;
mod field;
pub mod figure;
mod font;
mod frame;
mod heat_map;
mod histogram;
mod lines;
mod picture;
mod plane;
mod png;
mod scale;
mod scatter;
mod sheet;
mod svg;

pub use bars::Bars;
pub use drawing::{Drawing, Key, Overlay, Style};
pub use field::Field;
pub use figure::Figure;
pub use heat_map::HeatMap;
pub use histogram::Histogram;
pub use lines::{Lines, Series};
pub use picture::{Panel, Picture};
pub use plane::Plane;
pub use png::PIXELS;
pub use scale::{Scale, short};
pub use scatter::Scatter;
pub use sheet::sheet;

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::atomic::AtomicFile;
use crate::error::{Error, Result};

/// The files of one figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Written {
    /// What it shows, in a word.
    pub name: String,
    /// The drawing for the web and for print.
    pub svg: PathBuf,
    /// The same as pixels, two to a side of a point.
    pub png: PathBuf,
}

impl Figure {
    /// The figure as SVG.
    ///
    /// # Errors
    /// The colours of a heat map are no whole rows.
    pub fn svg(&self) -> Result<String> {
        svg::svg(self)
    }

    /// The figure as PNG, [`PIXELS`] pixels to a side of a point.
    ///
    /// # Errors
    /// The figure is too large.
    pub fn png(&self) -> Result<Vec<u8>> {
        png::png(self)
    }

    /// Write `name.svg` and `name.png` to `folder`, each whole or not at all.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, folder: &Path, name: &str) -> Result<Written> {
        std::fs::create_dir_all(folder)
            .map_err(|e| Error::data(folder, format!("cannot be created: {e}; choose --out")))?;
        let put = |extension: &str, bytes: &[u8]| {
            let path = folder.join(format!("{name}.{extension}"));
            let mut file = AtomicFile::create(&path)?;
            file.write_all(bytes)
                .map_err(|e| Error::data(&path, format!("cannot be written: {e}")))?;
            file.commit()?;
            Ok::<_, Error>(path)
        };
        Ok(Written {
            name: name.into(),
            svg: put("svg", self.svg()?.as_bytes())?,
            png: put("png", &self.png()?)?,
        })
    }
}

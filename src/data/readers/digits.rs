//! The UCI optical digits, compiled into the program.

use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use schemars::JsonSchema;

use super::reader::{Parts, Reader, Request, one_part};
use crate::data::dataset::Dataset;
use crate::data::image::Image;
use crate::error::{Error, Result};

const FILE: &[u8] = include_bytes!("../../../datasets/digits.csv.gz");
const NAME: &str = "datasets/digits.csv.gz";
const SIDE: usize = 8;

/// The embedded UCI optical digits.
#[derive(JsonSchema)]
pub(super) struct DigitsReader;

impl Reader for DigitsReader {
    fn recognizes(&self, source: &Path) -> Result<bool> {
        Ok(source.as_os_str() == "digits")
    }

    fn stored_channels(&self) -> usize {
        1
    }

    fn is_there(&self, _: &Path) -> bool {
        true // compiled into the program
    }

    fn open(&self, request: &Request) -> Result<Parts> {
        Ok(one_part(Digits::open(request.channels)?))
    }
}

/// 1,797 grey images of 8×8 in 10 classes (Alpaydin & Kaynak 1998, CC BY 4.0): what runs without any download.
#[derive(Debug)]
pub struct Digits {
    pixels: Vec<u8>,
    labels: Vec<u8>,
    classes: Vec<String>,
    channels: usize,
}

impl Digits {
    /// Unpack the embedded copy; a value v of 0..16 becomes `round(v · 255 / 16)`.
    ///
    /// # Errors
    /// When the embedded copy does not parse (a broken build).
    pub fn open(channels: usize) -> Result<Self> {
        let mut text = String::new();
        GzDecoder::new(FILE)
            .read_to_string(&mut text)
            .map_err(|e| Error::data(NAME, e))?;
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for line in text.lines() {
            let values: Vec<u8> = line.split(',').filter_map(|v| v.parse().ok()).collect();
            let [image @ .., label] = values.as_slice() else {
                return Err(Error::data(NAME, "the embedded copy holds an empty line"));
            };
            if image.len() != SIDE * SIDE || *label > 9 {
                return Err(Error::data(NAME, "the embedded copy holds a broken line"));
            }
            pixels.extend(image.iter().map(|&v| scale(v)));
            labels.push(*label);
        }
        Ok(Self {
            pixels,
            labels,
            classes: (0..10).map(|digit| digit.to_string()).collect(),
            channels,
        })
    }
}

fn scale(v: u8) -> u8 {
    (f64::from(v.min(16)) * 255.0 / 16.0).round() as u8
}

impl Dataset for Digits {
    fn len(&self) -> usize {
        self.labels.len()
    }

    fn get(&self, index: usize) -> Result<Image> {
        let size = SIDE * SIDE;
        let image = Image {
            width: SIDE,
            height: SIDE,
            channels: 1,
            pixels: self.pixels[index * size..(index + 1) * size]
                .to_vec()
                .into(),
        };
        let image = image.with_channels(self.channels);
        image.map_err(|problem| Error::data(self.id(index), problem))
    }

    fn label(&self, index: usize) -> Option<u32> {
        Some(u32::from(self.labels[index]))
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn id(&self, index: usize) -> String {
        format!("digits#{index}")
    }
}

//! What the elements of a DICOM file say of its picture.

use dicom_dictionary_std::tags;
use dicom_object::{DefaultDicomObject, InMemDicomObject, Tag};

use super::file::unread;
use crate::data::limits::{MAX_ALLOC, MAX_SIDE};

/// How the samples of a picture are stored, and what they mean.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Samples a pixel.
    pub(super) samples: usize,
    /// Whether channel stands after channel.
    pub(super) planes: bool,
    /// Bits a sample takes, and those of them that are in use.
    pub(super) allocated: u32,
    pub(super) bits: u32,
    pub(super) signed: bool,
    /// PhotometricInterpretation.
    pub(super) colors: String,
    pub(super) frames: usize,
}

impl Header {
    /// Of a file that holds a picture of a kind that is read, within the limits.
    pub(super) fn of(file: &DefaultDicomObject) -> Result<Self, String> {
        if number(file, tags::ROWS).is_none() {
            return Err(format!(
                "the DICOM file holds no picture (its kind is {}); leave it out",
                file.meta().media_storage_sop_class_uid()
            ));
        }
        let asked = |tag, name| {
            let number: Option<f64> = number(file, tag);
            number.ok_or_else(|| format!("the DICOM file does not say its {name}"))
        };
        let header = Self {
            width: asked(tags::COLUMNS, "columns (0028,0011)")? as usize,
            height: asked(tags::ROWS, "rows (0028,0010)")? as usize,
            samples: number(file, tags::SAMPLES_PER_PIXEL).map_or(1, |n| n as usize),
            planes: number(file, tags::PLANAR_CONFIGURATION) == Some(1.0),
            allocated: asked(tags::BITS_ALLOCATED, "bits allocated (0028,0100)")? as u32,
            bits: asked(tags::BITS_STORED, "bits stored (0028,0101)")? as u32,
            signed: number(file, tags::PIXEL_REPRESENTATION) == Some(1.0),
            colors: text(file, tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_default(),
            frames: number(file, tags::NUMBER_OF_FRAMES).map_or(1, |n| (n as usize).max(1)),
        };
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), String> {
        let (bits, allocated) = (self.bits, self.allocated);
        let depth = matches!(allocated, 1 | 8 | 16 | 32) && (1..=allocated).contains(&bits);
        let kind = match self.colors.as_str() {
            "MONOCHROME1" | "MONOCHROME2" | "PALETTE COLOR" => self.samples == 1,
            "RGB" | "YBR_FULL" | "YBR_FULL_422" | "YBR_ICT" | "YBR_RCT" => {
                self.samples == 3 && allocated >= 8
            }
            _ => false,
        };
        if !depth || !kind {
            return Err(unread(&format!(
                "{}, {} a pixel of {bits} bits in {allocated}",
                self.colors, self.samples
            )));
        }
        let side = self.width.max(self.height);
        let memory = (self.width * self.height * self.samples * size_of::<f32>()) as u64;
        if self.count() == 0 || side > MAX_SIDE as usize || memory > MAX_ALLOC {
            return Err(format!(
                "a picture of {} x {} pixels is not read: from 1 to {MAX_SIDE} may be wide and high, and {} MiB unpacked",
                self.width,
                self.height,
                MAX_ALLOC >> 20
            ));
        }
        Ok(())
    }

    /// Samples of a picture.
    pub(super) fn count(&self) -> usize {
        self.width * self.height * self.samples
    }

    /// The smallest and the largest number that the bits in use can hold.
    pub(super) fn ends(&self) -> [f64; 2] {
        let all = 2f64.powi(self.bits as i32);
        if self.signed {
            [-all / 2.0, all / 2.0 - 1.0]
        } else {
            [0.0, all - 1.0]
        }
    }
}

/// The first number of an element.
pub(super) fn number(elements: &InMemDicomObject, tag: Tag) -> Option<f64> {
    let number = elements.get(tag)?.to_float64().ok();
    number.filter(|number| number.is_finite())
}

/// The text of an element, without blanks at its ends.
pub(super) fn text(elements: &InMemDicomObject, tag: Tag) -> Option<String> {
    let text = elements.get(tag)?.to_str().ok()?;
    let text = text.split('\\').next().unwrap_or_default();
    Some(text.trim_matches([' ', '\0']).to_string())
}

/// The elements that hold `tag` for the first frame: those of the file, or of the group `within` of its frames.
pub(super) fn holder(file: &InMemDicomObject, within: Tag, tag: Tag) -> Option<&InMemDicomObject> {
    if file.get(tag).is_some() {
        return Some(file);
    }
    let groups = [
        tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
        tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
    ];
    let mut held = groups
        .into_iter()
        .filter_map(|group| item(item(file, group)?, within));
    held.find(|held| held.get(tag).is_some())
}

/// The first item of a sequence.
pub(super) fn item(elements: &InMemDicomObject, sequence: Tag) -> Option<&InMemDicomObject> {
    elements.get(sequence)?.items()?.first()
}

//! From stored numbers to measured values, and from those to what is shown.

use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::header::{Header, holder, item, number, text};
use super::table::Table;

/// What a stored number measures.
pub(super) enum Modality {
    Table(Table),
    Line { slope: f64, intercept: f64 },
}

impl Modality {
    /// ModalityLUTSequence, or RescaleSlope and RescaleIntercept.
    pub(super) fn of(file: &InMemDicomObject, header: &Header) -> Result<Self, String> {
        if let Some(table) = item(file, tags::MODALITY_LUT_SEQUENCE) {
            let places = (tags::LUT_DESCRIPTOR, tags::LUT_DATA);
            return Table::of(table, places, header.signed).map(Self::Table);
        }
        let group = tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE;
        let of = |tag| number(holder(file, group, tag)?, tag);
        Ok(Self::Line {
            slope: of(tags::RESCALE_SLOPE).unwrap_or(1.0),
            intercept: of(tags::RESCALE_INTERCEPT).unwrap_or(0.0),
        })
    }

    pub(super) fn value(&self, number: f64) -> f64 {
        match self {
            Self::Table(table) => table.at(number).into(),
            Self::Line { slope, intercept } => number * slope + intercept,
        }
    }

    /// The values at the ends of what may be stored, the smaller first.
    pub(super) fn ends(&self, header: &Header) -> [f64; 2] {
        match self {
            Self::Table(table) => [0.0, table.white()],
            Self::Line { .. } => {
                let [a, b] = header.ends().map(|number| self.value(number));
                [a.min(b), a.max(b)]
            }
        }
    }

    /// Whether values are the stored numbers.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self, Self::Line { slope, intercept } if *slope == 1.0 && *intercept == 0.0)
    }
}

/// Which values are shown, from black (0) to white (1).
pub(super) enum Window {
    Table(Table),
    Linear { center: f64, width: f64 },
    LinearExact { center: f64, width: f64 },
    Sigmoid { center: f64, width: f64 },
}

impl Window {
    /// The first of VOILUTSequence, else of WindowCenter and WindowWidth; `None` where a file has neither.
    pub(super) fn of(file: &InMemDicomObject, signed: bool) -> Result<Option<Self>, String> {
        if let Some(table) = item(file, tags::VOILUT_SEQUENCE) {
            let places = (tags::LUT_DESCRIPTOR, tags::LUT_DATA);
            return Table::of(table, places, signed).map(|table| Some(Self::Table(table)));
        }
        let group = tags::FRAME_VOILUT_SEQUENCE;
        let Some(held) = holder(file, group, tags::WINDOW_CENTER) else {
            return Ok(None);
        };
        let (center, width) = (
            number(held, tags::WINDOW_CENTER),
            number(held, tags::WINDOW_WIDTH),
        );
        let (Some(center), Some(width)) = (center, width) else {
            return Ok(None); // left empty
        };
        let function = text(held, tags::VOILUT_FUNCTION).unwrap_or_default();
        let window = match function.as_str() {
            "LINEAR_EXACT" => Self::LinearExact { center, width },
            "SIGMOID" => Self::Sigmoid { center, width },
            _ => Self::Linear { center, width },
        };
        let least = if matches!(window, Self::Linear { .. }) {
            1.0
        } else {
            f64::MIN_POSITIVE
        };
        if width < least {
            return Err(format!(
                "the DICOM file has a window of width {width} (0028,1051), which shows nothing; correct or remove it"
            ));
        }
        Ok(Some(window))
    }

    /// PS3.3 C.11.2.1.2 and C.11.2.1.3.
    pub(super) fn shown(&self, value: f64) -> f64 {
        match self {
            Self::Table(table) => f64::from(table.at(value)) / table.white(),
            Self::Linear { center, width } => {
                let (center, width) = (center - 0.5, width - 1.0);
                if value <= center - width / 2.0 {
                    0.0
                } else if value > center + width / 2.0 {
                    1.0
                } else {
                    (value - center) / width + 0.5
                }
            }
            Self::LinearExact { center, width } => ((value - center) / width + 0.5).clamp(0.0, 1.0),
            Self::Sigmoid { center, width } => {
                1.0 / (1.0 + (-4.0 * (value - center) / width).exp())
            }
        }
    }
}

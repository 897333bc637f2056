//! Rows of one part as a trained head sees them: its encoder's codes, with the right answers.

use std::sync::Arc;

use candle_core::Tensor;

use super::{EVAL_BATCH, HeadData, HeadSetup, ImageSetup};
use crate::data::table::Table;
use crate::data::{Dataset, Part, Subset};
use crate::error::Result;
use crate::inference::EnergyModel;

/// Codes of the rows of one part, with their right answers.
pub struct Encoded {
    /// (N, H), one a head.
    pub codes: Vec<Tensor>,
    /// Inputs (N·x_dim) of a table; empty for images.
    pub x: Vec<f32>,
    /// What images are found by; empty for tables.
    pub ids: Vec<String>,
    /// (N,), index of each image in the data set asked about: those that cannot be read are left out; empty for tables.
    pub samples: Vec<usize>,
    /// Images that could not be read.
    pub unreadable: usize,
    /// (N,), classes of the training; `None` where a row has no label, or one that the training has not seen.
    pub labels: Vec<Option<u32>>,
    /// Answers (N·D) that are vectors.
    pub y: Vec<f32>,
}

impl Encoded {
    /// The labels (N,) where every row has one, else none at all.
    #[must_use]
    pub fn known_labels(&self) -> Vec<u32> {
        let known: Option<Vec<u32>> = self.labels.iter().copied().collect();
        known.unwrap_or_default()
    }

    /// N, the number of rows.
    ///
    /// # Errors
    /// Never, for codes that [`HeadSetup`] made.
    pub fn rows(&self) -> Result<usize> {
        Ok(self.codes[0].dim(0)?)
    }

    /// The codes of `count` rows from `start`.
    ///
    /// # Errors
    /// Rows that are not there.
    pub fn some(&self, start: usize, count: usize) -> Result<Vec<Tensor>> {
        let codes = self.codes.iter().map(|code| code.narrow(0, start, count));
        Ok(codes.collect::<candle_core::Result<_>>()?)
    }
}

impl HeadSetup {
    /// Codes of at most `most` rows of a part, in storage order; of an empty one, of what stands in for it: training rows
    /// for validation, what [`Splits::judged`](crate::data::Splits::judged) names for the test.
    ///
    /// # Errors
    /// No image could be read, or a tensor operation failed.
    pub fn encode_part(&self, model: &EnergyModel, part: Part, most: usize) -> Result<Encoded> {
        match &self.data {
            HeadData::Images(setup) => {
                let splits = &setup.splits;
                let dataset = match part {
                    Part::Validation if !splits.validation.is_empty() => &splits.validation,
                    Part::Test => splits.judged().0,
                    _ => &splits.train,
                };
                self.encode_images(setup, model, dataset, most)
            }
            HeadData::Table(tables) => {
                let table = match part {
                    Part::Validation if !tables.validation.is_empty() => &tables.validation,
                    Part::Test => &tables.test,
                    _ => &tables.train,
                };
                self.encode_table(model, table, most)
            }
        }
    }

    /// Codes of the first `most` rows of a table.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn encode_table(&self, model: &EnergyModel, table: &Table, most: usize) -> Result<Encoded> {
        let (rows, dim) = (table.len().min(most), table.x_dim());
        let x = table.x[..rows * dim].to_vec();
        let input = Tensor::from_vec(x.clone(), (rows, dim), &self.device)?;
        Ok(Encoded {
            codes: model.codes(&input)?,
            x,
            ids: Vec::new(),
            samples: Vec::new(),
            unreadable: 0,
            labels: match &table.labels {
                Some(labels) => labels[..rows].iter().copied().map(Some).collect(),
                None => vec![None; rows],
            },
            y: table.y[..rows * table.y_dim()].to_vec(),
        })
    }

    /// Codes of the first `most` images of `dataset`; its classes are those of the training by their names.
    ///
    /// # Errors
    /// No image could be read, or a tensor operation failed.
    pub fn encode_images(
        &self,
        setup: &ImageSetup,
        model: &EnergyModel,
        dataset: &Arc<dyn Dataset>,
        most: usize,
    ) -> Result<Encoded> {
        let first = (0..dataset.len().min(most) as u32).collect();
        let dataset: Arc<dyn Dataset> = Arc::new(Subset::new(dataset.clone(), first));
        let mut widths = Vec::new();
        let features = setup.collect(&dataset, |x| {
            let codes = model.codes(x)?;
            widths = codes.iter().map(|code| code.dims()[1]).collect();
            Ok(Tensor::cat(&codes, 1)?)
        })?;
        let shape = (features.rows(), features.dim);
        let all = Tensor::from_vec(features.values, shape, &self.device)?;
        let mut start = 0;
        let codes = widths.iter().map(|&width| {
            start += width;
            all.narrow(1, start - width, width)?.contiguous()
        });
        let class_of = |label: u32| {
            let name = dataset.classes().get(label as usize)?;
            let mut known = self.classes().iter();
            known.position(|class| class == name).map(|i| i as u32)
        };
        let mut labels = features.labels;
        if dataset.classes() != self.classes() {
            labels = labels.iter().map(|label| class_of((*label)?)).collect();
        }
        let known: Option<Vec<u32>> = labels.iter().copied().collect();
        let numbers = self.numbers.as_ref().zip(known.as_ref());
        Ok(Encoded {
            codes: codes.collect::<candle_core::Result<_>>()?,
            x: Vec::new(),
            ids: features.ids,
            unreadable: dataset.len() - features.samples.len(),
            samples: features.samples,
            y: numbers.map_or_else(Vec::new, |(numbers, labels)| numbers.answers(labels)),
            labels,
        })
    }
}

/// Rows evaluated at once, so that `each` answers a row stay within memory.
#[must_use]
pub fn rows_at_once(each: usize) -> usize {
    (65_536 / each.max(1)).clamp(1, EVAL_BATCH)
}

//! The numbers of a tensor, whatever they are stored as.

use candle_core::{DType, Device, Tensor};

use super::messages::{OnnxTensor, element};

/// Numbers of one of two kinds.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// Floats of any width, in 32 bits.
    Floats(Vec<f32>),
    /// Whole numbers and truth values.
    Ints(Vec<i64>),
}

/// What of a file cannot be used, as the end of a sentence that starts with its name.
type Problem = String;

impl OnnxTensor {
    /// The shape.
    ///
    /// # Errors
    /// Dimensions below 0, or more numbers than a machine can count.
    pub fn shape(&self) -> Result<Vec<usize>, Problem> {
        let dims: Option<Vec<usize>> = self
            .dims
            .iter()
            .map(|&dim| usize::try_from(dim).ok())
            .collect();
        let counted = dims.filter(|dims| {
            let product = dims.iter().try_fold(8_usize, |n, &dim| n.checked_mul(dim));
            product.is_some()
        });
        counted.ok_or_else(|| format!("has the impossible shape {:?}", self.dims))
    }

    /// The numbers, row-major.
    ///
    /// # Errors
    /// Numbers in another file, of a kind that networks here do not have, or not as many as the shape says.
    pub fn numbers(&self) -> Result<Numbers, Problem> {
        if self.data_location != 0 || !self.external_data.is_empty() {
            return Err(
                "has its numbers in another file (external data), which is not read; save the network as one file: \
                 `onnx.save_model(model, path, save_as_external_data=False)`"
                    .into(),
            );
        }
        let count: usize = self.shape()?.iter().product();
        let raw = !self.raw_data.is_empty();
        let numbers = match self.data_type {
            element::FLOAT if raw => Numbers::Floats(self.each(f32::from_le_bytes)?),
            element::FLOAT => Numbers::Floats(self.float_data.clone()),
            element::DOUBLE if raw => {
                Numbers::Floats(self.each(|bytes| f64::from_le_bytes(bytes) as f32)?)
            }
            element::DOUBLE => {
                Numbers::Floats(self.double_data.iter().map(|&value| value as f32).collect())
            }
            element::FLOAT16 => Numbers::Floats(self.halves(DType::F16)?),
            element::BFLOAT16 => Numbers::Floats(self.halves(DType::BF16)?),
            element::INT64 if raw => Numbers::Ints(self.each(i64::from_le_bytes)?),
            element::INT64 => Numbers::Ints(self.int64_data.clone()),
            element::INT32 if raw => {
                Numbers::Ints(self.each(|bytes| i64::from(i32::from_le_bytes(bytes)))?)
            }
            element::BOOL if raw => Numbers::Ints(self.each(|bytes: [u8; 1]| i64::from(bytes[0]))?),
            element::INT32 | element::BOOL => {
                Numbers::Ints(self.int32_data.iter().map(|&v| i64::from(v)).collect())
            }
            other => {
                return Err(format!(
                    "holds numbers of ONNX's kind {other}; networks here take floats (1, 10, 11, 16) and whole \
                     numbers (6, 7, 9)"
                ));
            }
        };
        let held = match &numbers {
            Numbers::Floats(values) => values.len(),
            Numbers::Ints(values) => values.len(),
        };
        if held != count {
            return Err(format!(
                "has the shape {:?}, {count} numbers, and holds {held}",
                self.dims
            ));
        }
        Ok(numbers)
    }

    /// The raw numbers of `N` bytes each.
    fn each<const N: usize, T>(&self, read: impl Fn([u8; N]) -> T) -> Result<Vec<T>, Problem> {
        let (chunks, rest) = self.raw_data.as_chunks::<N>();
        if !rest.is_empty() {
            return Err(format!("ends within a number of {N} bytes"));
        }
        Ok(chunks.iter().map(|&bytes| read(bytes)).collect())
    }

    /// Numbers of 16 bits: raw, or one each in a wider field.
    fn halves(&self, kind: DType) -> Result<Vec<f32>, Problem> {
        let mut raw = self.raw_data.clone();
        if raw.is_empty() {
            let one = |&value: &i32| (value as u16).to_le_bytes();
            raw = self.int32_data.iter().flat_map(one).collect();
        }
        if raw.len() % 2 == 1 {
            return Err("ends within a number of 2 bytes".into());
        }
        let values = Tensor::from_raw_buffer(&raw, kind, &[raw.len() / 2], &Device::Cpu);
        let values = values.and_then(|values| values.to_dtype(DType::F32)?.to_vec1());
        values.map_err(|e| format!("cannot be read: {e}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_float_becomes_32_bits() {
        let tensor = |data_type, raw_data: Vec<u8>| OnnxTensor {
            dims: vec![1],
            data_type,
            raw_data,
            ..OnnxTensor::default()
        };
        for (kind, raw) in [
            (element::FLOAT, 1.5_f32.to_le_bytes().to_vec()),
            (element::DOUBLE, 1.5_f64.to_le_bytes().to_vec()),
            (element::FLOAT16, vec![0x00, 0x3e]),
            (element::BFLOAT16, vec![0xc0, 0x3f]),
        ] {
            assert_eq!(
                tensor(kind, raw).numbers(),
                Ok(Numbers::Floats(vec![1.5])),
                "{kind}"
            );
        }
    }

    #[test]
    fn shapes_that_do_not_multiply_out_are_refused() {
        let good = OnnxTensor::floats("w", &[2, 3], vec![0.0; 6]);
        for dims in [vec![2, 4], vec![-2, -3], vec![i64::MAX, i64::MAX]] {
            let bad = OnnxTensor {
                dims,
                ..good.clone()
            };
            assert!(bad.numbers().is_err_and(|e| e.contains("shape")));
        }
    }
}

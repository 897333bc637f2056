//! Messages from their parts.

use super::messages::{
    Attribute, Dimension, OnnxNode, OnnxTensor, OperatorSet, Property, TensorShape, TensorType,
    ValueInfo, ValueType, element, kind,
};

impl OperatorSet {
    /// ONNX's own operators in this version.
    #[must_use]
    pub fn onnx(version: i64) -> Self {
        Self {
            domain: String::new(),
            version,
        }
    }
}

impl Property {
    /// A key with its value.
    #[must_use]
    pub fn new(key: &str, value: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
        }
    }
}

impl OnnxNode {
    /// `op` called `name`, from values to one value.
    #[must_use]
    pub fn new(op: &str, name: &str, inputs: &[&str], output: &str) -> Self {
        Self {
            input: inputs.iter().map(ToString::to_string).collect(),
            output: vec![output.into()],
            name: name.into(),
            op_type: op.into(),
            ..Self::default()
        }
    }

    /// The same with settings.
    #[must_use]
    pub fn with(mut self, attributes: Vec<Attribute>) -> Self {
        self.attribute = attributes;
        self
    }
}

impl Attribute {
    fn of(name: &str, kind: i32) -> Self {
        Self {
            name: name.into(),
            r#type: kind,
            ..Self::default()
        }
    }

    /// A number.
    #[must_use]
    pub fn float(name: &str, value: f64) -> Self {
        Self {
            f: value as f32,
            ..Self::of(name, kind::FLOAT)
        }
    }

    /// A whole number.
    #[must_use]
    pub fn int(name: &str, value: i64) -> Self {
        Self {
            i: value,
            ..Self::of(name, kind::INT)
        }
    }

    /// Whole numbers.
    #[must_use]
    pub fn ints(name: &str, values: &[i64]) -> Self {
        Self {
            ints: values.to_vec(),
            ..Self::of(name, kind::INTS)
        }
    }

    /// A text.
    #[must_use]
    pub fn text(name: &str, value: &str) -> Self {
        Self {
            s: value.as_bytes().to_vec(),
            ..Self::of(name, kind::STRING)
        }
    }
}

impl OnnxTensor {
    /// 32-bit floats, row-major.
    #[must_use]
    pub fn floats(name: &str, dims: &[usize], values: impl IntoIterator<Item = f32>) -> Self {
        let bytes = values.into_iter().flat_map(f32::to_le_bytes);
        Self {
            dims: dims.iter().map(|&dim| dim as i64).collect(),
            data_type: element::FLOAT,
            name: name.into(),
            raw_data: bytes.collect(),
            ..Self::default()
        }
    }

    /// A row of whole numbers.
    #[must_use]
    pub fn ints(name: &str, values: &[i64]) -> Self {
        Self {
            dims: vec![values.len() as i64],
            data_type: element::INT64,
            name: name.into(),
            raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            ..Self::default()
        }
    }

    /// One whole number, of no dimension.
    #[must_use]
    pub fn int(name: &str, value: i64) -> Self {
        Self {
            dims: Vec::new(),
            ..Self::ints(name, &[value])
        }
    }
}

impl ValueInfo {
    /// A tensor of 32-bit floats; dimensions that are no numbers may vary.
    #[must_use]
    pub fn floats(name: &str, dims: &[impl AsRef<str>]) -> Self {
        Self::tensor(name, element::FLOAT, dims)
    }

    /// A tensor of numbers of the kind `elem_type`; dimensions that are no numbers may vary.
    #[must_use]
    pub fn tensor(name: &str, elem_type: i32, dims: &[impl AsRef<str>]) -> Self {
        let dim = |dim: &str| match dim.parse() {
            Ok(value) => Dimension {
                dim_value: Some(value),
                dim_param: None,
            },
            Err(_) => Dimension {
                dim_value: None,
                dim_param: Some(dim.to_string()),
            },
        };
        let shape = TensorShape {
            dim: dims.iter().map(|name| dim(name.as_ref())).collect(),
        };
        Self {
            name: name.into(),
            r#type: Some(ValueType {
                tensor_type: Some(TensorType {
                    elem_type,
                    shape: Some(shape),
                }),
            }),
            doc_string: String::new(),
        }
    }
}

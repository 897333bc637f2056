//! The parts that a data set is split into.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// What is trained on.
    Train,
    /// What choices are made on.
    Validation,
    /// What the final card is measured on.
    Test,
    /// Every image.
    All,
}

impl Part {
    /// As configurations and commands name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
            Self::All => "all",
        }
    }

    /// The part that a file or folder name such as `train`, `t10k` or `val` stands for.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        match name {
            "train" | "training" => Some(Self::Train),
            "test" | "testing" | "t10k" => Some(Self::Test),
            "val" | "valid" | "validation" | "dev" => Some(Self::Validation),
            _ => None,
        }
    }
}

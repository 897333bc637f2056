//! Parts of a data set as the command line names them.

use std::sync::Arc;

use crate::data::{Dataset, Part, Splits};

/// One of the three parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum PartName {
    Train,
    Validation,
    Test,
}

impl PartName {
    /// The part with its name.
    pub(super) fn of(self, splits: &Splits) -> (&Arc<dyn Dataset>, &'static str) {
        match self {
            Self::Train => (&splits.train, "train"),
            Self::Validation => (&splits.validation, "validation"),
            Self::Test => (&splits.test, "test"),
        }
    }
}

/// One of the three parts, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum PartOrAll {
    All,
    Train,
    Validation,
    Test,
}

impl From<PartOrAll> for Part {
    fn from(name: PartOrAll) -> Self {
        match name {
            PartOrAll::All => Self::All,
            PartOrAll::Train => Self::Train,
            PartOrAll::Validation => Self::Validation,
            PartOrAll::Test => Self::Test,
        }
    }
}

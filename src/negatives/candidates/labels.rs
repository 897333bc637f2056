use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::part::{Candidates, Proposed};
use super::partition::Partition;
use super::questions::Questions;
use crate::error::Result;
use crate::heads::Space;
use crate::inference::Bounds;

/// All other labels: each question is compared with every class but its own.
///
/// For heads that choose among classes (energies (N, C) to (N, C − 1) wrong ones); their default.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Labels {}

impl Candidates for Labels {
    fn suits(&self, space: Space) -> bool {
        matches!(space, Space::Classes(_))
    }

    fn propose(&self, _: &Questions) -> Result<Option<Proposed>> {
        Ok(None)
    }

    fn partition(&self, _: &Bounds) -> Partition {
        Partition::Sum
    }

    fn offered(&self, space: Space) -> usize {
        match space {
            Space::Classes(count) => count,
            Space::Vectors(_) => 1,
        }
    }
}

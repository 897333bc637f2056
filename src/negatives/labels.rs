use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Negatives;

/// All other labels: each question is compared with every class but its own.
///
/// For heads that choose among classes (energies (N, C) to (N, C − 1) wrong ones); their default.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Labels {}

impl Negatives for Labels {
    fn pairs(&self) -> bool {
        false
    }

    fn answers(&self, _: usize, _: usize) -> usize {
        2
    }
}

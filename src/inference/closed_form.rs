use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::method::Inference;
use super::minima::{Minimum, collect};
use super::problem::{Problem, flat};
use crate::error::{Error, Result};

/// The closed form: `y = G(x)` of a regression, or one answer `G(x, z)` for each value of an enumerated latent.
///
/// Exact and without a search; a set of z gives the set of predictions. Heads whose two sides are learned
/// have none: use `descent` or `enumerate`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClosedForm {}

impl Inference for ClosedForm {
    fn minima(&self, problem: &Problem) -> Result<Vec<Vec<Minimum>>> {
        let found = problem.model.closed_form(problem.codes)?;
        let found = found.ok_or_else(|| {
            Error::key(
                "inference.kind",
                "`closed_form` needs one regression head, or a latent head whose z is enumerated; \
                 use `descent` or `enumerate`",
            )
        })?;
        let points = flat(&found)?;
        let energies = problem.energies(&points)?;
        collect(&points, &energies, problem)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

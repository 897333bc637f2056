use super::minima::Minimum;
use super::problem::Problem;
use crate::error::Result;

/// A search for answers.
pub trait Inference: Send + Sync {
    /// The distinct minima of each question, the lowest first.
    ///
    /// # Errors
    /// The method does not go with this energy, or a tensor operation failed.
    fn minima(&self, problem: &Problem) -> Result<Vec<Vec<Minimum>>>;

    /// Refuse settings out of range.
    ///
    /// # Errors
    /// A sentence with the key.
    fn validate(&self) -> Result<()>;
}

use crate::error::{Error, Result};

/// What answers are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// One of this many classes.
    Classes(usize),
    /// A vector of this many numbers.
    Vectors(usize),
}

impl Space {
    /// Numbers in an answer; a class is one.
    #[must_use]
    pub fn dim(self) -> usize {
        match self {
            Self::Classes(_) => 1,
            Self::Vectors(dim) => dim,
        }
    }
}

/// Refuse answers that are vectors.
pub(super) fn classes(space: Space, head: &str) -> Result<usize> {
    match space {
        Space::Classes(count) => Ok(count),
        Space::Vectors(dim) => Err(Error::key(
            "head.kind",
            format!(
                "`{head}` chooses among classes, but the answers of these data are vectors of {dim} numbers; \
                 use `regression`, `implicit` or `latent`"
            ),
        )),
    }
}

/// Refuse answers that are classes.
pub(super) fn vectors(space: Space, head: &str) -> Result<usize> {
    match space {
        Space::Vectors(dim) => Ok(dim),
        Space::Classes(count) => Err(Error::key(
            "head.kind",
            format!(
                "`{head}` answers with vectors, but the answers of these data are {count} classes; \
                 use `multi_class` or `two_class`, or name columns of numbers in `data.y`"
            ),
        )),
    }
}

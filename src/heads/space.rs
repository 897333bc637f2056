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

//! Where a node stands among the others.

/// Where a node stands and what it takes.
pub(super) struct Place<'a> {
    /// The prefix of its parameters.
    pub(super) prefix: &'a str,
    /// Its name, never empty.
    pub(super) name: &'a str,
    /// The values that it takes.
    pub(super) inputs: &'a [String],
    /// Shape of one sample of the first of them.
    pub(super) shape: &'a [usize],
    /// What its tokens were made of, where that may be of any size.
    pub(super) image: Option<Image<'a>>,
}

/// A grid of patches before it became tokens.
pub(super) struct Image<'a> {
    /// The value (N, width, rows, columns).
    pub(super) value: &'a str,
    /// Rows and columns that the network was built for.
    pub(super) grid: [usize; 2],
}

impl Place<'_> {
    /// The value of its first input.
    pub(super) fn x(&self) -> &str {
        &self.inputs[0]
    }

    /// The name of a part of it.
    pub(super) fn part(&self, part: &str) -> String {
        format!("{}/{part}", self.name)
    }
}

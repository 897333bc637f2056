//! Errors are sentences: what is wrong, where (path or key), and the way out.

use std::path::Path;

/// What every fallible function of the library returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong, grouped by who can mend it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line or the configuration is wrong (exit code 2).
    #[error("{0}")]
    Usage(String),
    /// A file or data set cannot be used (exit code 1).
    #[error("{path}: {problem}")]
    Data {
        /// The file or folder.
        path: String,
        /// What is wrong with it and what to do.
        problem: String,
    },
    /// Training or evaluation had to stop (exit code 1).
    #[error("{0}")]
    Failed(String),
    /// The user asked to stop; the state is saved (exit code 130).
    #[error("{0}")]
    Interrupted(String),
    /// A tensor operation failed: a bug of ravine or a device out of memory (exit code 1).
    #[error("tensor operation failed: {0}")]
    Tensor(#[from] candle_core::Error),
}

impl Error {
    /// A wrong value of configuration key `key`; `problem` says what is wrong and the way out.
    pub fn key(key: &str, problem: impl std::fmt::Display) -> Self {
        Self::Usage(format!("configuration key `{key}`: {problem}"))
    }

    /// A file or folder that cannot be used; `problem` says why and the way out.
    pub fn data(path: impl AsRef<Path>, problem: impl std::fmt::Display) -> Self {
        Self::Data {
            path: path.as_ref().display().to_string(),
            problem: problem.to_string(),
        }
    }

    /// The process exit code that tells scripts what happened: 1 failed, 2 usage, 130 interrupted.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Interrupted(_) => 130,
            Self::Data { .. } | Self::Failed(_) | Self::Tensor(_) => 1,
        }
    }
}

/// Refuse a value of configuration key `key` unless `holds`; `problem` says what is wrong and the way out.
///
/// # Errors
/// [`Error::key`] of the two.
pub fn require(key: &str, holds: bool, problem: impl std::fmt::Display) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(Error::key(key, problem))
}

/// Among `known`, the name closest to `wrong`, when one is close enough to be a typing error.
#[must_use]
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    known
        .into_iter()
        .map(|name| {
            let score = strsim::jaro_winkler(&wrong, &name.to_lowercase());
            (score, name)
        })
        .filter(|(score, _)| *score > 0.72)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// `"; did you mean `x`?"` or, without a close name, the list of known names.
#[must_use]
pub fn hint<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(name) = nearest(wrong, known.clone()) {
        return format!("did you mean `{name}`?");
    }
    let names: Vec<_> = known.into_iter().map(|n| format!("`{n}`")).collect();
    format!("known names: {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_name_and_nonsense_finds_none() {
        let known = ["cosine", "euclidean", "squared"];
        assert_eq!(nearest("cosnie", known), Some("cosine"));
        assert_eq!(nearest("zzz", known), None);
        assert!(hint("zzz", known).contains("`squared`"));
    }
}

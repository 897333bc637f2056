//! How much of a set is held out.

use super::config::DataConfig;
use super::source::Source;
use super::subset::any_label;

/// Share of a set without a test part of its own that is held out as one, where `data.test` does not say.
const TEST_SHARE: f64 = 0.2;

/// Share of the rest that is held out for validation, where `data.validation` does not say.
const VALIDATION_SHARE: f64 = 0.1;

/// Share of a set without labels that is held out for validation, and nothing for a test: nothing is judged on it but
/// whether the encoder has collapsed.
const UNLABELLED_SHARE: f64 = 0.05;

/// More images than this say no more about that.
const MOST_UNLABELLED: f64 = 1000.0;

/// What is held out of a set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shares {
    /// Of all.
    pub(super) test: f64,
    /// Of what is left.
    pub(super) validation: f64,
}

impl Shares {
    /// Of a set with labels, or of rows.
    pub(super) fn labelled(config: &DataConfig) -> Self {
        Self {
            test: config.test.unwrap_or(TEST_SHARE),
            validation: config.validation.unwrap_or(VALIDATION_SHARE),
        }
    }

    /// Of the stored training part of `source`.
    pub(super) fn of(source: &Source, config: &DataConfig) -> Self {
        let (train, given) = (&source.train, config.test.or(config.validation).is_some());
        let split = source.test.is_some() || source.validation.is_some();
        let known = any_label(train) || !train.tag_names().is_empty();
        if given || split || known {
            return Self::labelled(config);
        }
        Self {
            test: 0.0,
            validation: UNLABELLED_SHARE.min(MOST_UNLABELLED / train.len() as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::{Dataset, Image};
    use crate::error::{Error, Result};

    /// So many images without labels, or with one and the same.
    struct Heap(usize, Option<u32>);

    impl Dataset for Heap {
        fn len(&self) -> usize {
            self.0
        }

        fn get(&self, _: usize) -> Result<Image> {
            Err(Error::Failed("nothing is read".into()))
        }

        fn label(&self, _: usize) -> Option<u32> {
            self.1
        }

        fn classes(&self) -> &[String] {
            &[]
        }

        fn id(&self, index: usize) -> String {
            index.to_string()
        }
    }

    fn source(images: usize, label: Option<u32>, test: bool) -> Source {
        let heap = || Arc::new(Heap(images, label));
        Source {
            train: heap(),
            validation: None,
            test: test.then(|| heap() as _),
            channels: 1,
        }
    }

    #[test]
    fn little_is_held_out_where_nothing_can_be_judged_unless_a_key_says_so() {
        let keys = |test, validation| DataConfig {
            test,
            validation,
            ..DataConfig::default()
        };
        let shares = |source, keys| {
            let found = Shares::of(&source, &keys);
            [found.test, found.validation]
        };
        let none = || keys(None, None);
        assert_eq!(shares(source(4000, None, false), none()), [0.0, 0.05]);
        assert_eq!(shares(source(50_000, None, false), none()), [0.0, 0.02]); // 1,000 images
        assert_eq!(shares(source(4000, Some(1), false), none()), [0.2, 0.1]);
        assert_eq!(shares(source(4000, None, true), none()), [0.2, 0.1]);
        let as_before = keys(None, Some(0.1)); // what earlier versions wrote into config.toml
        assert_eq!(shares(source(4000, None, false), as_before), [0.2, 0.1]);
        let own = keys(Some(0.3), Some(0.0));
        assert_eq!(shares(source(4000, None, false), own.clone()), [0.3, 0.0]);
        assert_eq!(shares(source(4000, Some(1), false), own), [0.3, 0.0]);
    }
}

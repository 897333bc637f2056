//! The parts that a data set is split into.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// What is trained on.
    Train,
    /// What choices are made on.
    Validation,
    /// What the final card is measured on.
    Test,
    /// Every image.
    All,
}

impl Part {
    /// As configurations and commands name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
            Self::All => "all",
        }
    }

    /// The part that a file or folder name such as `train`, `t10k`, `val2017`, `testA` or `training_set` stands for.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let (part, rest) = Self::in_name(name)?;
        is_neutral(&rest).then_some(part)
    }

    /// The part that a word of `name` stands for, and the other words: (`Train`, `seg`) of `seg_train`.
    ///
    /// The word may be followed by digits or one letter; a name that speaks of two parts is of none.
    pub(super) fn in_name(name: &str) -> Option<(Self, String)> {
        let name = name.to_lowercase();
        let words = name.split(|c: char| !c.is_alphanumeric());
        let (mut part, mut rest) = (None, Vec::new());
        for word in words.filter(|word| !word.is_empty()) {
            match (Self::of_word(word), part) {
                (Some(found), None) => part = Some(found),
                (Some(found), Some(known)) if found != known => return None,
                (Some(_), Some(_)) => {}
                (None, _) => rest.push(word),
            }
        }
        Some((part?, rest.join("_")))
    }

    fn of_word(word: &str) -> Option<Self> {
        let exact = |word: &str| match word {
            "train" | "training" | "trainval" => Some(Self::Train),
            "test" | "testing" | "t10k" => Some(Self::Test),
            "val" | "valid" | "validation" | "dev" => Some(Self::Validation),
            _ => None,
        };
        let before_letter = |word: &str| {
            let short = word.strip_suffix(|c: char| c.is_ascii_alphabetic())?;
            exact(short).filter(|_| ["train", "test", "val"].contains(&short))
        };
        let before_set = |word: &str| exact(word.strip_suffix("set")?);
        let plain = word.trim_end_matches(|c: char| c.is_ascii_digit());
        exact(word)
            .or_else(|| exact(plain))
            .or_else(|| before_letter(word))
            .or_else(|| before_set(word))
    }
}

/// Whether what a name says beside the part, as [`Part::in_name`] returns it, belongs to no class of pictures.
pub(super) fn is_neutral(rest: &str) -> bool {
    const WORDS: [&str; 16] = [
        "set", "sets", "split", "part", "data", "dataset", "images", "image", "imgs", "img",
        "pictures", "photos", "folder", "files", "full", "all",
    ];
    let mut words = rest.split('_').filter(|word| !word.is_empty());
    words.all(|word| WORDS.contains(&word) || word.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_parts_are_told_from_names_of_classes() {
        for (part, names) in [
            (
                Part::Train,
                "train training training_set train2017 trainA Train_Images trainset",
            ),
            (
                Part::Test,
                "test testing test_set test2017 testB t10k TEST test-1",
            ),
            (
                Part::Validation,
                "val valid validation val2017 valA dev val_256",
            ),
        ] {
            for name in names.split(' ') {
                assert_eq!(Part::of_name(name), Some(part), "{name}");
            }
        }
        for name in "train_station testudo valley device contest trainer bullet_train test_tube train_test cat"
            .split(' ')
        {
            assert_eq!(Part::of_name(name), None, "{name}");
        }
        assert_eq!(
            Part::in_name("seg_train"),
            Some((Part::Train, "seg".into()))
        );
        assert_eq!(Part::in_name("seg_pred"), None);
    }
}

//! The key that says which folders are classes.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Which folders above a picture name its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassLevel {
    /// Those at this level, 1 at the top.
    Top(usize),
    /// The one that the picture lies in.
    Last,
}

/// More folders above a picture than any file system allows.
const DEEPEST: u64 = 255;

impl Serialize for ClassLevel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Top(level) => serializer.serialize_u64(*level as u64),
            Self::Last => serializer.serialize_str("last"),
        }
    }
}

impl<'de> Deserialize<'de> for ClassLevel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Level)
    }
}

struct Level;

impl Visitor<'_> for Level {
    type Value = ClassLevel;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a level of folders: 1 at the top, 2, …, or \"last\"")
    }

    fn visit_u64<E: Error>(self, level: u64) -> Result<ClassLevel, E> {
        if (1..=DEEPEST).contains(&level) {
            return Ok(ClassLevel::Top(level as usize));
        }
        Err(E::invalid_value(
            serde::de::Unexpected::Unsigned(level),
            &self,
        ))
    }

    fn visit_i64<E: Error>(self, level: i64) -> Result<ClassLevel, E> {
        self.visit_u64(u64::try_from(level).unwrap_or(0))
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<ClassLevel, E> {
        if word == "last" {
            return Ok(ClassLevel::Last);
        }
        Err(E::invalid_value(serde::de::Unexpected::Str(word), &self))
    }
}

impl JsonSchema for ClassLevel {
    fn schema_name() -> Cow<'static, str> {
        "ClassLevel".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Which folders above a picture name its class.",
            "oneOf": [
                { "type": "integer", "minimum": 1, "maximum": DEEPEST, "description": "Those at this level, 1 at the top." },
                { "type": "string", "const": "last", "description": "The one that the picture lies in." },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_a_number_or_the_word_last() {
        for (text, level) in [("1", ClassLevel::Top(1)), ("\"last\"", ClassLevel::Last)] {
            assert_eq!(serde_json::from_str::<ClassLevel>(text).unwrap(), level);
            assert_eq!(serde_json::to_string(&level).unwrap(), text);
        }
        for text in ["0", "-1", "256", "\"first\"", "1.5"] {
            let problem = serde_json::from_str::<ClassLevel>(text).unwrap_err();
            assert!(problem.to_string().contains("1 at the top"), "{problem}");
        }
    }
}

//! The class of one sample, from a small field beside its picture.

use serde_json::{Map, Value};

/// Keys of a `.json` field under which a class usually stands.
const USUAL: [&str; 3] = ["label", "class", "cls"];

/// What one sample says of its class.
#[derive(Debug, PartialEq)]
pub(super) enum Label {
    /// Nothing.
    Missing,
    /// The number of a class; below 0 of none.
    Number(i64),
    /// The name of a class.
    Word(String),
    /// Something that is no class, and why.
    NoClass(String),
}

/// The class in a field of text: an integer, or where `words` may stand there the name of a class.
pub(super) fn of_text(text: &[u8], words: bool) -> Label {
    let Ok(text) = std::str::from_utf8(text) else {
        return Label::NoClass("is no text".into());
    };
    let text = text.trim();
    match text.parse() {
        _ if text.is_empty() => Label::Missing,
        Ok(number) => Label::Number(number),
        Err(_) if words && !text.contains('\n') => Label::Word(text.into()),
        Err(_) => {
            let start: String = text.chars().take(40).collect();
            Label::NoClass(format!(
                "holds `{}`, which is no class number",
                start.escape_debug()
            ))
        }
    }
}

/// The class in a `.json` field, under the key `wanted`, or without a wish `label`, `class` or `cls`.
pub(super) fn of_json(json: &[u8], wanted: Option<&str>) -> Label {
    let Ok(value) = serde_json::from_slice::<Value>(json) else {
        return Label::NoClass("is no JSON".into());
    };
    let key = value.as_object().and_then(|map| key_of(map, wanted));
    let found = key.and_then(|key| value.get(key));
    let whole =
        |number: f64| (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64);
    match found {
        None | Some(Value::Null) => Label::Missing,
        Some(Value::Bool(value)) => Label::Word(value.to_string()),
        Some(Value::String(word)) if word.is_empty() => Label::Missing,
        Some(Value::String(word)) => Label::Word(word.clone()),
        Some(Value::Number(number)) => {
            let integer = number.as_i64().or_else(|| whole(number.as_f64()?));
            let none = || Label::NoClass(format!("holds {number}, which is no class"));
            integer.map_or_else(none, Label::Number)
        }
        Some(Value::Array(_) | Value::Object(_)) => {
            Label::NoClass("holds a list or a map, which is no class".into())
        }
    }
}

/// The key of a `.json` field that the class is looked for under.
pub(super) fn key_of<'a>(map: &Map<String, Value>, wanted: Option<&'a str>) -> Option<&'a str> {
    let usual = || USUAL.into_iter().find(|key| map.contains_key(*key));
    wanted.map_or_else(usual, |key| map.contains_key(key).then_some(key))
}

/// The keys of a `.json` field.
pub(super) fn keys(json: &[u8]) -> Vec<String> {
    match serde_json::from_slice(json) {
        Ok(Value::Object(map)) => map.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_are_classes_and_lists_and_fractions_are_none() {
        let word = |word: &str| Label::Word(word.into());
        assert_eq!(of_text(b" 7\n", false), Label::Number(7));
        assert_eq!(of_text(b"-1", false), Label::Number(-1));
        assert_eq!(of_text(b"\n", false), Label::Missing);
        assert_eq!(of_text(b"big cat\n", true), word("big cat"));
        for text in [&b"cat"[..], b"1.5", b"1 2", b"\xff"] {
            assert!(matches!(of_text(text, false), Label::NoClass(_)));
        }
        for (json, label) in [
            (r#"{"label": 3}"#, Label::Number(3)),
            (r#"{"label": 3.0}"#, Label::Number(3)),
            (r#"{"class": "cat", "cls": 1}"#, word("cat")),
            (r#"{"label": null}"#, Label::Missing),
            (r#"{"other": 3}"#, Label::Missing),
            ("3", Label::Missing),
            (r#"{"label": true}"#, word("true")),
        ] {
            assert_eq!(of_json(json.as_bytes(), None), label, "{json}");
        }
        for json in [
            r#"{"label": 1.5}"#,
            r#"{"label": [1]}"#,
            "{",
            r#"{"label": 1e300}"#,
        ] {
            assert!(matches!(of_json(json.as_bytes(), None), Label::NoClass(_)));
        }
        let genus = |key| of_json(br#"{"label": 3, "genus": "felis"}"#, Some(key));
        assert_eq!(
            (genus("genus"), genus("kind")),
            (word("felis"), Label::Missing)
        );
        assert_eq!(keys(br#"{"b": 3, "a": 1}"#).len(), 2);
    }
}

//! One visible list per family: from it come the config parser, the names, the docs, the JSON schema.
//!
//! A part is a struct with `#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default)]` and
//! `#[serde(default, deny_unknown_fields)]`; the first sentence of its doc comment is its line in `ravine list`.

/// What `ravine list` and the schema say about one part of a family.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name used as `kind` in a configuration.
    pub name: &'static str,
    /// First sentence of the part's documentation.
    pub about: String,
    /// Its keys with their default values, as TOML.
    pub defaults: String,
}

/// Names to choose from, in a sentence: `` `a`, `b` or `c` ``.
#[must_use]
pub fn either(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// First sentence of a schema's description.
///
/// A full stop ends it where a capital letter follows and no abbreviation (`et al.`) precedes. Links between items are
/// their names.
#[must_use]
pub fn first_sentence(schema: &schemars::Schema) -> String {
    let text = schema
        .get("description")
        .and_then(|d| d.as_str())
        .unwrap_or_default();
    let text = text
        .split("\n\n")
        .next()
        .unwrap_or_default()
        .replace('\n', " ");
    let ends = text.match_indices(". ").map(|(at, _)| at);
    let end = ends
        .filter(|&at| !text[..at].ends_with(" al"))
        .find(|&at| text[at + 2..].starts_with(char::is_uppercase));
    text[..end.map_or(text.len(), |at| at + 1)]
        .trim()
        .replace("[`", "`")
        .replace("`]", "`")
}

/// Cut the example out of a schema's description: it is written for users of the library.
pub fn without_example(schema: &mut schemars::Schema) {
    let text = schema.get("description").and_then(|d| d.as_str());
    if let Some((text, _)) = text.and_then(|text| text.split_once("```")) {
        let text = text.trim_end().to_string();
        schema.insert("description".into(), text.into());
    }
}

/// Declare a family: an enum tagged by `kind`, one variant a part, and the list made from it.
///
/// `part()` gives the trait object; `NAMES`, `entries()` and `defaults()` serve the command line and the laws.
#[macro_export]
macro_rules! family {
    ($(#[$meta:meta])* $family:ident: $part:path { $($name:literal => $variant:ident($config:ty)),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(tag = "kind")]
        #[allow(missing_docs, reason = "the structs inside are documented")]
        pub enum $family { $(#[serde(rename = $name)] $variant($config)),+ }

        impl $family {
            /// The names that `kind` may take, in the order of the list.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// The part itself.
            #[must_use]
            pub fn part(&self) -> &(dyn $part + 'static) {
                match self { $(Self::$variant(part) => part),+ }
            }

            /// The name of this part.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name),+ }
            }

            /// Every part of the family with its default settings.
            #[must_use]
            pub fn defaults() -> Vec<Self> {
                vec![$(Self::$variant(<$config>::default())),+]
            }

            /// Name, first sentence and default settings of every part.
            #[must_use]
            pub fn entries() -> Vec<$crate::registry::Entry> {
                vec![$($crate::registry::Entry {
                    name: $name,
                    about: $crate::registry::first_sentence(&schemars::schema_for!($config)),
                    defaults: toml::to_string(&<$config>::default()).unwrap_or_default(),
                }),+]
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twice, `2 x`, as [`usize`] has it.
    ///
    /// Choose it for pairs.
    ///
    /// ```
    /// assert_eq!(2 * 2, 4);
    /// ```
    #[derive(schemars::JsonSchema)]
    #[allow(dead_code, reason = "only its schema is looked at")]
    struct Twice {}

    #[test]
    fn a_schema_describes_a_part_without_its_example() {
        let mut schema = schemars::schema_for!(Twice);
        assert_eq!(first_sentence(&schema), "Twice, `2 x`, as `usize` has it.");
        without_example(&mut schema);
        let text = "Twice, `2 x`, as [`usize`] has it.\n\nChoose it for pairs.";
        assert_eq!(
            schema.get("description").and_then(|d| d.as_str()),
            Some(text)
        );
    }
}

//! Parts of a data set as the command line names them.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::data::Part;

/// Reads one of the `allowed` parts by its name.
pub(super) fn one_of<const N: usize>(allowed: [Part; N]) -> impl TypedValueParser<Value = Part> {
    PossibleValuesParser::new(allowed.map(Part::name)).try_map(move |name| {
        let found = allowed.into_iter().find(|part| part.name() == name);
        found.ok_or("there is no such part")
    })
}

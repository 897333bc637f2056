//! Parts of a data set as the command line names them.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::data::Part;

/// Reads one of `all` by its `name`.
pub(super) fn by_name<T: Copy + Send + Sync + 'static, const N: usize>(
    all: [T; N],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.map(name)).try_map(move |given| {
        let found = all.into_iter().find(|one| name(*one) == given);
        found.ok_or("there is no such name")
    })
}

/// Reads one of the `allowed` parts by its name.
pub(super) fn one_of<const N: usize>(allowed: [Part; N]) -> impl TypedValueParser<Value = Part> {
    by_name(allowed, Part::name)
}

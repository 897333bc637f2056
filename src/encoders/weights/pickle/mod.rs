//! Python's pickles as plain objects: a class stays a name, a call stays its arguments, nothing is run.

mod heap;
mod machine;
mod source;

pub(super) use heap::{Heap, Id, NONE, Object, Read};
pub(super) use machine::read;

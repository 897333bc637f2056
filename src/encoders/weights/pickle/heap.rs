//! The objects of a pickle.

/// What reading gives, or the end of a sentence that starts with the file.
pub(in super::super) type Read<T> = std::result::Result<T, String>;

/// The place of an object among all: what is shared stays shared, and nothing is nested in memory.
pub(in super::super) type Id = u32;

/// The one `None`.
pub(in super::super) const NONE: Id = 0;

/// A Python object.
#[derive(Debug)]
pub(in super::super) enum Object {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// Bytes, or a whole number that 64 bits do not hold.
    Opaque,
    /// `module.Class`, by its name.
    Class(String),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// What calling `by` with `of` would give, then set to `state` and filled with `pairs`.
    Made {
        by: Id,
        of: Id,
        state: Id,
        pairs: Vec<(Id, Id)>,
    },
    /// What lies outside of the pickle under this description.
    Stored(Id),
}

/// All objects of a pickle.
#[derive(Debug, Default)]
pub(in super::super) struct Heap {
    pub(super) objects: Vec<Object>,
}

impl Heap {
    /// The object at `id`.
    pub(in super::super) fn get(&self, id: Id) -> &Object {
        self.objects.get(id as usize).unwrap_or(&Object::None)
    }

    /// All objects, in the order in which they were made.
    pub(in super::super) fn all(&self) -> impl Iterator<Item = &Object> {
        self.objects.iter()
    }

    pub(in super::super) fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Object::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(in super::super) fn tuple(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Object::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// A whole number that is not negative.
    pub(in super::super) fn count(&self, id: Id) -> Option<usize> {
        match self.get(id) {
            Object::Int(number) => usize::try_from(*number).ok(),
            _ => None,
        }
    }

    /// A tuple or list of finite numbers.
    pub(in super::super) fn numbers(&self, id: Id) -> Option<Vec<f64>> {
        let (Object::Tuple(items) | Object::List(items)) = self.get(id) else {
            return None;
        };
        let number = |&item: &Id| match self.get(item) {
            Object::Float(number) if number.is_finite() => Some(*number),
            Object::Int(number) => Some(*number as f64),
            _ => None,
        };
        items.iter().map(number).collect()
    }

    /// The class that made an object, as `module.Class`; empty for plain values.
    pub(in super::super) fn class(&self, mut id: Id) -> &str {
        for _ in 0..8 {
            match self.get(id) {
                Object::Class(name) => return name,
                Object::Made { by, .. } => id = *by,
                _ => break,
            }
        }
        ""
    }
}

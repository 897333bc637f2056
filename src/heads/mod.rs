//! Heads: the energies of answers, on top of an encoder's features.

mod multi_class;

pub use multi_class::MultiClass;

use crate::error::Result;
use crate::graph::{Graph, NodeId};

/// Turns features into energies of answers.
pub trait Head: Send + Sync {
    /// Append to `graph`, after `features`, what computes the energies of all `classes` answers (B, classes).
    ///
    /// # Errors
    /// Fewer than two classes, or features of the wrong shape.
    fn append(&self, graph: &mut Graph, features: NodeId, classes: usize) -> Result<NodeId>;
}

crate::family! {
    /// Heads by name.
    HeadKind: Head {
        "multi_class" => MultiClass(MultiClass),
    }
}

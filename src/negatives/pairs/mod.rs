//! Which pairs of the views of a batch are compared: whose view is a right answer to a view, and whose a wrong one.

mod embeddings;
mod exclude;
mod in_batch;
mod memory;
mod none;
mod other_classes;
mod other_view;
mod others;
mod part;
mod queue;
mod table;
mod triplets;

pub use embeddings::Embeddings;
pub use in_batch::InBatch;
pub use memory::Memory;
pub use none::NoNegatives;
pub use other_classes::OtherClasses;
pub use other_view::OtherView;
pub use part::{Pairs, WrongFrom};
pub use queue::Queue;
pub use triplets::{Mining, Triplets};

crate::family! {
    /// Pairs of views that are compared, by name.
    PairsKind: Pairs {
        "in_batch" => InBatch(InBatch),
        "other_view" => OtherView(OtherView),
        "other_classes" => OtherClasses(OtherClasses),
        "triplets" => Triplets(Triplets),
        "queue" => Queue(Queue),
        "none" => NoNegatives(NoNegatives),
    }
}

impl Default for PairsKind {
    fn default() -> Self {
        Self::InBatch(InBatch::default())
    }
}

//! One page of HTML that shows runs: it opens without a network and needs nothing beside it.
//!
//! | part | reads |
//! |---|---|
//! | [`RunRecord`] | a run folder: configuration, journal, card, quarantine; never a network |
//! | [`RunPictures`] | a table of the run's embeddings and the pictures it is of: map, neighbors, views |
//! | [`report`] | both, and writes the page |
//! | [`map_page`] | a table alone, and writes a page with its map |
//!
//! Every name from outside (files, classes, configurations, reasons) is escaped where it enters the page; the page's own
//! rules (a content security policy) forbid it to load anything. Equal inputs give equal bytes.

mod album;
mod atlas;
mod card;
mod compared;
mod confusion;
mod gallery;
mod html;
mod journal;
mod origins;
mod page;
mod pictures;
mod put_aside;
mod record;
mod settings;
mod sprite;
mod summary;
mod views;

pub use album::Album;
pub use atlas::Atlas;
pub use page::{Report, live_data, map_page, report};
pub use pictures::RunPictures;
pub use record::RunRecord;

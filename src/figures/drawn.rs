//! What a figure is handed on as.

use crate::plot::{Drawing, Figure};

/// A figure under the name of its files.
pub type Named = (&'static str, Figure);

/// A boxed drawing, to be put on a sheet.
pub(super) type Drawn = Box<dyn Drawing>;

//! The views that a run's augmentation makes.

use std::fmt::Write;

use super::album::Viewed;
use super::html::escaped;
use super::sprite::alone;
use crate::error::Result;

/// Views of a picture that are shown.
const SHOWN: usize = 10;

/// A row of pictures each.
///
/// # Errors
/// A picture that cannot be written.
pub(super) fn views(all: &[Viewed]) -> Result<String> {
    let mut out = String::from("<div class=\"views\">");
    for one in all {
        let id = escaped(&one.id);
        let _ = write!(
            out,
            "<figure><div><img src=\"{}\" alt=\"{id} without augmentation\">",
            alone(&one.plain)?
        );
        for (view, i) in one.views.iter().zip(1..).take(SHOWN) {
            let _ = write!(
                out,
                "<img class=\"view\" src=\"{}\" alt=\"view {i} of {id}\">",
                alone(view)?
            );
        }
        let _ = write!(out, "</div><figcaption>{id}</figcaption></figure>");
    }
    Ok(out + "</div>")
}

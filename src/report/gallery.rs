//! Pictures with their nearest neighbors.

use std::fmt::Write;

use super::atlas::Atlas;
use super::html::escaped;

/// A line of pictures for each row of the gallery of map number `index`.
pub(super) fn gallery(atlas: &Atlas, index: usize) -> String {
    let mut out = String::from("<ol class=\"gallery\">");
    for &row in &atlas.gallery {
        let _ = write!(
            out,
            "<li><figure class=\"asked\">{}</figure><ul>",
            picture(atlas, index, row, "")
        );
        for near in atlas.near.get(&row).into_iter().flatten() {
            let agrees = atlas
                .class(row)
                .zip(atlas.class(near.row))
                .map(|(a, b)| a == b);
            let kind = match agrees {
                Some(true) => "same",
                Some(false) => "other",
                None => "unknown",
            };
            let below = format!("{:.3}", near.cosine);
            let _ = write!(
                out,
                "<li class=\"{kind}\">{}</li>",
                picture(atlas, index, near.row, &below)
            );
        }
        out.push_str("</ul></li>");
    }
    out + "</ol>"
}

/// One picture with its class below, or its name where it has no picture.
fn picture(atlas: &Atlas, index: usize, row: usize, beside: &str) -> String {
    let (id, class) = (escaped(&atlas.id(row)), atlas.class(row).map(escaped));
    let label = class
        .as_ref()
        .map_or_else(|| id.clone(), |class| format!("{id}, class {class}"));
    let caption = class.unwrap_or_default();
    let beside = if beside.is_empty() {
        String::new()
    } else {
        format!("<small>{beside}</small>")
    };
    match (atlas.place.get(&row), &atlas.sprite) {
        (Some(place), Some(sprite)) => format!(
            "<span class=\"pic sheet{index}\" role=\"img\" aria-label=\"{label}\" title=\"{label}\" style=\"--x:{};--y:{}\"></span>\
             <span class=\"name\">{caption}</span>{beside}",
            place % sprite.columns,
            place / sprite.columns
        ),
        _ => format!(
            "<span class=\"pic missing\" title=\"{label}\">{id}</span><span class=\"name\">{caption}</span>{beside}"
        ),
    }
}

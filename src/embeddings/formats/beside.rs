//! The ids, parts and classes that `ravine embed` writes beside a matrix: `<stem>.labels.csv`.

use std::path::Path;

use crate::embeddings::filling::Filling;
use crate::error::{Error, Result};

/// Read them where the file is there.
pub(super) fn read(path: &Path, into: &mut Filling) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let wrong = |e: ::csv::Error| Error::data(path, format!("cannot be read ({e}); embed again"));
    let mut rows = ::csv::Reader::from_path(path).map_err(wrong)?;
    let names = rows.headers().map_err(wrong)?.clone();
    let place = |wanted: &str| names.iter().position(|name| name == wanted);
    let (Some(id), part, label, class) =
        (place("id"), place("part"), place("label"), place("class"))
    else {
        return Err(Error::data(path, "has no column `id`; embed again"));
    };
    for row in rows.records() {
        let row = row.map_err(wrong)?;
        let cell = |place: Option<usize>| place.and_then(|p| row.get(p)).filter(|c| !c.is_empty());
        into.ids.push(row.get(id).unwrap_or_default().into());
        into.parts.push(cell(part));
        into.classes.push(cell(class).or_else(|| cell(label)));
    }
    Ok(())
}

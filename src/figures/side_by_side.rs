//! Several runs on one figure, each on its own scale.

use super::drawn::Drawn;
use super::opened::Opened;
use super::vectors::heat_map;
use super::view::views;
use super::{classes, energies};
use crate::error::{Error, Result};
use crate::heads::Space;
use crate::plot::{Figure, HeatMap, sheet};

/// Side of a surface, in points.
const SIDE: f64 = 290.0;

/// The surface of each run (histograms where answers are classes), and below it its energies over the training.
///
/// # Errors
/// A run has nothing to show in this way, or a tensor operation failed.
pub(super) fn figure(runs: &[Opened]) -> Result<Figure> {
    let mut notes = vec!["Each panel has its own scale.".to_string()];
    let (mut surfaces, mut courses) = (Vec::new(), Vec::new());
    for run in runs {
        let (drawing, note) = surface(run)?;
        notes.push(format!("{}: {}{note}", run.name(), run.note()));
        let inner = (drawing.size().0 - 90.0, 190.0);
        surfaces.push(drawing);
        if let Some(course) = energies::course(run, &run.name(), inner) {
            courses.push(Box::new(course) as Drawn);
        }
    }
    let names: Vec<String> = runs.iter().map(Opened::name).collect();
    let title = format!("{}: energies side by side", names.join(" and "));
    Ok(sheet(&title, &notes, &[surfaces, courses]))
}

fn surface(run: &Opened) -> Result<(Drawn, String)> {
    if let Space::Classes(classes) = run.task.space {
        return Ok((classes::now(run, classes)?, String::new()));
    }
    let views = views(run);
    let (Some(tables), Some(view)) = (run.tables(), views.get(views.len() / 2)) else {
        return Err(nothing(run));
    };
    let (map, note) = heat_map(run, tables, view, SIDE)?;
    let question = if view.question().is_empty() { "" } else { ", " };
    let title = format!("{}{question}{}", run.name(), view.question());
    let bar = Some(format!("energy of {}", run.name()));
    let map = HeatMap { title, bar, ..map };
    Ok((Box::new(map), format!("; {note}")))
}

fn nothing(run: &Opened) -> Error {
    Error::Usage(format!(
        "{} has no surface to stand beside others: answers of one or two numbers, or classes, have one",
        run.folder.root().display()
    ))
}

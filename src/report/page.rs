//! The page: its parts in order, the data that it draws, its style and script.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::atlas::Atlas;
use super::html::{escaped, filled, json as within, section, table};
use super::pictures::RunPictures;
use super::record::RunRecord;
use super::sprite::Sprite;
use super::{card, compared, confusion, gallery, put_aside, settings, summary, views};
use crate::error::Result;
use crate::judge::metrics;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = concat!(
    include_str!("page/style.css"),
    include_str!("page/parts.css")
);
const SCRIPT: &str = concat!(
    include_str!("page/core.js"),
    include_str!("page/charts.js"),
    include_str!("page/histograms.js"),
    include_str!("page/map.js"),
    include_str!("page/start.js"),
);

/// What the page may load: nothing but what stands in it, and of a live one its own address.
const CLOSED: &str =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
const LIVE: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'";

/// Parts that each run has of its own; links lead to those of the first until another is picked.
const OF_RUN: [(&str, &str); 8] = [
    ("energies-0", "Energies"),
    ("map-0", "Map"),
    ("neighbors-0", "Neighbors"),
    ("views-0", "Views"),
    ("confusion-0", "Confusion"),
    ("card-0", "Card"),
    ("config-0", "Configuration"),
    ("quarantine-0", "Quarantine"),
];

/// What a report is made of.
pub struct Report<'a> {
    /// The runs, in the order in which they are shown.
    pub runs: &'a [RunRecord],
    /// Pictures of each run: those, or why there are none.
    pub pictures: Vec<std::result::Result<RunPictures, String>>,
    /// Whether the page asks again for what is new.
    pub live: bool,
}

/// The page of one or several runs.
///
/// # Errors
/// A picture that cannot be written.
pub fn report(report: &Report) -> Result<String> {
    let runs = report.runs;
    let mut body = section("verdict", "Verdict", "", &summary::cards(runs));
    let mut parts = vec![("verdict", "Verdict")];
    if runs.len() > 1 {
        let both = format!(
            "{}<h3>Where the configurations differ</h3>{}",
            compared::reached(runs),
            compared::differing(runs)
        );
        body += &section("compared", "Compared", "", &both);
        parts.push(("compared", "Compared"));
    }
    let about = "The line of a number over training, one colour a run. Point at a line to read it; with the keyboard, move to \
                 a chart and use the arrow keys.";
    body += &section(
        "training",
        "Training",
        about,
        "<div id=\"charts\" class=\"charts\"></div>",
    );
    parts.push(("training", "Training"));
    let mut style = STYLE.to_string();
    let mut maps = Vec::new();
    for (index, (run, pictures)) in runs.iter().zip(&report.pictures).enumerate() {
        let shown = of_run((run, report.live), pictures, index, (&mut style, &mut maps))?;
        let hidden = if index > 0 { " hidden" } else { "" };
        let name = escaped(&run.name);
        let _ = write!(
            body,
            "<div class=\"of-run\" data-run=\"{index}\" aria-label=\"details of {name}\" role=\"group\"{hidden}>{shown}</div>"
        );
    }
    let there = |(id, _): &&(&str, &str)| {
        let part = id.trim_end_matches('0');
        (0..runs.len()).any(|i| body.contains(&format!("<section id=\"{part}{i}\"")))
    };
    parts.extend(OF_RUN.iter().filter(there));
    let mut data = data(runs);
    data["maps"] = json!(maps);
    data["live"] = json!(report.live);
    let title = match runs {
        [run] => run.name.clone(),
        runs => format!("{} runs", runs.len()),
    };
    page(
        &title,
        &parts,
        &picker(runs),
        (&body, &style),
        &data,
        report.live,
    )
}

/// Everything of one run that is not drawn over others.
fn of_run(
    (run, live): (&RunRecord, bool),
    pictures: &std::result::Result<RunPictures, String>,
    index: usize,
    (style, maps): (&mut String, &mut Vec<Value>),
) -> Result<String> {
    let id = |part: &str| format!("{part}-{index}");
    let mut out = String::new();
    if live || !run.told.histograms.is_empty() {
        let (title, about) = if run.answers {
            ("Energies of right and wrong answers", ANSWERS)
        } else {
            ("Energies of right and wrong pairs", PAIRS)
        };
        let body = format!("<div class=\"histogram\" data-run=\"{index}\"></div>");
        out += &section(&id("energies"), title, about, &body);
    }
    match pictures {
        Ok(pictures) => {
            out += &of_pictures(pictures, index)?;
            *style += &sheet(pictures.atlas.sprite.as_ref(), index);
            maps.push(pictures.atlas.data());
        }
        Err(why) => {
            maps.push(Value::Null);
            if !why.is_empty() {
                let why = format!("<p>{}</p>", escaped(why));
                out += &section(&id("map"), "Map of the embeddings", "", &why);
            }
        }
    }
    out += &confusion::matrices(run, &id("confusion"));
    out += &section(&id("card"), "Card", "", &card::card(run));
    let about = "Where each value comes from: the defaults, the preset of this method that is nearest, the data, or this run \
                 (a file, an argument, or what was fitted to the data).";
    out += &section(
        &id("config"),
        "Configuration",
        about,
        &settings::settings(run),
    );
    out += &section(
        &id("quarantine"),
        "Quarantine",
        "Images that could not be read, and were left out.",
        &put_aside::put_aside(run),
    );
    Ok(out)
}

fn of_pictures(pictures: &RunPictures, index: usize) -> Result<String> {
    let atlas = &pictures.atlas;
    let mut out = section(
        &format!("map-{index}"),
        "Map of the embeddings",
        MAP,
        &map(atlas, index),
    );
    if atlas.near.values().any(|near| !near.is_empty()) {
        let about = "Pictures and those whose embeddings are nearest, by cosine. A solid rim is of the same class, a broken one \
                     of another.";
        out += &section(
            &format!("neighbors-{index}"),
            "Nearest neighbors",
            about,
            &gallery::gallery(atlas, index),
        );
    }
    if !pictures.views.is_empty() {
        let about = "Pictures of the training part, each followed by the views of the first epoch: what is a right pair to this run.";
        out += &section(
            &format!("views-{index}"),
            "What augmentation makes of pictures",
            about,
            &views::views(&pictures.views)?,
        );
    }
    Ok(out)
}

const PAIRS: &str = "How the energies of right pairs (two views of one picture) and of wrong ones are distributed, at each look of the \
                     online probe. Low is compatible: right pairs should lie left.";

const ANSWERS: &str = "How the energies of right answers and of the most offending wrong ones to the same questions are distributed at \
                       the end. Low is compatible: right answers should lie left.";

const MAP: &str = "Each point is a row of the table of embeddings; near points are similar. Drag to move, point to see, click to keep a \
                   point and its neighbors; after a click, scroll to zoom. With the keyboard: arrow keys go to the next point, \
                   Enter keeps it, + and - zoom, 0 shows all.";

/// Where the map is drawn, and what it tells without being seen.
fn map(atlas: &Atlas, index: usize) -> String {
    let mut of: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    for (row, near) in &atlas.near {
        let class = atlas.class(*row).unwrap_or("no class");
        let same = near
            .iter()
            .filter(|near| atlas.class(near.row) == Some(class))
            .count();
        let sums = of.entry(class).or_default();
        *sums = (sums.0 + 1, sums.1 + same, sums.2 + near.len());
    }
    let rows: Vec<Vec<String>> = of
        .iter()
        .map(|(class, (rows, same, all))| {
            let share = super::html::percent(*same as f64 / (*all).max(1) as f64);
            vec![escaped(class), rows.to_string(), share]
        })
        .collect();
    let head = [
        "class",
        "rows looked at",
        "share of their neighbors that are of the class",
    ]
    .map(String::from);
    format!(
        "<div class=\"map\" data-run=\"{index}\"></div><details><summary>The map as a table</summary>{}</details>",
        table("Classes and their neighbors", &head, &rows)
    )
}

/// The style of the sheet that small pictures of map number `index` are cut from.
fn sheet(sprite: Option<&Sprite>, index: usize) -> String {
    let Some(sprite) = sprite else {
        return String::new();
    };
    let sharp = if sprite.side <= 16 {
        "image-rendering:pixelated;"
    } else {
        ""
    };
    format!(
        ".sheet{index}{{--columns:{};--rows:{};{sharp}background-image:url({})}}",
        sprite.columns, sprite.rows, sprite.address
    )
}

/// Which run's details are shown; empty for one run.
fn picker(runs: &[RunRecord]) -> String {
    if runs.len() < 2 {
        return String::new();
    }
    let option = |(i, run): (usize, &RunRecord)| {
        format!("<option value=\"{i}\">{}</option>", escaped(&run.name))
    };
    let options: String = runs.iter().enumerate().map(option).collect();
    format!("<label class=\"picker\">Details of <select id=\"picker\">{options}</select></label>")
}

/// Curves, histograms and what their names mean.
fn data(runs: &[RunRecord]) -> Value {
    let about = metrics::entries()
        .into_iter()
        .map(|entry| (entry.name.to_string(), json!(entry.about)));
    let run = |run: &RunRecord| {
        json!({
            "name": run.name, "method": run.method, "state": summary::state(run),
            "verdict": summary::said(run).map(|said| said.verdict),
            "answers": run.answers, "curves": run.told.curves, "histograms": run.told.histograms,
        })
    };
    json!({ "about": about.collect::<serde_json::Map<_, _>>(), "runs": runs.iter().map(run).collect::<Vec<_>>() })
}

/// What a live page asks for: curves, histograms, verdicts.
///
/// # Errors
/// Never, but for numbers that JSON cannot hold.
pub fn live_data(runs: &[RunRecord]) -> Result<String> {
    let mut data = data(runs);
    data["summary"] = json!(summary::cards(runs));
    within(&data)
}

/// A page with the map of a table alone.
///
/// # Errors
/// A picture that cannot be written.
pub fn map_page(title: &str, atlas: &Atlas) -> Result<String> {
    let mut body = section("map", "Map", MAP, &map(atlas, 0));
    let mut parts = vec![("map", "Map")];
    if atlas.sprite.is_some() {
        body += &section(
            "neighbors",
            "Nearest neighbors",
            "",
            &gallery::gallery(atlas, 0),
        );
        parts.push(("neighbors", "Neighbors"));
    }
    let style = STYLE.to_string() + &sheet(atlas.sprite.as_ref(), 0);
    let data = json!({ "about": {}, "runs": [], "maps": [atlas.data()], "live": false });
    page(title, &parts, "", (&body, &style), &data, false)
}

fn page(
    title: &str,
    parts: &[(&str, &str)],
    picker: &str,
    (body, style): (&str, &str),
    data: &Value,
    live: bool,
) -> Result<String> {
    let link = |(id, name): &(&str, &str)| format!("<li><a href=\"#{id}\">{name}</a></li>");
    let links: String = parts.iter().map(link).collect();
    Ok(filled(
        PAGE,
        &[
            ("title", &escaped(title)),
            ("policy", if live { LIVE } else { CLOSED }),
            ("version", env!("CARGO_PKG_VERSION")),
            ("style", style),
            ("links", &links),
            ("picker", picker),
            ("body", body),
            ("data", &within(data)?),
            ("script", SCRIPT),
        ],
    ))
}

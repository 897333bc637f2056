//! `ravine eval negatives`: different images whose energy is lowest, listed and drawn.

use std::fmt::Write;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;

use super::opened::{Args, Opened};
use crate::cli::data::panels;
use crate::cli::output::{print_json, print_text};
use crate::error::Result;
use crate::eval::{Features, rounded};
use crate::plot::{Drawing, Picture, sheet};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Listed {
    #[command(flatten)]
    of: Args,
    /// Pairs in each list; an image stands in a list once.
    #[arg(long, default_value_t = 12)]
    pairs: usize,
    /// Folder for the figure; `figures` in the run folder when left out.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Two different images.
#[derive(Clone, Debug, Serialize)]
struct Pair {
    /// Indices in the data set.
    #[serde(skip)]
    samples: [usize; 2],
    ids: [String; 2],
    classes: Option<[String; 2]>,
    /// Mean of both directions.
    energy: f64,
}

pub(super) fn run(args: &Listed, json: bool) -> Result<()> {
    let opened = args.of.open()?;
    let cloud = opened.pairs.embeddings()?;
    let right = opened.pairs.median_of_views()?;
    let energies = opened.pairs.pair_energies(&cloud)?;
    let below = energies
        .iter()
        .filter(|(energy, _)| *energy <= right)
        .count();
    let same = |[a, b]: [usize; 2]| {
        let both = cloud.label(a).zip(cloud.label(b));
        both.map(|(a, b)| a == b)
    };
    // Where classes are known they decide; else a wrong answer as low as a right one is suspected of being right.
    let is_false = |energy: f64, rows| same(rows).unwrap_or(energy <= right);
    let take = |wanted: bool| {
        let of_kind = energies
            .iter()
            .filter(|(e, rows)| is_false(*e, *rows) == wanted);
        first(of_kind, args.pairs, cloud.rows(), |energy, rows| {
            opened.pair(&cloud, energy, rows)
        })
    };
    let (likely_false, hardest) = (take(true), take(false));
    let share = below as f64 / energies.len().max(1) as f64;
    let figure = opened.figure(&likely_false, &hardest, (right, share))?;
    let own = || opened.folder.root().join("figures");
    let written = figure.write(&args.out.clone().unwrap_or_else(own), "negatives")?;
    if json {
        return print_json(&json!({
            "run": opened.folder.root().display().to_string(), "part": opened.part,
            "images": cloud.rows(), "median_right_energy": right, "share_as_low_as_right": share,
            "likely_false_negatives": likely_false, "hardest_negatives": hardest, "figures": [written],
        }));
    }
    let mut text = format!(
        "two views of one image have a median energy of {:.4}; {:.2} % of the pairs of different images are as low\n",
        rounded(right, 4),
        100.0 * share
    );
    for (title, pairs) in [
        ("likely false negatives", likely_false),
        ("hardest negatives", hardest),
    ] {
        let _ = writeln!(text, "\n{title}");
        for pair in pairs {
            let _ = writeln!(text, "  {:>8.4}  {}", rounded(pair.energy, 4), pair.named());
        }
    }
    print_text(&format!(
        "{text}\n{}\n{}\n",
        written.svg.display(),
        written.png.display()
    ))
}

/// At most `count` of `found`, lowest first, no image twice.
fn first<'a>(
    found: impl Iterator<Item = &'a (f64, [usize; 2])>,
    count: usize,
    images: usize,
    make: impl Fn(f64, [usize; 2]) -> Pair,
) -> Vec<Pair> {
    let mut used = vec![false; images];
    let mut pairs = Vec::new();
    for &(energy, [a, b]) in found {
        if pairs.len() == count {
            break;
        }
        if !used[a] && !used[b] {
            (used[a], used[b]) = (true, true);
            pairs.push(make(energy, [a, b]));
        }
    }
    pairs
}

impl Pair {
    fn named(&self) -> String {
        let name = |i: usize| match &self.classes {
            Some(classes) => format!("{} ({})", self.ids[i], classes[i]),
            None => self.ids[i].clone(),
        };
        format!("{} and {}", name(0), name(1))
    }
}

impl Opened {
    fn pair(&self, cloud: &Features, energy: f64, rows: [usize; 2]) -> Pair {
        let names = self.pairs.images.classes();
        let class = |row: usize| {
            let label = cloud.label(row)?;
            names.get(label as usize).cloned()
        };
        Pair {
            samples: rows.map(|row| cloud.samples[row]),
            ids: rows.map(|row| cloud.ids[row].clone()),
            classes: class(rows[0]).zip(class(rows[1])).map(|(a, b)| [a, b]),
            energy,
        }
    }

    /// Both lists as a contact sheet.
    fn figure(
        &self,
        likely_false: &[Pair],
        hardest: &[Pair],
        (right, share): (f64, f64),
    ) -> Result<crate::plot::Figure> {
        let mut augment = self.pairs.setup.config.augment.clone();
        (augment.mean, augment.std) = (None, None);
        let plain = augment.evaluation(self.pairs.setup.splits.channels)?;
        let drawings = |pairs: &[Pair], mark: &str| -> Result<Vec<Box<dyn Drawing>>> {
            let mut all: Vec<Box<dyn Drawing>> = Vec::new();
            for pair in pairs {
                let mut both = Vec::new();
                for index in pair.samples {
                    let image = self.pairs.images.get(index)?;
                    both.extend(panels(&plain, &image, (0, 0, 0), augment.size)?);
                }
                let classes = pair.classes.as_ref();
                let classes = classes.map_or(String::new(), |[a, b]| format!(", {a} | {b}"));
                all.push(Box::new(Picture {
                    title: format!("{mark} {:.3}{classes}", rounded(pair.energy, 3)),
                    panels: both,
                }));
            }
            Ok(all)
        };
        let groups = [drawings(likely_false, "F")?, drawings(hardest, "H")?];
        let notes = [
            format!(
                "Two views of one image have a median energy of {:.3}; {:.2} % of the pairs of different images \
                 are as low.",
                rounded(right, 3),
                100.0 * share
            ),
            "F: likely false negatives, wrong answers that may be right: of one class, or without classes as low as two \
             views of one image. H: the hardest of the other wrong answers. The number is their energy."
                .into(),
        ];
        let title = format!("Lowest energies between different images, {}", self.part);
        Ok(sheet(&title, &notes, &groups))
    }
}

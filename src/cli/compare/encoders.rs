//! Two encoders on the same images.

use std::fmt::Write;

use serde_json::json;

use super::asked::Args;
use crate::cli::output::{print_json, print_text};
use crate::cli::runs::words;
use crate::cli::table::table;
use crate::error::Result;
use crate::run::{BestNumber, ComparedEncoders, ListedRun, compare_encoders};

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let (first, second) = (
        args.chosen.open(&args.first)?,
        args.chosen.open(&args.second)?,
    );
    let changes = second.config.changes(&first.config)?;
    let changes: Vec<[String; 3]> = changes
        .into_iter()
        .filter(|change| !change.is_of_the_machine())
        .map(|change| [change.key, change.was, change.is])
        .collect();
    let runs = [
        ListedRun::read(&args.first)?,
        ListedRun::read(&args.second)?,
    ];
    let found = compare_encoders(&first, &second)?;
    if json {
        let changes = changes
            .iter()
            .map(|[key, first, second]| json!({"key": key, "first": first, "second": second}));
        let changes: Vec<_> = changes.collect();
        return print_json(&json!({"runs": runs, "compared": found, "changes": changes}));
    }
    print_text(&text(&runs, &found, &changes))
}

fn text(runs: &[ListedRun; 2], found: &ComparedEncoders, changes: &[[String; 3]]) -> String {
    let number = |number: &Option<BestNumber>| number.as_ref().map_or("-".into(), words);
    let row = |name: &str, of: &dyn Fn(&ListedRun) -> String| {
        vec![name.to_string(), of(&runs[0]), of(&runs[1])]
    };
    let rows = [
        row("run", &|run| run.run.display().to_string()),
        row("method", &|run| run.method.clone()),
        row("budget", &ListedRun::budget),
        row("on the way", &|run| number(&run.validation)),
        row("card", &|run| number(&run.test)),
        row("verdict", &|run| run.verdict.clone().unwrap_or("-".into())),
    ];
    let mut text = table(&["", "first", "second"], &rows);
    let _ = writeln!(
        text,
        "\non {} images of the {} part\nlinear CKA {:.4} (1: the same but for rotation and scale, 0: nothing in common)",
        found.images, found.part, found.cka
    );
    if let Some(knn) = &found.knn {
        let percent = |share: f64| 100.0 * share;
        let [low, high] = knn.interval.map(percent);
        let _ = writeln!(
            text,
            "{} neighbours: {:.1} % and {:.1} %; difference {:+.1} points, 95 % interval {low:+.1} to {high:+.1}: {}\n\
             right in both {}, in the first only {}, in the second only {}, in neither {}",
            knn.k,
            percent(knn.first),
            percent(knn.second),
            percent(knn.second - knn.first),
            if low > 0.0 {
                "the second is better"
            } else if high < 0.0 {
                "the first is better"
            } else {
                "no difference that these images could show"
            },
            knn.both,
            knn.only_first,
            knn.only_second,
            knn.neither
        );
    }
    if changes.is_empty() {
        text += "\nboth have the same configuration\n";
        return text;
    }
    text.push('\n');
    let rows: Vec<Vec<String>> = changes.iter().map(|change| change.to_vec()).collect();
    text + &table(&["key", "first", "second"], &rows)
}

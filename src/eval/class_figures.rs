//! What a head's accuracy is made of: each class by itself, and which classes are taken for which.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One class among the rows judged; `answers` is its row of the confusion matrix, without the zeros.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassFigures {
    /// Name of the class.
    pub class: String,
    /// Rows that are of it.
    pub count: usize,
    /// Share of them that were answered with it; null where there are none.
    pub recall: Option<f64>,
    /// Share of the rows answered with it that are of it; null where none were.
    pub precision: Option<f64>,
    /// How often its rows were answered with which class.
    pub answers: BTreeMap<String, usize>,
}

/// The figures of every class of `names`, in their order, from right `labels` (N,) and `answers` (N,).
#[must_use]
pub fn class_figures(names: &[String], labels: &[u32], answers: &[u32]) -> Vec<ClassFigures> {
    let mut rows = vec![BTreeMap::new(); names.len()];
    let mut answered = vec![0_usize; names.len()];
    for (&label, &answer) in labels.iter().zip(answers) {
        *rows[label as usize].entry(answer as usize).or_insert(0) += 1;
        answered[answer as usize] += 1;
    }
    let share = |part: usize, of: usize| (of > 0).then(|| part as f64 / of as f64);
    let figures = names.iter().zip(rows).zip(answered).enumerate();
    figures
        .map(|(class, ((name, row), answered))| {
            let count = row.values().sum();
            let right = row.get(&class).copied().unwrap_or(0);
            ClassFigures {
                class: name.clone(),
                count,
                recall: share(right, count),
                precision: share(right, answered),
                answers: row
                    .into_iter()
                    .map(|(i, n)| (names[i].clone(), n))
                    .collect(),
            }
        })
        .collect()
}

/// Mean recall over the classes that have rows: each class counts as much, however many rows it has; 0 without rows.
///
/// `1/C Σ_c (right answers of class c) / (rows of class c)`, as Brodersen, Ong, Stephan & Buhmann, *The Balanced Accuracy and
/// Its Posterior Distribution*, 2010, for two classes. Choose it where classes are of very different size.
///
/// ```
/// # use ravine::eval::class_figures::{balanced_accuracy, class_figures};
/// let names = ["cat".to_string(), "dog".to_string()];
/// let figures = class_figures(&names, &[0, 0, 0, 1], &[0, 0, 0, 0]);
/// assert_eq!(balanced_accuracy(&figures), 0.5); // the accuracy is 0.75
/// ```
#[must_use]
pub fn balanced_accuracy(figures: &[ClassFigures]) -> f64 {
    let recalls: Vec<f64> = figures.iter().filter_map(|class| class.recall).collect();
    recalls.iter().sum::<f64>() / recalls.len().max(1) as f64
}

/// A class with this many times the rows of another is much larger.
const MUCH_LARGER: f64 = 1.5;

/// Whether classes are of very different size, so that accuracy speaks of the largest.
pub(super) fn unbalanced(figures: &[ClassFigures]) -> bool {
    let counts = || figures.iter().map(|class| class.count).filter(|&n| n > 0);
    let (least, most) = (counts().min(), counts().max());
    let ratio = most.unwrap_or(0) as f64 / least.unwrap_or(1) as f64;
    ratio >= MUCH_LARGER
}

/// Classes that are printed; of more, those of lowest recall.
const SHOWN: usize = 20;

/// Mistakes that are named.
const NAMED: usize = 5;

/// The figures of all classes as a person reads them.
pub(super) struct ByClass<'a>(pub(super) &'a [ClassFigures]);

impl ByClass<'_> {
    /// The most frequent mistakes in words; empty where there are none.
    fn mistakes(&self) -> String {
        let mut mistakes: Vec<(usize, &str, &str)> = (self.0.iter())
            .flat_map(|figures| {
                let wrong = figures.answers.iter().filter(|(a, _)| **a != figures.class);
                wrong.map(|(answer, &times)| (times, figures.class.as_str(), answer.as_str()))
            })
            .collect();
        mistakes.sort_by_key(|&(times, ..)| Reverse(times));
        let words = mistakes.iter().take(NAMED).map(|(times, class, answer)| {
            let times = match times {
                1 => "once".to_string(),
                n => format!("{n} times"),
            };
            format!("{class} taken for {answer} ({times})")
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for ByClass<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown: Vec<&ClassFigures> = self.0.iter().filter(|c| c.count > 0).collect();
        let title = if shown.len() > SHOWN {
            shown.sort_by(|a, b| a.recall.unwrap_or(1.0).total_cmp(&b.recall.unwrap_or(1.0)));
            let all = shown.len();
            shown.truncate(SHOWN);
            format!("the {SHOWN} of lowest recall of {all} classes")
        } else {
            "class by class".into()
        };
        let width = shown
            .iter()
            .map(|c| c.class.chars().count())
            .max()
            .unwrap_or(0);
        let width = width.max(title.chars().count() - 2);
        writeln!(f, "\n{title:<w$}  recall  precision  count", w = width + 2)?;
        let percent = |share: Option<f64>| {
            share.map_or_else(|| "none".into(), |share| format!("{:.1} %", 100.0 * share))
        };
        for figures in shown {
            writeln!(
                f,
                "  {:<width$}{:>8}{:>11}{:>7}",
                figures.class,
                percent(figures.recall),
                percent(figures.precision),
                figures.count
            )?;
        }
        match self.mistakes() {
            none if none.is_empty() => Ok(()),
            mistakes => writeln!(f, "most frequent mistakes: {mistakes}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn classes_are_counted_and_the_largest_mistakes_named() {
        let found = class_figures(
            &names(&["cat", "dog", "owl"]),
            &[0, 0, 0, 0, 1, 1],
            &[0, 1, 1, 2, 1, 1],
        );
        assert_eq!((found[0].count, found[0].recall), (4, Some(0.25)));
        assert_eq!(
            (found[1].recall, found[1].precision),
            (Some(1.0), Some(0.5))
        );
        assert_eq!((found[2].recall, found[2].precision), (None, Some(0.0)));
        assert_eq!(found[0].answers["dog"], 2);
        let text = ByClass(&found).to_string();
        assert!(
            text.contains("cat taken for dog (2 times), cat taken for owl (once)"),
            "{text}"
        );
        assert!(!text.contains("  owl "), "no rows, no line: {text}");
    }

    #[test]
    fn of_many_classes_the_worst_are_printed() {
        let many: Vec<String> = (0..30).map(|i| format!("class-{i}")).collect();
        let labels: Vec<u32> = (0..30).collect();
        let answers: Vec<u32> = labels
            .iter()
            .map(|&l| if l == 29 { 0 } else { l })
            .collect();
        let text = ByClass(&class_figures(&many, &labels, &answers)).to_string();
        assert!(
            text.contains("the 20 of lowest recall of 30 classes"),
            "{text}"
        );
        let first = text.lines().find(|line| line.starts_with("  class"));
        let cells: Vec<&str> = first.unwrap_or_default().split_whitespace().collect();
        assert_eq!(cells, ["class-29", "0.0", "%", "none", "1"], "{text}");
        assert_eq!(text.lines().filter(|l| l.starts_with("  ")).count(), 20);
    }
}

//! The numbers that probes journal, in words.

use crate::registry::Entry;

/// Name and meaning of every number of a probe's line, of runs without and with a head.
const METRICS: [(&str, &str); 15] = [
    (
        "knn",
        "share of validation images whose neighbours vote for the right class: 1 is best",
    ),
    (
        "spread",
        "how far embeddings differ from image to image: 0 collapsed, near 1 spread out",
    ),
    (
        "rank",
        "directions of the embedding in use (RankMe), of as many as it has numbers",
    ),
    (
        "energy_gap",
        "mean energy of wrong pairs less that of right pairs: above 0 when right ones are lower",
    ),
    (
        "auroc",
        "probability that a right pair is lower in energy than a wrong one: 0.5 is chance, 1 is best",
    ),
    (
        "overlap",
        "common area of the histograms of right and wrong energies: 0 apart, 1 equal",
    ),
    (
        "active",
        "share of wrong answers that still push, in losses with a margin: 0 teaches nothing",
    ),
    (
        "collapse_value",
        "what the loss reads when all embeddings are equal: a loss that stays there has learned nothing",
    ),
    (
        "accuracy",
        "share of questions whose right class has the lowest energy (heads over classes)",
    ),
    (
        "argmin_error",
        "mean distance of the answer of lowest energy to the right one (heads over vectors)",
    ),
    (
        "flatness",
        "how much the energy varies over the answers to a question, as a standard deviation: 0 is flat, and flat is \
         collapsed",
    ),
    ("e_c", "mean energy of right answers"),
    (
        "e_i",
        "mean energy of the most offending wrong answers, the lowest of each question",
    ),
    ("gap", "e_i less e_c: above 0 when right answers are lower"),
    (
        "ranked",
        "share of wrong answers above the right one: 0.5 is chance, 1 is best",
    ),
];

/// Name and meaning of every metric, for `ravine list`.
#[must_use]
pub fn entries() -> Vec<Entry> {
    let entry = |(name, about): (&'static str, &str)| Entry {
        name,
        about: about.into(),
        defaults: String::new(),
    };
    METRICS.map(entry).into()
}

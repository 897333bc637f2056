//! Probes of frozen features, one a file: how well classes can be read off what an encoder makes of images.

mod knn;
mod linear;
mod logistic;
mod probe;
mod retrieval;
mod sweep;

pub use self::probe::{Asked, FeatureProbe, Outcome, Question, Setting};
use crate::error::{Error, Result, hint};
use crate::registry::Entry;

/// The one list of probes.
pub const PROBES: &[&dyn FeatureProbe] = &[
    &knn::NeighborProbe,
    &linear::LinearProbe,
    &logistic::LogisticProbe,
    &retrieval::RetrievalProbe,
];

/// The probe called `name`.
///
/// # Errors
/// [`Error::Usage`] with the nearest name.
pub fn find(name: &str) -> Result<&'static dyn FeatureProbe> {
    let names = PROBES.iter().map(|probe| probe.name());
    let found = PROBES.iter().copied().find(|probe| probe.name() == name);
    found.ok_or_else(|| {
        let hint = hint(name, names);
        Error::Usage(format!("--kind {name}: there is no such probe; {hint}"))
    })
}

/// Name and description of every probe, for `ravine list`.
#[must_use]
pub fn entries() -> Vec<Entry> {
    let entry = |probe: &dyn FeatureProbe| Entry {
        name: probe.name(),
        about: format!("{}.", probe.about()),
        defaults: String::new(),
    };
    PROBES.iter().copied().map(entry).collect()
}

/// Refuse options that `probe` cannot follow, or that would change nothing: whoever gives one expects something of it.
///
/// # Errors
/// [`Error::Usage`] naming the option and the probes that it belongs to.
pub fn check(probe: &dyn FeatureProbe, asked: &Asked) -> Result<()> {
    if asked.labels_per_class == Some(0) || asked.seeds == Some(0) {
        return Err(Error::Usage(
            "--labels-per-class and --seeds must be 1 or more; leave them out for all labels"
                .into(),
        ));
    }
    if asked.seeds.is_some() && asked.labels_per_class.is_none() {
        return Err(Error::Usage(
            "--seeds counts draws of labels; give --labels-per-class too".into(),
        ));
    }
    for setting in Setting::ALL {
        if asked.gives(setting) && !probe.settings().contains(&setting) {
            let takes = |probe: &&dyn FeatureProbe| probe.settings().contains(&setting);
            let owners = PROBES.iter().copied().filter(takes);
            let owners: Vec<&str> = owners.map(FeatureProbe::name).collect();
            return Err(Error::Usage(format!(
                "{} says nothing to --kind {}; it belongs to {}",
                setting.option(),
                probe.name(),
                owners.join(" and ")
            )));
        }
    }
    probe.check(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_probe_is_listed_once_and_each_setting_belongs_to_one() {
        let names: Vec<&str> = PROBES.iter().map(|probe| probe.name()).collect();
        for (i, name) in names.iter().enumerate() {
            assert!(!names[..i].contains(name), "{name} is listed twice");
        }
        for setting in Setting::ALL {
            let takes = |probe: &dyn FeatureProbe| probe.settings().contains(&setting);
            assert!(PROBES.iter().copied().any(takes), "{}", setting.option());
        }
    }

    #[test]
    fn an_option_that_changes_nothing_is_refused() {
        let asked = Asked {
            k: Some(5),
            ..Asked::default()
        };
        for probe in PROBES.iter().copied() {
            let said = check(probe, &asked).map_err(|e| e.to_string());
            if probe.settings().contains(&Setting::K) {
                assert_eq!(said, Ok(()));
            } else {
                assert!(said.is_err_and(|e| e.ends_with("it belongs to knn and retrieval")));
            }
        }
    }
}

//! `method` is a title: what a configuration computes is decided by its parts.

use super::{Config, PRESETS};

impl Config {
    /// A sentence where `method` may promise what the parts do not hold: a preset's name above the parts of another
    /// one, or a name that no preset has; `None` where there is nothing to say.
    #[must_use]
    pub fn title_note(&self) -> Option<String> {
        let title = &self.method;
        let loads = |name: &str| Self::load(Some(name), &[]).ok();
        let bare = |name: &str| name.rsplit('/').next() == Some(title.as_str());
        let Some((name, _)) = PRESETS.iter().find(|(name, _)| bare(name)) else {
            return Some(format!(
                "`method = \"{title}\"` is a title, no method that ravine has: what is computed is {}",
                self.parts()
            ));
        };
        let (mine, preset) = (self.parts(), loads(name)?.parts());
        (mine != preset).then(|| {
            format!(
                "`method = \"{title}\"` is only a title: what is computed is {mine}, and the preset {name} is {preset}; \
                 write `base = \"{name}\"` into the configuration to start from that preset"
            )
        })
    }

    /// What tells methods apart, in a few words.
    fn parts(&self) -> String {
        let mut parts = vec![format!("the loss `{}`", self.loss.name())];
        parts.extend(
            self.regularizers
                .iter()
                .map(|part| format!("the regularizer `{}`", part.name())),
        );
        let given = [
            (self.predictor.is_some(), "a predictor"),
            (self.target.is_some(), "a target"),
        ];
        parts.extend(
            given
                .iter()
                .filter(|(given, _)| *given)
                .map(|(_, name)| (*name).to_string()),
        );
        let heads = self.all_heads();
        parts.extend(
            heads
                .iter()
                .map(|head| format!("the head `{}`", head.name())),
        );
        parts.join(", ")
    }
}

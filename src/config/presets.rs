//! Presets: the configurations under `configs/`, compiled into the binary.

use crate::error::nearest;

/// A file under `configs/` by its name without `.toml`.
macro_rules! presets {
    ($($name:literal),+ $(,)?) => {
        /// Name and text of every preset.
        pub const PRESETS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../configs/", $name, ".toml")))),+];
    };
}

presets!(
    "digits",
    "simclr",
    "dcl",
    "moco",
    "siglip",
    "hinge",
    "triplet",
    "contrastive",
    "supcon",
    "byol",
    "simsiam",
    "dino",
    "vicreg",
    "barlow",
    "lejepa",
    "continue-simclr",
    "continue-dino",
    "continue-vicreg",
    "classifier",
    "lab/collapse-no-repulsion",
    "lab/collapse-no-variance",
    "lab/collapse-hardest",
    "lab/collapse-identical-views",
    "ebm/parabola-a-energy",
    "ebm/parabola-a-perceptron",
    "ebm/parabola-a-nll",
    "ebm/parabola-a-square-square",
    "ebm/parabola-a-hinge",
    "ebm/parabola-b-energy",
    "ebm/parabola-b-perceptron",
    "ebm/parabola-b-nll",
    "ebm/parabola-b-square-square",
    "ebm/parabola-b-hinge",
    "ebm/two-branches-implicit",
    "ebm/two-branches-regression",
    "ebm/two-branches-latent",
    "ebm/ellipse-min",
    "ebm/ellipse-free-energy",
    "ebm/horn-free-energy",
    "ebm/moons-two-class",
    "ebm/spirals-multi-class",
    "ebm/digits-energy",
    "ebm/digits-perceptron",
    "ebm/digits-hinge",
    "ebm/digits-log",
    "ebm/digits-lvq2",
    "ebm/digits-mce",
    "ebm/digits-square-square",
    "ebm/digits-square-exponential",
    "ebm/digits-nll",
    "ebm/digits-mee",
    "ebm/digits-joint",
    "ebm/digits-probe",
    "ebm/digits-number",
);

/// The preset called `name`, also by its path below the repository (`configs/ebm/parabola-b-energy.toml`).
#[must_use]
pub fn preset(name: &str) -> Option<&'static str> {
    let bare = name.trim_start_matches("./");
    let bare = bare.strip_prefix("configs/").unwrap_or(bare);
    let bare = bare.strip_suffix(".toml").unwrap_or(bare);
    let found = PRESETS.iter().find(|(known, _)| *known == bare);
    found.map(|(_, text)| *text)
}

/// What to say of the name `wrong`, which no preset has: the closest one that exists, and where all of them stand.
pub(super) fn closest(wrong: &str) -> String {
    let found = nearest(wrong, PRESETS.iter().map(|(name, _)| *name));
    let meant = found.map_or(String::new(), |name| format!("did you mean `{name}`? "));
    format!("{meant}`ravine list presets` prints the names of all")
}

//! Which images `ravine data` looks at.

use crate::config::Config;
use crate::data::DataConfig;
use crate::error::{Error, Result};

/// Which images a command looks at.
#[derive(Debug, clap::Args)]
pub(super) struct Images {
    /// Folder or file of images, or `digits`.
    path: String,
    /// Change one key of the data, for example --set data.labels=true.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
}

impl Images {
    /// The images as a configuration names them.
    pub(super) fn config(&self) -> Result<DataConfig> {
        let key = |set: &String| set.split('=').next().unwrap_or_default().trim().to_string();
        let foreign = |set: &&String| !key(set).starts_with("data.") || key(set) == "data.source";
        if let Some(set) = self.sets.iter().find(foreign) {
            return Err(Error::Usage(format!(
                "--set {set}: this looks at the images of `{}`, which the other keys of `data` change, as \
                 --set data.labels=true does; leave it out",
                self.path
            )));
        }
        let source = format!("data.source={}", toml::Value::String(self.path.clone()));
        let sets: Vec<String> = self.sets.iter().cloned().chain([source]).collect();
        Ok(Config::load(None, &sets)?.data)
    }
}

//! Which images `ravine data` looks at.

use crate::config::Config;
use crate::data::DataConfig;
use crate::error::{Error, Result};

/// Which images a command looks at.
#[derive(Debug, clap::Args)]
pub(super) struct Images {
    /// Folder or file of images, or `digits`; of several, all together.
    #[arg(required = true)]
    paths: Vec<String>,
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
                self.paths.join("` and `")
            )));
        }
        let mut data = Config::load(None, &self.sets)?.data;
        data.use_sources(&self.paths);
        data.check()?;
        Ok(data)
    }
}

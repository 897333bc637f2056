//! `ravine compare`: two runs, side by side.

mod asked;
mod encoders;
mod heads;

use std::path::Path;

pub(super) use asked::Args;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::train::RunFolder;

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let headed = |root: &Path| {
        let folder = RunFolder::read(root)?;
        let config = Config::of_run(&folder.file("config.toml"))?;
        Ok::<_, Error>(!config.all_heads().is_empty())
    };
    if headed(&args.first)? && headed(&args.second)? {
        return heads::run(args, json);
    }
    if args.joint.is_some() {
        return Err(Error::Usage(
            "--joint stands beside two heads, and these are encoders; leave it out".into(),
        ));
    }
    encoders::run(args, json)
}

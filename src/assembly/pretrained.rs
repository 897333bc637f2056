//! An encoder that starts from another run.

use std::path::Path;

use candle_core::Device;

use crate::config::{Config, Pretrained};
use crate::encoders::lora;
use crate::error::{Error, Result};
use crate::params::Params;
use crate::train::{Checkpoint, RunFolder};

/// Take encoder, picture size and statistics over from the run that `config.pretrained` names.
///
/// # Errors
/// The run cannot be read.
pub fn adopt_pretrained(config: &mut Config) -> Result<()> {
    let Some(pretrained) = config.pretrained.clone() else {
        return Ok(());
    };
    if pretrained.run.is_empty() {
        return Err(Error::key(
            "pretrained.run",
            "name the run folder whose encoder is taken over",
        ));
    }
    let folder = RunFolder::read(Path::new(&pretrained.run))?;
    let of_run = Config::of_run(&folder.file("config.toml"))?;
    config.encoder = of_run.encoder;
    config.augment.size = of_run.augment.size;
    config.augment.mean = of_run.augment.mean;
    config.augment.std = of_run.augment.std;
    config.data.channels = of_run.data.channels.or(config.data.channels);
    Ok(())
}

/// Put the saved values of the encoder into `params`.
pub(super) fn load_encoder(pretrained: &Pretrained, params: &Params) -> Result<()> {
    let folder = RunFolder::read(Path::new(&pretrained.run))?;
    let path = folder.checkpoint(&pretrained.checkpoint)?;
    let path = path.join(Checkpoint::evaluated(&path).file());
    let values = candle_core::safetensors::load(&path, &Device::Cpu)
        .map_err(|e| Error::data(&path, format!("cannot be read: {e}")))?;
    params.load_some(&lora::merged(values, params)?, "encoder.")
}

//! Choices about the machine that commands share.

use crate::config::Config;
use crate::error::Result;

/// Choices about the machine that never change what is computed.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Hardware {
    /// auto, cpu, cuda, cuda:1, metal.
    #[arg(long, env = "RAVINE_DEVICE")]
    device: Option<String>,
    /// auto, candle, cpu.
    #[arg(long, env = "RAVINE_EXECUTOR")]
    executor: Option<String>,
    /// Compute threads; all cores when left out.
    #[arg(long, env = "RAVINE_THREADS")]
    threads: Option<usize>,
    /// Loader threads; one a core when left out.
    #[arg(long, env = "RAVINE_WORKERS")]
    workers: Option<usize>,
}

impl Hardware {
    /// Put what was given into `config`.
    pub(super) fn apply(&self, config: &mut Config) -> Result<()> {
        if let Some(device) = &self.device {
            config.device.clone_from(device);
        }
        if let Some(executor) = &self.executor {
            config.executor.clone_from(executor);
        }
        config.threads = self.threads.unwrap_or(config.threads);
        config.data.workers = self.workers.or(config.data.workers);
        config.validate()
    }
}

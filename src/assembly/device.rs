//! Device, threads and executor by name.

use std::sync::Arc;

use candle_core::Device;

use crate::error::{Error, Result, hint};
use crate::graph::{CandleExecutor, CpuExecutor, Executor, Precision};

/// A device, and why it is not the one that was hoped for.
#[derive(Clone, Debug)]
pub struct ChosenDevice {
    /// Where tensors lie.
    pub device: Device,
    /// A sentence for the user where `auto` found no GPU that answers.
    pub note: Option<String>,
}

/// The device called `name`: `auto`, `cpu`, `cuda`, `cuda:1`, `metal`.
///
/// `auto` takes a GPU when this build supports one and it answers, otherwise the CPU, with a note that says so.
///
/// # Errors
/// An unknown name, or a device that does not answer.
pub fn choose_device(name: &str) -> Result<ChosenDevice> {
    let (kind, index) = match name.split_once(':') {
        Some((kind, index)) => {
            let index = index.parse::<usize>().map_err(|_| {
                Error::key(
                    "device",
                    format!("`{index}` is not the number of a device; write cuda:0"),
                )
            })?;
            (kind, index)
        }
        None => (name, 0),
    };
    let device = match kind {
        "cpu" => Device::Cpu,
        "cuda" => Device::new_cuda(index).map_err(|e| no_gpu("cuda", &e))?,
        "metal" => Device::new_metal(index).map_err(|e| no_gpu("metal", &e))?,
        "auto" => return Ok(automatic()),
        _ => {
            return Err(Error::key(
                "device",
                format!(
                    "unknown device `{kind}`; {}",
                    hint(kind, ["auto", "cpu", "cuda", "metal"])
                ),
            ));
        }
    };
    Ok(ChosenDevice { device, note: None })
}

fn automatic() -> ChosenDevice {
    let gpu = if cfg!(feature = "cuda") {
        Device::new_cuda(0)
    } else if cfg!(feature = "metal") {
        Device::new_metal(0)
    } else {
        Ok(Device::Cpu)
    };
    match gpu {
        Ok(device) => ChosenDevice { device, note: None },
        Err(error) => ChosenDevice {
            device: Device::Cpu,
            note: Some(format!(
                "no GPU answers ({}); going on with the CPU",
                first_line(&error)
            )),
        },
    }
}

fn no_gpu(name: &str, error: &candle_core::Error) -> Error {
    Error::Usage(format!(
        "the device {name} cannot be used: {}; build with `--features {name}` on a machine that has one, \
         or use --device cpu",
        first_line(error)
    ))
}

fn first_line(error: &candle_core::Error) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_string()
}

/// The executor called `name` (`auto`, `candle`, `cpu`) for `device`, to train in `precision`.
///
/// # Errors
/// An unknown name, or an executor that does not compute on this device or in this precision.
pub fn choose_executor(
    name: &str,
    device: &Device,
    precision: Precision,
) -> Result<Arc<dyn Executor>> {
    if precision == Precision::Bf16 && (name == "candle" || !device.is_cpu()) {
        return Err(Error::key(
            "train.precision",
            "bfloat16 is for the cpu executor only; use --device cpu --executor cpu, or \"f32\"",
        ));
    }
    match name {
        "candle" => Ok(Arc::new(CandleExecutor)),
        "auto" if !device.is_cpu() => Ok(Arc::new(CandleExecutor)),
        "auto" => Ok(Arc::new(CpuExecutor::with_precision(precision)?)),
        "cpu" if device.is_cpu() => Ok(Arc::new(CpuExecutor::with_precision(precision)?)),
        "cpu" => Err(Error::key(
            "executor",
            "`cpu` runs on the CPU only; use --device cpu, or --executor candle on a GPU",
        )),
        _ => Err(Error::key(
            "executor",
            format!(
                "unknown executor `{name}`; {}",
                hint(name, ["auto", "candle", "cpu"])
            ),
        )),
    }
}

/// Whether [`choose_executor`] takes the cpu executor, whose kernels keep to a level of vector instructions.
#[must_use]
pub fn on_kernels(name: &str, device: &Device) -> bool {
    device.is_cpu() && name != "candle"
}

/// Compute with `threads` threads, or all cores when 0. Only the first call of a process has an effect.
pub fn set_threads(threads: usize) {
    // A second call finds the pool built; the first one's number stands.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bfloat16_is_refused_where_it_is_not_computed() {
        let refused = choose_executor("candle", &Device::Cpu, Precision::Bf16).err();
        let text = refused.map(|error| error.to_string()).unwrap_or_default();
        assert!(text.contains("train.precision"), "{text}");
        for precision in [Precision::F32, Precision::High] {
            assert!(choose_executor("candle", &Device::Cpu, precision).is_ok());
        }
    }
}

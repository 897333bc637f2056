//! Does what a configuration asks for fit this machine? Said before anything is allocated.

use candle_core::Device;

use crate::error::{Error, Result};
use crate::graph::{Graph, Summary};

/// Copies of every parameter that training holds: value, gradient, two moments.
const COPIES: f64 = 4.0;

/// Refuse a network whose training on `images` at once needs more memory than the machine has.
///
/// Counted is what no plan can avoid: four copies of the parameters, the images, and the outputs of the layers
/// that have parameters, less those of batch norms, which a convolution may take in; a run needs more than that. On a GPU, and where the system does not tell its memory,
/// nothing is checked.
pub(super) fn check(graph: &Graph, images: usize, device: &Device) -> Result<()> {
    let Some(total) = total().filter(|_| device.is_cpu()) else {
        return Ok(());
    };
    let (weights, outputs) = least_bytes(graph, images);
    if weights > total {
        return Err(Error::key(
            "encoder",
            format!(
                "the network's parameters need {} to be trained and this machine has {}; choose smaller widths \
                 of encoder and projector (`ravine config show` lists them layer by layer)",
                gigabytes(weights),
                gigabytes(total)
            ),
        ));
    }
    if weights + outputs > total {
        return Err(Error::key(
            "train.batch",
            format!(
                "{images} views at once need at least {} and this machine has {}; choose a smaller batch, more \
                 `train.chunks`, or a smaller `augment.size`",
                gigabytes(weights + outputs),
                gigabytes(total)
            ),
        ));
    }
    Ok(())
}

/// Bytes of the copies of the parameters, and of the images with the outputs that have to be kept.
fn least_bytes(graph: &Graph, images: usize) -> (f64, f64) {
    let size = |shape: &[usize]| shape.iter().map(|&dim| dim as f64).product::<f64>();
    let specs = graph.parameters();
    let parameters: f64 = specs.iter().map(|spec| size(&spec.shape)).sum();
    let rows = Summary::of(graph).rows;
    let outputs = rows
        .iter()
        .filter(|row| row.parameters > 0 && row.op != "batch_norm");
    let values: f64 = outputs.map(|row| size(&row.shape)).sum();
    let input = size(graph.shape(graph.input()));
    let bytes = size_of::<f32>() as f64;
    (
        COPIES * bytes * parameters,
        bytes * images as f64 * (input + values),
    )
}

/// Memory of the machine in bytes, where Linux tells it.
fn total() -> Option<f64> {
    kilobytes("/proc/meminfo", "MemTotal:")
}

/// Memory that this process may still take, in bytes, where Linux tells it: what the machine has left, or what is left
/// of the limit of its control group.
#[must_use]
pub fn free_memory() -> Option<f64> {
    let available = kilobytes("/proc/meminfo", "MemAvailable:")?;
    let number = |name: &str| -> Option<f64> {
        let text = std::fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?;
        text.trim().parse().ok() // `max` where there is no limit
    };
    let group = number("memory.max").zip(number("memory.current"));
    let left = group.map_or(f64::INFINITY, |(most, now)| (most - now).max(0.0));
    Some(available.min(left))
}

/// Share of the free memory that a step may take; probes and the system need some.
pub const FREE_SHARE: f64 = 0.9;

/// Samples of the smaller of two steps that tell what a larger one takes: workspace hides what fewer hold.
pub const FEW: usize = 8;

/// Bytes that a step takes, as they grow with its samples.
#[derive(Clone, Copy, Debug)]
pub struct Growth {
    /// Whatever their number.
    pub fixed: usize,
    /// For each.
    pub each: usize,
}

impl Growth {
    /// From what a step on `rows` samples took, and then one on twice as many.
    #[must_use]
    pub fn of(rows: usize, [once, twice]: [usize; 2]) -> Self {
        let each = twice.saturating_sub(once).div_ceil(rows);
        Self {
            fixed: once.saturating_sub(rows * each),
            each,
        }
    }

    /// Bytes of a step on `rows` samples.
    #[must_use]
    pub fn at(&self, rows: usize) -> f64 {
        self.fixed as f64 + rows as f64 * self.each as f64
    }
}

/// Most memory the process has held so far, in bytes, where Linux tells it.
#[must_use]
pub fn peak_memory() -> Option<u64> {
    kilobytes("/proc/self/status", "VmHWM:").map(|bytes| bytes as u64)
}

/// The bytes on the line of `file` that starts with `key`.
fn kilobytes(file: &str, key: &str) -> Option<f64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024.0)
}

fn gigabytes(bytes: f64) -> String {
    format!("{:.1} GB", bytes / 1e9)
}

//! `ravine bench`: how fast this machine trains, augments and embeds.

mod augment;
mod repeat;

use std::sync::Arc;

use candle_core::{Device, Tensor};
use serde::Serialize;

use self::repeat::repeat;
use super::instructions::Instructions;
use super::output::{open_device, print_json, print_text};
use super::part::by_name;
use crate::assembly::{
    FEW, FREE_SHARE, Growth, choose_executor, free_memory, on_kernels, peak_memory, set_threads,
};
use crate::encoders::{
    self, Convnet, Convnext, Efficientnet, Encoder, Projector, Resnet, Stem, Vit,
};
use crate::energies::{Cosine, EnergyKind};
use crate::error::{Error, Result};
use crate::graph::{Executor, Network, Precision};
use crate::kernels::Simd;
use crate::losses::{InfoNce, LossKind};
use crate::negatives::PairsKind;
use crate::objectives::{Batch, Joint};
use crate::optim::{Optimizer, Sgd, State};
use crate::params::Params;
use crate::random::{Purpose, normal, stream};
use crate::train::gradients;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What is timed.
    #[arg(value_enum, default_value_t = Work::Step)]
    work: Work,
    /// The encoder; tiny for step, resnet18 for embed when left out.
    #[arg(long, value_enum)]
    encoder: Option<Size>,
    /// Images at once; 128, for embed and large encoders 32 when left out.
    #[arg(long)]
    batch: Option<usize>,
    /// Side of the images in pixels; 32, for embed and large encoders 224 when left out.
    #[arg(long)]
    size: Option<usize>,
    /// Compute threads; all cores, for augment one when left out.
    #[arg(long)]
    threads: Option<usize>,
    /// auto, cpu, cuda, cuda:1, metal.
    #[arg(long, default_value = "cpu")]
    device: String,
    /// auto, candle, cpu.
    #[arg(long, default_value = "auto")]
    executor: String,
    /// Of the products: f32, high (as three of bf16), bf16 (of a step only).
    #[arg(long, default_value = "f32", value_parser = by_name(Precision::ALL, Precision::name))]
    precision: Precision,
    #[command(flatten)]
    instructions: Instructions,
    /// How long to repeat it.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
}

/// What can be timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Work {
    /// A SimCLR step: two views of each image forward and backward, loss, SGD.
    Step,
    /// Two views of each image by the SimCLR augmentations; from 64 pixels on out of JPEG files of 500×375.
    Augment,
    /// Features of each image, forward only.
    Embed,
}

/// Encoders of comparisons.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Size {
    /// Convnet of 32, 64 and 128 channels at stride 2.
    Tiny,
    /// Residual network of 16, 32 and 64 channels.
    Resnet20,
    /// Residual network of 64 to 512 channels; the large stem for images of 64 pixels or more.
    Resnet18,
    /// Residual network of bottlenecks, 256 to 2,048 channels; at 224 pixels when --size is left out.
    Resnet50,
    /// Vision transformer, width 192, depth 12, patches of 4 pixels; of 16 for images of 64 pixels or more.
    VitTiny,
    /// The same of width 384, with 6 heads; at 224 pixels when --size is left out.
    VitSmall,
    /// ConvNeXt of 96 to 768 channels, patches of 4 pixels.
    ConvnextTiny,
    /// EfficientNet of 16 to 320 channels.
    EfficientnetB0,
}

impl Size {
    fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Resnet20 => "resnet20",
            Self::Resnet18 => "resnet18",
            Self::Resnet50 => "resnet50",
            Self::VitTiny => "vit-tiny",
            Self::VitSmall => "vit-small",
            Self::ConvnextTiny => "convnext-tiny",
            Self::EfficientnetB0 => "efficientnet-b0",
        }
    }

    /// Whether it is for photographs.
    fn is_large(self) -> bool {
        matches!(self, Self::Resnet50 | Self::VitSmall)
    }

    /// The encoder for images of `side` pixels.
    fn encoder(self, side: usize) -> Box<dyn Encoder> {
        let large = side >= 64;
        let stem = if large { Stem::Imagenet } else { Stem::Cifar };
        let patch = if large { 16 } else { 4 };
        match self {
            Self::Tiny => Box::new(Convnet::default()),
            Self::Resnet20 => Box::new(Resnet {
                depth: 20,
                width: 16,
                ..Resnet::default()
            }),
            Self::Resnet18 | Self::Resnet50 => Box::new(Resnet {
                depth: if self.is_large() { 50 } else { 18 },
                width: 64,
                stem,
                ..Resnet::default()
            }),
            Self::VitTiny => Box::new(Vit {
                patch,
                ..Vit::default()
            }),
            Self::VitSmall => Box::new(Vit {
                patch,
                width: 384,
                heads: 6,
                ..Vit::default()
            }),
            Self::ConvnextTiny => Box::new(Convnext {
                depths: vec![3, 3, 9, 3],
                widths: vec![96, 192, 384, 768],
                patch: 4,
                ..Convnext::default()
            }),
            Self::EfficientnetB0 => Box::new(Efficientnet::default()),
        }
    }
}

/// What was measured, and how.
#[derive(Debug, Serialize)]
struct Report {
    work: &'static str,
    /// Median over the repetitions; an image of a step or an augmentation is two views.
    images_per_s: f64,
    /// Most memory the process has held, where the system tells it.
    peak_bytes: Option<u64>,
    encoder: Option<&'static str>,
    executor: Option<&'static str>,
    /// Vector instructions of the cpu executor.
    simd: Option<&'static str>,
    precision: Option<&'static str>,
    /// What is augmented.
    images: Option<&'static str>,
    batch: usize,
    size: usize,
    threads: usize,
    repetitions: usize,
    /// Of one repetition: the median, and the best.
    milliseconds: f64,
    best_milliseconds: f64,
}

pub(super) fn run(args: &Args, json: bool) -> Result<()> {
    let embed = args.work == Work::Embed;
    let encoder = args
        .encoder
        .unwrap_or(if embed { Size::Resnet18 } else { Size::Tiny });
    let large = embed || encoder.is_large();
    let batch = args.batch.unwrap_or(if large { 32 } else { 128 });
    let size = args.size.unwrap_or(if large { 224 } else { 32 });
    if batch < 2 || size == 0 {
        return Err(Error::Usage(
            "--batch must be 2 or more, --size 1 or more".into(),
        ));
    }
    let alone = usize::from(args.work == Work::Augment);
    set_threads(args.threads.unwrap_or(alone));
    let device = open_device(&args.device)?;
    let network = args.work != Work::Augment;
    let own = network && on_kernels(&args.executor, &device);
    let other = if network { "candle" } else { "augmentation" };
    args.instructions.hold((!own).then_some(other))?;
    let executor = choose_executor(&args.executor, &device, args.precision)?;
    let name = executor.name();
    let times = match args.work {
        Work::Step => step((encoder, batch, size), &device, &executor, args.seconds)?,
        Work::Augment => augment::run(batch, size, args.seconds)?,
        Work::Embed => embedding((encoder, batch, size), &device, executor, args.seconds)?,
    };
    let median = times[times.len() / 2];
    let report = Report {
        work: match args.work {
            Work::Step => "step",
            Work::Augment => "augment",
            Work::Embed => "embed",
        },
        images_per_s: batch as f64 / median,
        peak_bytes: peak_memory(),
        encoder: network.then(|| encoder.name()),
        executor: network.then_some(name),
        simd: own.then(|| Simd::detect().level().name()),
        precision: (args.work == Work::Step || args.precision == Precision::High)
            .then(|| args.precision.name()),
        images: (!network).then_some(augment::source(size)),
        batch,
        size,
        threads: rayon::current_num_threads(),
        repetitions: times.len(),
        milliseconds: median * 1e3,
        best_milliseconds: times[0] * 1e3,
    };
    if json {
        return print_json(&report);
    }
    print_text(&report.sentence())
}

impl Report {
    fn sentence(&self) -> String {
        let memory = match self.peak_bytes {
            Some(bytes) => format!(", at most {:.0} MB of memory", bytes as f64 / 1e6),
            None => String::new(),
        };
        let network = match (self.encoder, self.executor) {
            (Some(encoder), Some(executor)) => {
                let simd = self.simd.map(|simd| format!(" ({simd})"));
                format!(" of {encoder} on {executor}{}", simd.unwrap_or_default())
            }
            _ => self
                .images
                .map(|images| format!(" of {images}"))
                .unwrap_or_default(),
        };
        format!(
            "{}{network}: {:.1} images/s (median of {} repetitions of {:.2} ms, best {:.2} ms; \
             batch {}, {} pixels, {} threads{memory})\n",
            self.work,
            self.images_per_s,
            self.repetitions,
            self.milliseconds,
            self.best_milliseconds,
            self.batch,
            self.size,
            self.threads,
        )
    }
}

type Shape = (Size, usize, usize);

/// A normal batch (B, 3, size, size), the same on every machine.
fn noise((_, batch, size): Shape, view: u64, device: &Device) -> Result<Tensor> {
    let mut rng = stream(0, Purpose::Check, 0, 0, view);
    let values: Vec<f32> = (0..batch * 3 * size * size)
        .map(|_| normal(&mut rng) as f32)
        .collect();
    Ok(Tensor::from_vec(values, (batch, 3, size, size), device)?)
}

/// Two views of noise.
fn pairs(shape: Shape, device: &Device) -> Result<Batch> {
    Ok(Batch {
        inputs: vec![noise(shape, 0, device)?, noise(shape, 1, device)?],
        labels: None,
        answers: None,
        samples: (0..shape.1 as u64).collect(),
        step: 0,
        progress: 0.0,
    })
}

/// Refuse a step that takes more than the free memory.
fn fits((encoder, batch, size): Shape, step: Growth) -> Result<()> {
    let free = FREE_SHARE * free_memory().unwrap_or(f64::INFINITY);
    let needed = step.at(batch);
    if needed <= free {
        return Ok(());
    }
    let fitting = ((free - step.fixed as f64) / step.each.max(1) as f64).max(2.0) as usize;
    Err(Error::Usage(format!(
        "a step of {} on {batch} images of {size} pixels takes about {:.1} GB and {:.1} GB are free; give --batch \
         {fitting} or less, or a smaller --size",
        encoder.name(),
        needed / 1e9,
        free / 1e9
    )))
}

fn step(
    shape: Shape,
    device: &Device,
    executor: &Arc<dyn Executor>,
    seconds: f64,
) -> Result<Vec<f64>> {
    let encoder = shape.0.encoder(shape.2).graph(&[3, shape.2, shape.2])?;
    let projector = Projector {
        last_norm: true,
        ..Projector::default()
    };
    let graph = encoders::network(&encoder, Some(&projector), None)?;
    let params = Params::new(0, device);
    let objective = Joint::new(
        Network::new(graph, &params, executor.clone())?,
        EnergyKind::Cosine(Cosine {}),
        LossKind::InfoNce(InfoNce::default()),
        PairsKind::default(),
        Vec::new(),
        None,
    )?;
    let sgd = Sgd {
        lr: 0.05,
        ..Sgd::default()
    };
    let mut peaks = [0; 2];
    for (peak, rows) in peaks.iter_mut().zip([FEW, 2 * FEW]) {
        let few = pairs((shape.0, rows, shape.2), device)?;
        gradients(&objective, &few, 1, &params)?;
        *peak = executor.peak_bytes().unwrap_or_default();
    }
    fits(shape, Growth::of(FEW, peaks))?;
    let batch = pairs(shape, device)?;
    let (mut state, mut steps) = (State::default(), 0);
    repeat(seconds, || {
        let computed = gradients(&objective, &batch, 1, &params)?;
        steps += 1;
        for param in params.trainable() {
            if let Some(gradient) = computed.gradients.of.get(&param.name) {
                sgd.update(&param, gradient, sgd.pace(sgd.lr, steps), &mut state)?;
            }
        }
        Ok(device.synchronize()?)
    })
}

fn embedding(
    shape: Shape,
    device: &Device,
    executor: Arc<dyn Executor>,
    seconds: f64,
) -> Result<Vec<f64>> {
    let encoder = shape.0.encoder(shape.2).graph(&[3, shape.2, shape.2])?;
    let graph = encoders::network(&encoder, None, None)?;
    let network = Network::new(graph, &Params::new(0, device), executor)?;
    let x = noise(shape, 0, device)?;
    repeat(seconds, || {
        let features = network.eval(&x, "features")?;
        // Reading a number waits for a device that works on its own.
        features.sum_all()?.to_scalar::<f32>()?;
        Ok(())
    })
}

//! Flat positions: where a tap is a constant distance.

use crate::kernels::conv_shape::ConvShape;

/// One tap of a target: which source plane it reads, how many positions away, with which place of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tap {
    pub(super) plane: usize,
    pub(super) offset: isize,
    pub(super) place: usize,
}

/// Images of which every `stride`-th pixel belongs to one plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Images {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    pub(super) stride: usize,
}

impl Images {
    pub(super) fn len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Rows and columns of the plane of pixels `(i · stride + phase.0, j · stride + phase.1)`.
    pub(super) fn extent(&self, phase: (usize, usize)) -> (usize, usize) {
        let pixels = |size: usize, phase: usize| size.saturating_sub(phase).div_ceil(self.stride);
        (pixels(self.height, phase.0), pixels(self.width, phase.1))
    }
}

/// A plane of the result and the taps it sums.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) phase: (usize, usize),
    pub(super) taps: Vec<Tap>,
}

/// A sum over taps from planes of one stack of images to planes of another.
///
/// All planes have `rows` rows of `pitch` positions an image; those beyond a plane's own pixels are zeros. They
/// stand to the right of a row and to the left of the next one at once.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    pub(super) batch: usize,
    pub(super) source: Images,
    pub(super) result: Images,
    /// Phases of the source's planes.
    pub(super) planes: Vec<(usize, usize)>,
    pub(super) targets: Vec<Target>,
    pub(super) rows: usize,
    pub(super) pitch: usize,
    /// Distance in the weight between neighbouring result channels, source channels.
    pub(super) weight: (usize, usize),
}

/// A tap before positions are laid out: phases of input pixels, whole steps away, place in the kernel.
struct Step {
    phase: (usize, usize),
    away: (isize, isize),
    place: usize,
}

/// Input pixel `o · stride + k · dilation − padding` is pixel `o + away` of plane `phase`.
fn steps(s: &ConvShape) -> Vec<Step> {
    let axis = |k: usize| {
        let d = (k * s.dilation) as isize - s.padding as isize;
        let stride = s.stride as isize;
        (d.rem_euclid(stride) as usize, d.div_euclid(stride))
    };
    let places = (0..s.kernel).flat_map(|ky| (0..s.kernel).map(move |kx| (ky, kx)));
    places
        .map(|(ky, kx)| {
            let ((a, y), (b, x)) = (axis(ky), axis(kx));
            Step {
                phase: (a, b),
                away: (y, x),
                place: ky * s.kernel + kx,
            }
        })
        .collect()
}

/// Positions from one row to the next, so that reading `away` from any pixel of the result finds the source's
/// pixels or zeros.
fn pitch(source: usize, result: usize, away: impl Iterator<Item = isize> + Clone) -> usize {
    let before = away.clone().min().unwrap_or(0).min(0).unsigned_abs();
    let after = away.max().unwrap_or(0).max(0).unsigned_abs();
    (source + before).max(result + after)
}

impl Pass {
    /// From x to y.
    pub(super) fn forward(s: &ConvShape) -> Self {
        let steps = steps(s);
        let mut planes: Vec<_> = steps.iter().map(|step| step.phase).collect();
        planes.sort_unstable();
        planes.dedup();
        let (input, output) = images(s);
        let largest = input.extent((0, 0));
        let rows = pitch(largest.0, output.height, steps.iter().map(|s| s.away.0));
        let pitch = pitch(largest.1, output.width, steps.iter().map(|s| s.away.1));
        let taps = steps.iter().map(|step| Tap {
            plane: planes.binary_search(&step.phase).unwrap_or(0),
            offset: step.away.0 * pitch as isize + step.away.1,
            place: step.place,
        });
        Self {
            batch: s.batch,
            targets: vec![Target {
                phase: (0, 0),
                taps: taps.collect(),
            }],
            source: input,
            result: output,
            planes,
            rows,
            pitch,
            weight: (s.taps(), s.kernel * s.kernel),
        }
    }

    /// From dy to dx.
    pub(super) fn backward(s: &ConvShape) -> Self {
        let steps = steps(s);
        let (input, output) = images(s);
        let largest = input.extent((0, 0));
        let rows = pitch(output.height, largest.0, steps.iter().map(|s| -s.away.0));
        let pitch = pitch(output.width, largest.1, steps.iter().map(|s| -s.away.1));
        let phases = (0..s.stride).flat_map(|a| (0..s.stride).map(move |b| (a, b)));
        let target = |phase| Target {
            phase,
            taps: steps
                .iter()
                .filter(|step| step.phase == phase)
                .map(|step| Tap {
                    plane: 0,
                    offset: -(step.away.0 * pitch as isize + step.away.1),
                    place: step.place,
                })
                .collect(),
        };
        Self {
            batch: s.batch,
            targets: phases.map(target).collect(),
            source: output,
            result: input,
            planes: vec![(0, 0)],
            rows,
            pitch,
            weight: (s.kernel * s.kernel, s.taps()),
        }
    }

    /// Positions of an image.
    pub(super) fn positions(&self) -> usize {
        self.rows * self.pitch
    }

    /// Positions of zeros before the first image and after the last that taps may reach.
    pub(super) fn margins(&self) -> (usize, usize) {
        let offsets = || {
            let taps = self.targets.iter().flat_map(|target| &target.taps);
            taps.map(|tap| tap.offset)
        };
        let before = offsets().min().unwrap_or(0).min(0).unsigned_abs();
        let after = offsets().max().unwrap_or(0).max(0).unsigned_abs();
        (before, after)
    }
}

fn images(s: &ConvShape) -> (Images, Images) {
    let input = Images {
        height: s.height,
        width: s.width,
        channels: s.input,
        stride: s.stride,
    };
    let output = Images {
        height: s.out_height(),
        width: s.out_width(),
        channels: s.output,
        stride: 1,
    };
    (input, output)
}

//! Pictures to augment, and what to do with them.

use rand::RngExt;
use ravine::augment::{AugmentConfig, Operation, Planar, ViewConfig};
use ravine::data::Image;
use ravine::random::{Purpose, stream};

/// A picture with edges, gradients and noise.
pub(crate) fn picture(height: usize, width: usize, channels: usize, seed: u64) -> Image {
    let mut rng = stream(seed, Purpose::Check, 0, 0, 0);
    let mut pixels: Vec<u8> = Vec::new();
    for y in 0..height {
        for x in 0..width {
            for c in 0..channels {
                let wave = ((x * (c + 2) + y * 3) % 97) as f64 * 1.6;
                pixels.push((wave + 90.0 * rng.random::<f64>()) as u8);
            }
        }
    }
    Image {
        width,
        height,
        channels,
        pixels: pixels.into(),
    }
}

/// Planes of `pixels / 255`.
pub(crate) fn floats(image: &Image) -> Vec<f32> {
    let mut planes = Vec::new();
    for channel in 0..image.channels {
        let plane = image
            .pixels
            .as_bytes()
            .unwrap()
            .iter()
            .skip(channel)
            .step_by(image.channels);
        planes.extend(plane.map(|&byte| f32::from(byte) / 255.0));
    }
    planes
}

pub(crate) fn changed(image: &Image, change: impl Fn(&mut Planar)) -> Vec<f32> {
    let mut data = floats(image);
    let mut view = Planar::new(image.channels, image.height, image.width, &mut data).unwrap();
    change(&mut view);
    data
}

pub(crate) fn assert_close(actual: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(actual.len(), expected.len());
    for (i, (a, e)) in actual.iter().zip(expected).enumerate() {
        assert!((a - e).abs() <= tolerance, "value {i} is {a}, expected {e}");
    }
}

pub(crate) fn view_of(
    ops: &[Operation],
    image: &Image,
    channels: usize,
    key: [u64; 4],
) -> Vec<f32> {
    let config = AugmentConfig {
        views: vec![ViewConfig {
            size: None,
            count: 4,
            ops: ops.to_vec(),
        }],
        ..AugmentConfig::default()
    };
    let views = config.build(channels).unwrap();
    let [seed, epoch, sample, view] = key;
    let mut out = vec![f32::NAN; channels * 32 * 32];
    views
        .fill(image, seed, epoch, sample, view, &mut out)
        .unwrap();
    out
}

pub(crate) fn evaluate(config: &AugmentConfig, image: &Image) -> Vec<f32> {
    let views = config.evaluation(image.channels).unwrap();
    let mut out = vec![f32::NAN; image.channels * config.size * config.size];
    views.fill(image, 0, 0, 0, 0, &mut out).unwrap();
    out
}

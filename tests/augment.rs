//! Augmentation: goldens, identities, and laws that hold for every operation.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use ravine::augment::affine::{Motion, affine};
use ravine::augment::colour_jitter::{
    Adjustment, adjust, adjust_brightness, adjust_contrast, adjust_hue, adjust_saturation,
};
use ravine::augment::gaussian_blur::gaussian_blur;
use ravine::augment::grayscale::grayscale;
use ravine::augment::horizontal_flip::flip;
use ravine::augment::random_crop::crop;
use ravine::augment::random_resized_crop::region;
use ravine::augment::resample::{Region, resized_crop};
use ravine::augment::solarize::solarize;
use ravine::augment::{
    AugmentConfig, Interpolation, Normalize, Operation, Pipeline, Planar, Scratch, ViewConfig,
    digits, simclr,
};
use ravine::data::Image;
use ravine::random::{Purpose, stream};
use serde_json::Value;

// ---- goldens ----

struct Goldens {
    cases: Vec<Value>,
    tensors: HashMap<String, Tensor>,
}

impl Goldens {
    fn load() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens");
        let text = std::fs::read_to_string(folder.join("goldens.json")).unwrap();
        let index: Value = serde_json::from_str(&text).unwrap();
        let tensors =
            candle_core::safetensors::load(folder.join("goldens.safetensors"), &Device::Cpu);
        Self {
            cases: index["cases"].as_array().unwrap().clone(),
            tensors: tensors.unwrap(),
        }
    }

    fn case(&self, name: &str) -> &Value {
        let wanted = format!("augment/{name}");
        let found = self.cases.iter().find(|case| case["name"] == wanted);
        found.unwrap_or_else(|| panic!("no golden {wanted}"))
    }

    fn tensor(&self, key: &Value) -> &Tensor {
        &self.tensors[key.as_str().unwrap()]
    }

    /// The picture of every case: bytes interleaved.
    fn image(&self) -> Image {
        let pixels = self.tensor(&self.case("image")["inputs"]["pixels"]);
        let (channels, height, width) = pixels.dims3().unwrap();
        let interleaved = pixels.permute((1, 2, 0)).unwrap().flatten_all().unwrap();
        let values: Vec<i64> = interleaved.to_dtype(DType::I64).unwrap().to_vec1().unwrap();
        Image {
            width,
            height,
            channels,
            pixels: values
                .into_iter()
                .map(|v| u8::try_from(v).unwrap())
                .collect(),
        }
    }

    fn compare(&self, name: &str, output: &str, actual: &[f32]) {
        let case = self.case(name);
        let expected = self.tensor(&case["outputs"][output]);
        let expected: Vec<f32> = expected.flatten_all().unwrap().to_vec1().unwrap();
        let tolerance = |key: &str| case["tolerance"][key].as_f64().unwrap() as f32;
        let (rtol, atol) = (tolerance("rtol"), tolerance("atol"));
        assert_eq!(actual.len(), expected.len(), "{name}: length");
        for (i, (a, e)) in actual.iter().zip(&expected).enumerate() {
            assert!(
                (a - e).abs() <= atol + rtol * e.abs(),
                "{name}: value {i} is {a}, expected {e}"
            );
        }
    }
}

fn number(params: &Value, key: &str) -> f32 {
    params[key].as_f64().unwrap() as f32
}

fn whole(params: &Value, key: &str) -> usize {
    usize::try_from(params[key].as_u64().unwrap()).unwrap()
}

fn numbers(params: &Value, key: &str) -> Vec<f32> {
    let list = params[key].as_array().unwrap();
    list.iter().map(|v| v.as_f64().unwrap() as f32).collect()
}

#[test]
fn every_colour_and_filter_agrees_with_its_golden() {
    let goldens = Goldens::load();
    let image = goldens.image();
    let start = floats(&image);
    goldens.compare("image", "image", &start);
    let mut tested = 1;
    let mut check = |name: &str, change: &dyn Fn(&mut Planar, &Value)| {
        let mut data = start.clone();
        let mut view = Planar::new(3, image.height, image.width, &mut data).unwrap();
        change(&mut view, &goldens.case(name)["params"]);
        goldens.compare(name, "output", &data);
        tested += 1;
    };
    check("brightness", &|v, p| {
        adjust_brightness(v, number(p, "factor"))
    });
    check("contrast", &|v, p| adjust_contrast(v, number(p, "factor")));
    check("saturation", &|v, p| {
        adjust_saturation(v, number(p, "factor"))
    });
    check("hue", &|v, p| adjust_hue(v, number(p, "shift")));
    check("colour_jitter", &|v, p| {
        let steps = [
            Adjustment::Brightness(number(p, "brightness")),
            Adjustment::Contrast(number(p, "contrast")),
            Adjustment::Saturation(number(p, "saturation")),
            Adjustment::Hue(number(p, "hue")),
        ];
        adjust(v, &steps);
    });
    check("grayscale", &|v, _| grayscale(v));
    check("solarize", &|v, p| solarize(v, number(p, "threshold")));
    check("gaussian_blur", &|v, p| {
        let sigma = p["sigma"].as_f64().unwrap();
        gaussian_blur(v, whole(p, "kernel"), sigma, &mut Scratch::default());
    });
    check("horizontal_flip", &|v, _| flip(v));
    check("normalize", &|v, p| {
        let normalize = Normalize::new("augment", 3, &numbers(p, "mean"), &numbers(p, "std"));
        normalize.unwrap().apply(v);
    });
    for filter in ["bilinear", "bicubic"] {
        for size in ["small", "large", "shrunk"] {
            let name = format!("resized_crop_{filter}_{size}");
            let params = &goldens.case(&name)["params"];
            assert_eq!(params["interpolation"], filter);
            goldens.compare(&name, "output", &crop_of(&image, params));
            tested += 1;
        }
    }
    let listed = goldens.cases.iter().filter(|case| {
        let name = case["name"].as_str().unwrap();
        name.starts_with("augment/")
    });
    assert_eq!(tested, listed.count(), "a golden case is not tested");
}

fn crop_of(image: &Image, params: &Value) -> Vec<f32> {
    let out = whole(params, "out");
    let region = Region {
        top: whole(params, "top"),
        left: whole(params, "left"),
        height: whole(params, "height"),
        width: whole(params, "width"),
    };
    let filter = if params["interpolation"] == "bicubic" {
        Interpolation::Bicubic
    } else {
        Interpolation::Bilinear
    };
    let mut data = vec![f32::NAN; 3 * out * out];
    let mut view = Planar::new(3, out, out, &mut data).unwrap();
    resized_crop(image, region, filter, &mut view, &mut Scratch::default());
    data
}

// ---- pictures ----

/// A picture with edges, gradients and noise.
fn picture(height: usize, width: usize, channels: usize, seed: u64) -> Image {
    use rand::RngExt;
    let mut rng = stream(seed, Purpose::Check, 0, 0, 0);
    let mut pixels = Vec::new();
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
        pixels,
    }
}

/// Planes of `pixels / 255`.
fn floats(image: &Image) -> Vec<f32> {
    let mut planes = Vec::new();
    for channel in 0..image.channels {
        let plane = image.pixels.iter().skip(channel).step_by(image.channels);
        planes.extend(plane.map(|&byte| f32::from(byte) / 255.0));
    }
    planes
}

fn changed(image: &Image, change: impl Fn(&mut Planar)) -> Vec<f32> {
    let mut data = floats(image);
    let mut view = Planar::new(image.channels, image.height, image.width, &mut data).unwrap();
    change(&mut view);
    data
}

fn assert_close(actual: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(actual.len(), expected.len());
    for (i, (a, e)) in actual.iter().zip(expected).enumerate() {
        assert!((a - e).abs() <= tolerance, "value {i} is {a}, expected {e}");
    }
}

// ---- identities ----

#[test]
fn operations_at_their_neutral_setting_change_nothing() {
    for channels in [1, 3] {
        let image = picture(19, 37, channels, 1);
        let same = floats(&image);
        let still = Motion {
            degrees: 0.0,
            translate: [0.0; 2],
            scale: 1.0,
            shear: [0.0; 2],
        };
        let twice = |v: &mut Planar| {
            flip(v);
            flip(v);
        };
        assert_eq!(changed(&image, twice), same);
        assert_eq!(changed(&image, |v| solarize(v, 1.01)), same);
        assert_eq!(changed(&image, |v| adjust(v, &[])), same);
        assert_eq!(
            changed(&image, |v| affine(v, &still, &mut Scratch::default())),
            same
        );
        for step in [
            Adjustment::Brightness(1.0),
            Adjustment::Contrast(1.0),
            Adjustment::Saturation(1.0),
            Adjustment::Hue(0.0),
            Adjustment::Hue(1.0),
            Adjustment::Hue(-1e-9),
        ] {
            assert_close(&changed(&image, |v| adjust(v, &[step])), &same, 2e-6);
        }
        let narrow = changed(&image, |v| {
            gaussian_blur(v, 5, 0.01, &mut Scratch::default())
        });
        assert_close(&narrow, &same, 1e-7);
    }
}

#[test]
fn a_crop_of_everything_at_the_same_size_is_the_image() {
    for channels in [1, 3] {
        let image = picture(24, 24, channels, 2);
        let all = Region {
            top: 0,
            left: 0,
            height: 24,
            width: 24,
        };
        for filter in [Interpolation::Bilinear, Interpolation::Bicubic] {
            let view = changed(&image, |v| {
                resized_crop(&image, all, filter, v, &mut Scratch::default());
            });
            assert_close(&view, &floats(&image), 1e-6);
        }
        assert_eq!(changed(&image, |v| crop(&image, 0, 0, v)), floats(&image));
        let view = evaluate(
            &AugmentConfig {
                size: 24,
                ..AugmentConfig::default()
            },
            &image,
        );
        assert_close(&view, &floats(&image), 1e-6);
    }
}

#[test]
fn hue_of_primary_colours_moves_a_third_of_the_circle() {
    let image = Image {
        width: 4,
        height: 1,
        channels: 3,
        pixels: vec![
            255, 0, 0, /**/ 0, 255, 0, /**/ 0, 0, 255, /**/ 90, 90, 90,
        ],
    };
    let turned = changed(&image, |v| adjust_hue(v, 1.0 / 3.0));
    let grey = 90.0 / 255.0;
    let expected = [
        0.0, 0.0, 1.0, grey, // red
        1.0, 0.0, 0.0, grey, // green
        0.0, 1.0, 0.0, grey, // blue
    ];
    assert_close(&turned, &expected, 1e-6);
}

#[test]
fn affine_motions_follow_their_names() {
    let image = picture(9, 9, 1, 3);
    let same = floats(&image);
    let still = Motion {
        degrees: 0.0,
        translate: [0.0; 2],
        scale: 1.0,
        shear: [0.0; 2],
    };
    let moved = |motion: Motion| changed(&image, |v| affine(v, &motion, &mut Scratch::default()));

    let right = moved(Motion {
        translate: [2.0, 0.0],
        ..still
    });
    let down = moved(Motion {
        translate: [0.0, 1.0],
        ..still
    });
    let quarter = moved(Motion {
        degrees: 90.0,
        ..still
    });
    for y in 0..9 {
        for x in 0..9 {
            let at = |x: usize, y: usize| same[y * 9 + x];
            let from_left = if x >= 2 { at(x - 2, y) } else { 0.0 };
            let from_above = if y >= 1 { at(x, y - 1) } else { 0.0 };
            assert_close(&[right[y * 9 + x]], &[from_left], 1e-6);
            assert_close(&[down[y * 9 + x]], &[from_above], 1e-6);
            // Clockwise: what was above (x, 0) is now on the right.
            assert_close(&[quarter[x * 9 + 8 - y]], &[at(x, y)], 1e-5);
        }
    }
    let double = moved(Motion {
        scale: 2.0,
        ..still
    });
    assert_close(
        &[double[4 * 9 + 4], double[4 * 9 + 6]],
        &[same[4 * 9 + 4], same[4 * 9 + 5]],
        1e-6,
    );
}

#[test]
fn a_padded_crop_shows_zeros_outside_the_image() {
    for channels in [1, 3] {
        let image = picture(6, 7, channels, 4);
        let source = floats(&image);
        for (top, left) in [(-3, -2), (2, 4), (-9, 0), (0, 9), (-1, -1)] {
            let mut data = vec![f32::NAN; channels * 8 * 8];
            let mut view = Planar::new(channels, 8, 8, &mut data).unwrap();
            crop(&image, top, left, &mut view);
            for (i, value) in data.iter().enumerate() {
                let (c, y, x) = (i / 64, (i / 8 % 8) as isize + top, (i % 8) as isize + left);
                let inside = (0..6).contains(&y) && (0..7).contains(&x);
                let expected = if inside {
                    source[c * 42 + y as usize * 7 + x as usize]
                } else {
                    0.0
                };
                assert_eq!(*value, expected);
            }
        }
    }
}

#[test]
fn blur_keeps_constants_and_the_mean_of_a_dot() {
    let mut flat = vec![0.25; 40 * 33];
    let mut view = Planar::new(1, 40, 33, &mut flat).unwrap();
    gaussian_blur(&mut view, 23, 1.7, &mut Scratch::default());
    assert_close(&flat, &[0.25; 40 * 33], 1e-6);

    let mut dot = vec![0.0; 40 * 33];
    dot[20 * 33 + 16] = 1.0;
    let mut view = Planar::new(1, 40, 33, &mut dot).unwrap();
    gaussian_blur(&mut view, 23, 1.7, &mut Scratch::default());
    assert_close(&[dot.iter().sum()], &[1.0], 1e-5);
    assert_eq!(dot[20 * 33 + 14], dot[20 * 33 + 18]);
    assert_eq!(dot[18 * 33 + 16], dot[20 * 33 + 14]);
}

#[test]
fn drawn_crops_keep_inside_and_reach_the_whole_range_of_areas() {
    let mut rng = stream(5, Purpose::Check, 0, 0, 0);
    let ratio = [3.0 / 4.0, 4.0 / 3.0];
    let mut areas = Vec::new();
    for _ in 0..4000 {
        let crop = region(375, 500, [0.08, 1.0], ratio, &mut rng);
        assert!(crop.height > 0 && crop.top + crop.height <= 375);
        assert!(crop.width > 0 && crop.left + crop.width <= 500);
        let aspect = crop.width as f64 / crop.height as f64;
        assert!((0.74..1.35).contains(&aspect), "{crop:?}");
        areas.push((crop.height * crop.width) as f64 / (375.0 * 500.0));
    }
    areas.sort_by(f64::total_cmp);
    assert!(areas[0] < 0.1 && areas[3999] > 0.9);
    assert!((0.4..0.6).contains(&areas[2000]), "median {}", areas[2000]);
    // No try fits a strip: the centred crop with the nearest allowed aspect.
    let strip = region(10, 1000, [0.9, 1.0], ratio, &mut rng);
    assert_eq!(
        strip,
        Region {
            top: 0,
            left: 493,
            height: 10,
            width: 13
        }
    );
}

// ---- laws over the family ----

fn view_of(ops: &[Operation], image: &Image, channels: usize, key: [u64; 4]) -> Vec<f32> {
    let config = AugmentConfig {
        views: vec![ViewConfig {
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

fn evaluate(config: &AugmentConfig, image: &Image) -> Vec<f32> {
    let views = config.evaluation(image.channels).unwrap();
    let mut out = vec![f32::NAN; image.channels * config.size * config.size];
    views.fill(image, 0, 0, 0, 0, &mut out).unwrap();
    out
}

#[test]
fn every_operation_gives_finite_values_in_range_for_any_image() {
    for operation in Operation::defaults() {
        for channels in [1, 3] {
            for (height, width) in [(32, 32), (45, 61), (7, 90), (1, 1)] {
                let image = picture(height, width, channels, 6);
                for sample in 0..6 {
                    let view = view_of(&[operation.clone()], &image, channels, [0, 0, sample, 0]);
                    let bad = view.iter().find(|x| !(-1e-6..=1.0 + 1e-5).contains(*x));
                    assert_eq!(
                        bad,
                        None,
                        "{} on {height}x{width}x{channels}",
                        operation.name()
                    );
                }
            }
        }
    }
}

#[test]
fn every_operation_repeats_a_key_whatever_the_scratch_held() {
    let image = picture(45, 61, 3, 7);
    for operation in Operation::defaults() {
        let pipeline = Pipeline::new("ops", &[operation.clone()], 3, 32, None).unwrap();
        let make = |scratch: &mut Scratch| {
            let mut out = vec![f32::NAN; 3 * 32 * 32];
            let mut rng = stream(1, Purpose::Augment, 2, 3, 0);
            pipeline.fill(&image, &mut out, &mut rng, scratch).unwrap();
            out
        };
        let fresh = make(&mut Scratch::default());
        let mut used = Scratch::default();
        let other = Pipeline::new("ops", &simclr(96, 1.0), 3, 96, None).unwrap();
        for sample in 0..8 {
            let mut rng = stream(9, Purpose::Augment, 0, sample, 0);
            let mut out = vec![0.0; 3 * 96 * 96];
            let larger = picture(200, 90, 3, sample);
            other.fill(&larger, &mut out, &mut rng, &mut used).unwrap();
        }
        let mut noise = vec![f32::NAN; 50 * 70];
        let mut view = Planar::new(1, 50, 70, &mut noise).unwrap();
        gaussian_blur(&mut view, 9, 2.0, &mut used);
        assert_eq!(make(&mut used), fresh, "{}", operation.name());
    }
}

#[test]
fn views_differ_by_every_part_of_their_key() {
    let image = picture(45, 61, 3, 8);
    let ops = simclr(32, 0.5);
    let base = view_of(&ops, &image, 3, [1, 2, 3, 0]);
    assert_eq!(base, view_of(&ops, &image, 3, [1, 2, 3, 0]));
    for other in [[0, 2, 3, 0], [1, 0, 3, 0], [1, 2, 0, 0], [1, 2, 3, 1]] {
        assert_ne!(base, view_of(&ops, &image, 3, other));
    }
}

#[test]
fn threads_make_the_same_views() {
    let image = picture(45, 61, 3, 9);
    let ops = simclr(32, 0.5);
    let alone: Vec<_> = (0..8)
        .map(|s| view_of(&ops, &image, 3, [0, 0, s, 0]))
        .collect();
    let together: Vec<_> = std::thread::scope(|scope| {
        let (image, ops) = (&image, &ops);
        let workers: Vec<_> = (0..8)
            .map(|s| scope.spawn(move || view_of(ops, image, 3, [0, 0, s, 0])))
            .collect();
        workers.into_iter().map(|w| w.join().unwrap()).collect()
    });
    assert_eq!(alone, together);
}

#[test]
fn every_operation_refuses_an_unknown_key() {
    for operation in Operation::defaults() {
        let mut value = serde_json::to_value(&operation).unwrap();
        assert_eq!(value["kind"], operation.name());
        serde_json::from_value::<Operation>(value.clone()).unwrap();
        value["strenght"] = 1.into();
        let refused = serde_json::from_value::<Operation>(value).unwrap_err();
        assert!(refused.to_string().contains("strenght"), "{refused}");
    }
}

#[test]
fn every_operation_never_applied_leaves_the_resized_image() {
    let image = picture(45, 61, 3, 10);
    let resized = view_of(&[], &image, 3, [0; 4]);
    for operation in Operation::defaults() {
        let mut value = serde_json::to_value(&operation).unwrap();
        if value.get("p").is_none() {
            continue;
        }
        value["p"] = 0.0.into();
        let never = serde_json::from_value(value).unwrap();
        assert_eq!(
            view_of(&[never], &image, 3, [0; 4]),
            resized,
            "{}",
            operation.name()
        );
    }
}

#[test]
fn images_are_brought_to_the_channels_of_the_pipeline() {
    let grey = picture(40, 40, 1, 11);
    for ops in [vec![], simclr(32, 0.5), digits(), vec![random_crop()]] {
        let colour = view_of(&ops, &grey, 3, [0, 0, 1, 0]);
        assert_close(&colour[..1024], &colour[1024..2048], 1e-6);
        assert_close(&colour[..1024], &colour[2048..], 1e-6);
    }
    let colour = picture(40, 40, 3, 12);
    for ops in [vec![], vec![random_crop()]] {
        let planes = view_of(&ops, &colour, 3, [0, 0, 1, 0]);
        let luma: Vec<f32> = (0..1024)
            .map(|i| 0.2989 * planes[i] + 0.587 * planes[1024 + i] + 0.114 * planes[2048 + i])
            .collect();
        assert_close(&view_of(&ops, &colour, 1, [0, 0, 1, 0]), &luma, 1e-6);
    }
}

fn random_crop() -> Operation {
    serde_json::from_value(serde_json::json!({"kind": "random_crop", "padding": 2})).unwrap()
}

// ---- configuration ----

#[test]
fn evaluation_is_the_resized_centre_normalised() {
    let image = picture(20, 60, 3, 13);
    let config = AugmentConfig {
        size: 20,
        mean: Some(vec![0.5, 0.4, 0.3]),
        std: Some(vec![0.5, 0.25, 0.2]),
        ..AugmentConfig::default()
    };
    let view = evaluate(&config, &image);
    let source = floats(&image);
    for (i, value) in view.iter().enumerate() {
        let (c, y, x) = (i / 400, i / 20 % 20, i % 20);
        let pixel = source[c * 1200 + y * 60 + 20 + x];
        let (mean, std) = ([0.5, 0.4, 0.3][c], [0.5, 0.25, 0.2][c]);
        assert_close(&[*value], &[(pixel - mean) / std], 1e-5);
    }
}

#[test]
fn the_default_configuration_survives_toml() {
    let text = toml::to_string(&AugmentConfig::default()).unwrap();
    let back: AugmentConfig = toml::from_str(&text).unwrap();
    assert_eq!(toml::to_string(&back).unwrap(), text);
    assert_eq!(back.build(3).unwrap().shapes(), vec![[3, 32, 32]; 2]);
    assert!(toml::from_str::<AugmentConfig>("sise = 3").is_err());
    assert!(toml::from_str::<AugmentConfig>("[[views]]\ncuont = 3").is_err());
}

#[test]
fn senseless_settings_are_refused_with_their_key() {
    let refused = |config: &str, key: &str| {
        let config: AugmentConfig = toml::from_str(config).unwrap();
        let error = config.build(3).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{error}");
        let sentence = error.to_string();
        assert!(sentence.contains(&format!("`{key}`")), "{sentence}");
    };
    let op = |op: &str| format!("[[views]]\nops = [{{kind = \"horizontal_flip\"}}, {op}]");
    let framing = |op: &str| format!("[[views]]\nops = [{op}]");
    refused("size = 0", "augment.size");
    refused("views = []", "augment.views");
    refused("[[views]]\ncount = 0", "augment.views[0].count");
    refused("mean = [0.5, 0.5, 0.5]", "augment.std");
    refused("mean = [0.5]\nstd = [0.5]", "augment.mean");
    refused(
        "mean = [0.5, 0.5, 0.5]\nstd = [0.5, 0.0, 0.5]",
        "augment.std",
    );
    for (text, key) in [
        ("{kind = 'gaussian_blur', sigma = [-1.0, 2.0]}", "sigma"),
        ("{kind = 'gaussian_blur', sigma = [2.0, 1.0]}", "sigma"),
        ("{kind = 'gaussian_blur', kernel = 4}", "kernel"),
        ("{kind = 'gaussian_blur', kernel = 65}", "kernel"),
        ("{kind = 'color_jitter', hue = 0.6}", "hue"),
        ("{kind = 'color_jitter', contrast = -0.1}", "contrast"),
        ("{kind = 'grayscale', p = 1.5}", "p"),
        ("{kind = 'solarize', p = nan}", "p"),
        ("{kind = 'affine', scale = [0.0, 1.0]}", "scale"),
        ("{kind = 'affine', translate = 2.0}", "translate"),
    ] {
        refused(&op(text), &format!("augment.views[0].ops[1].{key}"));
    }
    for (text, key) in [
        (
            "{kind = 'random_resized_crop', scale = [0.1, 1.2]}",
            "scale",
        ),
        (
            "{kind = 'random_resized_crop', ratio = [0.0, 1.2]}",
            "ratio",
        ),
        ("{kind = 'random_crop', padding = 100}", "padding"),
        ("{kind = 'resize', share = 0.0}", "share"),
    ] {
        refused(&framing(text), &format!("augment.views[0].ops[0].{key}"));
    }
    refused(&op("{kind = 'random_crop'}"), "augment.views[0].ops[1]");
}

#[test]
fn wrong_sizes_and_views_are_sentences() {
    let views = AugmentConfig::two_views(8, digits()).build(1).unwrap();
    let image = picture(8, 8, 1, 14);
    let mut out = vec![0.0; 64];
    views.fill(&image, 0, 0, 0, 1, &mut out).unwrap();
    assert!(views.fill(&image, 0, 0, 0, 2, &mut out).is_err());
    assert!(views.fill(&image, 0, 0, 0, 0, &mut out[1..]).is_err());
    let empty = Image {
        width: 0,
        height: 8,
        channels: 1,
        pixels: vec![],
    };
    assert!(views.fill(&empty, 0, 0, 0, 0, &mut out).is_err());
    let short = Image {
        pixels: vec![0; 63],
        ..image
    };
    assert!(views.fill(&short, 0, 0, 0, 0, &mut out).is_err());
}

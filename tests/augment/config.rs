//! The `augment` table: evaluation, defaults, and what is refused.

use ravine::augment::{AugmentConfig, digits};
use ravine::data::Image;

use crate::pictures::{assert_close, evaluate, floats, picture};

#[test]
fn evaluation_is_the_resized_center_normalized() {
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
        pixels: Vec::<u8>::new().into(),
    };
    assert!(views.fill(&empty, 0, 0, 0, 0, &mut out).is_err());
    let short = Image {
        pixels: vec![0u8; 63].into(),
        ..image
    };
    assert!(views.fill(&short, 0, 0, 0, 0, &mut out).is_err());
}

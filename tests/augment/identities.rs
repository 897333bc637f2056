//! Settings whose result is known without reference numbers.

use ravine::augment::affine::{Motion, affine};
use ravine::augment::color_jitter::{Adjustment, adjust};
use ravine::augment::gaussian_blur::gaussian_blur;
use ravine::augment::horizontal_flip::flip;
use ravine::augment::random_crop::crop;
use ravine::augment::random_resized_crop::region;
use ravine::augment::resample::{Region, resized_crop};
use ravine::augment::solarize::solarize;
use ravine::augment::{AugmentConfig, Interpolation, Planar, Scratch};
use ravine::data::Image;
use ravine::random::{Purpose, stream};

use crate::pictures::{assert_close, changed, evaluate, floats, picture};

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
            gaussian_blur(v, 5, 0.01, &mut Scratch::default());
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

/// Channels that are no colours are grey images of their own, adjusted by the same factors.
#[test]
fn bands_are_adjusted_each_about_its_own_mean() {
    let steps = [
        Adjustment::Contrast(0.4),
        Adjustment::Hue(0.3),
        Adjustment::Brightness(1.3),
        Adjustment::Saturation(0.1),
        Adjustment::Contrast(1.5),
    ];
    let bands = picture(70, 60, 5, 3);
    let all = changed(&bands, |v| adjust(v, &steps));
    let plain = floats(&bands);
    let pixels = 70 * 60;
    for (plane, adjusted) in plain.chunks_exact(pixels).zip(all.chunks_exact(pixels)) {
        let mut alone = plane.to_vec();
        adjust(&mut Planar::new(1, 70, 60, &mut alone).unwrap(), &steps);
        assert_eq!(alone, adjusted);
        assert_ne!(alone, plane);
    }
}

#[test]
fn hue_of_primary_colors_moves_a_third_of_the_circle() {
    let image = Image {
        width: 4,
        height: 1,
        channels: 3,
        pixels: vec![
            255u8, 0, 0, /**/ 0, 255, 0, /**/ 0, 0, 255, /**/ 90, 90, 90,
        ]
        .into(),
    };
    let turned = changed(&image, |v| adjust(v, &[Adjustment::Hue(1.0 / 3.0)]));
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
                assert_close(&[*value], &[expected], 0.0);
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
    assert_close(&[dot[20 * 33 + 14]], &[dot[20 * 33 + 18]], 1e-7);
    assert_close(&[dot[18 * 33 + 16]], &[dot[20 * 33 + 14]], 1e-7);
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

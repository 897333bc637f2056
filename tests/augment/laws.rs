//! What holds for every operation of the family, and for every view.

use ravine::augment::gaussian_blur::gaussian_blur;
use ravine::augment::{Operation, Pipeline, Planar, Scratch, digits, simclr};
use ravine::random::{Purpose, stream};

use crate::pictures::{assert_close, picture, view_of};

#[test]
fn every_operation_gives_finite_values_in_range_for_any_image() {
    for operation in Operation::defaults() {
        for channels in [1, 3] {
            for (height, width) in [(32, 32), (45, 61), (7, 90), (1, 1)] {
                let image = picture(height, width, channels, 6);
                for sample in 0..6 {
                    let view = view_of(
                        std::slice::from_ref(&operation),
                        &image,
                        channels,
                        [0, 0, sample, 0],
                    );
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
        let pipeline = Pipeline::new("ops", std::slice::from_ref(&operation), 3, 32, None).unwrap();
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
        let color = view_of(&ops, &grey, 3, [0, 0, 1, 0]);
        assert_close(&color[..1024], &color[1024..2048], 1e-6);
        assert_close(&color[..1024], &color[2048..], 1e-6);
    }
    let color = picture(40, 40, 3, 12);
    for ops in [vec![], vec![random_crop()]] {
        let planes = view_of(&ops, &color, 3, [0, 0, 1, 0]);
        let luma: Vec<f32> = (0..1024)
            .map(|i| 0.2989 * planes[i] + 0.587 * planes[1024 + i] + 0.114 * planes[2048 + i])
            .collect();
        assert_close(&view_of(&ops, &color, 1, [0, 0, 1, 0]), &luma, 1e-6);
    }
}

fn random_crop() -> Operation {
    serde_json::from_value(serde_json::json!({"kind": "random_crop", "padding": 2})).unwrap()
}

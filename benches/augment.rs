//! Views per second on one thread: `cargo bench --bench augment`.
//!
//! The images are decoded already; two pipelines (32 pixels, and 224 pixels from 500×375) and the parts of each.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::RngExt;
use ravine::augment::{
    AugmentConfig, ColorJitter, GaussianBlur, HorizontalFlip, MultiView, Operation,
    RandomResizedCrop, digits, simclr,
};
use ravine::data::Image;
use ravine::random::{Purpose, stream};

fn picture(height: usize, width: usize, seed: u64) -> Image {
    let mut rng = stream(seed, Purpose::Check, 0, 0, 0);
    Image {
        width,
        height,
        channels: 3,
        pixels: (0..height * width * 3)
            .map(|_| rng.random::<u8>())
            .collect(),
    }
}

fn views(size: usize, ops: Vec<Operation>) -> MultiView {
    let config = AugmentConfig {
        mean: Some(vec![0.485, 0.456, 0.406]),
        std: Some(vec![0.229, 0.224, 0.225]),
        ..AugmentConfig::two_views(size, ops)
    };
    config.build(3).unwrap_or_else(|error| panic!("{error}"))
}

fn measure(
    criterion: &mut Criterion,
    name: &str,
    size: usize,
    images: &[Image],
    ops: Vec<Operation>,
) {
    let views = views(size, ops);
    let mut out = vec![0.0; 3 * size * size];
    let mut group = criterion.benchmark_group(format!("{size} px"));
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |bencher| {
        let mut sample = 0;
        bencher.iter(|| {
            sample += 1;
            let image = &images[sample % images.len()];
            views
                .fill(image, 0, 0, sample as u64, 0, &mut out)
                .unwrap_or_else(|error| panic!("{error}"));
        });
    });
    group.finish();
}

fn pipelines(criterion: &mut Criterion) {
    let small: Vec<_> = (0..64).map(|i| picture(32, 32, i)).collect();
    let large: Vec<_> = (0..24)
        .map(|i| {
            if i % 2 == 0 {
                picture(375, 500, i)
            } else {
                picture(500, 375, i)
            }
        })
        .collect();
    let crop = || Operation::RandomResizedCrop(RandomResizedCrop::default());
    let jitter = || {
        Operation::ColorJitter(ColorJitter {
            p: 1.0,
            ..ColorJitter::default()
        })
    };
    let flip = || Operation::HorizontalFlip(HorizontalFlip { p: 1.0 });
    let blur = || {
        Operation::GaussianBlur(GaussianBlur {
            p: 1.0,
            ..GaussianBlur::default()
        })
    };
    measure(criterion, "simclr", 32, &small, simclr(32, 0.5));
    measure(criterion, "crop", 32, &small, vec![crop()]);
    measure(
        criterion,
        "crop, jitter",
        32,
        &small,
        vec![crop(), jitter()],
    );
    measure(criterion, "affine", 32, &small, digits());
    let mut photographs = simclr(224, 1.0);
    for operation in &mut photographs {
        if let Operation::GaussianBlur(blur) = operation {
            blur.kernel = 23;
        }
    }
    measure(criterion, "simclr", 224, &large, photographs);
    measure(criterion, "crop", 224, &large, vec![crop()]);
    measure(criterion, "crop, flip", 224, &large, vec![crop(), flip()]);
    measure(
        criterion,
        "crop, jitter",
        224,
        &large,
        vec![crop(), jitter()],
    );
    measure(criterion, "crop, blur", 224, &large, vec![crop(), blur()]);
}

criterion_group!(benches, pipelines);
criterion_main!(benches);

//! The loader: order, resuming, workers, corrupt images, panics.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ravine::data::{Dataset, Image, ImageBatch, Loader, LoaderConfig, ViewKey, Views};
use ravine::error::{Error, Result};

/// Images of one pixel; some are broken, one panics.
struct Pixels {
    count: usize,
    bad: BTreeSet<usize>,
    panics_at: Option<usize>,
    reads: AtomicUsize,
}

impl Pixels {
    fn new(count: usize) -> Self {
        Self {
            count,
            bad: BTreeSet::new(),
            panics_at: None,
            reads: AtomicUsize::new(0),
        }
    }
}

impl Dataset for Pixels {
    fn len(&self) -> usize {
        self.count
    }
    fn get(&self, index: usize) -> Result<Image> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        assert_ne!(Some(index), self.panics_at, "this image is cursed");
        if self.bad.contains(&index) {
            return Err(Error::data(format!("{index}.jpg"), "corrupt"));
        }
        Ok(Image {
            width: 1,
            height: 1,
            channels: 1,
            pixels: vec![index as u8].into(),
        })
    }
    fn label(&self, index: usize) -> Option<u32> {
        Some(index as u32 % 3)
    }
    fn classes(&self) -> &[String] {
        &[]
    }
    fn id(&self, index: usize) -> String {
        format!("{index}.jpg")
    }
    fn blocks(&self) -> Vec<Range<usize>> {
        (0..self.count)
            .step_by(10)
            .map(|start| start..self.count.min(start + 10))
            .collect()
    }
}

/// Two views of different shapes that hold the pixel and the key.
struct Keys;

impl Views for Keys {
    fn shapes(&self) -> Vec<[usize; 3]> {
        vec![[1, 1, 3], [1, 2, 2]]
    }
    fn fill(&self, image: &Image, at: ViewKey, out: &mut [f32]) -> Result<()> {
        out.fill(at.view as f32);
        out[0] = f32::from(image.pixels.as_bytes().unwrap()[0]);
        out[1] = at.epoch as f32;
        out[2] = at.sample as f32 + at.seed as f32 * 1000.0;
        Ok(())
    }
}

const CONFIG: LoaderConfig = LoaderConfig {
    batch: 8,
    workers: 2,
    prefetch: 2,
    seed: 5,
    drop_last: false,
    shuffle: true,
};

fn loader(set: Pixels, config: LoaderConfig) -> Loader {
    Loader::new(Arc::new(set), Arc::new(Keys), config).unwrap()
}

fn epoch(loader: &Loader, epoch: u64, first: u64) -> Vec<ImageBatch> {
    loader.epoch(epoch, first).collect::<Result<_>>().unwrap()
}

#[test]
fn an_epoch_holds_every_index_once_and_each_epoch_its_own_order() {
    let loader = loader(Pixels::new(45), CONFIG);
    assert_eq!(loader.batches_per_epoch(), 6);
    let samples = |e| {
        epoch(&loader, e, 0)
            .into_iter()
            .flat_map(|b| b.samples)
            .collect::<Vec<_>>()
    };
    let (first, second) = (samples(0), samples(1));
    assert_ne!(first, second);
    for mut samples in [first, second] {
        samples.sort_unstable();
        assert_eq!(samples, (0..45).collect::<Vec<u64>>());
    }
}

#[test]
fn values_labels_and_keys_belong_to_their_samples() {
    for batch in epoch(&loader(Pixels::new(45), CONFIG), 3, 0) {
        let labels = &batch.labels;
        for (row, &sample) in batch.samples.iter().enumerate() {
            assert_eq!(
                batch.views[0].values[row * 3..row * 3 + 3],
                [sample as f32, 3.0, sample as f32 + 5000.0]
            );
            assert_eq!(batch.views[1].values[row * 4 + 3..row * 4 + 4], [1.0]);
            assert_eq!(labels[row], Some(sample as u32 % 3));
        }
        assert_eq!(batch.views[1].values.len(), batch.samples.len() * 4);
    }
}

#[test]
fn the_number_of_workers_and_the_prefetch_change_nothing() {
    let with = |workers, prefetch| {
        epoch(
            &loader(
                Pixels::new(100),
                LoaderConfig {
                    workers,
                    prefetch,
                    ..CONFIG
                },
            ),
            2,
            0,
        )
    };
    let one = with(1, 1);
    assert_eq!(one.len(), 13);
    assert_eq!(one, with(3, 4));
    assert_eq!(one, with(9, 1));
}

#[test]
fn an_epoch_resumes_anywhere_and_steps_run_over_epochs() {
    let loader = loader(
        Pixels::new(45),
        LoaderConfig {
            drop_last: true,
            ..CONFIG
        },
    );
    let whole: Vec<ImageBatch> = (0..3).flat_map(|e| epoch(&loader, e, 0)).collect();
    assert_eq!(whole.len(), 15);
    assert_eq!(epoch(&loader, 1, 3), whole[8..10]);
    let steps: Vec<ImageBatch> = loader.steps(4, 13).collect::<Result<_>>().unwrap();
    assert_eq!(steps, whole[4..13]);
    assert_eq!(loader.epoch(0, 5).count(), 0);
}

#[test]
fn storage_order_without_shuffle() {
    let loader = loader(
        Pixels::new(20),
        LoaderConfig {
            shuffle: false,
            ..CONFIG
        },
    );
    let samples: Vec<u64> = epoch(&loader, 4, 0)
        .into_iter()
        .flat_map(|b| b.samples)
        .collect();
    assert_eq!(samples, (0..20).collect::<Vec<_>>());
}

#[test]
fn corrupt_images_are_left_out_and_reported() {
    let set = Pixels {
        bad: [3, 17, 18].into(),
        ..Pixels::new(45)
    };
    let batches = epoch(&loader(set, CONFIG), 0, 0);
    let mut bad: Vec<_> = batches
        .iter()
        .flat_map(|b| &b.bad)
        .map(|bad| (bad.sample, bad.id.clone()))
        .collect();
    bad.sort();
    assert_eq!(
        bad,
        [
            (3, "3.jpg".into()),
            (17, "17.jpg".into()),
            (18, "18.jpg".into())
        ]
    );
    assert!(
        batches
            .iter()
            .flat_map(|b| &b.bad)
            .all(|bad| bad.reason.contains("corrupt"))
    );
    assert_eq!(batches.iter().map(|b| b.samples.len()).sum::<usize>(), 42);
    for batch in &batches {
        assert_eq!(batch.views[0].values.len(), batch.samples.len() * 3);
        let firsts: Vec<u64> = batch.views[0]
            .values
            .chunks(3)
            .map(|row| row[0] as u64)
            .collect();
        assert_eq!(firsts, batch.samples);
    }
}

#[test]
fn a_panic_in_a_worker_is_an_error_and_ends_the_epoch() {
    let set = Pixels {
        panics_at: Some(11),
        ..Pixels::new(45)
    };
    let config = LoaderConfig {
        shuffle: false,
        ..CONFIG
    };
    let results: Vec<_> = loader(set, config).epoch(0, 0).collect();
    assert_eq!(results.len(), 2);
    assert!(results[0].is_ok());
    let problem = results[1].as_ref().unwrap_err().to_string();
    assert!(
        problem.contains("cursed") && problem.contains("step 1"),
        "{problem}"
    );
}

#[test]
fn dropping_the_iterator_stops_the_workers() {
    let set = Arc::new(Pixels::new(1_000_000));
    let loader = Loader::new(set.clone(), Arc::new(Keys), CONFIG).unwrap();
    let mut batches = loader.epoch(0, 0);
    batches.next().unwrap().unwrap();
    let start = Instant::now();
    drop(batches);
    assert!(start.elapsed() < Duration::from_secs(5));
    let reads = set.reads.load(Ordering::Relaxed);
    assert!(reads <= 8 * 6, "{reads} images were read for one batch");
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(set.reads.load(Ordering::Relaxed), reads);
}

#[test]
fn impossible_settings_are_named_by_their_key() {
    let refused = |count, config| {
        let loader = Loader::new(Arc::new(Pixels::new(count)), Arc::new(Keys), config);
        loader.err().expect("must be refused").to_string()
    };
    assert!(refused(45, LoaderConfig { batch: 0, ..CONFIG }).contains("`train.batch`"));
    let large = refused(
        45,
        LoaderConfig {
            batch: 46,
            drop_last: true,
            ..CONFIG
        },
    );
    assert!(
        large.contains("`train.batch`") && large.contains("45 images"),
        "{large}"
    );
    assert!(
        refused(
            45,
            LoaderConfig {
                workers: 0,
                ..CONFIG
            }
        )
        .contains("`data.workers`")
    );
    assert!(refused(0, CONFIG).contains("no image"));
    let small = loader(Pixels::new(3), CONFIG);
    assert_eq!(epoch(&small, 0, 0).len(), 1);
}

/// Two views that only convert: what loading costs without augmentation.
struct Plain;

impl Views for Plain {
    fn shapes(&self) -> Vec<[usize; 3]> {
        vec![[3, 32, 32]; 2]
    }
    fn fill(&self, image: &Image, _: ViewKey, out: &mut [f32]) -> Result<()> {
        for (channel, plane) in out.chunks_exact_mut(32 * 32).enumerate() {
            for (value, pixel) in plane
                .iter_mut()
                .zip(image.pixels.as_bytes().unwrap().chunks_exact(3))
            {
                *value = f32::from(pixel[channel]) / 255.0;
            }
        }
        Ok(())
    }
}

/// For people: `cargo test --release --test loader -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn loading_speed_of_real_cifar_10() {
    let source = std::env::var("RAVINE_CIFAR10")
        .expect("RAVINE_CIFAR10 names a folder with CIFAR-10 in Parquet");
    for cache in [256, 4] {
        let data = ravine::data::DataConfig {
            source: source.clone(),
            cache,
            ..Default::default()
        };
        let train = ravine::data::open(&data).unwrap().train;
        let blocks = (train.blocks().len(), train.blocks_at_once());
        for workers in [1, 2] {
            let config = LoaderConfig {
                batch: 256,
                workers,
                prefetch: 4,
                seed: 0,
                drop_last: true,
                shuffle: true,
            };
            let loader = Loader::new(train.clone(), Arc::new(Plain), config).unwrap();
            let start = Instant::now();
            let mut images = 0;
            for batch in loader.epoch(0, 0) {
                images += batch.unwrap().samples.len();
            }
            let rate = images as f64 / start.elapsed().as_secs_f64();
            eprintln!(
                "cache {cache} MiB {blocks:?}, {workers} workers: {rate:.0} images/s (2 views each)"
            );
        }
    }
}

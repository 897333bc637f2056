//! Pictures per second out of every format that holds JPEG files, beside a folder of the same: `cargo bench --bench readers`.
//!
//! Each round loads an epoch of each format in turn, in shuffled order, with the loader and the evaluation view of a run; medians
//! over the rounds. The mean run length is that of equal classes in the order that comes out, of pictures that are stored class after
//! class: 1.11 of ten classes where the order is drawn over the whole set.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use rand::RngExt;
use ravine::augment::AugmentConfig;
use ravine::data::{DataConfig, Dataset, Loader, LoaderConfig, Views, open};
use ravine::random::{Purpose, stream};
use ravine::run::{PackFormat, Packing, pack};

const PICTURES: usize = 3000;
const CLASSES: usize = 10;
const ROUNDS: usize = 7;

type Any = Box<dyn Error>;

/// JPEG files of 160×120, class after class, and a list of them.
fn pictures(root: &Path) -> Result<(), Any> {
    let mut list = csv::Writer::from_path(root.join("list.csv"))?;
    list.write_record(["file_name", "label"])?;
    for i in 0..PICTURES {
        let mut rng = stream(0, Purpose::Check, 0, i as u64, 0);
        let class = i * CLASSES / PICTURES;
        let shade = [0; 3].map(|_| rng.random_range(0..200_u8));
        let picture = image::RgbImage::from_fn(160, 120, |x, y| {
            let wave = ((x * (1 + class as u32) + y) % 50) as u8;
            image::Rgb(shade.map(|value| value.saturating_add(wave + rng.random_range(0..9))))
        });
        let name = format!("{class}/{i}.jpg");
        let path = root.join("folder").join(&name);
        std::fs::create_dir_all(path.parent().unwrap_or(root))?;
        picture.save(path)?;
        list.write_record([format!("folder/{name}"), class.to_string()])?;
    }
    Ok(list.flush()?)
}

fn at(path: &Path) -> DataConfig {
    DataConfig {
        source: path.display().to_string(),
        test: Some(0.0),
        validation: Some(0.0),
        ..DataConfig::default()
    }
}

/// Seconds of an epoch, and the mean run length of classes in it.
fn epoch(set: &Arc<dyn Dataset>, epoch: u64) -> Result<(f64, f64), Any> {
    let config = AugmentConfig {
        size: 96,
        ..AugmentConfig::default()
    };
    let views: Arc<dyn Views> = Arc::new(config.evaluation(3)?);
    let config = LoaderConfig {
        batch: 100,
        workers: std::thread::available_parallelism()?.get(),
        prefetch: 2,
        seed: 0,
        drop_last: false,
        shuffle: true,
    };
    let loader = Loader::new(set.clone(), views, config)?;
    let (start, mut runs, mut last) = (Instant::now(), 0, None);
    for batch in loader.epoch(epoch, 0) {
        for label in batch?.labels {
            runs += usize::from(label != last);
            last = label;
        }
    }
    Ok((
        start.elapsed().as_secs_f64(),
        set.len() as f64 / runs as f64,
    ))
}

fn main() -> Result<(), Any> {
    let root = tempfile::tempdir()?;
    pictures(root.path())?;
    let folder = root.path().join("folder");
    let mut sources = vec![
        ("folder", at(&folder)),
        ("manifest", at(&root.path().join("list.csv"))),
    ];
    for (name, format) in [
        ("parquet", PackFormat::Parquet),
        ("webdataset", PackFormat::WebDataset),
    ] {
        let out = root.path().join(name);
        let wanted = Packing {
            format,
            ..Packing::to(&out)
        };
        pack(
            &at(&folder),
            &wanted,
            &mut |_, _| {},
            &AtomicBool::new(false),
        )?;
        sources.push((name, at(&out)));
    }
    let small = DataConfig {
        cache: 4,
        ..at(&root.path().join("parquet"))
    };
    sources.push(("parquet, a tenth of it in memory", small));
    let sets: Vec<Arc<dyn Dataset>> = sources
        .iter()
        .map(|(_, config)| Ok(open(config)?.train))
        .collect::<Result<_, Any>>()?;
    let mut seconds = vec![Vec::new(); sets.len()];
    let mut runs = vec![0.0; sets.len()];
    for round in 0..=ROUNDS {
        for (i, set) in sets.iter().enumerate() {
            let (time, run) = epoch(set, round as u64)?;
            runs[i] += run / (ROUNDS + 1) as f64;
            if round > 0 {
                seconds[i].push(time);
            }
        }
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let medians: Vec<f64> = seconds.iter_mut().map(median).collect();
    println!("format                             images/s   of the folder's   mean run");
    for (i, (name, _)) in sources.iter().enumerate() {
        let speed = PICTURES as f64 / medians[i];
        let ratio = medians[0] / medians[i];
        println!("{name:<34} {speed:>8.0} {ratio:>17.2} {:>10.2}", runs[i]);
    }
    Ok(())
}

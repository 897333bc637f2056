//! Every reader goes on in the middle of an epoch as if it had never stopped, with any number of workers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ravine::augment::{AugmentConfig, simclr};
use ravine::data::{DataConfig, ImageBatch, Loader, LoaderConfig, ReaderKind, Splits, open};
use ravine::run::{PackFormat, Packing, pack};

use crate::tiny::*;

/// Files of shuffled pixels, so that a Parquet file of them is larger than the memory it gets.
fn noise(number: usize) -> Vec<u8> {
    let mut image = picture(number, 64, 64, 3);
    let mut state = number as u32 + 1;
    image.pixels = (0..64 * 64 * 3)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    encode(&image, image::ImageFormat::Png)
}

/// A set of each reader below `root`.
fn sets(root: &Path) -> Vec<(ReaderKind, PathBuf)> {
    let folder = root.join("folder");
    let mut list = String::from("file_name,label\n");
    for i in 0..200 {
        let name = format!("{}/{i:03}.png", i % 3);
        write(&folder.join(&name), &noise(i));
        list.extend([format!("folder/{name},{}\n", i % 3)]);
    }
    write(&root.join("list.csv"), list.as_bytes());
    let packed = |format: PackFormat| {
        let wanted = Packing {
            format,
            shard_bytes: 1 << 20,
            ..Packing::to(root.join(format!("{format:?}")))
        };
        let stop = AtomicBool::new(false);
        pack(&at(&folder), &wanted, &mut |_, _| {}, &stop).unwrap();
        wanted.out
    };
    let cifar: Vec<u8> = (0..20)
        .flat_map(|i| crate::cifar::cifar_record(i, &[(i % 10) as u8]).0)
        .collect();
    write(&root.join("cifar/data_batch_1.bin"), &cifar);
    let idx = root.join("idx/train-images-idx3-ubyte");
    write(&idx, &crate::idx::idx_images(30, 30));
    crate::stl10::written(&root.join("stl10"));
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens");
    let mut sets = vec![
        (ReaderKind::Digits, "digits".into()),
        (ReaderKind::Manifest, root.join("list.csv")),
        (ReaderKind::Parquet, packed(PackFormat::Parquet)),
        (ReaderKind::Stl10, root.join("stl10")),
        (ReaderKind::Cifar, root.join("cifar")),
        (ReaderKind::Idx, idx),
        (ReaderKind::Arrays, goldens.join("arrays/medmnist.npz")),
        (ReaderKind::WebDataset, packed(PackFormat::WebDataset)),
        (ReaderKind::Folder, folder),
        (ReaderKind::Folder, goldens.join("stacks/deep.tif")),
    ];
    if crate::video::is_there() {
        crate::video::clip(&root.join("video/clip.mkv"), 200);
        sets.push((ReaderKind::Video, root.join("video")));
    }
    sets
}

fn loader(splits: &Splits, workers: usize) -> Loader {
    let ops = if splits.channels == 3 {
        simclr(8, 1.0)
    } else {
        Vec::new()
    };
    let views = AugmentConfig::two_views(8, ops).build(splits.channels);
    let config = LoaderConfig {
        batch: splits.train.len().div_ceil(7).max(1),
        workers,
        prefetch: 2,
        seed: 3,
        drop_last: false,
        shuffle: true,
    };
    Loader::new(splits.train.clone(), Arc::new(views.unwrap()), config).unwrap()
}

fn epoch(loader: &Loader, first: u64) -> Vec<ImageBatch> {
    let batches = loader.epoch(1, first);
    batches.collect::<ravine::error::Result<_>>().unwrap()
}

#[test]
fn every_reader_goes_on_anywhere_in_an_epoch_and_reads_each_image_once() {
    let dir = tempfile::tempdir().unwrap();
    let sets = sets(dir.path());
    for kind in ReaderKind::ALL {
        let tested = sets.iter().any(|(own, _)| own == kind);
        let absent = *kind == ReaderKind::Video && !crate::video::is_there();
        assert!(
            tested || absent || kind.reader().is_none(),
            "{} has no set here",
            kind.name()
        );
    }
    for (reader, path) in sets {
        let config = || DataConfig {
            reader,
            cache: 1,
            ..at(&path)
        };
        let opened = || open(&config()).unwrap();
        let whole = epoch(&loader(&opened(), 1), 0);
        let mut seen: Vec<u64> = whole
            .iter()
            .flat_map(|batch| batch.samples.clone())
            .collect();
        seen.sort_unstable();
        let all: Vec<u64> = (0..opened().train.len() as u64).collect();
        assert_eq!(seen, all, "{path:?}: each image once");
        for (workers, first) in [(1, 3), (3, 1), (3, whole.len() - 1)] {
            let rest = epoch(&loader(&opened(), workers), first as u64);
            assert_eq!(rest.len(), whole.len() - first, "{path:?}");
            for (again, before) in rest.iter().zip(&whole[first..]) {
                assert_eq!(again.samples, before.samples, "{path:?}");
                assert_eq!(again.labels, before.labels, "{path:?}");
                let views = again.views.iter().zip(&before.views);
                assert!(views.clone().count() == 2, "{path:?}");
                for (a, b) in views {
                    assert!(a.values == b.values, "{path:?}: other pixels");
                }
            }
        }
    }
}

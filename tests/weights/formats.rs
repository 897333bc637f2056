//! Ways in which PyTorch and safetensors write the same numbers, as `tests/goldens/weights.py` made them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{Tensor, safetensors};
use ravine::encoders::Convnet;
use ravine::graph::Network;

use super::common::Any;
use super::common::cli::refused;
use super::{load, network, values};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/weights/formats")
}

fn convnet() -> Result<Network, Any> {
    let convnet = Convnet {
        widths: vec![2],
        strides: vec![1],
    };
    network(&convnet, 8, 0)
}

/// Parameter number n, by name, counts n, n + 1/8, …
fn check(network: &Network, what: &str) -> Result<(), Any> {
    let params: BTreeMap<String, Tensor> = values(network, str::to_string).into_iter().collect();
    assert_eq!(params.len(), 5);
    for (n, (name, value)) in params.iter().enumerate() {
        let value = value.flatten_all()?.to_vec1::<f32>()?;
        let expected: Vec<f32> = (0..value.len())
            .map(|i| n as f32 + i as f32 / 8.0)
            .collect();
        assert_eq!(value, expected, "{what}, {name}");
    }
    Ok(())
}

#[test]
fn every_way_of_writing_gives_the_same_numbers() -> Result<(), Any> {
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder())?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    names.sort();
    assert_eq!(names.len(), 18, "{names:?}");
    for path in names {
        let network = convnet()?;
        let found = load(&path, &network)?;
        check(&network, &path.display().to_string())?;
        assert!(
            !found.to_string().contains("num_batches_tracked"),
            "{found}"
        );
    }
    Ok(())
}

#[test]
fn integers_and_truth_values_are_named_and_refused_only_where_they_are_wanted() -> Result<(), Any> {
    let network = convnet()?;
    let found = load(&folder().join("float16.pt"), &network)?;
    assert_eq!(found.unused, ["flag"], "{found}");
    Ok(())
}

#[test]
fn a_header_may_be_as_long_as_the_mark_of_another_file() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let golden = std::fs::read(self::folder().join("float64.safetensors"))?;
    let length = u64::from_le_bytes(golden[..8].try_into()?) as usize;
    // A pickle, a zip, gzip, HDF5.
    for mark in [&b"\x80\x02"[..], b"PK", b"\x1f\x8b", b"\x89H"] {
        let longer = usize::from(u16::from_le_bytes(mark.try_into()?));
        let mut bytes = (longer as u64).to_le_bytes().to_vec();
        bytes.extend(&golden[8..8 + length]);
        bytes.resize(8 + longer, b' ');
        bytes.extend(&golden[8 + length..]);
        let path = folder.path().join("w.bin");
        std::fs::write(&path, bytes)?;
        let network = convnet()?;
        load(&path, &network)?;
        check(&network, &format!("{mark:?}"))?;
    }
    Ok(())
}

#[test]
fn an_index_names_its_shards_and_a_shard_alone_its_index() -> Result<(), Any> {
    let shards = folder().join("shards");
    let network = convnet()?;
    let found = load(&shards.join("model.safetensors.index.json"), &network)?;
    check(&network, "index")?;
    // What shares its numbers is written once, and the metadata say for whom.
    assert_eq!(found.unused, ["head.weight"], "{found}");
    let shard = shards.join("model-00002-of-00002.safetensors");
    let said = load(&shard, &network).expect_err("one of two").to_string();
    assert!(said.contains("model.safetensors.index.json"), "{said}");
    Ok(())
}

#[test]
fn a_folder_means_its_one_file_of_weights() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let refusal = |words: &str| -> Result<(), Any> {
        let said = load(folder.path(), &convnet()?).expect_err("no one file");
        assert_eq!(said.exit_code(), 2);
        assert!(said.to_string().contains(words), "{said}");
        Ok(())
    };
    refusal("without a file of weights")?;
    let start = values(&convnet()?, str::to_string);
    for name in ["a.safetensors", "b.safetensors"] {
        safetensors::save(&start, folder.path().join(name))?;
    }
    refusal("a.safetensors, b.safetensors")?;
    let golden = self::folder().join("float16.safetensors");
    std::fs::copy(golden, folder.path().join("model.safetensors"))?;
    let network = convnet()?;
    load(folder.path(), &network)?;
    check(&network, "model.safetensors in a folder")?;
    for (index, words) in [
        ("{}", "no `weight_map`"),
        (
            r#"{"weight_map": {"a": "../a.safetensors"}}"#,
            "not a file beside it",
        ),
        (r#"{"weight_map": {"a": "c.safetensors"}}"#, "is not there"),
        (r#"{"weight_map": {"a": 3}}"#, "no text"),
        ("{", "EOF"),
    ] {
        let path = folder.path().join("model.safetensors.index.json");
        std::fs::write(path, index)?;
        refusal(words)?;
    }
    Ok(())
}

#[test]
fn what_is_no_file_of_weights_is_told_for_what_it_is() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("w.pth");
    let run = folder.path().join("run");
    let run = run.to_str().expect("a path");
    let weights = format!("encoder.weights={}", path.display());
    let mut tar = vec![b'a'; 257];
    tar.extend(b"ustar\0");
    for (bytes, words) in [
        (&b""[..], "is empty"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "git lfs pull",
        ),
        (b"\n<!DOCTYPE html><html>", "web page"),
        (b"\x89HDF\r\n", "HDF5"),
        (b"\x1f\x8b\x08", "gzip"),
        (&tar, "tar archive"),
        (b"\x80\x04\x95", "torch.save did not write"),
        (b"some text", "starts as none"),
    ] {
        std::fs::write(&path, bytes)?;
        let arguments = [
            "pretrain",
            "digits",
            "--out",
            run,
            "--set",
            "encoder.kind=resnet",
            "--set",
            &weights,
        ];
        let said = refused(&arguments, 2);
        assert!(said.contains(words) && said.contains("w.pth"), "{said}");
    }
    Ok(())
}

//! Files that are damaged, or made to do harm: a sentence, exit code 2, no memory taken.

use std::io::Write;
use std::path::{Path, PathBuf};

use candle_core::Device;
use ravine::encoders::weights;
use ravine::graph::ops::Linear;
use ravine::graph::{Graph, Op};
use ravine::params::Params;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::common::Any;
use super::{load, network};

fn refusal(path: &Path) -> Result<String, Any> {
    let convnet = ravine::encoders::Convnet {
        widths: vec![2],
        strides: vec![1],
    };
    let network = network(&convnet, 8, 0)?;
    let refused = load(path, &network).expect_err("no weights");
    assert_eq!(refused.exit_code(), 2, "{refused}");
    Ok(refused.to_string())
}

fn goldens() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/weights/formats")
}

/// A zip with `pickle` and one storage, in `method`.
pub(super) fn zipped(
    path: &Path,
    pickle: &[u8],
    storage: &[u8],
    method: CompressionMethod,
) -> Result<(), Any> {
    let mut zip = ZipWriter::new(std::fs::File::create(path)?);
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in [("w/data.pkl", pickle), ("w/data/0", storage)] {
        zip.start_file(name, options)?;
        zip.write_all(bytes)?;
    }
    zip.finish()?;
    Ok(())
}

/// The pickle of a table of one tensor `bn1.weight` in storage 0; the shape and the strides are pickles themselves.
fn pickle(dims: &[u8], strides: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x80\x02}(U\x0abn1.weightctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\n".to_vec();
    bytes.extend(b"U\x010U\x03cpuK\x02tQK\x00");
    bytes.extend(dims);
    bytes.extend(strides);
    bytes.extend(b"\x89)tRu.");
    bytes
}

#[test]
fn files_cut_short_anywhere_are_refused() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("w");
    for name in ["float64.pt", "float64-plain.pt", "float64.safetensors"] {
        let whole = std::fs::read(goldens().join(name))?;
        for end in (0..whole.len()).step_by(97) {
            std::fs::write(&path, &whole[..end])?;
            let said = refusal(&path)?;
            assert!(said.contains("cannot be read"), "{name}, {end}: {said}");
        }
    }
    Ok(())
}

#[test]
fn damaged_bytes_never_end_in_a_panic() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("w");
    for name in [
        "one-storage.pth",
        "one-storage-plain.pth",
        "float16.safetensors",
    ] {
        let whole = std::fs::read(goldens().join(name))?;
        for at in (0..whole.len()).step_by(23) {
            for byte in [0, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[at] = byte;
                std::fs::write(&path, &changed)?;
                let convnet = ravine::encoders::Convnet {
                    widths: vec![2],
                    strides: vec![1],
                };
                drop(load(&path, &network(&convnet, 8, 0)?));
            }
        }
    }
    Ok(())
}

#[test]
fn nothing_in_a_pickle_is_run() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let (path, touched) = (folder.path().join("w.pth"), folder.path().join("touched"));
    let mut call = b"\x80\x02cos\nsystem\n(X".to_vec();
    let command = format!("touch {}", touched.display());
    call.extend((command.len() as u32).to_le_bytes());
    call.extend(command.bytes());
    call.extend(b"tR.");
    zipped(&path, &call, b"", CompressionMethod::Stored)?;
    let said = refusal(&path)?;
    assert!(
        said.contains("os.system") && said.contains("no tensors"),
        "{said}"
    );
    zipped(
        &path,
        b"\x80\x02cos\nsystem\n\x82\x07.",
        b"",
        CompressionMethod::Stored,
    )?;
    let said = refusal(&path)?;
    assert!(said.contains("unknown instruction 0x82"), "{said}");
    assert!(!touched.exists());
    Ok(())
}

#[test]
fn shapes_beyond_all_numbers_and_storages_too_short_are_refused() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("w.pth");
    let huge = b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f";
    let pair = |item: &[u8]| [b"(", item, item, b"t"].concat();
    let one = |item: &[u8]| [b"(", item, b"t"].concat();
    for (dims, strides, words) in [
        (pair(huge), pair(b"K\x01"), "more numbers than there can be"),
        (pair(b"K\x02"), pair(huge), "more numbers than there can be"),
        (one(huge), one(b"K\x00"), "is [9223372036854775807] there"),
        (
            one(b"J\xff\xff\xff\xff"),
            one(b"K\x01"),
            "of an unknown layout",
        ),
        (one(b"K\x02"), pair(b"K\x01"), "of an unknown layout"),
        (one(b"K\x02"), one(b"K\x01"), "beyond its 1 stored numbers"),
    ] {
        zipped(
            &path,
            &pickle(&dims, &strides),
            &[0; 4],
            CompressionMethod::Stored,
        )?;
        let mut graph = Graph::new(&[1]);
        let input = graph.input();
        graph.push("bn1", Op::Linear(Linear::new(1, 2, false)), &[input])?;
        let params = Params::new(0, &Device::Cpu);
        let said = weights::load(&path, None, &graph, "", &params);
        let said = said.expect_err("no weights").to_string();
        assert!(said.contains(words), "{said}");
    }
    Ok(())
}

#[test]
fn entries_that_unpack_to_far_more_than_they_hold_are_refused() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("w.pth");
    let zeros = vec![b'0'; 80 << 20];
    zipped(&path, &zeros, b"", CompressionMethod::Deflated)?;
    assert!(std::fs::metadata(&path)?.len() < 100_000);
    let said = refusal(&path)?;
    assert!(said.contains("would unpack"), "{said}");
    // A header that claims more bytes than the file has.
    let path = folder.path().join("w.safetensors");
    for length in [u64::MAX, 99_000_000] {
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend(b"{}");
        std::fs::write(&path, bytes)?;
        let said = refusal(&path)?;
        assert!(said.contains("cut short or no file"), "{said}");
    }
    let header =
        r#"{"bn1.bias":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,0]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    std::fs::write(&path, bytes)?;
    let said = refusal(&path)?;
    assert!(said.contains("overflow"), "{said}");
    Ok(())
}

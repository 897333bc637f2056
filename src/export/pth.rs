//! PyTorch's files: a zip of one pickle and the numbers of each parameter, as `torch.save` writes a dictionary.

use std::io::{Seek, Write};
use std::path::Path;

use candle_core::{DType, Tensor};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::format::Format;
use super::network::Exported;
use crate::atomic::AtomicFile;
use crate::error::{Error, Result};

/// One `.pth` file, which `torch.load` reads with `weights_only=True`.
pub(super) struct Pth;

/// Numbers start at multiples of so many bytes, as PyTorch maps them.
const ALIGNMENT: u16 = 64;

impl Format for Pth {
    fn name(&self) -> &'static str {
        "pth"
    }

    fn about(&self) -> &'static str {
        "The encoder's parameters as a state_dict that torch.load reads"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["pth", "pt"]
    }

    fn opened(&self, _: &Exported, file: &str) -> (&'static str, String) {
        let code = format!(
            "import torch\n\nstate_dict = torch.load(\"{file}\", weights_only=True)  # name -> tensor\n"
        );
        ("python", code)
    }

    fn write(&self, exported: &Exported, out: &Path) -> Result<()> {
        write_archive(&exported.encoder(), out)
    }
}

/// Write `tensors` (f32, or i64) as the file `out`.
pub(super) fn write_archive(tensors: &[(String, Tensor)], out: &Path) -> Result<()> {
    let file = AtomicFile::create(out)?;
    let unwritable = |e: zip::result::ZipError| Error::data(out, format!("cannot be written: {e}"));
    archive(tensors, file).map_err(unwritable)?.commit()
}

/// Write `tensors` as an archive into `file`.
fn archive<W: Write + Seek>(tensors: &[(String, Tensor)], file: W) -> zip::result::ZipResult<W> {
    let mut zip = ZipWriter::new(file);
    let stored = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(true)
        .with_alignment(ALIGNMENT);
    let mut entry = |name: &str, bytes: &[u8]| {
        zip.start_file(format!("archive/{name}"), stored)?;
        zip.write_all(bytes)?;
        zip::result::ZipResult::Ok(())
    };
    entry("data.pkl", &pickle(tensors))?;
    entry("byteorder", b"little")?;
    for (i, (_, tensor)) in tensors.iter().enumerate() {
        let bytes = bytes(tensor).map_err(std::io::Error::other)?;
        entry(&format!("data/{i}"), &bytes)?;
    }
    entry("version", b"3\n")?;
    zip.finish()
}

/// The numbers of `tensor`, low bytes first.
fn bytes(tensor: &Tensor) -> candle_core::Result<Vec<u8>> {
    let flat = tensor.flatten_all()?;
    Ok(if tensor.dtype() == DType::I64 {
        let values = flat.to_vec1::<i64>()?.into_iter();
        values.flat_map(i64::to_le_bytes).collect()
    } else {
        let values = flat.to_vec1::<f32>()?.into_iter();
        values.flat_map(f32::to_le_bytes).collect()
    })
}

/// The pickle (protocol 2) of a dictionary from names to tensors whose numbers are the entries `data/0`, `data/1`, ….
fn pickle(tensors: &[(String, Tensor)]) -> Vec<u8> {
    let mut to = Pickle(b"\x80\x02}(".to_vec());
    for (i, (name, tensor)) in tensors.iter().enumerate() {
        to.text(name);
        to.0.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        to.text("storage");
        let whole = tensor.dtype() == DType::I64;
        let storage = if whole { "Long" } else { "Float" };
        to.0.extend(format!("ctorch\n{storage}Storage\n").bytes());
        to.text(&i.to_string());
        to.text("cpu");
        to.whole(tensor.elem_count());
        to.0.extend(b"tQ"); // a storage, found by its entry
        to.whole(0);
        to.tuple(tensor.dims());
        to.tuple(&strides(tensor.dims()));
        to.0.extend(b"\x89ccollections\nOrderedDict\n)RtR");
    }
    to.0.extend(b"u.");
    to.0
}

/// Elements from one index of each dimension to the next, row-major.
fn strides(dims: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; dims.len()];
    for i in (1..dims.len()).rev() {
        strides[i - 1] = strides[i] * dims[i];
    }
    strides
}

/// Opcodes under construction.
struct Pickle(Vec<u8>);

impl Pickle {
    fn text(&mut self, text: &str) {
        self.0.push(b'X');
        self.0.extend((text.len() as u32).to_le_bytes());
        self.0.extend(text.as_bytes());
    }

    /// A number in 4 bytes where it fits, else in 8.
    fn whole(&mut self, value: usize) {
        if let Ok(value) = i32::try_from(value) {
            self.0.push(b'J');
            self.0.extend(value.to_le_bytes());
        } else {
            self.0.extend(b"\x8a\x08");
            self.0.extend((value as i64).to_le_bytes());
        }
    }

    fn tuple(&mut self, values: &[usize]) {
        self.0.push(b'(');
        for &value in values {
            self.whole(value);
        }
        self.0.push(b't');
    }
}

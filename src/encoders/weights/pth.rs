//! Files of `torch.save`: a zip of one pickle and the numbers of each storage, read without running any of it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use candle_core::pickle::{Object, Stack};
use candle_core::{Device, Result, Tensor, bail};
use zip::ZipArchive;

use super::contents::{Contents, Part, Pickled, Strided, Value, number};

/// Tables within tables are followed this far.
const DEEPEST: usize = 16;

/// An opened file of `torch.save`.
pub(super) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    /// What stands before the names of storages.
    folder: String,
}

/// Open `path` and list what its pickle holds.
pub(super) fn open(path: &Path) -> Result<(Archive, Contents)> {
    let mut zip = ZipArchive::new(BufReader::new(File::open(path)?))?;
    let names = zip
        .file_names()
        .map(|name| name.map(std::borrow::Cow::into_owned))
        .collect::<std::result::Result<Vec<String>, _>>()?;
    let Some(pickle) = names
        .iter()
        .find(|name| *name == "data.pkl" || name.ends_with("/data.pkl"))
    else {
        bail!("it is a zip without `data.pkl`");
    };
    let root = pickle.trim_end_matches("data.pkl").to_string();
    let order = format!("{root}byteorder");
    if names.contains(&order) {
        let mut text = String::new();
        zip.by_name(&order)?.take(16).read_to_string(&mut text)?;
        if text.trim() != "little" {
            bail!("its numbers are in {} byte order", text.trim());
        }
    }
    let mut stack = Stack::empty();
    stack.read_loop(&mut BufReader::new(zip.by_name(pickle)?))?;
    let mut contents = Contents::default();
    table(stack.finalize()?, "", 0, &mut contents);
    let folder = format!("{root}data/");
    Ok((Archive { zip, folder }, contents))
}

/// List the tensors of `object`, which stands at `at` (empty, or a name with its dot).
fn table(object: Object, at: &str, depth: usize, contents: &mut Contents) {
    let object = match object {
        // Keyword arguments of TorchScript's modules.
        Object::Build { callable, args } if class(&callable) == "__torch__.Module" => *args,
        object => object,
    };
    let Object::Dict(pairs) = object else {
        if is_network(&object) {
            let at = at.trim_end_matches('.').to_string();
            let class = class(&object);
            contents.pickled.push(Pickled { at, class });
        }
        return;
    };
    contents.tables.insert(at.to_string());
    for (key, value) in pairs {
        let Object::Unicode(key) = key else {
            continue; // numbered: the state of an optimizer
        };
        let name = format!("{at}{key}");
        if at.is_empty() && (key == "opt" || key.starts_with("optim")) {
            if holds_tensors(&value) {
                contents.passed.push(name);
            }
        } else if let Some(value) = tensor(&name, &value) {
            contents.values.insert(name, value);
        } else if depth < DEEPEST {
            table(value, &format!("{name}."), depth + 1, contents);
        }
    }
}

/// Whether a tensor is anywhere in the tables and lists of `object`.
fn holds_tensors(object: &Object) -> bool {
    match object {
        Object::Dict(pairs) => pairs.iter().any(|(_, value)| holds_tensors(value)),
        Object::List(items) | Object::Tuple(items) => items.iter().any(holds_tensors),
        other => tensor("", other).is_some(),
    }
}

/// Whether `object` is a whole `torch.nn.Module`.
fn is_network(object: &Object) -> bool {
    let Object::Build { args, .. } = object else {
        return false;
    };
    let Object::Dict(state) = &**args else {
        return false;
    };
    let key = Object::Unicode("_modules".into());
    state.iter().any(|(name, _)| *name == key)
}

/// The class that made `object`, as `module.Class`; empty for plain values.
fn class(object: &Object) -> String {
    match object {
        Object::Class {
            module_name,
            class_name,
        } => format!("{module_name}.{class_name}"),
        Object::Reduce { callable, .. } | Object::Build { callable, .. } => class(callable),
        _ => String::new(),
    }
}

/// The tensor that `object` rebuilds, if it does.
fn tensor(name: &str, object: &Object) -> Option<Value> {
    let Object::Reduce { callable, args } = object else {
        return match object {
            Object::Build { callable, .. } => tensor(name, callable),
            _ => None,
        };
    };
    let Object::Tuple(args) = &**args else {
        return None;
    };
    let by = class(callable);
    match by.as_str() {
        "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state" => {
            tensor(name, args.first()?)
        }
        "torch._tensor._rebuild_from_type_v2" => {
            let (callable, args) = (args.first()?.clone(), args.get(2)?.clone());
            let (callable, args) = (Box::new(callable), Box::new(args));
            tensor(name, &Object::Reduce { callable, args })
        }
        "torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor_v3" => {
            // The third version names its kind of number, the second has it from the storage.
            let kind = by.ends_with('3').then(|| args.get(6).map(class));
            let value = strided(name, args, kind.flatten());
            Some(value.unwrap_or_else(|| unread(name, "of an unknown layout")))
        }
        by if by.starts_with("torch._utils._rebuild_") || by.contains("numpy") => {
            let kind = by.rsplit('.').next().unwrap_or_default();
            let kind = kind.trim_start_matches("_rebuild_");
            Some(unread(
                name,
                if by.contains("numpy") {
                    "a numpy array"
                } else {
                    kind
                },
            ))
        }
        _ => None,
    }
}

fn unread(name: &str, kind: &str) -> Value {
    Value {
        name: name.into(),
        dims: Vec::new(),
        kind: kind.into(),
        parts: Vec::new(),
    }
}

/// A tensor by the arguments storage, offset, size, stride, …, of numbers of `kind` or of the storage's.
fn strided(name: &str, args: &[Object], kind: Option<String>) -> Option<Value> {
    let [storage, offset, size, stride, ..] = args else {
        return None;
    };
    let Object::PersistentLoad(storage) = storage else {
        return None;
    };
    let Object::Tuple(storage) = &**storage else {
        return None;
    };
    let (of, Object::Unicode(entry)) = (class(storage.get(1)?), storage.get(2)?) else {
        return None;
    };
    let kind = match kind {
        Some(kind) => kind.trim_start_matches("torch.").to_string(),
        None => kind_of(of.rsplit('.').next()?).to_string(),
    };
    let (dims, strides) = (whole(size)?, whole(stride)?);
    if dims.len() != strides.len() {
        return None;
    }
    let offset = usize::try_from(offset.clone().int_or_long().ok()?).ok()?;
    let parts = number(&kind).map(|number| {
        Part::Strided(Strided {
            storage: entry.clone(),
            kind: number,
            offset,
            dims: dims.clone(),
            strides,
        })
    });
    Some(Value {
        name: name.into(),
        dims,
        kind,
        parts: parts.into_iter().collect(),
    })
}

/// A tuple of whole numbers.
fn whole(object: &Object) -> Option<Vec<usize>> {
    let Object::Tuple(items) = object else {
        return None;
    };
    let item = |item: &Object| usize::try_from(item.clone().int_or_long().ok()?).ok();
    items.iter().map(item).collect()
}

/// PyTorch's name of the numbers in a class of storages.
fn kind_of(storage: &str) -> &str {
    match storage {
        "DoubleStorage" => "float64",
        "FloatStorage" => "float32",
        "HalfStorage" => "float16",
        "BFloat16Storage" => "bfloat16",
        "LongStorage" => "int64",
        "IntStorage" => "int32",
        "ShortStorage" => "int16",
        "CharStorage" => "int8",
        "ByteStorage" => "uint8",
        "BoolStorage" => "bool",
        other => other,
    }
}

impl Archive {
    /// The tensor at `place`, contiguous.
    pub(super) fn tensor(&mut self, place: &Strided) -> Result<Tensor> {
        let size = place.kind.size_in_bytes();
        let name = format!("{}{}", self.folder, place.storage);
        let entry = self.zip.by_name(&name)?;
        let held = entry.size() / size as u64;
        let count = product(&place.dims).filter(|count| *count as u64 <= held);
        let reach = reach(place).filter(|reach| *reach as u64 <= held);
        let (Some(count), Some(reach)) = (count, reach) else {
            bail!("it reaches beyond its {held} stored numbers");
        };
        let mut bytes = Vec::new();
        entry.take((reach * size) as u64).read_to_end(&mut bytes)?;
        if bytes.len() < reach * size {
            bail!("its numbers end early");
        }
        let mut gathered = Vec::with_capacity(count * size);
        let mut index = vec![0; place.dims.len()];
        for _ in 0..count {
            let steps = index
                .iter()
                .zip(&place.strides)
                .map(|(i, stride)| i * stride);
            let at = (place.offset + steps.sum::<usize>()) * size;
            gathered.extend_from_slice(&bytes[at..at + size]);
            for (i, &dim) in index.iter_mut().zip(&place.dims).rev() {
                *i += 1;
                if *i < dim {
                    break;
                }
                *i = 0;
            }
        }
        Tensor::from_raw_buffer(&gathered, place.kind, &place.dims, &Device::Cpu)
    }
}

fn product(dims: &[usize]) -> Option<usize> {
    dims.iter()
        .try_fold(1_usize, |all, dim| all.checked_mul(*dim))
}

/// The end of the last element, counted in elements from the start of the storage.
fn reach(place: &Strided) -> Option<usize> {
    if place.dims.contains(&0) {
        return Some(0);
    }
    let last = place.dims.iter().zip(&place.strides);
    let last = last.map(|(dim, stride)| (dim - 1).checked_mul(*stride));
    let last = last
        .into_iter()
        .try_fold(place.offset, |sum, step| sum.checked_add(step?));
    last?.checked_add(1)
}

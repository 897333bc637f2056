//! The tensors in the tables of a pickle of `torch.save`.

use super::contents::{Contents, Part, Pickled, Strided, Value, number, product};
use super::pickle::{Heap, Id, NONE, Object, Read};

/// Tables within tables are followed this far.
const DEEPEST: usize = 16;

/// Entries of tables that are looked at; more are tables that hold each other.
const MOST: usize = 4 << 20;

/// List what the pickled `value` holds.
pub(super) fn contents(heap: &Heap, value: Id) -> Read<Contents> {
    let mut walk = Walk {
        heap,
        contents: Contents::default(),
        seen: 0,
    };
    walk.table(value, "", 0)?;
    Ok(walk.contents)
}

struct Walk<'a> {
    heap: &'a Heap,
    contents: Contents,
    seen: usize,
}

impl<'a> Walk<'a> {
    /// List the tensors of the object at `id`, which stands at `at` (empty, or a name with its dot).
    fn table(&mut self, id: Id, at: &str, depth: usize) -> Read<()> {
        let Some(pairs) = self.pairs(id) else {
            let class = self.heap.class(id);
            if !class.is_empty() {
                let at = at.trim_end_matches('.').to_string();
                let object = Pickled {
                    at,
                    class: class.to_string(),
                };
                if self.is_network(id) || depth == 0 {
                    self.contents.pickled.push(object);
                } else {
                    self.contents.objects.push(object);
                }
            }
            return Ok(());
        };
        self.contents.tables.insert(at.to_string());
        for &(key, value) in pairs {
            self.count()?;
            let Some(key) = self.heap.text(key) else {
                continue; // numbered: the state of an optimizer
            };
            let name = format!("{at}{key}");
            if at.is_empty() && (key == "opt" || key.starts_with("optim")) {
                if self.holds_tensors(value, 0)? {
                    self.contents.passed.push(name);
                }
            } else if let Some(value) = self.tensor(&name, value)? {
                self.contents.values.insert(name, value);
            } else if let ("mean" | "std", Some(numbers)) = (key, self.heap.numbers(value)) {
                self.contents.numbers.insert(name, numbers);
            } else if depth < DEEPEST {
                self.table(value, &format!("{name}."), depth + 1)?;
            }
        }
        Ok(())
    }

    /// What the object at `id` maps, if it is a table, or a module of TorchScript, whose attributes are one.
    fn pairs(&self, id: Id) -> Option<&'a [(Id, Id)]> {
        match self.heap.get(id) {
            Object::Dict(pairs) => Some(pairs),
            Object::Made { by, state, .. } if self.heap.class(*by).starts_with("__torch__.") => {
                match self.heap.get(*state) {
                    Object::Dict(pairs) => Some(pairs),
                    _ => None,
                }
            }
            Object::Made { pairs, .. } if !pairs.is_empty() && !self.is_network(id) => Some(pairs),
            _ => None,
        }
    }

    fn count(&mut self) -> Read<()> {
        self.seen += 1;
        if self.seen > MOST {
            return Err(format!("its tables have more than {MOST} entries"));
        }
        Ok(())
    }

    /// Whether a tensor is anywhere in the tables and lists of the object at `id`.
    fn holds_tensors(&mut self, id: Id, depth: usize) -> Read<bool> {
        self.count()?;
        let items: Vec<Id> = match self.heap.get(id) {
            _ if depth > DEEPEST => Vec::new(),
            Object::Dict(pairs) => pairs.iter().map(|(_, value)| *value).collect(),
            Object::List(items) | Object::Tuple(items) => items.clone(),
            _ => return Ok(self.tensor("", id)?.is_some()),
        };
        for item in items {
            if self.holds_tensors(item, depth + 1)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the object at `id` is a whole `torch.nn.Module`.
    fn is_network(&self, id: Id) -> bool {
        let Object::Made { state, .. } = self.heap.get(id) else {
            return false;
        };
        let Object::Dict(state) = self.heap.get(*state) else {
            return false;
        };
        let mut keys = state.iter();
        keys.any(|(key, _)| self.heap.text(*key) == Some("_modules"))
    }

    /// The tensor that the object at `id` rebuilds, if it does.
    fn tensor(&self, name: &str, mut id: Id) -> Read<Option<Value>> {
        for _ in 0..DEEPEST {
            let Object::Made { by, of, .. } = self.heap.get(id) else {
                return Ok(None);
            };
            let Some(of) = self.heap.tuple(*of) else {
                return Ok(None);
            };
            let by = self.heap.class(*by);
            let inner = match by {
                "torch._utils._rebuild_parameter"
                | "torch._utils._rebuild_parameter_with_state" => of.first(),
                "torch._tensor._rebuild_from_type_v2" => {
                    // A call of its first argument with its third.
                    let (Some(by), Some(of)) = (of.first(), of.get(2)) else {
                        return Ok(None);
                    };
                    let of = self.heap.tuple(*of).unwrap_or_default();
                    return self.rebuilt(name, self.heap.class(*by), of);
                }
                by => return self.rebuilt(name, by, of),
            };
            id = inner.copied().unwrap_or(NONE);
        }
        Ok(None)
    }

    fn rebuilt(&self, name: &str, by: &str, of: &[Id]) -> Read<Option<Value>> {
        let Some(kind) = by.strip_prefix("torch._utils._rebuild_") else {
            let numpy = by.starts_with("numpy") && by.contains("_reconstruct");
            return Ok(numpy.then(|| unread(name, "a numpy array")));
        };
        let value = match kind {
            "tensor" | "tensor_v2" => self.strided(name, of, None)?,
            // This version names its kind of number, the others have it from the storage.
            "tensor_v3" => {
                let kind = of.get(6).map(|&kind| self.heap.class(kind));
                self.strided(name, of, kind)?
            }
            _ => return Ok(Some(unread(name, kind))),
        };
        Ok(Some(
            value.unwrap_or_else(|| unread(name, "of an unknown layout")),
        ))
    }

    /// A tensor by the arguments storage, offset, size, stride, …, of numbers of `kind` or of the storage's.
    fn strided(&self, name: &str, of: &[Id], kind: Option<&str>) -> Read<Option<Value>> {
        let Some((place, kind)) = self.place(of, kind) else {
            return Ok(None);
        };
        if product(&place.dims).is_none() || place.reach().is_none() {
            return Err(format!(
                "`{name}` has the shape {:?} over steps of {:?}, more numbers than there can be",
                place.dims, place.strides
            ));
        }
        Ok(Some(Value {
            name: name.into(),
            dims: place.dims.clone(),
            parts: match number(&kind) {
                Some(kind) => vec![Part::Strided(Strided { kind, ..place })],
                None => Vec::new(),
            },
            kind,
        }))
    }

    /// Where the elements lie, and PyTorch's name of their kind.
    fn place(&self, of: &[Id], kind: Option<&str>) -> Option<(Strided, String)> {
        let &[storage, offset, size, stride, ..] = of else {
            return None;
        };
        let Object::Stored(storage) = self.heap.get(storage) else {
            return None;
        };
        let storage = self.heap.tuple(*storage)?;
        let entry = self.heap.text(*storage.get(2)?)?.to_string();
        let kind = match kind {
            Some(kind) => kind.trim_start_matches("torch."),
            None => kind_of(self.heap.class(*storage.get(1)?)),
        };
        // In old files a storage may be a part of another: its name, the elements before it, its length.
        let before = match storage.get(5).and_then(|&part| self.heap.tuple(part)) {
            Some(part) => self.heap.count(*part.get(1)?)?,
            None => 0,
        };
        let whole = |&item: &Id| self.heap.count(item);
        let dims: Vec<usize> = self
            .heap
            .tuple(size)?
            .iter()
            .map(whole)
            .collect::<Option<_>>()?;
        let strides: Vec<usize> = self
            .heap
            .tuple(stride)?
            .iter()
            .map(whole)
            .collect::<Option<_>>()?;
        let offset = self.heap.count(offset)?.checked_add(before)?;
        let place = Strided {
            storage: entry,
            kind: number(kind).unwrap_or(candle_core::DType::U8),
            offset,
            dims,
            strides,
        };
        (place.dims.len() == place.strides.len()).then(|| (place, kind.to_string()))
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

/// PyTorch's name of the numbers in a class of storages, and their bytes.
const KINDS: [(&str, &str, u64); 15] = [
    ("DoubleStorage", "float64", 8),
    ("FloatStorage", "float32", 4),
    ("HalfStorage", "float16", 2),
    ("BFloat16Storage", "bfloat16", 2),
    ("LongStorage", "int64", 8),
    ("IntStorage", "int32", 4),
    ("ShortStorage", "int16", 2),
    ("CharStorage", "int8", 1),
    ("ByteStorage", "uint8", 1),
    ("BoolStorage", "bool", 1),
    ("ComplexFloatStorage", "complex64", 8),
    ("ComplexDoubleStorage", "complex128", 16),
    ("QInt8Storage", "qint8", 1),
    ("QUInt8Storage", "quint8", 1),
    ("QInt32Storage", "qint32", 4),
];

fn kind_of(storage: &str) -> &str {
    let own = storage.rsplit('.').next().unwrap_or_default();
    let kind = KINDS.iter().find(|(name, ..)| *name == own);
    kind.map_or(own, |(_, kind, _)| kind)
}

/// Bytes of a number in a class of storages.
pub(super) fn width_of(storage: &str) -> Option<u64> {
    let own = storage.rsplit('.').next().unwrap_or_default();
    let kind = KINDS.iter().find(|(name, ..)| *name == own);
    kind.map(|(.., width)| *width)
}

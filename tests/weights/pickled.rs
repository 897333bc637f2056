//! Files as `torch.save` writes them.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use candle_core::Tensor;
use zip::write::SimpleFileOptions;

use super::common::cli::ravine;
use super::common::{Any, randn};
use super::{gap, load, network, small_resnet, values};

/// What a pickle holds.
#[derive(Clone)]
enum Item {
    /// A tensor of 32-bit floats with strides and offset into its storage.
    Strided(Vec<usize>, Vec<usize>, usize, Vec<f32>),
    /// A tensor of a kind of one byte, without numbers.
    Kind(&'static str, Vec<usize>),
    Table(Vec<(String, Item)>),
    Number(i32),
    /// A whole network of class `models.Net`.
    Network,
}

#[derive(Default)]
struct Pickle {
    bytes: Vec<u8>,
    storages: Vec<Vec<u8>>,
}

impl Pickle {
    fn text(&mut self, text: &str) {
        self.bytes.push(b'X');
        self.bytes.extend((text.len() as u32).to_le_bytes());
        self.bytes.extend(text.as_bytes());
    }

    fn number(&mut self, number: usize) {
        self.bytes.push(b'J');
        self.bytes.extend((number as i32).to_le_bytes());
    }

    fn tuple(&mut self, numbers: &[usize]) {
        self.bytes.push(b'(');
        for number in numbers {
            self.number(*number);
        }
        self.bytes.push(b't');
    }

    fn tensor(
        &mut self,
        storage: &str,
        held: Vec<u8>,
        layout: (&[usize], &[usize], usize),
        kind: &str,
    ) {
        let version = if kind.is_empty() { 2 } else { 3 };
        self.bytes
            .extend(format!("ctorch._utils\n_rebuild_tensor_v{version}\n((").bytes());
        self.text("storage");
        self.bytes.extend(storage.bytes());
        self.text(&self.storages.len().to_string());
        self.text("cpu");
        self.number(held.len() / 4);
        self.bytes.extend(b"tQ");
        self.number(layout.2);
        self.tuple(layout.0);
        self.tuple(layout.1);
        self.bytes.extend(b"\x89ccollections\nOrderedDict\n)R");
        self.bytes.extend(kind.bytes());
        self.bytes.extend(b"tR");
        self.storages.push(held);
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Strided(dims, strides, offset, held) => {
                let held = held.iter().flat_map(|value| value.to_le_bytes()).collect();
                self.tensor("ctorch\nFloatStorage\n", held, (dims, strides, *offset), "");
            }
            Item::Kind("bool", dims) => {
                self.tensor(
                    "ctorch\nBoolStorage\n",
                    Vec::new(),
                    (dims, &vec![1; dims.len()], 0),
                    "",
                );
            }
            Item::Kind(kind, dims) => {
                let strides = vec![1; dims.len()];
                let kind = format!("ctorch\n{kind}\n");
                let storage = "ctorch.storage\nUntypedStorage\n";
                self.tensor(storage, Vec::new(), (dims, &strides, 0), &kind);
            }
            Item::Table(items) => {
                self.bytes.extend(b"}(");
                for (name, item) in items {
                    self.text(name);
                    self.item(item);
                }
                self.bytes.push(b'u');
            }
            Item::Number(number) => self.number(*number as usize),
            Item::Network => {
                self.bytes.extend(b"cmodels\nNet\n)\x81}(");
                self.text("_modules");
                self.bytes.extend(b"}ub");
            }
        }
    }
}

fn save(path: &Path, item: &Item) -> Result<(), Any> {
    let mut pickle = Pickle::default();
    pickle.bytes.extend([0x80, 2]);
    pickle.item(item);
    pickle.bytes.push(b'.');
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path)?);
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("w/data.pkl", options)?;
    zip.write_all(&pickle.bytes)?;
    zip.start_file("w/byteorder", options)?;
    zip.write_all(b"little")?;
    for (i, storage) in pickle.storages.iter().enumerate() {
        zip.start_file(format!("w/data/{i}"), options)?;
        zip.write_all(storage)?;
    }
    zip.finish()?;
    Ok(())
}

fn table(items: Vec<(&str, Item)>) -> Item {
    Item::Table(
        items
            .into_iter()
            .map(|(name, item)| (name.to_string(), item))
            .collect(),
    )
}

/// `value` as it lies in memory.
fn plain(value: &Tensor) -> Result<Item, Any> {
    let held = value.flatten_all()?.to_vec1()?;
    Ok(Item::Strided(
        value.dims().to_vec(),
        value.stride().to_vec(),
        0,
        held,
    ))
}

/// `value` with its channels last, as a slice of the middle columns of a larger tensor, two numbers after its start.
fn scattered(value: &Tensor) -> Result<Item, Any> {
    let dims = value.dims();
    let order: Vec<usize> = match dims.len() {
        4 => vec![0, 2, 3, 1],
        rank => (0..rank).collect(),
    };
    let moved = value.permute(order.clone())?;
    let mut strides = vec![0; dims.len()];
    let mut step = 3;
    for &axis in order.iter().rev() {
        strides[axis] = step;
        step *= dims[axis];
    }
    let mut held = vec![9.0, 9.0];
    for value in moved.flatten_all()?.to_vec1::<f32>()? {
        held.extend([value, 9.0, 9.0]);
    }
    Ok(Item::Strided(dims.to_vec(), strides, 2, held))
}

fn items(
    values: HashMap<String, Tensor>,
    item: impl Fn(&Tensor) -> Result<Item, Any>,
) -> Result<Vec<(String, Item)>, Any> {
    values
        .into_iter()
        .map(|(name, value)| Ok((name, item(&value)?)))
        .collect()
}

#[test]
fn nestings_layouts_and_numbered_stages_are_read() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("w.pth.tar");
    let trained = network(&small_resnet(), 16, 1)?;
    let x = randn(&[2, 3, 16, 16], 0)?;
    let expected = trained.eval(&x, "features")?;
    let own = |prefix: &str| values(&trained, |name| format!("{prefix}{name}"));
    let scalar = Item::Strided(vec![], vec![], 0, vec![71.2]);
    let beside = table(vec![
        ("epoch", Item::Number(3)),
        ("state_dict", Item::Table(items(own("module."), plain)?)),
        ("best_acc1", scalar),
        ("optimizer", table(vec![("momentum", plain(&x)?)])),
    ]);
    let numbered = values(&trained, |name| {
        let (first, rest) = name.split_once('.').expect("a dot");
        let number = match first {
            "conv1" => 0,
            "bn1" => 1,
            layer => 3 + layer["layer".len()..].parse::<usize>().expect("a number"),
        };
        format!("backbone.{number}.{rest}")
    });
    let mut numbered = items(numbered, plain)?;
    numbered.push((
        "projection_head.layers.0.weight".into(),
        plain(&randn(&[2, 32], 0)?)?,
    ));
    let trunk = own("base_model._feature_blocks.");
    let deep = table(vec![(
        "a",
        table(vec![("model", Item::Table(items(trunk, plain)?))]),
    )]);
    for (item, table, prefix, said) in [
        (beside, "state_dict", "module.", "best_acc1, optimizer"),
        (
            Item::Table(numbered),
            "",
            "backbone.",
            "projection_head.layers.0.weight",
        ),
        (Item::Table(items(own(""), scattered)?), "", "", "taken"),
        (
            deep,
            "a.model",
            "base_model._feature_blocks.",
            "from `a.model`",
        ),
    ] {
        save(&path, &item)?;
        let fresh = network(&small_resnet(), 16, 2)?;
        let found = load(&path, &fresh)?;
        assert_eq!(
            (found.table.as_str(), found.prefix.as_str()),
            (table, prefix)
        );
        assert!(found.to_string().contains(said), "{found}");
        assert_eq!(
            gap(&fresh.eval(&x, "features")?, &expected)?,
            0.0,
            "{found}"
        );
    }
    Ok(())
}

#[test]
fn what_is_not_read_is_named_with_the_way_out() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("w.pth");
    let trained = network(&small_resnet(), 16, 1)?;
    let own = values(&trained, str::to_string);
    let all = |kind: &'static str| items(own.clone(), |v| Ok(Item::Kind(kind, v.dims().to_vec())));
    let short = |value: &Tensor| {
        Ok(Item::Strided(
            value.dims().to_vec(),
            value.stride().to_vec(),
            1,
            value.flatten_all()?.to_vec1()?,
        ))
    };
    for (item, parts) in [
        (
            table(vec![("model", Item::Network)]),
            [
                "`model` in it",
                "models.Net",
                "torch.save(model.state_dict()",
            ],
        ),
        (
            Item::Network,
            [
                "the file is a whole",
                "no tensors",
                "torch.save(model.state_dict()",
            ],
        ),
        (
            Item::Table(all("float8_e4m3fn")?),
            ["bn1.bias is float8_e4m3fn", "v.float()", "torch.save"],
        ),
        (
            Item::Table(all("bool")?),
            ["bn1.bias is bool", "v.float()", "torch.save"],
        ),
        (
            Item::Table(items(own.clone(), short)?),
            ["beyond its", "`bn1.bias` cannot be read", "cut short"],
        ),
        (
            table(vec![]),
            ["no tensors", "the encoder has bn1.bias", ""],
        ),
    ] {
        save(&path, &item)?;
        let said = load(&path, &network(&small_resnet(), 16, 2)?)
            .expect_err("unread")
            .to_string();
        for part in parts {
            assert!(said.contains(part), "{part}: {said}");
        }
        // Whatever else is said has a name before it.
        let weights = format!("encoder.weights={}", path.display());
        let run = folder.path().join("run");
        let run = run.to_str().expect("a path");
        let encoder = "encoder={kind='resnet',depth=10,width=4}";
        let output = ravine(&[
            "pretrain", "digits", "--out", run, "--set", encoder, "--set", &weights,
        ]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(!errors.contains("skipping"), "{errors}");
    }
    Ok(())
}

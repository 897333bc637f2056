//! What transformers' `config.json` beside a file, or ravine itself, tells of a vision transformer that no shape does.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::file::WeightFile;
use super::place::is_usual;
use super::preprocessing::json;
use crate::encoders::vit::{MlpKind, Vit};
use crate::error::{Error, Result};
use crate::graph::{Graph, Op};

/// The settings, where the file has them.
#[derive(Debug, Default)]
pub(in crate::encoders) struct Told {
    /// Where they stand.
    file: PathBuf,
    /// Heads of a layer's attention.
    pub(super) heads: Option<usize>,
    /// What norms add to variances.
    eps: Option<f64>,
    /// The function between the layers of an MLP.
    function: Option<String>,
}

/// What is told beside `file`, which was opened as `path`: nothing beside a file of another name than such folders have.
pub(super) fn of_file(path: &Path, file: &WeightFile) -> Told {
    let first = file.files.first();
    let first = first.filter(|first| path.is_dir() || is_usual(first));
    first.and_then(|first| beside(first)).unwrap_or_default()
}

/// What the table `encoder` tells that ravine itself left beside or in the file at `path`.
pub(super) fn of_own(path: &Path, table: &Value) -> Told {
    let heads = table.get("heads").and_then(Value::as_u64);
    Told {
        file: path.to_path_buf(),
        heads: heads.map(|heads| heads as usize),
        eps: table.get("eps").and_then(Value::as_f64),
        function: None,
    }
}

fn beside(first: &Path) -> Option<Told> {
    let file = first.with_file_name("config.json");
    let all = json(&file)?;
    let own = all.get("vision_config").unwrap_or(&all); // CLIP's has one of texts, too
    let heads = own.get("num_attention_heads").and_then(Value::as_u64);
    let function = own.get("hidden_act").and_then(Value::as_str);
    Some(Told {
        heads: heads.map(|heads| heads as usize),
        eps: own.get("layer_norm_eps").and_then(Value::as_f64),
        function: function.map(String::from),
        file,
    })
}

/// Whether `function` is the approximation of the GELU by a tanh.
fn by_tanh(function: &str) -> bool {
    matches!(
        function,
        "gelu_pytorch_tanh" | "gelu_new" | "gelu_fast" | "gelu_accurate"
    )
}

impl Told {
    /// Put what is told into `vit`, whose shapes were read.
    ///
    /// # Errors
    /// A function that no MLP here has, or as many heads as do not divide the width.
    pub(in crate::encoders) fn apply(&self, vit: &mut Vit) -> Result<()> {
        if let Some(heads) = self.heads {
            vit.heads = heads;
            if heads == 0 || !vit.width.is_multiple_of(heads) {
                return Err(self.refusal(&format!(
                    "says {heads} heads, which do not divide the width {} of the file",
                    vit.width
                )));
            }
        }
        vit.eps = self.eps.unwrap_or(vit.eps);
        if !matches!(vit.mlp, MlpKind::Gelu | MlpKind::QuickGelu) {
            return Ok(()); // gated ones have one function
        }
        match self.function.as_deref() {
            Some("quick_gelu") => vit.mlp = MlpKind::QuickGelu,
            Some(other) if other == "gelu" || other == "gelu_python" || by_tanh(other) => {
                vit.mlp = MlpKind::Gelu;
            }
            Some(other) => {
                return Err(self.refusal(&format!(
                    "says hidden_act = {other:?}, which no encoder here has (they have gelu and quick_gelu)"
                )));
            }
            None => {}
        }
        Ok(())
    }

    fn refusal(&self, problem: &str) -> Error {
        Error::Usage(format!("{}: {problem}", self.file.display()))
    }

    /// What differs in the transformer of `graph` without being another network.
    ///
    /// # Errors
    /// Another number of heads.
    pub(super) fn notes(&self, graph: &Graph) -> Result<Vec<String>> {
        let mut ops = graph.nodes().iter().filter_map(|node| node.op.as_ref());
        let here = ops.clone().find_map(|op| match op {
            Op::Attention(attention) => Some(attention.heads),
            _ => None,
        });
        if let (Some(there), Some(here)) = (self.heads, here)
            && there != here
        {
            return Err(self.refusal(&format!(
                "says {there} heads, and this encoder has {here}: set encoder.heads = {there}"
            )));
        }
        let mut notes = Vec::new();
        let eps = ops.find_map(|op| match op {
            Op::LayerNorm(norm) => Some(norm.eps),
            _ => None,
        });
        if let (Some(there), Some(eps), Some(_)) = (self.eps, eps, here)
            && there.to_bits() != eps.to_bits()
        {
            notes.push(format!(
                "{} adds {there:e} to variances, and this encoder {eps:e}: set encoder.eps = {there:e}",
                self.file.display()
            ));
        }
        let tanh = self
            .function
            .as_deref()
            .filter(|function| by_tanh(function));
        notes.extend(tanh.map(|function| {
            format!(
                "{} says hidden_act = {function}, which gelu stands in for: features differ by about 1e-4 of their size",
                self.file.display()
            )
        }));
        Ok(notes)
    }
}

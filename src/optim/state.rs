use std::collections::{BTreeMap, HashMap};

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::params::Param;

/// What an optimizer keeps between steps: tensors by `kind/parameter`, ordered, ready to be saved.
///
/// Tensors on the CPU are updated in place: a clone of the state, or of a tensor in it, follows later steps.
#[derive(Clone, Debug, Default)]
pub struct State {
    tensors: BTreeMap<String, Tensor>,
}

impl State {
    /// The tensor `kind` kept for `param`; zeros before the first step.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn get(&self, kind: &str, param: &Param) -> Result<Tensor> {
        match self.tensors.get(&key(kind, param)) {
            Some(tensor) => Ok(tensor.clone()),
            None => Ok(param.var.as_detached_tensor().zeros_like()?),
        }
    }

    /// The tensor `kind` kept for `param`, to be changed in place; zeros from now on when there was none.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn slot(&mut self, kind: &str, param: &Param) -> Result<Tensor> {
        let tensor = self.get(kind, param)?;
        let kept = self.tensors.entry(key(kind, param)).or_insert(tensor);
        Ok(kept.clone())
    }

    /// Keep `value` as the tensor `kind` of `param`.
    pub fn set(&mut self, kind: &str, param: &Param, value: Tensor) {
        self.tensors.insert(key(kind, param), value);
    }

    /// Everything kept, in order of its name.
    #[must_use]
    pub fn tensors(&self) -> &BTreeMap<String, Tensor> {
        &self.tensors
    }

    /// Replace everything by saved tensors of the same optimizer.
    ///
    /// # Errors
    /// A tensor belongs to no parameter in `params`, or has another shape.
    pub fn load(&mut self, saved: HashMap<String, Tensor>, params: &[Param]) -> Result<()> {
        for (name, tensor) in &saved {
            let fits = name.split_once('/').is_some_and(|(_, owner)| {
                params
                    .iter()
                    .any(|p| p.name == owner && p.var.dims() == tensor.dims())
            });
            if !fits {
                return Err(Error::Failed(format!(
                    "the saved optimizer state `{name}` fits no parameter of the configured network"
                )));
            }
        }
        // Copied, since updates in place would change what the caller holds.
        let copies = saved
            .into_iter()
            .map(|(name, tensor)| Ok((name, tensor.copy()?)));
        self.tensors = copies.collect::<Result<_>>()?;
        Ok(())
    }
}

fn key(kind: &str, param: &Param) -> String {
    format!("{kind}/{}", param.name)
}

//! The replay buffer: chains of answers remembered from visit to visit.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rand::RngExt;

use crate::error::{Error, Result};
use crate::host;
use crate::inference::Bounds;
use crate::params::{Init, Param, ParamSpec, Params, Role};
use crate::random::{Purpose, stream};

/// Chains of every sample of the training set; a buffer among the parameters, so checkpoints hold it.
pub(super) struct Chains {
    param: Param,
    width: usize, // numbers a sample
    /// What this step's samples leave behind; written once the step is done.
    pending: RefCell<BTreeMap<u64, Vec<f32>>>,
}

impl Chains {
    /// `count` chains for each of `samples` samples, started in the box.
    pub(super) fn new(
        params: &Params,
        (samples, count): (usize, usize),
        bounds: &Bounds,
        seed: u64,
    ) -> Result<Self> {
        let param = params.create(&ParamSpec {
            name: "negatives.replay".into(),
            shape: vec![samples, count, bounds.dim()],
            init: Init::Constant(0.0),
            role: Role::Buffer,
        })?;
        let mut values = Vec::new();
        for sample in 0..samples {
            let mut rng = stream(seed, Purpose::Negatives, 0, sample as u64, 1 << 40);
            for _ in 0..count {
                for (low, high) in bounds.low.iter().zip(&bounds.high) {
                    values.push(low + rng.random::<f32>() * (high - low));
                }
            }
        }
        let start = candle_core::Tensor::from_vec(values, param.var.shape(), params.device())?;
        param.var.set(&start)?;
        Ok(Self {
            param,
            width: count * bounds.dim(),
            pending: RefCell::default(),
        })
    }

    /// What a first pass of this step has computed for `samples`, if it has.
    pub(super) fn computed(&self, samples: &[u64]) -> Option<Vec<f32>> {
        let pending = self.pending.borrow();
        let rows = samples.iter().map(|sample| pending.get(sample).cloned());
        Some(rows.collect::<Option<Vec<_>>>()?.concat())
    }

    /// The chains of `samples` as their last visit left them.
    pub(super) fn recall(&self, samples: &[u64]) -> Result<Vec<f32>> {
        let all: Vec<f32> = self
            .param
            .var
            .as_detached_tensor()
            .flatten_all()?
            .to_vec1()?;
        let rows = samples.iter().map(|&sample| {
            let start = sample as usize * self.width;
            all.get(start..start + self.width).ok_or_else(|| {
                Error::Failed(format!(
                    "the replay buffer has no chains of sample {sample}"
                ))
            })
        });
        Ok(rows.collect::<Result<Vec<_>>>()?.concat())
    }

    /// Note the new state of the chains of `samples`.
    pub(super) fn note(&self, samples: &[u64], memory: &[f32]) {
        let mut pending = self.pending.borrow_mut();
        for (sample, row) in samples.iter().zip(memory.chunks_exact(self.width)) {
            pending.insert(*sample, row.to_vec());
        }
    }

    /// The step is done: write what was noted.
    pub(super) fn commit(&self) -> Result<()> {
        let pending = std::mem::take(&mut *self.pending.borrow_mut());
        if host::is_plain(&self.param.var) {
            return host::write(&self.param.var, |all| {
                for (sample, row) in &pending {
                    let start = *sample as usize * self.width;
                    all[start..start + self.width].copy_from_slice(row);
                }
            });
        }
        let mut all: Vec<f32> = self
            .param
            .var
            .as_detached_tensor()
            .flatten_all()?
            .to_vec1()?;
        for (sample, row) in &pending {
            let start = *sample as usize * self.width;
            all[start..start + self.width].copy_from_slice(row);
        }
        let device = self.param.var.device();
        let new = candle_core::Tensor::from_vec(all, self.param.var.shape(), device)?;
        Ok(self.param.var.set(&new)?)
    }
}

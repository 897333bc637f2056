//! Energies between images of a pretrained run.

use std::sync::Arc;

use candle_core::Tensor;

use super::online::pairs;
use crate::assembly::ImageSetup;
use crate::augment::{AugmentConfig, Operation, Resize, ViewConfig};
use crate::data::{Dataset, Loader};
use crate::error::{Error, Result};
use crate::eval::Features;
use crate::graph::Mode;
use crate::objectives::{Joint, Objective};
use crate::train::to_device;

/// Images whose energies are measured together.
const BATCH: usize = 128;

/// Questions whose energies are computed together.
const ROWS: usize = 32;

/// Some images, and the energy of a pretrained run between them.
pub struct ImagePairs {
    /// What the run was made from.
    pub setup: ImageSetup,
    /// The objective with the values of a checkpoint.
    pub joint: Joint,
    /// What is looked at.
    pub images: Arc<dyn Dataset>,
}

impl ImagePairs {
    /// Mean energies of each image with itself after `ops`, and with the other images of a batch.
    ///
    /// # Errors
    /// No two images can be read, or the operations do not fit the images.
    pub fn after(&self, ops: Vec<Operation>) -> Result<(f64, f64)> {
        let view = |ops| ViewConfig {
            count: 1,
            size: None,
            ops,
        };
        let plain = vec![Operation::Resize(Resize::default())];
        let views = AugmentConfig {
            views: vec![view(plain), view(ops)],
            ..self.setup.config.augment.clone()
        };
        let views = Arc::new(views.build(self.setup.splits.channels)?);
        let settings = self.setup.in_order(BATCH.min(self.images.len()));
        let loader = Loader::new(self.images.clone(), views, settings)?;
        let (mut same, mut other, mut count) = (0.0, 0.0, 0.0);
        for loaded in loader.steps(0, loader.batches_per_epoch()) {
            let batch = to_device(loaded?, &self.setup.device)?.batch;
            if batch.len() < 2 {
                continue; // nothing to compare with
            }
            let embedded = self.joint.embed(&batch, Mode::Eval)?;
            let energies = self.joint.compared(&embedded.tensors, &batch)?;
            let mean =
                |t: &Tensor| -> Result<f64> { Ok(f64::from(t.mean_all()?.to_scalar::<f32>()?)) };
            let rows = batch.len() as f64;
            same += rows * mean(&energies.positive)?;
            other += rows * mean(energies.wrong()?)?;
            count += rows;
        }
        if count == 0.0 {
            return Err(Error::Failed("no two images could be read".into()));
        }
        Ok((same / count, other / count))
    }

    /// Embeddings (N, D) of the images.
    ///
    /// # Errors
    /// No image can be read, or an embedding is not finite.
    pub fn embeddings(&self) -> Result<Features> {
        let network = self.joint.network().clone();
        let cloud = self
            .setup
            .collect(&self.images, |x| network.eval(x, "embedding"))?;
        cloud.check()?;
        Ok(cloud)
    }

    /// Median energy between two views, as training makes them, of one image.
    ///
    /// # Errors
    /// No two images can be read.
    pub fn median_of_views(&self) -> Result<f64> {
        let batch = pairs(&self.setup, &self.images)?
            .ok_or_else(|| Error::Failed("no two images could be read".into()))?;
        let embedded = self.joint.embed(&batch, Mode::Eval)?;
        let energies = self.joint.compared(&embedded.tensors, &batch)?;
        let mut right: Vec<f32> = energies.positive.flatten_all()?.to_vec1()?;
        right.sort_by(f32::total_cmp);
        Ok(f64::from(right[right.len() / 2]))
    }

    /// The energy of every pair of different rows of `cloud`, the mean of both directions, lowest first.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn pair_energies(&self, cloud: &Features) -> Result<Vec<(f64, [usize; 2])>> {
        let n = cloud.rows();
        let z = Tensor::from_vec(cloud.values.clone(), (n, cloud.dim), &self.setup.device)?;
        let mut table: Vec<f32> = Vec::with_capacity(n * n);
        for start in (0..n).step_by(ROWS) {
            let rows = self
                .joint
                .table(&z.narrow(0, start, ROWS.min(n - start))?, &z)?;
            table.extend(rows.flatten_all()?.to_vec1::<f32>()?);
        }
        let both =
            |a: usize, b: usize| f64::midpoint(table[a * n + b].into(), table[b * n + a].into());
        let all = (0..n).flat_map(|a| (a + 1..n).map(move |b| [a, b]));
        let mut energies: Vec<_> = all.map(|[a, b]| (both(a, b), [a, b])).collect();
        energies.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(energies)
    }
}

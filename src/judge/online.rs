//! The online probe: neighbours, spread, rank and energy gap on the validation part.

use std::sync::Arc;

use candle_core::Tensor;

use super::baselines::{chosen, neighbors};
use super::{Diagnosed, Diagnosis, Steady};
use crate::assembly::{ImageSetup, objective};
use crate::data::{Dataset, Subset, labelled, require_classes};
use crate::error::Result;
use crate::eval::collapse::Verdict;
use crate::eval::energy_gap::{EnergyGap, histogram};
use crate::eval::features::accuracy;
use crate::eval::knn::Knn;
use crate::eval::spectrum::{directions, relative_spread};
use crate::graph::{Mode, Network};
use crate::losses::Energies;
use crate::objectives::{Batch, Joint, Objective};
use crate::train::{Moment, Probed, to_device};

/// Samples whose pairs of views give the energy gap.
const GAP_SAMPLES: usize = 256;

/// Bins of the journaled histograms.
const BINS: usize = 20;

/// What a probe is made on: chosen once, so that probes of different steps compare.
pub struct Online<'a> {
    setup: &'a ImageSetup,
    network: Network,
    /// Training images to vote; `None` where they tell no classes apart.
    bank: Option<Arc<dyn Dataset>>,
    queries: Arc<dyn Dataset>,
    joint: Joint,
    pairs: Option<Batch>,
    /// AUROC of the pairs before training.
    before: Option<f64>,
    diagnosis: Diagnosis,
    steady: Steady,
    neighbors: usize,
}

impl<'a> Online<'a> {
    /// Choose what is looked at; the network as it is now is what later probes are compared with, and so is what earlier
    /// probes said.
    ///
    /// # Errors
    /// No image could be read, or a tensor operation failed.
    pub fn new(
        setup: &'a ImageSetup,
        network: &Network,
        (diagnosis, steady): (Diagnosis, Steady),
    ) -> Result<Self> {
        let config = &setup.config;
        let splits = &setup.splits;
        let train = labelled(&splits.train);
        let learns = require_classes(train.as_ref(), &config.data.source).is_ok();
        let bank = learns.then(|| sample(&train, config.probe.bank, config.seed));
        let validation = labelled(&splits.validation);
        let part = if splits.test.is_empty() {
            splits.judged().0
        } else if validation.len() > 1 {
            &validation
        } else {
            &train
        };
        let queries = sample(part, config.probe.queries, config.seed);
        let joint = objective(config, network.clone())?;
        let pairs = pairs(setup, &queries)?;
        let before = match &pairs {
            Some(pairs) => Some(gap(&joint, pairs)?.auroc),
            None => None,
        };
        Ok(Self {
            setup,
            network: network.clone(),
            bank,
            queries,
            joint,
            pairs,
            before,
            diagnosis,
            steady,
            neighbors: neighbors(config.probe.k, &train),
        })
    }

    /// Look at the network as it is now.
    ///
    /// # Errors
    /// No image could be read, or a tensor operation failed.
    pub fn probe(&self, moment: Moment) -> Result<Probed> {
        let features = |x: &Tensor| self.network.eval(x, "features");
        let queries = self.setup.collect(&self.queries, features)?;
        let mut found = Probed::default();
        let known = queries.labels.iter().any(Option::is_some);
        if let Some(bank) = self.bank.as_ref().filter(|_| known) {
            let bank = self.setup.collect(bank, features)?;
            let knn = Knn {
                k: self.neighbors,
                temperature: self.setup.config.probe.temperature,
            };
            let votes = knn.predict(&bank, &queries)?;
            let score = accuracy(&votes.predictions, &queries.known_labels()?);
            found.values.push(("knn", score));
            found.score = Some(score);
            found.noise = noise(score, queries.rows());
        }
        if moment.step == 0 {
            self.steady.start(found.score);
        }
        let cloud = self
            .setup
            .collect(&self.queries, |x| self.network.eval(x, "embedding"))?;
        let (spread, rank) = (relative_spread(&cloud), directions(&cloud)?);
        found.values.extend([("spread", spread), ("rank", rank)]);
        let mut auroc = None;
        if let Some(pairs) = &self.pairs {
            let energies = energies(&self.joint, pairs)?;
            let active = self.joint.active(&energies)?;
            let (right, wrong) = (numbers(&energies.positive)?, numbers(energies.wrong()?)?);
            let gap = EnergyGap::of(&right, &wrong)?;
            auroc = self.before.map(|before| [gap.auroc, before]);
            found.values.extend([
                ("energy_gap", gap.gap),
                ("auroc", gap.auroc),
                ("overlap", gap.overlap),
            ]);
            found.values.extend(active.map(|share| ("active", share)));
            let range = self.setup.config.energy.part().range(cloud.dim);
            found.lists = histograms(&right, &wrong, range);
        }
        let at_collapse = self.diagnosis.collapse_value();
        (found.values).extend(at_collapse.map(|value| ("collapse_value", value)));
        if let Some(loss) = moment.loss {
            let cloud = (spread, rank, cloud.dim);
            let diagnosed = self.diagnosis.judge((moment.step, loss), cloud, auroc);
            found.collapsed = diagnosed.verdict == Verdict::Collapsed;
            found.notes = self.notes(diagnosed, (found.score, queries.rows()));
        }
        Ok(found)
    }

    /// What is said of a run that was diagnosed so and whose neighbours have the accuracy `knn` on so many images.
    fn notes(
        &self,
        mut diagnosed: Diagnosed,
        (knn, images): (Option<f64>, usize),
    ) -> Vec<(&'static str, String)> {
        if let Some([now, before]) = knn.zip(self.steady.untrained()).map(<[f64; 2]>::from)
            && diagnosed.verdict == Verdict::Healthy
            && before - now > noise(before, images)
        {
            diagnosed.verdict = Verdict::Uninformative;
            diagnosed.why = format!(
                "neighbours find the class of {:.1} % of the images, before training of {:.1} %",
                100.0 * now,
                100.0 * before
            );
        }
        let causes: Vec<_> = diagnosed.causes.into_iter().map(|c| c.name).collect();
        let called = self.steady.call(diagnosed.verdict, diagnosed.why);
        let mut notes = vec![
            ("verdict", called.verdict.to_string()),
            ("causes", causes.join(", ")),
            ("why", called.why),
        ];
        notes.extend(called.measured.map(|m| ("measured", m.to_string())));
        notes
    }
}

/// Half the width of the 95 % interval of an `accuracy` on so many `images`: a smaller fall may be chance.
fn noise(accuracy: f64, images: usize) -> f64 {
    1.96 * (accuracy * (1.0 - accuracy) / images.max(1) as f64).sqrt()
}

/// At most `count` images of `dataset`, drawn by the seed.
#[must_use]
pub fn sample(dataset: &Arc<dyn Dataset>, count: usize, seed: u64) -> Arc<dyn Dataset> {
    let rows = chosen(dataset.len(), count, seed);
    let rows = rows.iter().map(|&i| i as u32).collect();
    Arc::new(Subset::new(dataset.clone(), rows))
}

/// Pairs of views of some validation samples, the same at every probe.
pub(super) fn pairs(setup: &ImageSetup, queries: &Arc<dyn Dataset>) -> Result<Option<Batch>> {
    let loader = setup.views_of(queries, GAP_SAMPLES.min(queries.len()))?;
    let loaded = loader.steps(0, 1).next().transpose()?;
    let Some(batch) = loaded.filter(|batch| batch.samples.len() > 1) else {
        return Ok(None);
    };
    Ok(Some(to_device(batch, &setup.device)?.batch))
}

fn energies(joint: &Joint, pairs: &Batch) -> Result<Energies> {
    let embedded = joint.embed(pairs, Mode::Eval)?;
    joint.compared(&embedded.tensors, pairs)
}

/// How far energies tell two views of one image from views of different ones.
pub(super) fn gap(joint: &Joint, pairs: &Batch) -> Result<EnergyGap> {
    let energies = energies(joint, pairs)?;
    EnergyGap::of(&numbers(&energies.positive)?, &numbers(energies.wrong()?)?)
}

fn numbers(energies: &Tensor) -> Result<Vec<f32>> {
    Ok(energies.flatten_all()?.to_vec1()?)
}

/// How energies of right and of wrong pairs are distributed: over the energy's range, or up to the highest seen
/// where that has no end.
fn histograms(
    right: &[f32],
    wrong: &[f32],
    (low, high): (f64, f64),
) -> Vec<(&'static str, Vec<f64>)> {
    let all = || right.iter().chain(wrong).map(|&e| f64::from(e));
    let low = if low.is_finite() {
        low
    } else {
        all().fold(f64::INFINITY, f64::min)
    };
    let high = if high.is_finite() {
        high
    } else {
        all().fold(low, f64::max)
    };
    vec![
        ("energy_range", vec![low, high]),
        ("positive_histogram", histogram(right, (low, high), BINS)),
        ("negative_histogram", histogram(wrong, (low, high), BINS)),
    ]
}

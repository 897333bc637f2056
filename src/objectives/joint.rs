use candle_core::{D, DType, Device, Tensor};

use super::batch::Batch;
use super::center::Center;
use super::objective::{Embedded, Objective, Step};
use super::start::{self, Start};
use super::target::{MomentumEncoder, Target};
use super::views;
use crate::energies::EnergyKind;
use crate::error::{Error, Result};
use crate::graph::{Mode, Network};
use crate::losses::{Energies, LossKind, present};
use crate::negatives::{BoundPairs, Embeddings, InBatch, Pairs, PairsKind, WrongFrom};
use crate::params::Param;
use crate::regularizers::{self, RegularizerKind};

/// View against view: a joint embedding trained by the energies of pairs, plus regularizers on the cloud.
///
/// `loss = mean over questions of loss(energies) + Σ weight · regularizer`. All self-supervised rows of
/// the table are this objective with other parts. With a predictor, predictions are the questions and
/// embeddings, their gradient stopped, the answers (SimSiam, Chen & He 2021); a target branch, [`MomentumEncoder`], gives
/// the answers of BYOL, MoCo and DINO. Where the gradient of answers is stopped, views of another size than the network's
/// (multi-crop) ask and do not answer.
pub struct Joint {
    network: Network,
    energy: EnergyKind,
    loss: LossKind,
    pairs: BoundPairs,
    regularizers: Vec<RegularizerKind>,
    outputs: Vec<usize>, // embedding, prediction where there is a predictor, features where they are anchored
    branches: usize,     // embedding and prediction
    target: Option<Target>,
    center: Option<Center>,
    start: Option<Start>,
    learned: Vec<Param>, // numbers of the loss
}

impl Joint {
    /// Bind the parts to a network that has an output `embedding`.
    ///
    /// # Errors
    /// Parts that do not fit together: a loss that needs wrong answers without a source of them, a margin
    /// outside the energy's range.
    pub fn new(
        network: Network,
        energy: EnergyKind,
        loss: LossKind,
        pairs: PairsKind,
        regularizers: Vec<RegularizerKind>,
        target: Option<MomentumEncoder>,
    ) -> Result<Self> {
        let graph = network.graph();
        let embedding = graph
            .output("embedding")
            .ok_or_else(|| Error::Failed("the network has no output `embedding`".into()))?;
        let mut outputs = vec![embedding];
        outputs.extend(graph.output("prediction"));
        let branches = outputs.len();
        let anchored = regularizers.iter().any(|r| r.part().anchors());
        let start = anchored.then(|| Start::new(&network)).transpose()?;
        if anchored {
            outputs.push(start::features(&network)?);
        }
        let dim = graph.shape(graph.outputs()[embedding].1)[0];
        if let Some(prediction) = graph.output("prediction") {
            let predicted = graph.shape(graph.outputs()[prediction].1)[0];
            if predicted != dim {
                return Err(Error::key(
                    "predictor.output",
                    format!(
                        "is {predicted}, but foretells embeddings of {dim} numbers; set it to {dim}"
                    ),
                ));
            }
        }
        energy.part().validate()?;
        loss.part().validate(energy.part().range(dim))?;
        for regularizer in &regularizers {
            regularizers::validate(regularizer.part())?;
        }
        pairs.part().validate()?;
        if loss.part().needs_negatives() && pairs.part().wrong_from() == WrongFrom::Nowhere {
            return Err(Error::key(
                "negatives.kind",
                format!(
                    "the loss `{}` compares right with wrong answers, but `{}` gives none; use `in_batch`",
                    loss.name(),
                    pairs.name()
                ),
            ));
        }
        let center = target.and_then(|momentum| momentum.center);
        let center = center.map(|momentum| Center::new(network.params(), dim, momentum));
        let center = center.transpose()?;
        let target = target
            .map(|momentum| Target::new(&network, momentum))
            .transpose()?;
        let pairs = BoundPairs::new(pairs, network.params(), dim)?;
        let learned = loss.part().learned().into_iter();
        let learned = learned.map(|spec| network.params().create(&spec));
        let learned = learned.collect::<Result<_>>()?;
        Ok(Self {
            network,
            energy,
            loss,
            pairs,
            regularizers,
            outputs,
            branches,
            target,
            center,
            start,
            learned,
        })
    }

    /// The network under training.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Energies of pairs against all other samples of the batch, whatever the training compares with:
    /// what a probe looks at.
    ///
    /// # Errors
    /// Fewer than two views, or a tensor operation failed.
    pub fn compared(&self, embedded: &[Tensor], batch: &Batch) -> Result<Energies> {
        let embeddings = &embedded[..batch.inputs.len()];
        let answers = self.centered(embeddings)?;
        InBatch::default().energies(self.energy.part(), &Embeddings::of(embeddings, &answers))
    }

    /// Share of the comparisons of a right with a wrong answer that still cost something; `None` for losses that
    /// never stop.
    ///
    /// # Errors
    /// There are no wrong answers, or a tensor operation failed.
    pub fn active(&self, energies: &Energies) -> Result<Option<f64>> {
        let right = energies.positive.mean(D::Minus1)?;
        let right = right.to_dtype(DType::F64)?.to_vec1::<f64>()?;
        let wrong = energies.wrong()?.to_dtype(DType::F64)?.to_vec2::<f64>()?;
        let loss = self.loss.part();
        let rows = right.iter().zip(&wrong);
        let all = rows.flat_map(|(&right, row)| row.iter().map(move |&e| loss.active(right, e)));
        let (mut active, mut count) = (0_usize, 0_usize);
        for one in all {
            let Some(one) = one else {
                return Ok(None);
            };
            active += usize::from(one);
            count += 1;
        }
        Ok((count > 0).then(|| active as f64 / count as f64))
    }

    /// E(x, y) of embeddings x (N, D) and y (M, D), whose centre is taken off where one is kept: (N, M).
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn table(&self, x: &Tensor, y: &Tensor) -> Result<Tensor> {
        let answers = self.centered(std::slice::from_ref(y))?;
        self.energy.part().table(x, &answers[0])
    }

    /// Answers less their centre, where one is kept.
    fn centered(&self, answers: &[Tensor]) -> Result<Vec<Tensor>> {
        match &self.center {
            Some(center) => answers.iter().map(|answer| center.off(answer)).collect(),
            None => Ok(answers.to_vec()),
        }
    }

    /// Energies of the pairs, from the tensors of all branches.
    fn energies(&self, embedded: &[Tensor], batch: &Batch) -> Result<Energies> {
        let (views, full) = (batch.inputs.len(), views::full(batch));
        let embeddings = &embedded[..views];
        let (questions, answers) = match (self.branches, &self.target) {
            (1, None) => (embeddings, embeddings.to_vec()),
            (branches, target) => {
                let questions = &embedded[(branches - 1) * views..branches * views];
                let answers = match target {
                    Some(_) => &embedded[self.outputs.len() * views..][..full],
                    None => &embeddings[..full],
                };
                (questions, answers.iter().map(Tensor::detach).collect())
            }
        };
        if let Some(center) = &self.center {
            center.note(&answers)?;
        }
        let answers = self.centered(&answers)?;
        let embeddings = Embeddings {
            labels: batch.labels.as_ref(),
            ..Embeddings::of(questions, &answers)
        };
        self.pairs.energies(self.energy.part(), embeddings)
    }

    /// The features of all views, then those of the encoder at the start, where it is kept.
    fn anchored(&self, embedded: &[Tensor], views: usize) -> Vec<Tensor> {
        if self.start.is_none() {
            return Vec::new();
        }
        let now = &embedded[self.branches * views..self.outputs.len() * views];
        [now, &embedded[embedded.len() - views..]].concat()
    }

    /// The loss of a question all of whose `answers` have the same `energy`.
    fn at_equal(&self, energy: f64, answers: usize) -> Result<f64> {
        let full = |count| Tensor::full(energy, (1, count), &Device::Cpu);
        let negative = (answers > 1).then(|| full(answers - 1));
        let energies = Energies {
            positive: full(1)?,
            negative: negative.transpose()?,
            volume: None,
        };
        let loss = self.loss.part().forward(&energies)?;
        Ok(loss.mean_all()?.to_scalar::<f64>()?)
    }
}

impl Objective for Joint {
    fn embed(&self, batch: &Batch, mode: Mode) -> Result<Embedded> {
        let (mut tensors, pullback) = views::embed(&self.network, batch, &self.outputs, mode)?;
        // A chunk computed again is only pulled back through, and no gradient goes through the target.
        if let Some(target) = self.target.as_ref().filter(|_| !mode.recomputes()) {
            let (full, rows) = (views::full(batch), batch.len());
            let answers = target.embed(&Tensor::cat(&batch.inputs[..full], 0)?, mode)?;
            for view in 0..full {
                tensors.push(answers.narrow(0, view * rows, rows)?);
            }
        }
        if let Some(start) = self.start.as_ref().filter(|_| !mode.recomputes()) {
            tensors.extend(start.embed(batch, mode)?);
        }
        Ok(Embedded { tensors, pullback })
    }

    fn loss(&self, embedded: &[Tensor], batch: &Batch) -> Result<Step> {
        let embeddings = &embedded[..batch.inputs.len()];
        let energies = self.energies(embedded, batch)?;
        let learned = self
            .learned
            .iter()
            .map(|param| param.var.as_tensor().clone());
        let learned: Vec<Tensor> = learned.collect();
        let rows = self.loss.part().with(&energies, &learned)?;
        let mut loss = self.pairs.part().reduce(&rows)?;
        let mut metrics = vec![("positive_energy", mean(&energies.positive)?)];
        if let Some(negative) = &energies.negative {
            metrics.push(("negative_energy", mean(negative)?));
        }
        let anchored = self.anchored(embedded, batch.inputs.len());
        for regularizer in &self.regularizers {
            let views = if regularizer.part().anchors() {
                &anchored
            } else {
                embeddings
            };
            let value = regularizer.part().forward(views, batch.step)?;
            loss = (loss + (&value * regularizer.part().weight())?)?;
            metrics.push((regularizer.name(), value.detach()));
        }
        Ok(Step { loss, metrics })
    }

    fn after_update(&mut self, progress: f64) -> Result<()> {
        if let Some(target) = &self.target {
            target.follow(progress)?;
        }
        self.pairs.after_update()?;
        self.center.as_mut().map_or(Ok(()), Center::after_update)
    }

    fn min_batch(&self) -> usize {
        2 // a single sample has no others to be told from
    }

    fn collapse_value(&self, batch: usize, views: usize) -> Option<f64> {
        let graph = self.network.graph();
        let dim = graph.shape(graph.outputs()[self.outputs[0]].1)[0];
        let answers = self.pairs.part().answers(batch, views)?;
        let regularized: f64 = self
            .regularizers
            .iter()
            .map(|r| r.part().weight() * r.part().collapse_value(batch, dim))
            .sum();
        let equal = match (self.energy.part().at_center(dim), &self.center) {
            (None, _) => self.loss.part().collapse_value_learned(answers)?,
            (Some(energy), Some(_)) => self.at_equal(energy, answers).ok()?,
            (Some(_), None) => return None, // anything between the floors of its two collapses
        };
        let collapse_value = equal + regularized;
        // 0 is also the least that these losses can read: a good run ends there as a collapsed one does.
        Some(collapse_value).filter(|&collapse_value| collapse_value > 0.0)
    }
}

/// The mean over the answers that are present, without gradient.
fn mean(energies: &Tensor) -> Result<Tensor> {
    let present = present(energies)?;
    let sum = (energies.detach() * &present)?.sum_all()?;
    Ok((sum / present.sum_all()?.maximum(1.0)?)?)
}

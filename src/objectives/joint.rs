use candle_core::Tensor;

use super::{Batch, Embedded, Objective, Step};
use crate::energies::EnergyKind;
use crate::error::{Error, Result};
use crate::graph::{Gradients, Mode, Network};
use crate::losses::{Energies, LossKind};
use crate::negatives::{InBatch, Negatives, NegativesKind};
use crate::regularizers::RegularizerKind;

/// View against view: a joint embedding trained by the energies of pairs, plus prices on the cloud.
///
/// `loss = mean over questions of loss(energies) + Σ weight · regularizer`. All self-supervised rows of
/// the table are this objective with other parts. With a predictor, predictions are the questions and
/// embeddings, their gradient stopped, the answers (SimSiam, Chen & He 2021).
pub struct Joint {
    network: Network,
    energy: EnergyKind,
    loss: LossKind,
    negatives: NegativesKind,
    regularizers: Vec<RegularizerKind>,
    outputs: Vec<usize>, // embedding, and prediction where there is a predictor
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
        negatives: NegativesKind,
        regularizers: Vec<RegularizerKind>,
    ) -> Result<Self> {
        let graph = network.graph();
        let embedding = graph
            .output("embedding")
            .ok_or_else(|| Error::Failed("the network has no output `embedding`".into()))?;
        let outputs = std::iter::once(embedding)
            .chain(graph.output("prediction"))
            .collect();
        let dim = graph.shape(graph.outputs()[embedding].1)[0];
        loss.part().validate(energy.part().range(dim))?;
        if loss.part().needs_negatives() && matches!(negatives, NegativesKind::NoNegatives(_)) {
            return Err(Error::key(
                "negatives.kind",
                format!(
                    "the loss `{}` compares right with wrong answers, but `none` gives none; use `in_batch`",
                    loss.name()
                ),
            ));
        }
        Ok(Self {
            network,
            energy,
            loss,
            negatives,
            regularizers,
            outputs,
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
    pub fn compared(&self, embedded: &[Tensor]) -> Result<Energies> {
        let embeddings = &embedded[..embedded.len() / self.outputs.len()];
        InBatch {}.energies(self.energy.part(), embeddings, embeddings)
    }

    /// A warning when nothing holds the embeddings apart.
    #[must_use]
    pub fn can_collapse(&self) -> Option<String> {
        let free = !self.loss.part().needs_negatives()
            && self.regularizers.is_empty()
            && self.outputs.len() == 1;
        free.then(|| {
            format!(
                "the loss `{}` has no margin, both sides of the energy are learned and there is no regularizer: \
                 the embeddings can collapse to one point",
                self.loss.name()
            )
        })
    }
}

impl Objective for Joint {
    fn embed(&self, batch: &Batch, mode: Mode) -> Result<Embedded> {
        let views = batch.inputs.len();
        let rows = batch.len();
        // One pass over all views: batch norm sees them together, as in SimCLR.
        let forward = self
            .network
            .forward(&Tensor::cat(&batch.inputs, 0)?, mode)?;
        let outputs = self.outputs.clone();
        let mut tensors = Vec::new();
        for &output in &outputs {
            for view in 0..views {
                tensors.push(forward.outputs[output].narrow(0, view * rows, rows)?);
            }
        }
        let (network, tape) = (self.network.clone(), forward.tape);
        let count = forward.outputs.len();
        let pullback = move |gradients: &[Option<Tensor>]| -> Result<Gradients> {
            let mut of_outputs = vec![None; count];
            for (&output, of_views) in outputs.iter().zip(gradients.chunks_exact(views)) {
                of_outputs[output] = join(of_views)?;
            }
            network.backward(tape, &of_outputs)
        };
        Ok(Embedded {
            tensors,
            pullback: Box::new(pullback),
        })
    }

    fn loss(&self, embedded: &[Tensor], batch: &Batch) -> Result<Step> {
        let (embeddings, predictions) = embedded.split_at(embedded.len() / self.outputs.len());
        let negatives = self.negatives.part();
        let energy = self.energy.part();
        let energies = if predictions.is_empty() {
            negatives.energies(energy, embeddings, embeddings)?
        } else {
            let stopped: Vec<Tensor> = embeddings.iter().map(Tensor::detach).collect();
            negatives.energies(energy, predictions, &stopped)?
        };
        let mut loss = negatives.reduce(&self.loss.part().forward(&energies)?)?;
        let mut metrics = vec![("positive_energy", energies.positive.detach().mean_all()?)];
        if let Some(negative) = &energies.negative {
            metrics.push(("negative_energy", negative.detach().mean_all()?));
        }
        for regularizer in &self.regularizers {
            let value = regularizer.part().forward(embeddings, batch.step)?;
            loss = (loss + (&value * regularizer.part().weight())?)?;
            metrics.push((regularizer.name(), value.detach()));
        }
        Ok(Step { loss, metrics })
    }

    fn fewest(&self) -> usize {
        2 // a single sample has no others to be told from
    }

    fn floor(&self, batch: usize) -> Option<f64> {
        let answers = self.negatives.part().answers(batch, 2);
        let prices: f64 = self
            .regularizers
            .iter()
            .map(|r| r.part().weight() * r.part().floor())
            .sum();
        self.loss.part().floor(answers).map(|loss| loss + prices)
    }
}

/// The gradients of all views as one tensor; `None` when the loss looked at none of them.
fn join(of_views: &[Option<Tensor>]) -> Result<Option<Tensor>> {
    let Some(like) = of_views.iter().flatten().next() else {
        return Ok(None);
    };
    let parts = of_views
        .iter()
        .map(|gradient| gradient.clone().map_or_else(|| like.zeros_like(), Ok))
        .collect::<candle_core::Result<Vec<_>>>()?;
    Ok(Some(Tensor::cat(&parts, 0)?))
}

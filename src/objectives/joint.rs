use candle_core::Tensor;

use super::{Batch, Embedded, Objective, Step};
use crate::energies::EnergyKind;
use crate::error::{Error, Result};
use crate::graph::{Gradients, Mode, Network};
use crate::losses::LossKind;
use crate::negatives::NegativesKind;
use crate::regularizers::RegularizerKind;

/// View against view: a joint embedding trained by the energies of pairs, plus prices on the cloud.
///
/// `loss = mean over questions of loss(energies) + Σ weight · regularizer`. All self-supervised rows of
/// the table are this objective with other parts.
pub struct Joint {
    network: Network,
    energy: EnergyKind,
    loss: LossKind,
    negatives: NegativesKind,
    regularizers: Vec<RegularizerKind>,
    output: usize,
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
        let output = network
            .graph()
            .output("embedding")
            .ok_or_else(|| Error::Failed("the network has no output `embedding`".into()))?;
        let dim = network.graph().shape(network.graph().outputs()[output].1)[0];
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
            output,
        })
    }

    /// The network under training.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// A warning when nothing holds the embeddings apart.
    #[must_use]
    pub fn can_collapse(&self) -> Option<String> {
        let free = !self.loss.part().needs_negatives() && self.regularizers.is_empty();
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
        let (output, network) = (self.output, self.network.clone());
        let joined = &forward.outputs[output];
        let tensors = (0..views)
            .map(|v| joined.narrow(0, v * rows, rows))
            .collect::<candle_core::Result<Vec<_>>>()?;
        let shape = joined.shape().clone();
        let tape = forward.tape;
        let count = forward.outputs.len();
        let pullback = move |gradients: &[Option<Tensor>]| -> Result<Gradients> {
            let zero = || {
                Tensor::zeros(
                    (rows, shape.dims()[1]),
                    candle_core::DType::F32,
                    network.params().device(),
                )
            };
            let parts = gradients
                .iter()
                .map(|g| g.clone().map_or_else(zero, Ok))
                .collect::<candle_core::Result<Vec<_>>>()?;
            let mut of_outputs = vec![None; count];
            of_outputs[output] = Some(Tensor::cat(&parts, 0)?);
            network.backward(tape, &of_outputs)
        };
        Ok(Embedded {
            tensors,
            pullback: Box::new(pullback),
        })
    }

    fn loss(&self, embedded: &[Tensor], batch: &Batch) -> Result<Step> {
        let negatives = self.negatives.part();
        let energies = negatives.energies(self.energy.part(), embedded, embedded)?;
        let mut loss = negatives.reduce(&self.loss.part().forward(&energies)?)?;
        let mut metrics = vec![("positive_energy", energies.positive.detach().mean_all()?)];
        if let Some(negative) = &energies.negative {
            metrics.push(("negative_energy", negative.detach().mean_all()?));
        }
        for regularizer in &self.regularizers {
            let value = regularizer.part().forward(embedded, batch.step)?;
            loss = (loss + (&value * regularizer.part().weight())?)?;
            metrics.push((regularizer.name(), value.detach()));
        }
        Ok(Step { loss, metrics })
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

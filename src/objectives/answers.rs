use candle_core::{D, Tensor};

use super::{Batch, Embedded, Objective, Step};
use crate::error::{Error, Result};
use crate::graph::{Mode, Network};
use crate::losses::{Energies, LossKind};

/// Input against answer, multi-class: `E(x, y) = G(x)[y]` over all classes y.
///
/// The network's output `energies` is (B, classes); the right answer is the label's column, the wrong ones
/// are the others. With the nll at beta 1 this is the usual cross-entropy (logits are −energies): the
/// linear probe is this objective with one linear layer over frozen features.
pub struct Answers {
    network: Network,
    loss: LossKind,
    output: usize,
}

impl Answers {
    /// Bind a loss to a network that has an output `energies`.
    ///
    /// # Errors
    /// The loss refuses energies of any sign, or the network has no such output.
    pub fn new(network: Network, loss: LossKind) -> Result<Self> {
        let output = network
            .graph()
            .output("energies")
            .ok_or_else(|| Error::Failed("the network has no output `energies`".into()))?;
        loss.part().validate((f64::NEG_INFINITY, f64::INFINITY))?;
        Ok(Self {
            network,
            loss,
            output,
        })
    }

    /// The network under training.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    fn labels<'a>(&self, batch: &'a Batch) -> Result<&'a Tensor> {
        batch.labels.as_ref().ok_or_else(|| {
            Error::Usage(
                "a multi-class head learns from labels, but the data have none; \
                 use a data set with one folder a class, or pretrain without a head"
                    .into(),
            )
        })
    }
}

impl Objective for Answers {
    fn embed(&self, batch: &Batch, mode: Mode) -> Result<Embedded> {
        let forward = self.network.forward(&batch.inputs[0], mode)?;
        let (network, tape, output) = (self.network.clone(), forward.tape, self.output);
        let count = forward.outputs.len();
        Ok(Embedded {
            tensors: vec![forward.outputs[output].clone()],
            pullback: Box::new(move |gradients| {
                let mut of_outputs = vec![None; count];
                of_outputs[output].clone_from(&gradients[0]);
                network.backward(tape, &of_outputs)
            }),
        })
    }

    fn loss(&self, embedded: &[Tensor], batch: &Batch) -> Result<Step> {
        let table = &embedded[0]; // (B, classes)
        let labels = self.labels(batch)?;
        let classes = table.dim(1)? as u32;
        let right: Vec<u32> = labels.to_vec1()?;
        let others: Vec<u32> = right
            .iter()
            .flat_map(|&y| (0..classes).filter(move |&c| c != y))
            .collect();
        let width = classes as usize - 1;
        let others = Tensor::from_vec(others, (right.len(), width), table.device())?;
        let energies = Energies {
            positive: table.gather(&labels.unsqueeze(1)?, D::Minus1)?,
            negative: Some(table.gather(&others, D::Minus1)?),
        };
        let hits = table.detach().argmin(D::Minus1)?.eq(labels)?;
        let accuracy = hits.to_dtype(table.dtype())?.mean_all()?;
        Ok(Step {
            loss: self.loss.part().forward(&energies)?.mean_all()?,
            metrics: vec![
                ("accuracy", accuracy),
                ("positive_energy", energies.positive.detach().mean_all()?),
            ],
        })
    }

    fn floor(&self, _: usize) -> Option<f64> {
        let node = self.network.graph().outputs()[self.output].1;
        self.loss.part().floor(self.network.graph().shape(node)[0])
    }
}

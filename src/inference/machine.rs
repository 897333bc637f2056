//! An encoder with its heads: E(x, y) as one function, for training, for inference and for pictures.

use std::sync::Arc;

use candle_core::{Tensor, Var};

use super::search;
use crate::error::{Error, Result};
use crate::graph::{Executor, Forward, Graph, Mode, Network};
use crate::heads::{Head, HeadKind, Response, Sides, Space};
use crate::params::Params;

/// E(x, y), the sum over heads of their energies; a latent is minimised or summed away.
///
/// Cloning shares parameters and executors. With a frozen encoder, [`Machine::features`] runs it without a
/// gradient and with its running statistics.
#[derive(Clone)]
pub struct Machine {
    frozen: Option<Network>,
    network: Network,
    heads: Vec<Bound>,
    space: Space,
    seed: u64,
}

/// A head with its place and its second network.
#[derive(Clone)]
struct Bound {
    kind: HeadKind,
    output: usize,
    second: Option<Network>,
}

/// Latent values of one head, and what its second network answered.
pub struct Answered {
    /// (1 or N, 1 or K, Z, d); `None` without a latent.
    pub z: Option<Tensor>,
    /// Detached tensors and the way back.
    pub response: Response,
}

impl Machine {
    /// Put `heads` on the output `features` of `graph`, create all parameters and bind everything.
    ///
    /// `frozen` maps inputs to the inputs of `graph` and never learns.
    ///
    /// # Errors
    /// Heads that do not fit the features or the answers, or settings out of range.
    pub fn new(
        frozen: Option<Network>,
        graph: Graph,
        heads: &[HeadKind],
        space: Space,
        (params, executor): (&Params, &Arc<dyn Executor>),
        seed: u64,
    ) -> Result<Self> {
        let graph = attach(graph, heads, space)?;
        let mut bound = Vec::new();
        for (i, kind) in heads.iter().enumerate() {
            let output = graph
                .output(&code_name(i))
                .ok_or_else(|| Error::Failed("a head has no code".into()))?;
            let code = graph.shape(graph.outputs()[output].1)[0];
            let second = kind.part().second(&name(i, heads.len()), code, space)?;
            let second = second.map(|graph| Network::new(graph, params, executor.clone()));
            bound.push(Bound {
                kind: kind.clone(),
                output,
                second: second.transpose()?,
            });
        }
        Ok(Self {
            frozen,
            network: Network::new(graph, params, executor.clone())?,
            heads: bound,
            space,
            seed,
        })
    }

    /// What answers are made of.
    #[must_use]
    pub fn space(&self) -> Space {
        self.space
    }

    /// The network from inputs (of a frozen encoder: features) to codes.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The heads.
    pub fn heads(&self) -> impl Iterator<Item = &dyn Head> {
        self.heads
            .iter()
            .map(|bound| bound.kind.part() as &dyn Head)
    }

    /// Lowest and highest energy of the sum of the heads.
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        let ranges = self.heads.iter().map(|bound| {
            let graph = self.network.graph();
            let code = graph.shape(graph.outputs()[bound.output].1)[0];
            bound.kind.part().range(code)
        });
        ranges.fold((0.0, 0.0), |sum, r| (sum.0 + r.0, sum.1 + r.1))
    }

    /// Which sides of the energy are learned, a frozen encoder aside.
    #[must_use]
    pub fn sides(&self) -> Sides {
        if self.heads().any(|head| head.sides() == Sides::Both) {
            Sides::Both
        } else {
            Sides::OnlyX
        }
    }

    /// Inputs as the network takes them: those of a frozen encoder are its features.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn features(&self, x: &Tensor) -> Result<Tensor> {
        match &self.frozen {
            Some(encoder) => encoder.eval(x, "features"),
            None => Ok(x.clone()),
        }
    }

    /// Run the network on what [`Machine::features`] gave; [`Machine::pick`] finds the codes.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn forward(&self, features: &Tensor, mode: Mode) -> Result<Forward> {
        self.network.forward(features, mode)
    }

    /// The code of each head among the outputs of the network.
    #[must_use]
    pub fn pick(&self, outputs: &[Tensor]) -> Vec<Tensor> {
        let places = self.heads.iter().map(|bound| bound.output);
        places.map(|place| outputs[place].clone()).collect()
    }

    /// Places of the codes among the outputs.
    #[must_use]
    pub fn places(&self) -> Vec<usize> {
        self.heads.iter().map(|bound| bound.output).collect()
    }

    /// The code (N, H) of each head for inputs x, with running statistics.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn codes(&self, x: &Tensor) -> Result<Vec<Tensor>> {
        let forward = self.forward(&self.features(x)?, Mode::Eval)?;
        Ok(self.pick(&forward.outputs))
    }

    /// Latent values and responses of each head for answers y (N, K, D).
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn respond(
        &self,
        codes: &[Tensor],
        y: &Tensor,
        mode: Mode,
        noise: &dyn Fn(&Tensor, f64) -> Result<Tensor>,
    ) -> Result<Vec<Answered>> {
        let heads = self.heads.iter().zip(codes);
        heads
            .map(|(bound, code)| {
                let (head, second) = (bound.kind.part(), bound.second.as_ref());
                let mut z = self.latent_values(bound, code, y)?;
                if let (Some(values), Some(latent)) = (&mut z, head.latent()) {
                    let std = latent.z.part().noise();
                    if std > 0.0 && mode != Mode::Eval {
                        *values = noise(values, std)?;
                    }
                }
                let response = head.respond(second, code, y, z.as_ref(), mode)?;
                Ok(Answered { z, response })
            })
            .collect()
    }

    /// All values of z, or for each answer the best one found.
    fn latent_values(&self, bound: &Bound, code: &Tensor, y: &Tensor) -> Result<Option<Tensor>> {
        let head = bound.kind.part();
        let Some(latent) = head.latent() else {
            return Ok(None);
        };
        let z = latent.z.part();
        if let Some(values) = z.values(code.device())? {
            return Ok(Some(values.unsqueeze(0)?.unsqueeze(0)?));
        }
        search::latent(head, bound.second.as_ref(), z, (code, y), self.seed).map(Some)
    }

    /// Whether every answer of head `head` is offered the same values of z, without noise in training.
    #[must_use]
    pub fn shares_latents(&self, head: usize) -> bool {
        let latent = self.heads[head].kind.part().latent();
        latent.is_none_or(|latent| {
            let z = latent.z.part();
            z.noise() == 0.0 && matches!(z.values(&candle_core::Device::Cpu), Ok(Some(_)))
        })
    }

    /// Whether answers of head `head` have values of z of their own in training.
    #[must_use]
    pub fn has_own_latents(&self, head: usize) -> bool {
        self.heads[head].kind.part().latent().is_some() && !self.shares_latents(head)
    }

    /// The values of z (1, 1, Z, d) that every answer of head `head` is offered.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn shared_latents(
        &self,
        head: usize,
        device: &candle_core::Device,
    ) -> Result<Option<Tensor>> {
        let Some(latent) = self.heads[head].kind.part().latent() else {
            return Ok(None);
        };
        let values = latent.z.part().values(device)?;
        let shaped = values.map(|values| values.unsqueeze(0)?.unsqueeze(0));
        Ok(shaped.transpose()?)
    }

    /// Tensors in a response of head `head`.
    #[must_use]
    pub fn responses(&self, head: usize) -> usize {
        usize::from(self.heads[head].second.is_some())
    }

    /// Energies (N, K) of answers y (N, K, D) from codes, latent values and responses, by operations with a
    /// gradient; (N, C) of all classes where answers are classes.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn combine(
        &self,
        y: &Tensor,
        parts: &[(Tensor, Option<Tensor>, Vec<Tensor>)],
        progress: f64,
    ) -> Result<Tensor> {
        let mut total: Option<Tensor> = None;
        for (bound, (code, z, response)) in self.heads.iter().zip(parts) {
            let head = bound.kind.part();
            let mut energies = head.energies(code, y, z.as_ref(), response)?;
            if let Some(latent) = head.latent() {
                energies = latent.reduced(&energies, progress)?;
            }
            total = Some(match total {
                Some(sum) => (sum + energies)?,
                None => energies,
            });
        }
        total.ok_or_else(|| Error::Failed("there is no head".into()))
    }

    /// Energies (N, K) of answers y (N, K, D), or (N, C) of all classes; values only.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn energies(&self, codes: &[Tensor], y: &Tensor) -> Result<Tensor> {
        let silent = |z: &Tensor, _: f64| Ok(z.clone());
        let answered = self.respond(codes, y, Mode::Eval, &silent)?;
        let parts = answered.into_iter().zip(codes);
        let parts: Vec<_> = parts
            .map(|(answered, code)| (code.clone(), answered.z, answered.response.tensors))
            .collect();
        Ok(self.combine(y, &parts, 1.0)?.detach())
    }

    /// Energies (N, C) of all classes for codes; values only.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn table(&self, codes: &[Tensor]) -> Result<Tensor> {
        self.energies(codes, &codes[0])
    }

    /// Energies (N, K) of y (N, K, D), and their gradient by y (N, K, D).
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn slope(&self, codes: &[Tensor], y: &Tensor) -> Result<(Tensor, Tensor)> {
        let leaf = Var::from_tensor(y)?;
        let silent = |z: &Tensor, _: f64| Ok(z.clone());
        let mut pulls = Vec::new();
        let mut parts = Vec::new();
        let answered = self.respond(codes, y, Mode::Replay, &silent)?;
        for (answered, code) in answered.into_iter().zip(codes) {
            let leaves = leaves(&answered.response.tensors)?;
            pulls.push((leaves.clone(), answered.response.pull));
            parts.push((code.clone(), answered.z, leaves));
        }
        let energies = self.combine(leaf.as_tensor(), &parts, 1.0)?;
        let store = energies.sum_all()?.backward()?;
        let mut slope = match store.get(&leaf) {
            Some(direct) => direct.clone(),
            None => y.zeros_like()?,
        };
        for (leaves, pull) in pulls {
            let upstream: Vec<Option<Tensor>> =
                leaves.iter().map(|x| store.get(x).cloned()).collect();
            if let Some(more) = pull(&upstream)?.y {
                slope = (slope + more)?;
            }
        }
        Ok((energies.detach(), slope))
    }

    /// The predictions (N, D) at the latent values that explain answers y (N, 1, D) best: the manifold that z traces.
    ///
    /// `None` without a latent.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn traced(&self, codes: &[Tensor], y: &Tensor) -> Result<Option<Tensor>> {
        let [bound] = self.heads.as_slice() else {
            return Ok(None);
        };
        let Some(z) = self.latent_values(bound, &codes[0], y)? else {
            return Ok(None);
        };
        let (head, second) = (bound.kind.part(), bound.second.as_ref());
        let response = head.respond(second, &codes[0], y, Some(&z), Mode::Eval)?;
        let energies = head.energies(&codes[0], y, Some(&z), &response.tensors)?; // (N, 1, Z)
        let best: Vec<u32> = energies.argmin(2)?.flatten_all()?.to_vec1()?;
        let rows = best
            .iter()
            .enumerate()
            .map(|(row, &z)| response.tensors[0].get(row)?.get(0)?.get(z as usize));
        let rows: Vec<Tensor> = rows.collect::<candle_core::Result<_>>()?;
        Ok(Some(Tensor::stack(&rows, 0)?))
    }

    /// The answers (N, A, D) of lowest energy in closed form; `None` when there is no such form.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn closed_form(&self, codes: &[Tensor]) -> Result<Option<Tensor>> {
        let [bound] = self.heads.as_slice() else {
            return Ok(None); // a sum of energies has its own minimum
        };
        let head = bound.kind.part();
        let z = match head.latent() {
            None => None,
            Some(latent) => match latent.z.part().values(codes[0].device())? {
                Some(values) => Some(values.unsqueeze(0)?.unsqueeze(0)?),
                None => return Ok(None),
            },
        };
        head.closed_form(bound.second.as_ref(), &codes[0], z.as_ref())
    }
}

/// Fresh variables with these values.
fn leaves(tensors: &[Tensor]) -> Result<Vec<Tensor>> {
    let leaf = |tensor: &Tensor| Ok(Var::from_tensor(tensor)?.as_tensor().clone());
    tensors.iter().map(leaf).collect()
}

/// The graph with the code of every head marked as an output.
///
/// # Errors
/// The graph has no output `features`, or a head does not fit it.
pub fn attach(mut graph: Graph, heads: &[HeadKind], space: Space) -> Result<Graph> {
    let features = graph
        .output("features")
        .ok_or_else(|| Error::Failed("the encoder has no output `features`".into()))?;
    let features = graph.outputs()[features].1;
    for (i, kind) in heads.iter().enumerate() {
        kind.part().validate()?;
        let name = name(i, heads.len());
        let code = kind.part().code(&mut graph, &name, features, space)?;
        graph.mark(&code_name(i), code);
    }
    Ok(graph)
}

fn code_name(head: usize) -> String {
    format!("code{head}")
}

/// The prefix of a head's parameters.
fn name(head: usize, heads: usize) -> String {
    if heads == 1 {
        "head".into()
    } else {
        format!("heads.{head}")
    }
}

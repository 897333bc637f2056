use candle_core::{D, Device, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::loss::{Loss, Margin};
use super::stable::softplus;
use crate::error::{Error, Result};
use crate::params::{Init, ParamSpec, Role};
use crate::ranges::positive;

/// Pairwise sigmoid loss, each answer judged by itself: `softplus(−l(E_C)) + Σ_wrong softplus(l(E))`,
/// `l(E) = t (1 − E) + b`, the logit of "this is the right answer".
///
/// Energies (N, P), (N, K) to (N,), the mean over right answers plus the sum over wrong ones; `per_pair` divides by the
/// number of answers. Errors: no wrong answers; a scale of 0 or less; a bias that is not finite. t (through its logarithm)
/// and b are learned with the network.
///
/// Source: over cosine energies and `other_view` negatives it is SigLIP (Zhai et al. 2023, algorithm 1: divided by N, not
/// N²). Choose it for small batches or batches that differ in size, since no sum over the batch stands inside a logarithm,
/// and with AdamW: at the learning rates of SGD the scale can run to 0, where nothing is learned.
///
/// ```
/// # use candle_core::{Device::Cpu, Tensor};
/// # use ravine::losses::{Energies, Loss, Siglip};
/// let (right, wrong) = (Tensor::new(&[[0.2]], &Cpu)?, Tensor::new(&[[0.9]], &Cpu)?);
/// let siglip = Siglip { scale: 1.0, bias: 0.0, ..Siglip::default() };
/// let loss = siglip.forward(&Energies::new(right, wrong))?.to_vec1::<f64>()?;
/// assert!((loss[0] - 1.1155).abs() < 1e-4); // log(1 + exp(−0.8)) + log(1 + exp(0.1))
/// # Ok::<(), ravine::error::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Siglip {
    /// t at the start, above 0.
    pub scale: f64,
    /// b at the start: about −t, because almost all answers are wrong.
    pub bias: f64,
    /// `per_image` (the paper) or `per_pair`.
    pub convention: SiglipConvention,
}

/// What the sum over all pairs is divided by, where codes differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SiglipConvention {
    /// The N questions, as in the paper.
    #[default]
    PerImage,
    /// All their answers: a mean of binary cross-entropies, N times smaller.
    PerPair,
}

impl Default for Siglip {
    fn default() -> Self {
        Self {
            scale: 10.0,
            bias: -10.0,
            convention: SiglipConvention::PerImage,
        }
    }
}

impl Siglip {
    /// Factor in front of the sum over the answers of a question.
    fn share(self, answers: usize) -> f64 {
        match self.convention {
            SiglipConvention::PerImage => 1.0,
            SiglipConvention::PerPair => 1.0 / answers as f64,
        }
    }
}

impl Loss for Siglip {
    fn forward(&self, energies: &Energies) -> Result<Tensor> {
        let (device, dtype) = (energies.positive.device(), energies.positive.dtype());
        let number = |x: f64| {
            Tensor::new(&[x], &Device::Cpu)?
                .to_device(device)?
                .to_dtype(dtype)
        };
        self.with(energies, &[number(self.scale.ln())?, number(self.bias)?])
    }

    fn learned(&self) -> Vec<ParamSpec> {
        let number = |name: &str, value| ParamSpec {
            name: name.into(),
            shape: vec![1],
            init: Init::Constant(value),
            role: Role::Plain,
        };
        vec![
            number("loss.log_scale", self.scale.ln()),
            number("loss.bias", self.bias),
        ]
    }

    fn with(&self, energies: &Energies, learned: &[Tensor]) -> Result<Tensor> {
        let [log_scale, bias] = learned else {
            return Err(Error::Failed("siglip has two learned numbers".into()));
        };
        let scale = log_scale.exp()?;
        let logit = |energy: &Tensor| -> Result<Tensor> {
            let cosine = energy.affine(-1.0, 1.0)?;
            Ok(cosine.broadcast_mul(&scale)?.broadcast_add(bias)?)
        };
        let right = energies.mean(&softplus(&logit(&energies.positive)?.neg()?)?)?;
        let wrong = softplus(&logit(energies.wrong()?)?)?.sum(D::Minus1)?;
        let answers = energies.wrong()?.dim(D::Minus1)? + 1;
        Ok(((right + wrong)? * self.share(answers))?)
    }

    fn margin(&self) -> Margin {
        Margin::Infinite
    }

    fn only_most_offending(&self) -> bool {
        false
    }

    fn collapse_value(&self, answers: usize) -> Option<f64> {
        // At energy 0 every logit is t + b.
        let logit = self.scale + self.bias;
        let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        let all = softplus(-logit) + answers.saturating_sub(1) as f64 * softplus(logit);
        Some(self.share(answers) * all)
    }

    fn collapse_value_learned(&self, answers: usize) -> Option<f64> {
        // The logit of a guess, 1 in `answers`: the entropy of N such questions.
        let (all, wrong) = (answers as f64, answers.saturating_sub(1) as f64);
        let guess = all.ln() + wrong * (1.0 / wrong.max(1.0)).ln_1p();
        Some(self.share(answers) * if answers > 1 { guess } else { 0.0 })
    }

    fn validate(&self, _: (f64, f64)) -> Result<()> {
        positive("loss.scale", self.scale)?;
        if self.bias.is_finite() {
            return Ok(());
        }
        Err(Error::key("loss.bias", "must be a finite number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_scale_and_the_best_bias_read_the_learned_collapse_value() -> Result<()> {
        let energies = Energies {
            positive: Tensor::full(0.3, (2, 1), &Device::Cpu)?,
            negative: Some(Tensor::full(0.9, (2, 255), &Device::Cpu)?),
            volume: None,
        };
        let reads = |bias: f64| -> Result<f64> {
            let learned = [-100.0, bias].map(|x| Tensor::new(&[x], &Device::Cpu));
            let [scale, bias] = learned;
            let rows = Siglip::default().with(&energies, &[scale?, bias?])?;
            Ok(rows.mean_all()?.to_scalar::<f64>()?)
        };
        let value = Siglip::default()
            .collapse_value_learned(256)
            .unwrap_or(f64::NAN);
        let best = -(255.0_f64.ln());
        assert!((reads(best)? - value).abs() < 1e-9, "{value}");
        assert!(reads(best - 0.5)? > value && reads(best + 0.5)? > value);
        assert_eq!(Siglip::default().collapse_value_learned(1), Some(0.0));
        Ok(())
    }
}

//! The ordered, named, seeded store of parameters.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use candle_core::{DType, Device, Shape, Tensor, Var};

use crate::error::{Error, Result};
use crate::random::{self, Purpose};

/// A parameter of more numbers than this is a typing error.
const MOST: f64 = 4e9;

/// How a parameter starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// The same number everywhere.
    Constant(f64),
    /// Uniform on (−bound, bound).
    Uniform(f64),
    /// Normal with mean 0 and this standard deviation.
    Normal(f64),
    /// Normal with this standard deviation, redrawn outside two of them (ViT).
    TruncatedNormal(f64),
}

/// What a parameter is for: decides whether it is trained and whether weight decay touches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Multiplies activations; trained, decayed.
    Weight,
    /// Bias, norm scale, token or position embedding; trained, not decayed nor adapted by LARS.
    Plain,
    /// Running statistics: saved, never trained.
    Buffer,
}

/// Name, shape, start and role of one parameter, as a graph asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamSpec {
    /// Full name, torchvision's or timm's, for example `layer1.0.conv1.weight`.
    pub name: String,
    /// Shape in candle's order, for a convolution (out, in / groups, height, width).
    pub shape: Vec<usize>,
    /// Initial values.
    pub init: Init,
    /// Trained, decayed, or a buffer.
    pub role: Role,
}

/// One stored parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Full name.
    pub name: String,
    /// The value; optimizers write it in place.
    pub var: Var,
    /// Trained, decayed, or a buffer.
    pub role: Role,
    /// Kept as it is, whatever its role: part of a frozen encoder.
    pub frozen: bool,
}

impl Param {
    /// Whether an optimizer may change it.
    #[must_use]
    pub fn trainable(&self) -> bool {
        self.role != Role::Buffer && !self.frozen
    }
}

#[derive(Debug, Default)]
struct Entries {
    list: Vec<Param>,
    index: HashMap<String, usize>,
}

/// An ordered store of named parameters; cloning it shares the values.
///
/// The start of a parameter depends on (seed, name) only, not on the order of creation.
#[derive(Clone, Debug)]
pub struct Params {
    entries: Arc<RwLock<Entries>>,
    seed: u64,
    device: Device,
}

impl Params {
    /// An empty store whose parameters start from `seed` on `device`.
    #[must_use]
    pub fn new(seed: u64, device: &Device) -> Self {
        Self {
            entries: Arc::default(),
            seed,
            device: device.clone(),
        }
    }

    /// The seed that they start from, and that passes over them draw from.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The device all parameters live on.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Create the parameter `spec` asks for, in 32-bit floats, or return the one of that name.
    ///
    /// # Errors
    /// A parameter of that name with another shape.
    pub fn create(&self, spec: &ParamSpec) -> Result<Param> {
        if let Some(found) = self.get(&spec.name) {
            if found.var.dims() != spec.shape {
                return Err(Error::Failed(format!(
                    "parameter `{}` has shape {:?}, but {:?} is asked for: two networks share a name",
                    spec.name,
                    found.var.dims(),
                    spec.shape
                )));
            }
            return Ok(found);
        }
        let count = count(spec)?;
        let values = start(spec.init, count, self.seed, &spec.name);
        let var = Var::from_vec(values, spec.shape.as_slice(), &self.device)?;
        let param = Param {
            name: spec.name.clone(),
            var,
            role: spec.role,
            frozen: false,
        };
        self.insert(param.clone());
        Ok(param)
    }

    fn insert(&self, param: Param) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let position = entries.list.len();
        entries.index.insert(param.name.clone(), position);
        entries.list.push(param);
    }

    /// The parameter called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Param> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.index.get(name).map(|&i| entries.list[i].clone())
    }

    /// All parameters in the order of their creation.
    #[must_use]
    pub fn all(&self) -> Vec<Param> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.list.clone()
    }

    /// The parameters an optimizer may change, in order.
    #[must_use]
    pub fn trainable(&self) -> Vec<Param> {
        self.all().into_iter().filter(Param::trainable).collect()
    }

    /// Keep the parameters whose names are `chosen` as they are, running statistics too: they are no longer trainable.
    /// Returns the names of those that were not frozen before, for [`Params::thaw`].
    pub fn freeze(&self, chosen: impl Fn(&str) -> bool) -> Vec<String> {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let list = entries.list.iter_mut();
        let moving = list.filter(|param| !param.frozen && chosen(&param.name));
        let frozen = moving.map(|param| {
            param.frozen = true;
            param.name.clone()
        });
        frozen.collect()
    }

    /// Let the parameters called `names` change again.
    pub fn thaw(&self, names: &[String]) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        for name in names {
            if let Some(&at) = entries.index.get(name) {
                entries.list[at].frozen = false;
            }
        }
    }

    /// A second store with copies of the parameters that `specs` names.
    ///
    /// The copies stand here too, as buffers called `prefix` + name: saved and resumed with the rest, never trained. Asked
    /// for again, the same copies are returned.
    ///
    /// # Errors
    /// One of them is not here.
    pub fn copies(&self, specs: &[ParamSpec], prefix: &str) -> Result<Self> {
        let copies = Self::new(self.seed, &self.device);
        for spec in specs {
            let original = self.get(&spec.name).ok_or_else(|| {
                Error::Failed(format!("there is no parameter `{}` to copy", spec.name))
            })?;
            let name = format!("{prefix}{}", spec.name);
            let var = if let Some(there) = self.get(&name) {
                there.var
            } else {
                let var = Var::from_tensor(&original.var.as_detached_tensor().copy()?)?;
                self.insert(Param {
                    name,
                    var: var.clone(),
                    role: Role::Buffer,
                    ..original.clone()
                });
                var
            };
            copies.insert(Param { var, ..original });
        }
        Ok(copies)
    }

    /// Copy `values` into the parameters of the same names.
    ///
    /// # Errors
    /// A parameter that `values` lacks, or holds with another shape or with numbers that are not finite.
    pub fn load(&self, values: &HashMap<String, Tensor>) -> Result<()> {
        self.load_some(values, "")
    }

    /// As [`Params::load`], only into those whose names start with `prefix`.
    ///
    /// # Errors
    /// As [`Params::load`].
    pub fn load_some(&self, values: &HashMap<String, Tensor>, prefix: &str) -> Result<()> {
        let all = self.all().into_iter();
        for param in all.filter(|param| param.name.starts_with(prefix)) {
            let value = values.get(&param.name).ok_or_else(|| {
                Error::Failed(format!(
                    "the saved model holds no parameter `{}`",
                    param.name
                ))
            })?;
            if value.dims() != param.var.dims() {
                return Err(Error::Failed(format!(
                    "parameter `{}` is saved with shape {:?}, the configured network has {:?}",
                    param.name,
                    value.dims(),
                    param.var.dims()
                )));
            }
            if !finite(value)? {
                return Err(Error::Failed(format!(
                    "parameter `{}` is saved with numbers that are not finite: the file is damaged or training \
                     diverged; use an earlier checkpoint",
                    param.name
                )));
            }
            param.var.set(&value.to_device(&self.device)?)?;
        }
        Ok(())
    }
}

/// Whether all of `values` are: infinity times 0 is no number.
fn finite(values: &Tensor) -> Result<bool> {
    let sum = values.affine(0.0, 0.0)?.sum_all()?;
    Ok(sum.to_dtype(DType::F64)?.to_scalar::<f64>()? == 0.0)
}

/// Numbers that `spec` asks for, when they are a number of numbers that a machine holds.
fn count(spec: &ParamSpec) -> Result<usize> {
    let count: f64 = spec.shape.iter().map(|&dim| dim as f64).product();
    if count < MOST {
        return Ok(spec.shape.iter().product());
    }
    Err(Error::Usage(format!(
        "parameter `{}` of shape {:?} would hold {count:.1e} numbers; choose smaller widths",
        spec.name, spec.shape
    )))
}

/// `count` initial values of the parameter `name`.
fn start(init: Init, count: usize, seed: u64, name: &str) -> Vec<f32> {
    use rand::RngExt;
    let mut rng = random::stream(seed, Purpose::Initialize, 0, random::name_hash(name), 0);
    let mut draw = || match init {
        Init::Constant(value) => value,
        Init::Uniform(bound) => rng.random_range(-1.0..1.0) * bound,
        Init::Normal(std) => random::normal(&mut rng) * std,
        Init::TruncatedNormal(std) => loop {
            let z = random::normal(&mut rng);
            if z.abs() <= 2.0 {
                break z * std;
            }
        },
    };
    (0..count).map(|_| draw() as f32).collect()
}

/// Lets candle-nn's `VarBuilder` draw from the store: `VarBuilder::from_backend(Box::new(params), ..)`.
impl candle_nn::var_builder::SimpleBackend for Params {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        init: candle_nn::Init,
        _: DType,
        _: &Device,
    ) -> candle_core::Result<Tensor> {
        let init = match init {
            candle_nn::Init::Const(value) => Init::Constant(value),
            candle_nn::Init::Uniform { lo, up } if lo == -up => Init::Uniform(up),
            candle_nn::Init::Randn { mean: 0.0, stdev } => Init::Normal(stdev),
            candle_nn::Init::Kaiming {
                dist: candle_nn::init::NormalOrUniform::Normal,
                fan,
                non_linearity,
            } => Init::Normal(non_linearity.gain() / (fan.for_shape(&shape) as f64).sqrt()),
            other => candle_core::bail!("`{name}`: initialisation {other:?} is not offered"),
        };
        let role = if shape.rank() > 1 {
            Role::Weight
        } else {
            Role::Plain
        };
        let spec = ParamSpec {
            name: name.to_string(),
            shape: shape.into_dims(),
            init,
            role,
        };
        match self.create(&spec) {
            Ok(param) => Ok(param.var.as_tensor().clone()),
            Err(error) => candle_core::bail!("{error}"),
        }
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> candle_core::Result<Tensor> {
        match Params::get(self, name) {
            Some(param) => Ok(param.var.as_tensor().clone()),
            None => candle_core::bail!("there is no parameter `{name}`"),
        }
    }

    fn contains_tensor(&self, name: &str) -> bool {
        Params::get(self, name).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(name: &str) -> ParamSpec {
        ParamSpec {
            name: name.into(),
            shape: vec![2, 3],
            init: Init::Normal(1.0),
            role: Role::Weight,
        }
    }

    #[test]
    fn values_depend_on_the_name_not_on_the_order() -> Result<()> {
        let (one, two) = (Params::new(5, &Device::Cpu), Params::new(5, &Device::Cpu));
        let a = one.create(&spec("a"))?.var.to_vec2::<f32>()?;
        let b = one.create(&spec("b"))?.var.to_vec2::<f32>()?;
        assert_eq!(b, two.create(&spec("b"))?.var.to_vec2::<f32>()?);
        assert_eq!(a, two.create(&spec("a"))?.var.to_vec2::<f32>()?);
        assert_ne!(a, b);
        Ok(())
    }

    #[test]
    fn it_serves_a_candle_var_builder() -> Result<()> {
        let params = Params::new(0, &Device::Cpu);
        let builder =
            candle_nn::VarBuilder::from_backend(Box::new(params.clone()), DType::F32, Device::Cpu);
        candle_nn::linear_no_bias(3, 2, builder.pp("head"))?;
        assert_eq!(params.all()[0].name, "head.weight");
        Ok(())
    }

    #[test]
    fn numbers_that_are_not_finite_are_not_loaded() -> Result<()> {
        let params = Params::new(0, &Device::Cpu);
        let param = params.create(&spec("a"))?;
        let before = param.var.to_vec2::<f32>()?;
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let saved = Tensor::new(&[[1.0, bad, 0.0], [0.0f32; 3]], &Device::Cpu)?;
            let refusal = params.load(&HashMap::from([("a".into(), saved)]));
            assert!(refusal.is_err_and(|e| e.to_string().contains("`a`")));
            assert_eq!(param.var.to_vec2::<f32>()?, before);
        }
        Ok(())
    }
}

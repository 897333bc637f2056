//! Networks for comparisons.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use ravine::graph::{CandleExecutor, Graph, Network};
use ravine::params::{Params, Role};

use super::{Any, randn};

/// A network with parameters and statistics as training leaves them: none at its start.
pub fn trained(graph: &Graph, seed: u64) -> Result<Network, Any> {
    let params = Params::new(seed, &Device::Cpu);
    let network = Network::new(graph.clone(), &params, Arc::new(CandleExecutor))?;
    for (param, i) in params.all().into_iter().zip(100..) {
        let noise = (randn(param.var.dims(), i)? * 0.1)?;
        let old = param.var.as_detached_tensor();
        let new = match param.role {
            Role::Buffer if param.name.ends_with("var") => (old + noise.abs()?)?,
            _ => (old + noise)?,
        };
        param.var.set(&new)?;
    }
    Ok(network)
}

/// Fails unless the two are equal to 1e-4 of the largest number, or of 1.
pub fn near(name: &str, a: &Tensor, b: &Tensor) -> Result<(), Any> {
    assert_eq!(a.dims(), b.dims(), "{name}");
    let most = |x: &Tensor| x.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>();
    let (gap, scale) = (most(&(a - b)?)?, most(a)?.max(1.0));
    assert!(gap <= 1e-4 * scale, "{name}: {gap} of {scale}");
    Ok(())
}

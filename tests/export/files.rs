//! Parameters by name: .safetensors and .pth, read back by ravine and by PyTorch.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use candle_core::Device;
use ravine::encoders::{Encoder, Resnet, network, weights};
use ravine::export::{Exported, find};
use ravine::graph::{CandleExecutor, Network};
use ravine::params::Params;

use crate::common::Any;
use crate::common::networks::{near, trained};
use crate::graphs::exported;
use crate::python::python;

fn small() -> Result<Network, Any> {
    let resnet = Resnet {
        depth: 10,
        width: 4,
        ..Resnet::default()
    };
    trained(&network(&resnet.graph(&[3, 16, 16])?, None, None)?, 5)
}

fn write(what: &Exported, folder: &Path, format: &str) -> Result<std::path::PathBuf, Any> {
    let path = folder.join(format!("net.{format}"));
    find(format)?.write(what, &path)?;
    Ok(path)
}

#[test]
fn parameters_are_read_back_by_ravine() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let network = small()?;
    for format in ["safetensors", "pth"] {
        let path = write(&exported(&network), folder.path(), format)?;
        let params = Params::new(6, &Device::Cpu);
        let fresh = Network::new(network.graph().clone(), &params, Arc::new(CandleExecutor))?;
        let specs = network.graph().parameters();
        let found = weights::load(&path, None, network.graph(), "encoder.", &params)?;
        assert_eq!(found.taken.len(), specs.len(), "{format}");
        assert!(found.unused.is_empty() && found.prefix.is_empty());
        let x = crate::common::randn(&[2, 3, 16, 16], 1)?;
        let (a, b) = (network.eval(&x, "features")?, fresh.eval(&x, "features")?);
        near(format, &a, &b)?;
    }
    Ok(())
}

#[test]
fn pytorch_reads_the_pth_without_running_anything() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let network = small()?;
    let path = write(&exported(&network), folder.path(), "pth")?;
    let script = "import sys\n\
        try:\n    import torch\nexcept ImportError:\n    sys.exit(3)\n\
        table = torch.load(sys.argv[1], weights_only=True)\n\
        for name, value in table.items():\n    print(name, list(value.shape), value.double().sum().item(), sep='|')\n";
    let output = Command::new(python())
        .args(["-c", script])
        .arg(&path)
        .output();
    let Some(output) = output.ok().filter(|output| output.status.code() != Some(3)) else {
        println!("skipped: {} has no torch", python());
        return Ok(());
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout)?;
    let lines: Vec<&str> = text.lines().collect();
    let all = network.params().all();
    assert_eq!(lines.len(), all.len());
    for (line, param) in lines.iter().zip(all) {
        let parts: Vec<&str> = line.split('|').collect();
        assert_eq!(format!("encoder.{}", parts[0]), param.name);
        assert_eq!(parts[1], format!("{:?}", param.var.dims()));
        let sum = param
            .var
            .to_dtype(candle_core::DType::F64)?
            .sum_all()?
            .to_scalar::<f64>()?;
        assert!(
            (parts[2].parse::<f64>()? - sum).abs() < 1e-6 * sum.abs().max(1.0),
            "{line}"
        );
    }
    Ok(())
}

#[test]
fn facts_travel_with_safetensors() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let mut what = exported(&small()?);
    what.facts = vec![("method".into(), "simclr".into())];
    let path = write(&what, folder.path(), "safetensors")?;
    let bytes = std::fs::read(path)?;
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes)?;
    let facts = header.metadata().clone().unwrap_or_default();
    assert_eq!(facts.get("method").map(String::as_str), Some("simclr"));
    let tensors = safetensors::SafeTensors::deserialize(&bytes)?;
    assert!(tensors.tensor("conv1.weight").is_ok());
    Ok(())
}

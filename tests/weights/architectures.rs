//! Encoders of timm, torchvision and transformers: the architecture is read from the file, the features are theirs.

use std::path::Path;
use std::sync::Arc;

use candle_core::Device;
use ravine::encoders::{Auto, EncoderKind, architecture, weights};
use ravine::graph::{CandleExecutor, CpuExecutor, Executor, Network, Op};
use ravine::params::Params;

use crate::common::Any;
use crate::common::architectures::{Case, cases};

fn started(
    kind: &EncoderKind,
    case: &Case,
    path: &Path,
    executor: Arc<dyn Executor>,
) -> Result<Network, Any> {
    let graph = kind.part().graph(&[3, case.side, case.side])?;
    let network = Network::new(graph, &Params::new(1, &Device::Cpu), executor)?;
    weights::load(path, None, network.graph(), "", network.params())?;
    Ok(network)
}

#[test]
fn the_architecture_of_every_public_layout_is_read_and_its_features_are_theirs() -> Result<(), Any>
{
    let folder = tempfile::tempdir()?;
    let mut wrong = Vec::new();
    for case in cases()? {
        let path = case.file(folder.path())?;
        let kind = match architecture(&path, None) {
            Ok(kind) => kind,
            Err(problem) => {
                wrong.push(format!("{}: {problem}", case.name));
                continue;
            }
        };
        let auto = Auto {
            weights: Some(path.display().to_string()),
            drop_path: 0.2,
            ..Auto::default()
        };
        let dropping = auto.found()?.part().graph(&[3, case.side, case.side])?;
        let mut ops = dropping.nodes().iter().filter_map(|node| node.op.as_ref());
        if !ops.any(|op| matches!(op, Op::DropPath(_))) {
            wrong.push(format!("{}: drops nothing at encoder.drop_path", case.name));
        }
        let executors: [Arc<dyn Executor>; 2] =
            [Arc::new(CpuExecutor::new()), Arc::new(CandleExecutor)];
        for executor in executors {
            let name = executor.name();
            match started(&kind, &case, &path, executor) {
                Ok(network) => {
                    let gap = case.gap(&network.eval(&case.images()?, "features")?)?;
                    if gap > 1e-4 {
                        wrong.push(format!("{} on {name}: {gap}, {kind:?}", case.name));
                    }
                }
                Err(problem) => wrong.push(format!("{}: {problem}", case.name)),
            }
        }
        std::fs::remove_file(path)?;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn a_block_more_or_less_is_refused_by_name() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let mut wrong = Vec::new();
    for mut case in cases()? {
        let path = case.file(folder.path())?;
        let kind = architecture(&path, None)?;
        std::fs::remove_file(path)?;
        let [last, next] = case.blocks.clone();
        let whole = case.shapes.clone();
        let of_last = whole.iter().filter(|(name, _)| name.starts_with(&last));
        let of_last: Vec<_> = of_last
            .map(|(name, dims)| (name.clone(), dims.clone()))
            .collect();
        for more in [false, true] {
            case.shapes.clone_from(&whole);
            for (name, dims) in &of_last {
                if more {
                    case.shapes.insert(name.replace(&last, &next), dims.clone());
                } else {
                    case.shapes.remove(name);
                }
            }
            let path = case.file(folder.path())?;
            match started(&kind, &case, &path, Arc::new(CpuExecutor::new())) {
                Ok(_) => wrong.push(format!("{}: more {more}: taken", case.name)),
                Err(problem) => {
                    let said = problem.to_string();
                    if ["block", "lacks", "no place"]
                        .iter()
                        .all(|word| !said.contains(word))
                    {
                        wrong.push(format!("{}: more {more}: {said}", case.name));
                    }
                }
            }
            std::fs::remove_file(path)?;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn what_torchvision_adds_to_variances_is_taken_or_said() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    for (name, eps) in [
        ("torchvision-mobilenet-v3-small", Some(1e-3)),
        ("torchvision-efficientnet-v2-s", Some(1e-3)),
        ("torchvision-efficientnet-b1", None),
        ("mobilenet-v3-large", None),
    ] {
        let mut all = cases()?.into_iter();
        let case = all.find(|case| case.name == name).expect("a golden");
        let path = case.file(folder.path())?;
        let load = |kind: &EncoderKind| -> Result<weights::Matched, Any> {
            let graph = kind.part().graph(&[3, case.side, case.side])?;
            let params = Params::new(1, &Device::Cpu);
            Ok(weights::load(&path, None, &graph, "", &params)?)
        };
        let kind = architecture(&path, None)?;
        assert_eq!(load(&kind)?.eps, None, "{name}");
        let mut table = toml::Table::try_from(&kind)?;
        table.insert("eps".into(), 1e-5.into());
        let found = load(&table.try_into()?)?;
        assert_eq!(found.eps, eps, "{name}");
        let said = found.to_string().contains("set encoder.eps = 0.001");
        assert_eq!(said, eps.is_some(), "{found}");
        std::fs::remove_file(path)?;
    }
    Ok(())
}

//! One network on images of several sizes: parameters are shared, positions are interpolated.

mod common;

use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use common::{Any, randn};
use ravine::encoders::{Encoder, EncoderKind, Mlp, Vit};
use ravine::graph::ops::{Positions, TokenEmbed};
use ravine::graph::{CandleExecutor, CpuExecutor, Executor, Graph, Mode, Network, Op, Resampled};
use ravine::params::Params;
use serde_json::Value;

fn executors() -> [Arc<dyn Executor>; 2] {
    [Arc::new(CandleExecutor), Arc::new(CpuExecutor::new())]
}

fn list(value: &Value) -> Result<Vec<f32>, Any> {
    Ok(serde_json::from_value(value.clone())?)
}

fn gap(a: &Tensor, b: &Tensor) -> Result<f32, Any> {
    Ok((a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar()?)
}

#[test]
fn interpolated_positions_equal_timm() -> Result<(), Any> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/positions.json");
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let cases = golden["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 3);
    for case in cases {
        let grid = |key: &str| -> Result<[usize; 2], Any> {
            Ok(serde_json::from_value(case[key].clone())?)
        };
        let resampled = Resampled {
            from: grid("from")?,
            to: grid("to")?,
        };
        let embed = TokenEmbed {
            tokens: resampled.from.iter().product(),
            width: 2,
            class_token: case["class_token"].as_bool().expect("a flag"),
            registers: 0,
            positions: Positions::All,
            resampled: Some(resampled),
        };
        for executor in executors() {
            let mut graph = Graph::new(&[embed.seen(), 2]);
            let node = graph.push("", Op::TokenEmbed(embed), &[graph.input()])?;
            graph.mark("output", node);
            let params = Params::new(0, &Device::Cpu);
            let network = Network::new(graph, &params, executor)?;
            for param in params.all() {
                let values = if param.name == "pos_embed" {
                    list(&case["learned"])?
                } else {
                    vec![0.0; 2]
                };
                let values = Tensor::from_vec(values, param.var.shape(), &Device::Cpu)?;
                param.var.set(&values)?;
            }
            let x = Tensor::zeros((1, embed.seen(), 2), candle_core::DType::F32, &Device::Cpu)?;
            let used = network.eval(&x, "output")?;
            let expected = Tensor::from_vec(list(&case["used"])?, used.shape(), &Device::Cpu)?;
            assert!(gap(&used, &expected)? < 1e-5, "{case}");
        }
    }
    Ok(())
}

#[test]
fn convolutions_and_transformers_run_two_sizes_on_the_same_parameters() -> Result<(), Any> {
    for kind in EncoderKind::defaults() {
        let name = kind.name();
        let sizes = match name {
            "mlp" | "auto" | "graph" => continue,
            // four halvings; a batch norm that sees one value an image below, whose rounding it amplifies
            "convnext" | "regnet" => [24, 32],
            "swin" => [32, 64], // windows that tile every stage
            _ => [8, 24],
        };
        let params = Params::new(0, &Device::Cpu);
        let mut networks = Vec::new();
        for executor in executors() {
            let graph = kind.part().graph(&[3, 16, 16])?;
            networks.push(Network::new(graph, &params, executor)?);
        }
        let before = params.all().len();
        for size in sizes {
            // At 8 x 8 the last batch norm of a ResNet sees one value per image: of four values it amplifies the
            // rounding of its input a hundredfold, on either executor.
            let x = randn(&[16, 3, size, size], size as u64)?;
            let mut results = Vec::new();
            for network in &networks {
                let network = network.at(&[3, size, size])?;
                let forward = network.forward(&x, Mode::Recompute(None))?;
                let output = forward.outputs[0].clone();
                // Not constant: a layer norm at the end would cancel it.
                let gradients = network.backward(forward.tape, &[Some(output.sin()?)])?;
                for param in params.trainable() {
                    assert!(
                        gradients.of.contains_key(&param.name),
                        "{name} {}",
                        param.name
                    );
                }
                results.push((output, gradients));
            }
            assert!(
                gap(&results[0].0, &results[1].0)? < 1e-3,
                "{name} at {size}"
            );
            if let Some(reference) = results[0].1.of.get("pos_embed") {
                let other = &results[1].1.of["pos_embed"];
                let scale = reference.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
                let gap = gap(reference, other)?;
                assert!(gap < 1e-3 * scale, "{name} at {size}: {gap} of {scale}");
            }
        }
        assert_eq!(params.all().len(), before, "{name}: parameters came in");
        let other = sizes[0];
        let back = networks[0].at(&[3, other, other])?.at(&[3, 16, 16])?;
        assert_eq!(back.graph(), networks[0].graph(), "{name}");
    }
    Ok(())
}

#[test]
fn sizes_that_do_not_fit_are_refused_with_a_way_out() -> Result<(), Any> {
    let vit = Vit::default().graph(&[3, 16, 16])?;
    let refusal = vit.at(&[3, 10, 10]).err().map(|e| e.to_string());
    assert!(
        refusal
            .as_deref()
            .unwrap_or_default()
            .contains("multiple of 4"),
        "{refusal:?}"
    );
    let mlp = Mlp::default().graph(&[3, 16, 16])?;
    let refusal = mlp.at(&[3, 8, 8]).err().map(|e| e.to_string());
    assert!(
        refusal
            .as_deref()
            .unwrap_or_default()
            .contains("that pools"),
        "{refusal:?}"
    );
    Ok(())
}

//! Layers and encoders against reference numbers, on both executors.

mod common;

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::{Device, Tensor, Var};
use common::{Any, Case, case, cases};
use ravine::encoders::{Encoder, Resnet, Stem, Vit};
use ravine::graph::ops::{
    Attention, BatchNorm, Conv2d, Gelu, GlobalAvgPool, LayerNorm, Linear, MaxPool,
};
use ravine::graph::{CandleExecutor, CpuExecutor, Executor, Graph, Mode, Network, Op};
use ravine::params::Params;
use serde_json::Value;

fn executors() -> Vec<Arc<dyn Executor>> {
    vec![Arc::new(CandleExecutor), Arc::new(CpuExecutor::new())]
}

/// The op of a `layer/` case; `None` for those that are not ops of a graph.
fn op(case: &Case) -> Option<Op> {
    let kind = case.name.strip_prefix("layer/")?;
    let channels = || case.input("x").dims()[1];
    Some(if kind.starts_with("conv2d") {
        let weight = case.input("weight");
        Op::Conv2d(Conv2d {
            input: channels(),
            output: weight.dims()[0],
            kernel: weight.dims()[2],
            stride: case.usize("stride"),
            padding: case.usize("padding"),
            dilation: case.usize("dilation"),
            groups: case.usize("groups"),
            bias: true,
        })
    } else if kind.starts_with("batch_norm") {
        Op::BatchNorm(BatchNorm {
            eps: case.number("eps"),
            ..BatchNorm::new(channels())
        })
    } else if kind.starts_with("max_pool") {
        Op::MaxPool(MaxPool {
            kernel: case.usize("kernel"),
            stride: case.usize("stride"),
            padding: case.usize("padding"),
        })
    } else {
        match kind {
            "adaptive_avg_pool_global" => Op::GlobalAvgPool(GlobalAvgPool),
            "layer_norm" => Op::LayerNorm(LayerNorm {
                width: *case.input("x").dims().last()?,
                eps: case.number("eps"),
            }),
            "gelu" => Op::Gelu(Gelu),
            _ => return None,
        }
    })
}

#[test]
fn layers_equal_the_reference() -> Result<(), Any> {
    let mut tested = 0;
    for case in cases("layer/")? {
        let Some(op) = op(&case) else { continue };
        for executor in executors() {
            check_layer(&case, &op, executor)?;
        }
        tested += 1;
    }
    assert!(tested >= 27, "only {tested} layers were tested");
    Ok(())
}

fn check_layer(case: &Case, op: &Op, executor: Arc<dyn Executor>) -> Result<(), Any> {
    let x = Var::from_tensor(&case.input("x"))?;
    let mut graph = Graph::new(&x.dims()[1..]);
    let node = graph.push("layer", op.clone(), &[graph.input()])?;
    graph.mark("output", node);
    let params = Params::new(0, &Device::Cpu);
    let network = Network::new(graph, &params, executor)?;
    for param in params.all() {
        let name = param.name.trim_start_matches("layer.");
        param.var.set(&case.input(name))?;
    }
    if case.name.ends_with("_eval") {
        return case.check("output", &network.eval(&x, "output")?);
    }
    let forward = network.forward(&x, Mode::Train(None))?;
    let output = case.output("output");
    case.check("output", &forward.outputs[0].reshape(output.shape())?)?;
    for name in ["running_mean", "running_var"] {
        if let Some(buffer) = params.get(&format!("layer.{name}")) {
            case.check(&format!("new_{name}"), &buffer.var)?;
        }
    }
    let upstream = case.input("upstream").reshape(forward.outputs[0].shape())?;
    let gradients = network.backward(forward.tape, &[Some(upstream)])?;
    case.check("grad_x", &gradients.input.expect("a gradient of the input"))?;
    for (name, gradient) in &gradients.of {
        case.check(
            &format!("grad_{}", name.trim_start_matches("layer.")),
            gradient,
        )?;
    }
    Ok(())
}

/// The weights that the formula of `encoder/<name>/weights` gives, by name.
fn formula_weights(name: &str) -> Result<HashMap<String, Tensor>, Any> {
    let case = case(&format!("encoder/{name}/weights"))?;
    let (frequency, chirp) = (case.number("frequency"), case.number("chirp"));
    let mut weights = HashMap::new();
    let mut first = Vec::new();
    for entry in case.params["tensors"].as_array().expect("tensors") {
        let number = |key: &str| entry[key].as_f64().expect("a number");
        let shape: Vec<usize> = serde_json::from_value(entry["shape"].clone())?;
        let values: Vec<f32> = (0..shape.iter().product::<usize>())
            .map(|i| {
                let chirped = chirp * ((i % 1009) as f64).powi(2);
                let wave = (frequency * i as f64 + number("index") + chirped).sin();
                (number("offset") + number("scale") * wave) as f32
            })
            .collect();
        first.push(values[0]);
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu)?;
        weights.insert(entry["name"].as_str().expect("a name").to_string(), tensor);
    }
    case.check("first", &Tensor::new(first, &Device::Cpu)?)?;
    Ok(weights)
}

fn check_encoder(name: &str, encoder: &dyn Encoder) -> Result<(), Any> {
    let weights = formula_weights(name)?;
    for executor in executors() {
        let features = case(&format!("encoder/{name}/features"))?;
        let images = features.input("images");
        let params = Params::new(0, &Device::Cpu);
        let graph = encoder.graph(&images.dims()[1..])?;
        let network = Network::new(graph, &params, executor)?;
        assert_eq!(params.all().len(), weights.len(), "{name}: parameter names");
        params.load(&weights)?;
        features.check("feature_eval", &network.eval(&images, "features")?)?;

        let forward = network.forward(&images, Mode::Train(None))?;
        let output = forward.outputs[0].clone();
        features.check("feature_train", &output)?;
        features.check("loss", &output.sqr()?.mean_all()?)?;
        for buffer in ["running_mean", "running_var"] {
            let param = params.get(&format!("bn1.{buffer}"));
            if let Some(param) = param {
                features.check(&format!("after_train_bn1_{buffer}"), &param.var)?;
            }
        }
        let upstream = (&output * (2.0 / output.elem_count() as f64))?;
        let gradients = network.backward(forward.tape, &[Some(upstream)])?.of;
        let norms = case(&format!("encoder/{name}/gradient_norms"))?;
        let trainable: Vec<String> = serde_json::from_value(norms.params["trainable"].clone())?;
        let actual = trainable
            .iter()
            .map(|name| Ok(gradients[name].sqr()?.sum_all()?.sqrt()?))
            .collect::<Result<Vec<Tensor>, Any>>()?;
        norms.check("grad_norm", &Tensor::stack(&actual, 0)?)?;
        let first = case(&format!("encoder/{name}/first_gradient"))?;
        let Value::String(weight) = &first.params["first_weight"] else {
            panic!("{name}: no first weight")
        };
        first.check("gradient", &gradients[weight])?;
    }
    Ok(())
}

#[test]
fn resnet18_equals_torchvision() -> Result<(), Any> {
    let resnet = Resnet {
        stem: Stem::Imagenet,
        ..Resnet::default()
    };
    check_encoder("resnet18", &resnet)
}

#[test]
fn resnet18_with_the_cifar_stem_equals_torchvision() -> Result<(), Any> {
    check_encoder("resnet18_cifar", &Resnet::default())
}

#[test]
fn resnet50_equals_torchvision() -> Result<(), Any> {
    let resnet = Resnet {
        depth: 50,
        stem: Stem::Imagenet,
        ..Resnet::default()
    };
    check_encoder("resnet50", &resnet)
}

#[test]
fn vit_equals_timm() -> Result<(), Any> {
    let vit = Vit {
        depth: 2,
        ..Vit::default()
    };
    check_encoder("vit_tiny", &vit)
}

#[test]
fn attention_equals_the_reference() -> Result<(), Any> {
    let case = case("layer/attention")?;
    let x = Var::from_tensor(&case.input("x"))?;
    let width = x.dims()[2];
    for executor in executors() {
        let mut graph = Graph::new(&x.dims()[1..]);
        let heads = case.usize("heads");
        let mut node = graph.input();
        for (name, op) in [
            ("qkv", Op::Linear(Linear::new(width, 3 * width, true))),
            ("attention", Op::Attention(Attention { heads })),
            ("proj", Op::Linear(Linear::new(width, width, true))),
        ] {
            node = graph.push(name, op, &[node])?;
        }
        graph.mark("output", node);
        let params = Params::new(0, &Device::Cpu);
        let network = Network::new(graph, &params, executor)?;
        for param in params.all() {
            param.var.set(&case.input(&param.name.replace('.', "_")))?;
        }
        let forward = network.forward(&x, Mode::Train(None))?;
        case.check("output", &forward.outputs[0])?;
        let gradients = network.backward(forward.tape, &[Some(case.input("upstream"))])?;
        case.check("grad_x", &gradients.input.expect("a gradient of the input"))?;
        for (name, gradient) in &gradients.of {
            case.check(&format!("grad_{}", name.replace('.', "_")), gradient)?;
        }
    }
    Ok(())
}

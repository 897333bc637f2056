//! Both executors against reference numbers, layer by layer.

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::{Device, Tensor, Var};
use ravine::graph::batch_norm::BatchNorm;
use ravine::graph::conv2d::Conv2d;
use ravine::graph::gelu;
use ravine::graph::layer_norm::LayerNorm;
use ravine::graph::max_pool::MaxPool;
use ravine::graph::{CandleExecutor, CpuExecutor, Executor, Graph, Mode, Network, Op};
use ravine::params::{Params, Role};

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

struct Goldens {
    cases: Vec<serde_json::Value>,
    tensors: HashMap<String, Tensor>,
}

impl Goldens {
    fn load() -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/");
        let text = std::fs::read_to_string(format!("{folder}goldens.json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let tensors =
            candle_core::safetensors::load(format!("{folder}goldens.safetensors"), &Device::Cpu);
        Self {
            cases: json["cases"].as_array().unwrap().clone(),
            tensors: tensors.unwrap(),
        }
    }

    fn with_prefix(&self, prefix: &str) -> Vec<Case<'_>> {
        let cases: Vec<_> = self
            .cases
            .iter()
            .filter(|case| case["name"].as_str().unwrap().starts_with(prefix))
            .map(|case| Case {
                case,
                tensors: &self.tensors,
            })
            .collect();
        assert!(!cases.is_empty(), "{prefix}");
        cases
    }
}

struct Case<'a> {
    case: &'a serde_json::Value,
    tensors: &'a HashMap<String, Tensor>,
}

impl Case<'_> {
    fn param(&self, name: &str) -> usize {
        self.case["params"][name].as_u64().unwrap() as usize
    }

    fn find(&self, side: &str, name: &str) -> Option<Tensor> {
        let key = self.case[side][name].as_str()?;
        Some(self.tensors[key].clone())
    }

    fn input(&self, name: &str) -> Tensor {
        self.find("inputs", name).unwrap()
    }

    fn check(&self, name: &str, actual: &Tensor) {
        let Some(expected) = self.find("outputs", name) else {
            panic!("no output {name}")
        };
        let tolerance = |key: &str| self.case["tolerance"][key].as_f64().unwrap() as f32;
        let (relative, absolute) = (tolerance("rtol"), tolerance("atol"));
        for (a, e) in values(actual).iter().zip(values(&expected)) {
            let error = (a - e).abs();
            assert!(
                error <= absolute + relative * e.abs(),
                "{} {name}: {a} {e}",
                self.case["name"]
            );
        }
    }

    /// Run `op` on both executors with the case's parameters and compare everything the case holds.
    fn run(&self, op: &Op, mode: Mode) {
        let x = self.input("x");
        let executors: [Arc<dyn Executor>; 2] =
            [Arc::new(CandleExecutor), Arc::new(CpuExecutor::new())];
        for executor in executors {
            let mut graph = Graph::new(&x.dims()[1..]);
            let node = graph.push("op", op.clone(), &[graph.input()]).unwrap();
            graph.mark("y", node);
            let params = Params::new(0, &Device::Cpu);
            let network = Network::new(graph, &params, executor).unwrap();
            for param in network.params().all() {
                let name = param.name.trim_start_matches("op.");
                param.var.set(&self.input(name)).unwrap();
            }
            let input = Var::from_tensor(&x).unwrap();
            let forward = network.forward(input.as_tensor(), mode).unwrap();
            self.check("output", &forward.outputs[0]);
            if mode == Mode::Eval {
                continue;
            }
            let upstream = [Some(self.input("upstream"))];
            let gradients = network.backward(forward.tape, &upstream).unwrap();
            self.check("grad_x", &gradients.input.unwrap());
            for (name, gradient) in &gradients.of {
                self.check(&name.replace("op.", "grad_"), gradient);
            }
            for param in network.params().all() {
                if param.role == Role::Buffer {
                    self.check(&param.name.replace("op.", "new_"), param.var.as_tensor());
                }
            }
        }
    }
}

#[test]
fn golden_convolutions() {
    for case in Goldens::load().with_prefix("layer/conv2d") {
        let weight = case.input("weight");
        let (output, _, kernel, _) = weight.dims4().unwrap();
        let op = Conv2d {
            dilation: case.param("dilation"),
            groups: case.param("groups"),
            bias: case.find("inputs", "bias").is_some(),
            ..Conv2d::new(
                case.input("x").dims()[1],
                output,
                kernel,
                case.param("stride"),
                case.param("padding"),
            )
        };
        case.run(&Op::Conv2d(op), Mode::Train);
    }
}

#[test]
fn golden_norms() {
    let goldens = Goldens::load();
    for case in goldens.with_prefix("layer/batch_norm") {
        let mode = if case.case["name"].as_str().unwrap().ends_with("eval") {
            Mode::Eval
        } else {
            Mode::Train
        };
        case.run(
            &Op::BatchNorm(BatchNorm::new(case.input("x").dims()[1])),
            mode,
        );
    }
    for case in goldens.with_prefix("layer/layer_norm") {
        let width = case.input("weight").elem_count();
        case.run(&Op::LayerNorm(LayerNorm { width, eps: 1e-5 }), Mode::Train);
    }
}

#[test]
fn golden_pools_and_gelu() {
    let goldens = Goldens::load();
    for case in goldens.with_prefix("layer/max_pool") {
        let [kernel, stride, padding] =
            ["kernel", "stride", "padding"].map(|name| case.param(name));
        case.run(
            &Op::MaxPool(MaxPool {
                kernel,
                stride,
                padding,
            }),
            Mode::Train,
        );
    }
    for case in goldens.with_prefix("layer/gelu") {
        case.run(&Op::Gelu(gelu::Gelu), Mode::Train);
    }
}

//! Training in bfloat16, and by three products of it, beside 32 bits.

use std::sync::Arc;

use ravine::encoders::{Encoder, Vit};
use ravine::graph::{CpuExecutor, Mode, Precision};
use ravine::kernels::Simd;
use ravine::kernels::bf16::Bf16;

use crate::graphs::residual;
use crate::{Outcome, network, pass, same, tensor, values};

/// Operands of 8 significant bits, and ReLUs gated the other way, turn a gradient by a few degrees; a wrong place
/// turns it by 90.
#[test]
fn bf16_is_close_to_32_bits_and_evaluates_in_them() {
    let Ok(executor) = CpuExecutor::with_precision(Precision::Bf16) else {
        println!("skipped: this processor has no instructions for bfloat16");
        return;
    };
    let vit = Vit {
        patch: 4,
        width: 64,
        depth: 2,
        heads: 4,
        ..Vit::default()
    };
    for graph in [residual(16, &[16, 32]), vit.graph(&[3, 16, 16]).unwrap()] {
        let x = tensor(&[9, 3, 16, 16], 4);
        let both = |mode| {
            let bf16 = network(&graph, Arc::new(executor.clone()));
            let f32 = network(&graph, Arc::new(CpuExecutor::new()));
            (pass(&bf16, &x, mode), pass(&f32, &x, mode))
        };
        let (actual, expected) = both(Mode::Train(None));
        for (name, gradient) in &expected.gradients.of {
            let (a, e) = (values(&actual.gradients.of[name]), values(gradient));
            let dot =
                |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            let cosine = dot(&a, &e) / (dot(&a, &a) * dot(&e, &e)).sqrt().max(1e-12);
            assert!(dot(&e, &e) < 1e-6 || cosine > 0.95, "{name}: {cosine}");
        }
        let last = |outcome: &Outcome| values(outcome.outputs.last().unwrap());
        let apart = last(&actual) != last(&expected);
        assert!(apart, "nothing was rounded");
        let (actual, expected) = both(Mode::Eval);
        same(&actual, &expected, 0.0);
    }
}

/// Three products of bfloat16 for one keep sixteen bits, forward, backward and evaluating.
#[test]
fn high_is_32_bits_to_a_ten_thousandth() {
    let executor = CpuExecutor::with_precision(Precision::High).expect("needs no instructions");
    let vit = Vit {
        patch: 4,
        width: 64,
        depth: 2,
        heads: 4,
        ..Vit::default()
    };
    let graphs = [
        (residual(16, &[16, 32]), 3e-3), // a ReLU near zero may be gated the other way
        (vit.graph(&[3, 16, 16]).unwrap(), 1e-4),
    ];
    let splits = Bf16::detect().is_some_and(Bf16::splits);
    if !splits {
        println!("high is f32 on this processor: nothing is compared");
    }
    for (graph, tolerance) in graphs {
        let x = tensor(&[9, 3, 16, 16], 4);
        for mode in [Mode::Train(None), Mode::Eval] {
            let actual = pass(&network(&graph, Arc::new(executor.clone())), &x, mode);
            let expected = pass(&network(&graph, Arc::new(CpuExecutor::new())), &x, mode);
            for (a, e) in actual.outputs.iter().zip(&expected.outputs) {
                assert!(apart(&values(a), &values(e)) < 1e-4);
            }
            let all = actual.outputs.iter().zip(&expected.outputs);
            let equal = all.into_iter().all(|(a, e)| values(a) == values(e));
            assert_eq!(equal, !splits, "products are split where that is faster");
            for (name, gradient) in &expected.gradients.of {
                let apart = apart(&values(&actual.gradients.of[name]), &values(gradient));
                assert!(apart < tolerance, "{name}: {apart}");
            }
        }
    }
}

/// Six products of bfloat16 for one keep all bits: what differs is the order of sums, and evaluation in bf16 is that of f32.
#[test]
fn wide_products_of_32_bits_are_such_in_parts_too() {
    let vit = Vit {
        patch: 2,
        width: 384,
        depth: 1,
        heads: 6,
        ..Vit::default()
    };
    let graph = vit.graph(&[3, 8, 8]).unwrap();
    let x = tensor(&[5, 3, 8, 8], 4);
    let plain = CpuExecutor::with_simd(Simd::detect());
    let splits = Bf16::detect().is_some_and(Bf16::splits);
    for mode in [Mode::Train(None), Mode::Eval] {
        let run =
            |executor: &CpuExecutor| pass(&network(&graph, Arc::new(executor.clone())), &x, mode);
        let (actual, expected) = (run(&CpuExecutor::new()), run(&plain));
        for (a, e) in actual.outputs.iter().zip(&expected.outputs) {
            assert!(apart(&values(a), &values(e)) < 1e-6);
        }
        let last = |outcome: &Outcome| values(outcome.outputs.last().unwrap());
        assert_eq!(
            last(&actual) == last(&expected),
            !splits,
            "in parts where that is faster"
        );
        for (name, gradient) in &expected.gradients.of {
            let apart = apart(&values(&actual.gradients.of[name]), &values(gradient));
            assert!(apart < 3e-6, "{name}: {apart}");
        }
        if let (Ok(bf16), Mode::Eval) = (CpuExecutor::with_precision(Precision::Bf16), mode) {
            same(&run(&bf16), &actual, 0.0);
        }
    }
}

/// The norm of the difference as a share of that of `expected`; 0 where that is nearly 0.
fn apart(actual: &[f32], expected: &[f32]) -> f64 {
    let square = |x: f32| f64::from(x).powi(2);
    let pairs = actual.iter().zip(expected);
    let difference: f64 = pairs.map(|(a, e)| square(a - e)).sum();
    let size: f64 = expected.iter().map(|e| square(*e)).sum();
    if size < 1e-9 {
        0.0
    } else {
        (difference / size).sqrt()
    }
}

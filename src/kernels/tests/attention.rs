use super::{assert_close, differences, every, levels, numbers, wide};
use crate::kernels::attention::{AttentionShape, backward, forward};

/// `softmax(q kᵀ / √size) v`, head by head.
fn defined(s: &AttentionShape, qkv: &[f64]) -> Vec<f64> {
    let width = s.heads * s.size;
    let at = |n: usize, t: usize, part: usize, c: usize| {
        qkv[((n * s.tokens + t) * 3 + part) * width + c]
    };
    let mut out = Vec::with_capacity(qkv.len() / 3);
    for row in 0..s.batch * s.tokens * s.heads {
        let (n, t) = (row / s.heads / s.tokens, row / s.heads % s.tokens);
        let head = row % s.heads * s.size;
        let score = |other: usize| {
            let products = (head..head + s.size).map(|c| at(n, t, 0, c) * at(n, other, 1, c));
            (products.sum::<f64>() / (s.size as f64).sqrt()).exp()
        };
        let scores: Vec<f64> = (0..s.tokens).map(score).collect();
        let total: f64 = scores.iter().sum();
        out.extend((head..head + s.size).map(|c| {
            let values = scores.iter().enumerate();
            values
                .map(|(other, score)| score / total * at(n, other, 2, c))
                .sum::<f64>()
        }));
    }
    out
}

#[test]
fn attention_and_its_gradient_are_those_of_the_definition() {
    for (batch, tokens, heads, size, step) in [(2, 5, 2, 3, 43), (1, 17, 1, 4, 61)] {
        let s = AttentionShape {
            batch,
            tokens,
            heads,
            size,
        };
        let len = batch * tokens * heads * size;
        let (qkv, dout) = (numbers(3 * len, 1), numbers(len, 2));
        let wanted = defined(&s, &wide(&qkv));
        let slope = differences(&wide(&qkv), step, |qkv| {
            defined(&s, qkv)
                .iter()
                .zip(wide(&dout))
                .map(|(out, g)| out * g)
                .sum()
        });
        for simd in levels() {
            let (mut out, mut dqkv) = (vec![f32::NAN; len], vec![f32::NAN; 3 * len]);
            forward(simd, &s, &qkv, &mut out);
            assert_close(&out, &wanted, &format!("{simd:?}, {s:?}"));
            backward(simd, &s, &qkv, &dout, &mut dqkv);
            assert_close(
                &every(step, &dqkv),
                &slope,
                &format!("{simd:?}, gradient, {s:?}"),
            );
        }
    }
}

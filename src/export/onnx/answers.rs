//! Energies of classes, and what is read off them.

use super::writer::Writer;
use crate::export::network::ClassAnswers;
use crate::heads::ClassEnergies;
use crate::onnx::{Attribute, ValueInfo, element};

/// Write what `answers` says of `codes`: outputs `energies`, `probabilities` and `class`.
pub(super) fn write(answers: &ClassAnswers, codes: &[&str], to: &mut Writer) -> Vec<ValueInfo> {
    let mut total: Option<String> = None;
    for (i, (code, form)) in codes.iter().zip(&answers.forms).enumerate() {
        let energies = energies(*form, code, &format!("answers/{i}"), to);
        total = Some(match total {
            Some(sum) => to.node("Add", &format!("answers/{i}/sum"), &[&sum, &energies]),
            None => energies,
        });
    }
    let Some(total) = total else {
        return Vec::new();
    };
    let beta = to.number("answers.beta", -answers.beta);
    let scaled = to.node("Mul", "answers/logits", &[&total, &beta]);
    let last = || vec![Attribute::int("axis", -1)];
    let shares = to.node_with("Softmax", "answers/probabilities", &[&scaled], last());
    let mut first = last();
    first.push(Attribute::int("keepdims", 0));
    let class = to.node_with("ArgMin", "answers/class", &[&total], first);
    to.output(&total, "energies");
    to.output(&shares, "probabilities");
    to.output(&class, "class");
    let table = ["batch".to_string(), answers.classes.len().to_string()];
    let names = answers.classes.join(", ");
    let described = |mut info: ValueInfo, what: &str| {
        info.doc_string = format!("{what}: {names}");
        info
    };
    vec![
        described(
            ValueInfo::tensor("energies", element::FLOAT, &table),
            "one a class, the lowest is the answer",
        ),
        described(
            ValueInfo::tensor("probabilities", element::FLOAT, &table),
            "one a class, in this order",
        ),
        described(
            ValueInfo::tensor("class", element::INT64, &table[..1]),
            "place of the answer in this list",
        ),
    ]
}

/// Energies of the classes from a head's code.
fn energies(form: ClassEnergies, code: &str, name: &str, to: &mut Writer) -> String {
    match form {
        ClassEnergies::Code => code.to_string(),
        ClassEnergies::Softplus => to.node("Softplus", &format!("{name}/energies"), &[code]),
        ClassEnergies::Opposite => {
            let other = to.node("Neg", &format!("{name}/other"), &[code]);
            let axis = vec![Attribute::int("axis", 1)];
            to.node_with("Concat", &format!("{name}/energies"), &[code, &other], axis)
        }
    }
}

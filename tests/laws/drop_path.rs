//! Stochastic depth in every encoder that has residual sums.

use ravine::encoders::{Encoder, EncoderKind};
use ravine::graph::Op;
use ravine::graph::ops::DropPath;

use crate::common::Any;

/// Encoders with the setting, `drop_path` set to `rate`.
fn dropping(rate: f64) -> Result<Vec<EncoderKind>, Any> {
    let mut found = Vec::new();
    for kind in EncoderKind::defaults() {
        let mut table = toml::Table::try_from(&kind)?;
        table.insert("drop_path".into(), rate.into());
        let name = kind.name();
        match table.try_into::<EncoderKind>() {
            Ok(kind) if !kind.part().needs_file() => found.push(kind),
            Ok(_) => assert_eq!(name, "auto"),
            Err(refused) => assert!(refused.to_string().contains("drop_path"), "{refused}"),
        }
    }
    Ok(found)
}

fn drops(encoder: &dyn Encoder) -> Result<Vec<DropPath>, Any> {
    let graph = encoder.graph(&[3, 32, 32])?;
    let ops = graph.nodes().iter().filter_map(|node| match &node.op {
        Some(Op::DropPath(op)) => Some(*op),
        _ => None,
    });
    Ok(ops.collect())
}

#[test]
fn rates_rise_to_that_of_the_last_block_and_branches_differ() -> Result<(), Any> {
    let all = dropping(0.3)?;
    let names: Vec<&str> = all.iter().map(EncoderKind::name).collect();
    assert_eq!(
        names,
        [
            "resnet",
            "vit",
            "convnext",
            "efficientnet",
            "mobilenet_v3",
            "regnet",
            "swin"
        ]
    );
    for kind in &all {
        let (name, found) = (kind.name(), drops(kind.part())?);
        assert!(
            found.is_sorted_by(|a, b| a.rate <= b.rate),
            "{name}: {found:?}"
        );
        assert!(
            found.iter().all(|op| 0.0 < op.rate && op.rate <= 0.3),
            "{name}"
        );
        assert!(found.is_sorted_by(|a, b| a.branch < b.branch), "{name}");
        // The last block of a mobile network has no residual sum at these sizes' defaults.
        let mobile = ["efficientnet", "mobilenet_v3"].contains(&name);
        assert!(
            mobile || found.last().is_some_and(|op| op.rate == 0.3),
            "{name}: {found:?}"
        );
    }
    for kind in dropping(0.0)? {
        assert!(drops(kind.part())?.is_empty(), "{}", kind.name());
    }
    Ok(())
}

#[test]
fn a_rate_out_of_range_is_refused_by_its_key() -> Result<(), Any> {
    for rate in [-0.1, 1.0] {
        for kind in dropping(rate)? {
            let refused = drops(kind.part()).err().map(|e| e.to_string());
            let refused = refused.unwrap_or_default();
            assert!(
                refused.contains("encoder.drop_path"),
                "{}: {refused}",
                kind.name()
            );
        }
    }
    Ok(())
}

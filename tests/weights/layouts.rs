//! Checkpoints of programs of self-supervised learning, as `tests/goldens/weights.py` lays them out.

use std::path::{Path, PathBuf};

use ravine::encoders::{Encoder, Resnet, Vit, weights};

use super::common::Any;
use super::network;

fn golden(name: &str) -> PathBuf {
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/weights");
    goldens.join(format!("{name}.pth"))
}

fn resnet() -> Box<dyn Encoder> {
    Box::new(Resnet {
        depth: 10,
        width: 1,
        ..Resnet::default()
    })
}

fn vit(class_token: bool) -> Box<dyn Encoder> {
    Box::new(Vit {
        patch: 4,
        width: 4,
        depth: 1,
        heads: 1,
        class_token,
        ..Vit::default()
    })
}

/// The file, the encoder, table, prefix and the other sets.
type Layout = (
    &'static str,
    Box<dyn Encoder>,
    &'static str,
    &'static str,
    &'static [&'static str],
);

fn layouts() -> Vec<Layout> {
    vec![
        ("imagenet-example", resnet(), "state_dict", "module.", &[]),
        ("lightning", resnet(), "state_dict", "model.", &[]),
        (
            "lightly",
            resnet(),
            "state_dict",
            "backbone.",
            &["state_dict.backbone_momentum"],
        ),
        (
            "lightly-train",
            resnet(),
            "state_dict",
            "teacher_embedding_model.model_wrapper._features.",
            &["state_dict.student_embedding_model.model_wrapper._features"],
        ),
        (
            "solo-learn",
            resnet(),
            "state_dict",
            "backbone.",
            &["state_dict.momentum_backbone"],
        ),
        (
            "vissl",
            resnet(),
            "classy_state_dict.base_model.model.trunk",
            "_feature_blocks.",
            &[],
        ),
        (
            "moco",
            resnet(),
            "state_dict",
            "module.encoder_q.",
            &["state_dict.module.encoder_k"],
        ),
        (
            "moco-v3",
            vit(true),
            "state_dict",
            "module.base_encoder.",
            &["state_dict.module.momentum_encoder"],
        ),
        (
            "byol",
            resnet(),
            "",
            "online_encoder.net.",
            &["net", "target_encoder.net"],
        ),
        (
            "dino",
            vit(true),
            "teacher",
            "backbone.",
            &["student.module.backbone"],
        ),
        (
            "ibot",
            vit(true),
            "teacher",
            "backbone.",
            &["student.module.backbone"],
        ),
        ("mae", vit(true), "model", "", &[]),
        (
            "ijepa",
            vit(false),
            "target_encoder",
            "module.",
            &["encoder.module"],
        ),
        ("timm-ema", resnet(), "state_dict_ema", "", &["state_dict"]),
    ]
}

/// What is found, and the one number that all parameters have then.
fn loaded(
    name: &str,
    encoder: &dyn Encoder,
    key: Option<&str>,
) -> Result<(weights::Matched, f32), Any> {
    let network = network(encoder, 8, 3)?;
    let found = weights::load(&golden(name), key, network.graph(), "", network.params())?;
    assert_eq!(
        found.taken.len(),
        network.graph().parameters().len(),
        "{name}"
    );
    let mut all = Vec::new();
    for param in network.params().all() {
        all.extend(param.var.flatten_all()?.to_vec1::<f32>()?);
    }
    assert!(all.iter().all(|value| *value == all[0]), "{name}: {found}");
    Ok((found, all[0]))
}

#[test]
fn the_set_that_its_authors_evaluate_is_taken_and_the_key_chooses_another() -> Result<(), Any> {
    for (name, encoder, table, prefix, others) in layouts() {
        let (found, value) = loaded(name, encoder.as_ref(), None)?;
        let where_found = (found.table.as_str(), found.prefix.as_str());
        assert_eq!(where_found, (table, prefix), "{name}");
        assert_eq!(value, 1.0, "{name}");
        assert_eq!(found.others, others, "{name}");
        let said = found.to_string();
        for part in [table, prefix] {
            assert!(said.contains(part), "{name}: {said}");
        }
        for other in others {
            assert!(said.contains(other), "{name}: {said}");
            let (chosen, value) = loaded(name, encoder.as_ref(), Some(other))?;
            let full = [chosen.table.as_str(), chosen.prefix.trim_end_matches('.')];
            let full: Vec<&str> = full.into_iter().filter(|part| !part.is_empty()).collect();
            assert_eq!(full.join("."), *other, "{name}");
            // The net of BYOL's learner is that of its online encoder, number for number.
            let expected = if *other == "net" { 1.0 } else { 2.0 };
            assert_eq!(value, expected, "{name}, {other}: {chosen}");
        }
    }
    Ok(())
}

#[test]
fn what_is_not_the_backbone_is_said_by_name() -> Result<(), Any> {
    for (name, parts) in [
        ("moco", &["module.queue", "optimizer"][..]),
        ("mae", &["decoder_embed.weight", "mask_token", "optimizer"]),
        ("ijepa", &["predictor.*", "opt"]),
        ("solo-learn", &["projector.0.weight", "optimizer_states"]),
        ("vissl", &["heads.*"]),
    ] {
        let layout = layouts().into_iter().find(|layout| layout.0 == name);
        let layout = layout.expect("a layout");
        let (found, _) = loaded(name, layout.1.as_ref(), None)?;
        for part in parts {
            let named = found.unused.iter().any(|unused| unused.contains(part));
            assert!(named, "{name}: {part} is not among {:?}", found.unused);
        }
    }
    Ok(())
}

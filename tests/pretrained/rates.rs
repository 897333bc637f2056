//! `train.layer_decay`, `train.encoder_rate`, `train.weight_decay_end`.

use candle_core::{Device, Tensor, Var};
use ravine::optim::{LayerRates, OptimizerKind, Pace, State};
use ravine::params::{Param, Role};

use super::common::Any;
use super::common::cli::{journal, pretrain, refused};
use super::common::resumed::goes_on_identically;
use super::saved;

/// Names of an encoder, in the order of its graph, with how many layers each has above it.
const LAYERS: [(&str, &[(&str, i32)]); 7] = [
    // timm's ViT of three blocks; MAE's and BEiT's tables: decay^(depth + 1 - layer).
    (
        "vit",
        &[
            ("patch_embed.proj.weight", 4),
            ("cls_token", 4),
            ("pos_embed", 4),
            ("blocks.0.norm1.weight", 3),
            ("blocks.0.attn.qkv.weight", 3),
            ("blocks.1.mlp.fc2.bias", 2),
            ("blocks.2.mlp.fc1.weight", 1),
            ("norm.weight", 0),
        ],
    ),
    (
        "resnet",
        &[
            ("conv1.weight", 5),
            ("bn1.running_mean", 5),
            ("layer1.0.conv1.weight", 4),
            ("layer1.1.conv1.weight", 3),
            ("layer2.0.conv1.weight", 2),
            ("layer2.0.downsample.0.weight", 2),
            ("layer2.0.downsample.1.weight", 2),
            ("layer2.1.bn2.bias", 1),
        ],
    ),
    (
        "convnext",
        &[
            ("stem.0.weight", 4),
            ("stem.1.weight", 4),
            ("stages.0.blocks.0.conv_dw.weight", 3),
            ("stages.0.blocks.1.norm.weight", 2),
            ("stages.1.downsample.0.weight", 1),
            ("stages.1.blocks.0.mlp.fc1.weight", 1),
            ("norm_pre.weight", 0),
        ],
    ),
    (
        "efficientnet of timm",
        &[
            ("conv_stem.weight", 4),
            ("bn1.weight", 4),
            ("blocks.0.0.conv_dw.weight", 3),
            ("blocks.1.0.conv_pw.weight", 2),
            ("blocks.1.1.se.conv_reduce.weight", 1),
            ("conv_head.weight", 0),
        ],
    ),
    (
        "efficientnet of torchvision",
        &[
            ("features.0.0.weight", 4),
            ("features.0.1.weight", 4),
            ("features.1.0.block.0.0.weight", 3),
            ("features.2.0.block.0.0.weight", 2),
            ("features.2.1.block.0.1.bias", 1),
        ],
    ),
    (
        "regnet of torchvision",
        &[
            ("stem.0.weight", 3),
            ("trunk_output.block1.block1-0.proj.0.weight", 2),
            ("trunk_output.block1.block1-0.f.a.0.weight", 2),
            ("trunk_output.block1.block1-1.f.a.0.weight", 1),
        ],
    ),
    (
        "convnet",
        &[
            ("conv1.weight", 2),
            ("bn1.weight", 2),
            ("conv2.weight", 1),
            ("bn2.running_var", 1),
        ],
    ),
];

#[test]
fn layers_are_counted_from_the_top_as_mae_and_beit_do() {
    for (encoder, table) in LAYERS {
        let mut names: Vec<String> = table
            .iter()
            .map(|(name, _)| format!("encoder.{name}"))
            .collect();
        names.push("projector.layers.0.weight".into());
        let rates = LayerRates::new(&names, 0.75, 0.5);
        for ((name, above), full) in table.iter().zip(&names) {
            let expected = 0.5 * 0.75_f64.powi(*above);
            assert!(
                (rates.of(full) - expected).abs() < 1e-12,
                "{encoder}: {name}"
            );
        }
        assert_eq!(rates.of("projector.layers.0.weight"), 1.0);
        assert_eq!(rates.of("target.encoder.conv1.weight"), 1.0);
    }
}

#[test]
fn the_first_step_of_each_layer_is_as_long_as_its_rate() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let sets = [
        "optimizer={kind='adamw',lr=1e-3,weight_decay=0.0}",
        "train.warmup_epochs=0",
        "train.save_every=0.1",
        "train.keep=100",
        "train.encoder_rate=0.5",
        "train.layer_decay=0.2",
    ];
    let rates = |first: &str| match first {
        "conv1" | "bn1" => 0.5 * 0.04,
        "conv2" | "bn2" => 0.5 * 0.2,
        _ => 1.0,
    };
    let more: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    pretrain(&run, &more)?;
    let other = folder.path().join("other");
    let mut more = more;
    more.extend([
        "--set",
        "train.encoder_rate=1",
        "--set",
        "train.layer_decay=1",
    ]);
    pretrain(&other, &more)?;
    let model = |run, step| saved(run, step, "model.safetensors");
    // Adam's first step is as long as the learning rate, whatever the gradient: both runs start alike.
    let (ours, full) = (model(&run, 1)?, model(&other, 1)?);
    for (name, value) in ours.iter().filter(|(name, _)| !name.contains("running")) {
        let part = name.trim_start_matches("encoder.").split('.').next();
        let gap = value.iter().zip(&full[name]).map(|(a, b)| (a - b).abs());
        let gap = f64::from(gap.fold(0.0, f32::max));
        let expected = 1e-3 * (1.0 - rates(part.unwrap_or_default()));
        assert!(
            (gap - expected).abs() < 2e-5,
            "{name}: {gap}, expected {expected}"
        );
    }
    Ok(())
}

#[test]
fn weight_decay_goes_along_half_a_cosine() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let sets = ["optimizer.weight_decay=0.04", "train.weight_decay_end=0.4"];
    let more: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let steps = pretrain(&run, &more)?["steps"].as_u64().unwrap_or_default();
    let lines = journal(&run)?;
    let decays: Vec<f64> = lines
        .iter()
        .filter_map(|line| line["weight_decay"].as_f64())
        .collect();
    assert_eq!(decays.len() as u64, steps);
    for (i, decay) in decays.iter().enumerate() {
        // DINO's cosine_scheduler.
        let share = i as f64 / steps as f64;
        let expected = 0.4 + 0.5 * (0.04 - 0.4) * (1.0 + (std::f64::consts::PI * share).cos());
        assert!((decay - expected).abs() < 1e-12, "step {i}: {decay}");
    }
    assert!((decays[0] - 0.04).abs() < 1e-12);
    Ok(())
}

#[test]
fn every_optimizer_decays_by_what_the_step_says() -> Result<(), Any> {
    for kind in OptimizerKind::defaults() {
        let after = |weight_decay: f64| -> Result<f32, Any> {
            let param = Param {
                name: "weight".into(),
                var: Var::from_tensor(&Tensor::new(&[1f32, 2.0], &Device::Cpu)?)?,
                role: Role::Weight,
                frozen: false,
            };
            let gradient = Tensor::new(&[0.2f32, -0.1], &Device::Cpu)?;
            let pace = Pace {
                rate: 0.1,
                weight_decay,
                update: 1,
            };
            kind.part()
                .update(&param, &gradient, pace, &mut State::default())?;
            Ok(param.var.to_vec1::<f32>()?[1])
        };
        assert!(after(0.5)? < after(0.0)?, "{}", kind.name());
    }
    Ok(())
}

#[test]
fn a_run_with_every_rate_goes_on_identically() -> Result<(), Any> {
    goes_on_identically(
        &[4],
        &[
            "train.layer_decay=0.7",
            "train.encoder_rate=0.3",
            "train.weight_decay_end=0.3",
        ],
    )
}

#[test]
fn rates_out_of_range_are_refused() {
    for set in [
        "train.layer_decay=0",
        "train.layer_decay=1.5",
        "train.encoder_rate=0",
        "train.weight_decay_end=-1",
    ] {
        let said = refused(&["pretrain", "digits", "--set", set], 2);
        let key = set.split('=').next().unwrap_or_default();
        assert!(said.contains(key), "{said}");
    }
}

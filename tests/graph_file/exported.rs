//! What ravine writes as ONNX, it reads as the same network.

use std::sync::Arc;

use ravine::encoders::{Convnext, Encoder, EncoderKind, MlpKind, Vit, network as with_projector};
use ravine::export::{Exported, find};
use ravine::graph::ops::Positions;
use ravine::graph::{CandleExecutor, Network};

use crate::common::networks::{near, trained};
use crate::common::{Any, randn};
use crate::network;

/// Write `encoder`'s network, read it, compare features and names of parameters.
fn there_and_back(name: &str, encoder: &dyn Encoder, any_size: bool) -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("net.onnx");
    let input = [3, 32, 32];
    let network = trained(&with_projector(&encoder.graph(&input)?, None, None)?, 3)?;
    let outputs = network.graph().outputs()[..1].to_vec();
    let mut exported = Exported::new(network.graph().clone(), network.params().clone(), outputs);
    exported.any_size = any_size;
    find("onnx")?.write(&exported, &path)?;
    let back = self::network(&path, &input, Arc::new(CandleExecutor))?;
    let x = randn(&[2, 3, 32, 32], 1)?;
    near(
        name,
        &network.eval(&x, "features")?,
        &back.eval(&x, "features")?,
    )?;
    let names = |network: &Network, prefix: &str| -> Vec<String> {
        let all = network.params().all().into_iter();
        let mut names: Vec<String> = all
            .map(|param| param.name.replacen(prefix, "", 1))
            .collect();
        names.sort();
        names
    };
    assert_eq!(
        names(&network, "encoder."),
        names(&back, "encoder."),
        "{name}"
    );
    Ok(())
}

#[test]
fn every_encoder_is_read_back() -> Result<(), Any> {
    for kind in EncoderKind::defaults() {
        if !kind.part().needs_file() {
            there_and_back(kind.name(), kind.part(), false)?;
        }
    }
    Ok(())
}

#[test]
fn settings_that_take_several_nodes_are_read_back() -> Result<(), Any> {
    let vit = Vit {
        width: 24,
        depth: 2,
        heads: 2,
        ..Vit::default()
    };
    let convnext = Convnext {
        depths: vec![1, 1],
        widths: vec![8, 12],
        layer_scale: false,
        response_norm: true,
        ..Convnext::default()
    };
    let mut encoders: Vec<(&str, EncoderKind)> = vec![("grn", EncoderKind::Convnext(convnext))];
    let of = |change: fn(&mut Vit)| {
        let mut vit = vit.clone();
        change(&mut vit);
        EncoderKind::Vit(vit)
    };
    encoders.extend([
        ("qk norm", of(|vit| vit.qk_norm = true)),
        ("swiglu", of(|vit| vit.mlp = MlpKind::Swiglu)),
        ("gated", of(|vit| vit.mlp = MlpKind::Gated)),
        ("quick gelu", of(|vit| vit.mlp = MlpKind::QuickGelu)),
        (
            "rotary",
            of(|vit| (vit.rotary, vit.positions) = (true, Positions::Nowhere)),
        ),
        (
            "rotary, without tokens in front, normalised",
            of(|vit| (vit.rotary, vit.class_token, vit.qk_norm) = (true, false, true)),
        ),
        (
            "scaled, with registers",
            of(|vit| (vit.layer_scale, vit.registers) = (true, 4)),
        ),
    ]);
    for (name, kind) in encoders {
        there_and_back(name, kind.part(), false)?;
    }
    Ok(())
}

#[test]
fn a_vision_transformer_of_any_size_is_read_back_at_its_own() -> Result<(), Any> {
    for class_token in [false, true] {
        let vit = Vit {
            width: 12,
            depth: 1,
            heads: 2,
            class_token,
            ..Vit::default()
        };
        there_and_back("vit", &vit, true)?;
    }
    Ok(())
}

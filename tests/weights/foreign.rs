//! Networks that differ from the encoder: named, or the same network by other names.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor, safetensors};
use ravine::encoders::{Resnet, Vit};
use ravine::graph::Network;

use super::common::{Any, randn};
use super::{gap, load, network, small_resnet, small_vit, values};

fn zeros(shape: &[usize]) -> Result<Tensor, Any> {
    Ok(Tensor::zeros(shape, DType::F32, &Device::Cpu)?)
}

/// Why `file` does not fit `network`; nothing may have changed.
fn refusal(file: &HashMap<String, Tensor>, network: &Network) -> Result<String, Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("other.safetensors");
    safetensors::save(file, &path)?;
    let copy = |value: &Tensor| value.copy();
    let before: HashMap<String, Tensor> = values(network, str::to_string)
        .iter()
        .map(|(name, value)| Ok((name.clone(), copy(value)?)))
        .collect::<candle_core::Result<_>>()?;
    let refusal = load(&path, network).expect_err("another network");
    assert_eq!(refusal.exit_code(), 2);
    for (name, value) in values(network, str::to_string) {
        assert_eq!(gap(&value, &before[&name])?, 0.0, "{name}");
    }
    Ok(refusal.to_string())
}

#[test]
fn what_a_transformer_has_beyond_the_encoder_is_named() -> Result<(), Any> {
    for (name, words) in [
        ("blocks.0.ls1.gamma", "LayerScale"),
        ("blocks.0.gamma_1", "LayerScale"),
        ("fc_norm.weight", "norm after the mean over tokens"),
        ("reg_token", "register tokens"),
        ("norm_pre.weight", "norm before the blocks"),
        ("blocks.0.attn.q_norm.weight", "norms of queries and keys"),
        ("dist_token", "distillation token"),
        ("stem.weight", "no place for stem.weight"),
    ] {
        let mut file = values(&small_vit(16)?, str::to_string);
        file.insert(name.into(), zeros(&[12])?);
        let said = refusal(&file, &small_vit(16)?)?;
        assert!(said.contains(words) && said.contains(name), "{said}");
    }
    Ok(())
}

#[test]
fn what_the_file_lacks_is_named() -> Result<(), Any> {
    let mut file = values(&network(&small_resnet(), 16, 1)?, str::to_string);
    file.remove("layer4.0.bn2.bias");
    let said = refusal(&file, &network(&small_resnet(), 16, 2)?)?;
    assert!(said.contains("the file lacks layer4.0.bn2.bias"), "{said}");
    let mut file = values(&small_vit(16)?, str::to_string);
    file.remove("cls_token");
    let said = refusal(&file, &small_vit(16)?)?;
    assert!(said.contains("encoder.class_token = false"), "{said}");
    Ok(())
}

#[test]
fn another_depth_is_told_with_its_setting() -> Result<(), Any> {
    let deep = Vit {
        patch: 4,
        width: 12,
        depth: 3,
        heads: 2,
        ..Vit::default()
    };
    let deep = network(&deep, 16, 0)?;
    let (three, one) = (
        values(&deep, str::to_string),
        values(&small_vit(16)?, str::to_string),
    );
    let said = refusal(&three, &small_vit(16)?)?;
    assert!(
        said.contains("the file has 3 blocks, the encoder 1: set encoder.depth = 3"),
        "{said}"
    );
    let said = refusal(&one, &deep)?;
    assert!(said.contains("set encoder.depth = 1"), "{said}");
    for (depth, words) in [
        (18, "2, 2, 2, 2 blocks of two convolutions"),
        (50, "3, 4, 6, 3 blocks of three convolutions"),
        (20, "3, 3, 3 blocks"),
    ] {
        let other = Resnet {
            depth,
            ..small_resnet()
        };
        let file = values(&network(&other, 16, 1)?, str::to_string);
        let said = refusal(&file, &network(&small_resnet(), 16, 2)?)?;
        let advice = format!("set encoder.depth = {depth}");
        assert!(said.contains(words) && said.contains(&advice), "{said}");
    }
    Ok(())
}

#[test]
fn shapes_come_with_the_setting_that_helps_or_none() -> Result<(), Any> {
    let fresh = network(&small_resnet(), 16, 2)?;
    let mut file = values(&network(&small_resnet(), 16, 1)?, str::to_string);
    file.insert("conv1.weight".into(), zeros(&[4, 1, 7, 7])?);
    let said = refusal(&file, &fresh)?;
    for part in [
        "encoder.stem = \"imagenet\"",
        "images of 1 channels, and these have 3",
    ] {
        assert!(said.contains(part), "{said}");
    }
    // A grid of 8 rows and 4 columns.
    let mut file = values(&small_vit(16)?, str::to_string);
    file.insert("pos_embed".into(), zeros(&[1, 33, 12])?);
    let said = refusal(&file, &small_vit(16)?)?;
    assert!(
        said.contains("pos_embed is [1, 33, 12] there and [1, 17, 12] here"),
        "{said}"
    );
    assert!(
        said.contains("square grids only") && !said.contains("set encoder"),
        "{said}"
    );
    let mut file = values(&small_vit(16)?, str::to_string);
    file.insert("blocks.0.mlp.fc1.weight".into(), zeros(&[24, 12])?);
    let said = refusal(&file, &small_vit(16)?)?;
    assert!(said.contains("MLPs are 24 wide"), "{said}");
    Ok(())
}

/// Load `file` into a fresh transformer on images of `side`.
fn taken(file: &HashMap<String, Tensor>, side: usize) -> Result<Network, Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("same.safetensors");
    safetensors::save(file, &path)?;
    let vit = Vit {
        patch: 4,
        width: 12,
        depth: 1,
        heads: 2,
        ..Vit::default()
    };
    let network = network(&vit, side, 5)?;
    load(&path, &network)?;
    Ok(network)
}

/// The small transformer with numbers in every parameter.
fn trained() -> Result<Network, Any> {
    let network = small_vit(16)?;
    for (seed, param) in network.params().all().into_iter().enumerate() {
        param.var.set(&randn(param.var.dims(), seed as u64)?)?;
    }
    Ok(network)
}

#[test]
fn other_names_of_the_same_network_are_taken() -> Result<(), Any> {
    let trained = trained()?;
    let x = randn(&[2, 3, 16, 16], 7)?;
    let expected = trained.eval(&x, "features")?;
    let chunked = values(&trained, |name| {
        format!("backbone.{}", name.replace("blocks.", "blocks.0."))
    });
    assert_eq!(
        gap(&taken(&chunked, 16)?.eval(&x, "features")?, &expected)?,
        0.0
    );
    let mut face = HashMap::new();
    for (name, value) in values(&trained, str::to_string) {
        if let Some(end) = name.strip_prefix("blocks.0.attn.qkv.") {
            for (kind, part) in ["query", "key", "value"].iter().zip(value.chunk(3, 0)?) {
                let name = format!("vit.encoder.layer.0.attention.attention.{kind}.{end}");
                face.insert(name, part.contiguous()?);
            }
            continue;
        }
        let name = [
            ("blocks.", "encoder.layer."),
            (".attn.proj.", ".attention.output.dense."),
            (".mlp.fc1.", ".intermediate.dense."),
            (".mlp.fc2.", ".output.dense."),
            (".norm1.", ".layernorm_before."),
            (".norm2.", ".layernorm_after."),
            ("cls_token", "embeddings.cls_token"),
            ("pos_embed", "embeddings.position_embeddings"),
            (
                "patch_embed.proj.",
                "embeddings.patch_embeddings.projection.",
            ),
        ]
        .iter()
        .fold(name, |name, (to, from)| name.replace(to, from));
        let name = match name.strip_prefix("norm.") {
            Some(end) => format!("layernorm.{end}"),
            None => name,
        };
        face.insert(format!("vit.{name}"), value);
    }
    face.insert("classifier.weight".into(), zeros(&[3, 12])?);
    assert_eq!(
        gap(&taken(&face, 16)?.eval(&x, "features")?, &expected)?,
        0.0
    );
    Ok(())
}

#[test]
fn missing_biases_of_attention_and_positions_of_the_class_token_are_zero() -> Result<(), Any> {
    let trained = trained()?;
    let param = |name: &str| trained.params().get(name).expect("a parameter");
    let bias = param("blocks.0.attn.qkv.bias");
    bias.var.set(&bias.var.zeros_like()?)?;
    let positions = param("pos_embed");
    let grid = positions.var.narrow(1, 1, 16)?.contiguous()?;
    let none = zeros(&[1, 1, 12])?;
    positions.var.set(&Tensor::cat(&[&none, &grid], 1)?)?;
    let mut file = values(&trained, str::to_string);
    file.remove("blocks.0.attn.qkv.bias");
    file.insert("pos_embed".into(), grid);
    let x = randn(&[2, 3, 16, 16], 7)?;
    let expected = trained.eval(&x, "features")?;
    assert_eq!(
        gap(&taken(&file, 16)?.eval(&x, "features")?, &expected)?,
        0.0
    );
    // And on another grid.
    let x = randn(&[2, 3, 24, 24], 7)?;
    let expected = trained.at(&[3, 24, 24])?.eval(&x, "features")?;
    assert!(gap(&taken(&file, 24)?.eval(&x, "features")?, &expected)? < 1e-5);
    Ok(())
}

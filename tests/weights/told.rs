//! What a file, or `config.json` beside it, tells of a transformer; what is guessed is said, what lacks is refused.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor, safetensors};
use ravine::encoders::{Auto, EncoderKind, MlpKind, Vit, architecture, weights};
use ravine::error::Error;
use ravine::graph::ops::Positions;

use super::common::Any;
use super::{network, values};

type File = HashMap<String, Tensor>;

/// A transformer of 4 heads, whose width of 64 lets guess one.
fn vit() -> Vit {
    Vit {
        patch: 4,
        width: 64,
        depth: 3,
        heads: 4,
        ..Vit::default()
    }
}

fn saved(vit: &Vit, folder: &Path, change: impl Fn(&mut File)) -> Result<PathBuf, Any> {
    let mut file = values(&network(vit, 16, 1)?, str::to_string);
    change(&mut file);
    let path = folder.join("model.safetensors");
    safetensors::save(&file, &path)?;
    Ok(path)
}

fn read(path: &Path) -> Result<Vit, Any> {
    match architecture(path, None)? {
        EncoderKind::Vit(vit) => Ok(vit),
        other => Err(other.name().into()),
    }
}

/// What is said when the file at `path` is taken for `vit`.
fn said(path: &Path, vit: &Vit) -> Result<String, Any> {
    let fresh = network(vit, 16, 2)?;
    let found = weights::load(path, None, fresh.graph(), "", fresh.params());
    Ok(match found {
        Ok(found) => found.to_string(),
        Err(refusal) => {
            assert_eq!(refusal.exit_code(), 2, "{refusal}");
            refusal.to_string()
        }
    })
}

fn refusal(path: &Path, key: Option<&str>) -> String {
    let refused: Error = architecture(path, key).expect_err("no architecture");
    assert_eq!(refused.exit_code(), 2, "{refused}");
    refused.to_string()
}

#[test]
fn heads_eps_and_function_are_those_of_the_config_json_beside_the_file() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = saved(&vit(), folder.path(), |_| {})?;
    let config = folder.path().join("config.json");
    let own = r#"{"num_attention_heads": 4, "layer_norm_eps": 1e-12, "hidden_act": "quick_gelu"}"#;
    let of_clip = format!(r#"{{"num_attention_heads": 7, "vision_config": {own}}}"#);
    for text in [own, &of_clip] {
        std::fs::write(&config, text)?;
        for path in [folder.path(), &path] {
            let found = read(path)?;
            assert_eq!((found.heads, found.mlp), (4, MlpKind::QuickGelu));
            assert_eq!(found.eps.to_bits(), 1e-12_f64.to_bits());
            assert!(!said(path, &found)?.contains("guessed"));
        }
    }
    // An encoder that is written out is held against it, too.
    let other = Vit { heads: 1, ..vit() };
    assert!(said(&path, &other)?.contains("set encoder.heads = 4"));
    assert!(said(&path, &vit())?.contains("adds 1e-12 to variances"));
    let close = r#"{"num_attention_heads": 4, "hidden_act": "gelu_pytorch_tanh"}"#;
    std::fs::write(&config, close)?;
    let found = read(&path)?;
    assert_eq!(found.mlp, MlpKind::Gelu);
    assert!(said(&path, &found)?.contains("gelu_pytorch_tanh"));
    for (text, word) in [
        (r#"{"hidden_act": "relu"}"#, "relu"),
        (r#"{"num_attention_heads": 5}"#, "5 heads"),
    ] {
        std::fs::write(&config, text)?;
        assert!(refusal(&path, None).contains(word), "{text}");
    }
    // Beside a file of another name it may be that of another network.
    let renamed = folder.path().join("vit.safetensors");
    std::fs::rename(&path, &renamed)?;
    assert_eq!(read(&renamed)?.heads, 1);
    Ok(())
}

#[test]
fn heads_that_nothing_tells_are_guessed_and_can_be_given() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = saved(&vit(), folder.path(), |_| {})?;
    let guessed = read(&path)?;
    assert_eq!(guessed.heads, 1);
    let words = "heads are guessed from the width: 1; set encoder.heads";
    assert!(said(&path, &guessed)?.contains(words));
    let auto = Auto {
        heads: Some(4),
        weights: Some(path.display().to_string()),
        ..Auto::default()
    };
    let EncoderKind::Vit(given) = auto.found()? else {
        return Err("no transformer".into());
    };
    assert_eq!(given.heads, 4);
    assert!(!said(&path, &given)?.contains("guessed"));
    Ok(())
}

#[test]
fn positions_that_lack_or_make_no_square_are_refused_and_doubtful_ones_said() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let with = |count: usize| {
        move |file: &mut File| {
            let rows = Tensor::zeros((1, count, 64), DType::F32, &Device::Cpu);
            file.insert("pos_embed".into(), rows.expect("zeros"));
        }
    };
    let path = saved(&vit(), folder.path(), |file| {
        file.remove("pos_embed");
    })?;
    assert!(refusal(&path, None).contains("lacks `pos_embed`"));
    // DINOv3 has none: it turns queries and keys.
    let turned = Vit {
        registers: 4,
        layer_scale: true,
        rotary: true,
        positions: Positions::Nowhere,
        ..vit()
    };
    assert!(read(&saved(&turned, folder.path(), |_| {})?)?.rotary);
    let words = "without one for the class token";
    // 4x6 patches and the class token, or 5x5 patches.
    let path = saved(&vit(), folder.path(), with(25))?;
    let found = read(&path)?;
    assert_eq!(found.positions, Positions::Patches);
    for encoder in [&found, &vit()] {
        assert!(said(&path, encoder)?.contains(words));
    }
    let path = saved(&vit(), folder.path(), with(26))?;
    assert!(!said(&path, &read(&path)?)?.contains(words));
    let path = saved(&vit(), folder.path(), with(23))?;
    assert!(refusal(&path, None).contains("23 positions"));
    Ok(())
}

#[test]
fn a_missing_block_an_unknown_set_and_an_empty_file_are_named() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = saved(&vit(), folder.path(), |file| {
        file.retain(|name, _| !name.starts_with("blocks.1."));
    })?;
    assert!(refusal(&path, None).contains("lacks `blocks.1`"));
    let renamed = values(&network(&vit(), 16, 1)?, |name| format!("teacher.{name}"));
    safetensors::save(&renamed, &path)?;
    let refused = refusal(&path, Some("tutor"));
    for part in ["encoder.weights_key", "`tutor`", "`teacher`"] {
        assert!(refused.contains(part), "{refused}");
    }
    safetensors::save(&File::new(), &path)?;
    let refused = refusal(&path, None);
    assert!(refused.contains("holds no tensors; encoders"), "{refused}");
    assert!(refusal(&folder.path().join("nowhere.pth"), None).contains("nowhere.pth"));
    Ok(())
}

#[test]
fn numbers_that_are_none_are_found_before_the_first_step() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let odd = |file: &mut File| {
        for (name, value) in [
            ("blocks.0.norm1.weight", f32::NAN),
            ("norm.bias", f32::INFINITY),
        ] {
            let values = Tensor::full(value, 64, &Device::Cpu);
            file.insert(name.into(), values.expect("numbers"));
        }
    };
    let path = saved(&vit(), folder.path(), odd)?;
    let refused = said(&path, &vit())?;
    assert!(
        refused.contains("64 in `blocks.0.norm1.weight`; 128 in 2 tensors"),
        "{refused}"
    );
    Ok(())
}

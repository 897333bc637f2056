//! `ravine weights inspect`, and what files of weights say of the pictures they were trained on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor, safetensors};
use ravine::encoders::Resnet;
use ravine::encoders::weights::{inspect, preprocessing};

use zip::CompressionMethod;

use super::common::Any;
use super::common::cli::{json, ravine, refused};
use super::hostile::zipped;
use super::{network, values};

fn golden(name: &str) -> PathBuf {
    let goldens = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/weights");
    goldens.join(name)
}

#[test]
fn the_sets_of_every_layout_stand_in_the_order_in_which_they_are_taken() -> Result<(), Any> {
    let of_resnet = 1311; // without running statistics
    let of_vit = 472;
    for (name, parameters, sets) in [
        ("imagenet-example", of_resnet, &["state_dict.module"][..]),
        ("lightning", of_resnet, &["state_dict.model"]),
        (
            "lightly",
            of_resnet,
            &["state_dict.backbone", "state_dict.backbone_momentum"],
        ),
        (
            "lightly-train",
            of_resnet,
            &[
                "state_dict.teacher_embedding_model.model_wrapper._features",
                "state_dict.student_embedding_model.model_wrapper._features",
            ],
        ),
        (
            "solo-learn",
            of_resnet,
            &["state_dict.backbone", "state_dict.momentum_backbone"],
        ),
        (
            "vissl",
            of_resnet,
            &["classy_state_dict.base_model.model.trunk._feature_blocks"],
        ),
        (
            "moco",
            of_resnet,
            &["state_dict.module.encoder_q", "state_dict.module.encoder_k"],
        ),
        (
            "moco-v3",
            of_vit,
            &[
                "state_dict.module.base_encoder",
                "state_dict.module.momentum_encoder",
            ],
        ),
        (
            "byol",
            of_resnet,
            &["online_encoder.net", "net", "target_encoder.net"],
        ),
        (
            "dino",
            of_vit,
            &["teacher.backbone", "student.module.backbone"],
        ),
        (
            "ibot",
            of_vit,
            &["teacher.backbone", "student.module.backbone"],
        ),
        ("mae", of_vit, &["model"]),
        (
            "ijepa",
            of_vit - 8,
            &["target_encoder.module", "encoder.module"],
        ),
        ("timm-ema", of_resnet, &["state_dict_ema", "state_dict"]),
    ] {
        let found = inspect(&golden(&format!("{name}.pth")))?;
        let names: Vec<&str> = found.sets.iter().map(|set| set.name.as_str()).collect();
        assert_eq!(names, sets, "{name}");
        let first = &found.sets[0];
        let heads: u64 = first
            .blocks
            .iter()
            .filter(|block| block.name.starts_with("fc") || block.name.starts_with("head"))
            .map(|block| block.parameters)
            .sum();
        let all: u64 = first.blocks.iter().map(|block| block.parameters).sum();
        assert_eq!(all, first.parameters, "{name}");
        if name != "mae" {
            assert_eq!(first.parameters - heads, parameters, "{name}");
        }
        assert_eq!(first.precision, ["float32"], "{name}");
    }
    Ok(())
}

#[test]
fn the_command_shows_a_table_every_tensor_on_request_and_json() -> Result<(), Any> {
    let path = golden("dino.pth");
    let path = path.to_str().expect("a path");
    let said = String::from_utf8(ravine(&["weights", "inspect", path]).stdout)?;
    for part in [
        "torch.save (before PyTorch 1.6, without a zip)",
        "`teacher.backbone`, taken: 472 parameters in 18 tensors, float32",
        "encoder.weights_key = \"student.module.backbone\"",
        "encoder = { kind = \"vit\", patch = 4, width = 4, depth = 1",
        "blocks.0                              12           244",
        "teacher.backbone.blocks.0.attn.proj.bias    [4]",
        "and 10 more; --all lists them",
        "passed over: optimizer",
        "args (argparse.Namespace)",
        "give augment.mean and augment.std",
    ] {
        assert!(said.contains(part), "{part}:\n{said}");
    }
    let all = String::from_utf8(ravine(&["weights", "inspect", path, "--all"]).stdout)?;
    assert!(all.contains("teacher.backbone.pos_embed"), "{all}");
    assert!(!all.contains("more; --all"), "{all}");
    let found = json(&["weights", "inspect", path, "--json"])?;
    assert_eq!(found["sets"][0]["name"], "teacher.backbone");
    assert_eq!(
        (&found["encoder"]["kind"], &found["encoder"]["width"]),
        (&"vit".into(), &4.into())
    );
    assert_eq!(
        found["sets"][0]["tensors"].as_array().map(Vec::len),
        Some(18)
    );
    let half = golden("formats/float16.safetensors");
    let found = inspect(&half)?;
    assert_eq!(found.sets[0].precision, ["float16"]);
    assert_eq!(found.metadata["licence"], "mit");
    assert_eq!((found.format.as_str(), found.files), ("safetensors", 1));
    assert_eq!(inspect(&golden("formats/shards"))?.files, 2);
    let folder = tempfile::tempdir()?;
    let text = folder.path().join("a.pth");
    std::fs::write(&text, "text")?;
    let said = refused(&["weights", "inspect", text.to_str().expect("a path")], 2);
    assert!(said.contains("a.pth"), "{said}");
    Ok(())
}

#[test]
fn a_whole_python_object_is_named_with_the_way_out() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("net.pth");
    let object = b"\x80\x02cmodels\nNet\n)\x81}U\x08_modules}sb.";
    zipped(&path, object, b"", CompressionMethod::Stored)?;
    let said = ravine(&["weights", "inspect", path.to_str().expect("a path")]);
    let said = String::from_utf8(said.stdout)?;
    for part in [
        "the file itself (models.Net)",
        "torch.save(model.state_dict()",
    ] {
        assert!(said.contains(part), "{said}");
    }
    Ok(())
}

/// A folder of `model.safetensors` and `name` with `text`.
fn folder(name: &str, text: &str) -> Result<tempfile::TempDir, Any> {
    let folder = tempfile::tempdir()?;
    let resnet = Resnet {
        depth: 10,
        width: 1,
        ..Resnet::default()
    };
    let trained = network(&resnet, 8, 1)?;
    let path = folder.path().join("model.safetensors");
    safetensors::save(&values(&trained, str::to_string), path)?;
    std::fs::write(folder.path().join(name), text)?;
    Ok(folder)
}

const TRANSFORMERS: &str = r#"{"do_normalize": true, "image_mean": [0.5, 0.25, 0.125], "image_std": [0.5, 0.5, 0.25],
    "size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}, "resample": 3, "rescale_factor": 0.00392156862745098}"#;
const TIMM: &str = r#"{"architecture": "resnet10t", "pretrained_cfg": {"mean": [0.5, 0.25, 0.125], "std": [0.5, 0.5, 0.25],
    "input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.9}}"#;
const OPEN_CLIP: &str = r#"{"preprocess_cfg": {"mean": [0.5, 0.25, 0.125], "std": [0.5, 0.5, 0.25], "size": [224, 224],
    "interpolation": "bicubic"}}"#;

#[test]
fn a_file_beside_the_weights_tells_what_their_pictures_were_like() -> Result<(), Any> {
    for (name, text) in [
        ("preprocessor_config.json", TRANSFORMERS),
        ("config.json", TIMM),
        ("open_clip_config.json", OPEN_CLIP),
    ] {
        let folder = folder(name, text)?;
        let file = folder.path().join("model.safetensors");
        for path in [folder.path(), &file] {
            let known = preprocessing(path)?.expect("what they were like");
            assert_eq!(known.mean, [0.5, 0.25, 0.125], "{name}");
            assert_eq!(known.std, [0.5, 0.5, 0.25], "{name}");
            assert_eq!(known.size, Some(224), "{name}");
            assert_eq!(known.interpolation.as_deref(), Some("bicubic"), "{name}");
            assert!(known.source.ends_with(name), "{known}");
        }
        // Beside a file of another name it may be that of another network.
        let other = folder.path().join("resnet.safetensors");
        std::fs::rename(&file, &other)?;
        assert_eq!(preprocessing(&other)?, None);
    }
    for (name, text) in [
        (
            "preprocessor_config.json",
            TRANSFORMERS.replace("\"do_normalize\": true", "\"do_normalize\": false"),
        ),
        (
            "preprocessor_config.json",
            TRANSFORMERS.replace("0.00392156862745098", "0.00784"),
        ),
        (
            "config.json",
            TIMM.replace("\"std\": [0.5, 0.5, 0.25]", "\"std\": [0.5, 0.0, 0.25]"),
        ),
        (
            "config.json",
            TIMM.replace("[0.5, 0.25, 0.125]", "[123.7, 116.3, 103.5]"),
        ),
        ("config.json", "{".into()),
    ] {
        assert_eq!(preprocessing(folder(name, &text)?.path())?, None, "{text}");
    }
    let known = preprocessing(&golden("lightly-train.pth"))?.expect("in the checkpoint");
    assert_eq!(
        (known.mean, known.std),
        (vec![0.5, 0.25, 0.125], vec![0.5, 0.25, 0.25])
    );
    assert_eq!(known.source, "`lightly_train.normalize_args` in it");
    Ok(())
}

#[test]
fn a_run_takes_mean_and_deviation_of_its_starting_weights_unless_they_are_set() -> Result<(), Any> {
    let folder = folder("config.json", TIMM)?;
    let weights = format!("encoder.weights={}", folder.path().display());
    let run = folder.path().join("run");
    let run = run.to_str().expect("a path");
    let mut arguments = vec!["pretrain", "digits", "--out", run];
    for set in [
        "encoder={kind='resnet',depth=10,width=1}",
        weights.as_str(),
        "data.channels=3",
        "augment.size=8",
        "train.epochs=0",
    ] {
        arguments.extend(["--set", set]);
    }
    let config = || std::fs::read_to_string(folder.path().join("run/config.toml"));
    let output = ravine(&arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    for part in [
        "pictures as those of encoder.weights",
        "224 pixels, bicubic",
        "seen at 8",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let written = config()?;
    assert!(written.contains("mean = [0.5, 0.25, 0.125]"), "{written}");
    let own = [
        "--force",
        "--set",
        "augment.mean=[0.1,0.1,0.1]",
        "--set",
        "augment.std=[1,1,1]",
    ];
    let output = ravine(&[&arguments[..], &own].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("pictures as those"), "{said}");
    assert!(config()?.contains("mean = [0.1, 0.1, 0.1]"));
    std::fs::remove_file(folder.path().join("config.json"))?;
    let output = ravine(&[&arguments[..], &["--force"]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("does not say which mean and deviation"),
        "{said}"
    );
    Ok(())
}

#[test]
fn blocks_of_a_network_that_is_not_known_are_no_sets() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("net.safetensors");
    let deep_stem = (1..=4).flat_map(|stage| (0..2).map(move |i| format!("layer{stage}.{i}.")));
    let dense = (1..=6).map(|i| format!("features.denseblock1.denselayer{i}."));
    for (stem, blocks) in [
        ("conv1.0.weight", deep_stem.collect::<Vec<_>>()),
        ("features.conv0.weight", dense.collect()),
    ] {
        let names = blocks.iter().map(|block| format!("{block}conv1.weight"));
        let kernel = Tensor::ones((2, 2, 3, 3), DType::F32, &Device::Cpu)?;
        let file: HashMap<String, Tensor> = names
            .chain([stem.to_string()])
            .map(|name| (name, kernel.clone()))
            .collect();
        safetensors::save(&file, &path)?;
        let found = inspect(&path)?;
        let names: Vec<&str> = found.sets.iter().map(|set| set.name.as_str()).collect();
        assert_eq!(names, [""], "{stem}");
        assert_eq!(found.sets[0].tensors.len(), blocks.len() + 1);
    }
    Ok(())
}

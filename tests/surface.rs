//! Pictures of the energy: what a figure shows, and `ravine surface` from a run to files.

mod common;

use std::fs;
use std::path::Path;

use common::Any;
use common::cli::{SMALL, json, ravine, refused};
use image::{Rgb, RgbImage};
use ravine::plot::color::viridis;
use ravine::plot::{Bars, Field, Figure, HeatMap, PIXELS, Scale, sheet};
use serde_json::Value;

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A run of a second from one of the configurations of the house.
fn trained(name: &str, out: &Path, more: &[&str]) -> Result<String, Any> {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("configs/ebm/{name}.toml"));
    let (config, out) = (text(&config), text(out));
    let mut arguments = vec!["train", "--json", &config, "--out", &out];
    for set in [
        "train.epochs=4",
        "train.save_every=2",
        "train.keep=9",
        "data.samples=60",
    ] {
        arguments.extend(["--set", set]);
    }
    arguments.extend(more);
    json(&arguments)?;
    Ok(out)
}

/// Whether the SVG is well-formed and the PNG shows the same paper; the texts of the SVG.
fn checked(figure: &Value) -> Result<Vec<String>, Any> {
    let path = |key: &str| figure[key].as_str().map(str::to_string).ok_or("no path");
    let svg = fs::read_to_string(path("svg")?)?;
    let document = roxmltree::Document::parse(&svg)?;
    let root = document.root_element();
    let side = |name: &str| root.attribute(name).unwrap_or_default().parse::<f64>();
    let png = image::open(path("png")?)?;
    let pixels = |points: f64| (points * PIXELS) as u32;
    assert_eq!(
        (png.width(), png.height()),
        (pixels(side("width")?), pixels(side("height")?))
    );
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    Ok(texts
        .filter_map(|node| node.text().map(str::to_string))
        .collect())
}

fn names(drawn: &Value) -> Vec<&str> {
    let figures = drawn["figures"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    figures
        .iter()
        .filter_map(|figure| figure["name"].as_str())
        .collect()
}

fn map(energies: Vec<f32>, columns: usize) -> HeatMap {
    HeatMap {
        title: "a <b> & \"c\"".into(),
        field: Field {
            x: Scale::new(0.0, 1.0),
            y: Scale::new(0.0, 1.0),
            columns,
            energies,
        },
        labels: ["x".into(), "y".into()],
        overlays: Vec::new(),
        colors: Scale::new(0.0, 3.0),
        bar: Some("energy".into()),
        side: 200.0,
    }
}

#[test]
fn a_cell_of_the_picture_has_the_color_of_its_energy() -> Result<(), Any> {
    let energies = vec![0.0, 1.0, 2.0, 3.0];
    let figure = sheet("cells", &[], &[vec![Box::new(map(energies.clone(), 2))]]);
    let picture: RgbImage = image::load_from_memory(&figure.png()?)?.into_rgb8();
    for energy in energies {
        let color = viridis(f64::from(energy) / 3.0);
        let wanted = Rgb([color.r, color.g, color.b]);
        let pixels = picture.pixels().filter(|pixel| **pixel == wanted).count();
        // A quarter of 400 by 400 pixels, less the lines of equal energy that cross it.
        assert!(pixels > 30_000, "energy {energy}: {pixels} pixels");
    }
    Ok(())
}

#[test]
fn what_names_say_cannot_break_the_document() -> Result<(), Any> {
    let bars = Bars {
        title: "<script>alert(1)</script>\u{0} ]]>".into(),
        names: vec!["a&b".into(), "猫 \u{fffe}".into()],
        energies: vec![1.0, f64::NAN],
        right: 0,
        scale: Scale::new(0.0, 1.0),
        width: 200.0,
    };
    let title = "\"quoted\" & <tagged>";
    let figure = sheet(
        title,
        &[],
        &[vec![Box::new(bars), Box::new(map(vec![1.0; 4], 2))]],
    );
    let svg = figure.svg()?;
    let document = roxmltree::Document::parse(&svg)?;
    let shown = document.descendants().filter_map(|node| node.text());
    assert!(shown.into_iter().any(|text| text == title));
    assert!(!figure.png()?.is_empty());
    Ok(())
}

#[test]
fn an_empty_figure_and_an_empty_sheet_are_pictures_too() -> Result<(), Any> {
    for figure in [Figure::new(10.0, 10.0, ""), sheet("nothing", &[], &[])] {
        roxmltree::Document::parse(&figure.svg()?)?;
        assert!(image::load_from_memory(&figure.png()?).is_ok());
    }
    Ok(())
}

#[test]
fn one_number_y_over_one_number_x_the_same_bytes_every_time() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = trained("parabola-b-nll", &folder.path().join("run"), &[])?;
    let drawn = json(&["surface", &run, "--grid", "20", "--json"])?;
    assert_eq!(
        names(&drawn),
        ["surface", "steps", "slices", "energies", "training"]
    );
    let again = text(&folder.path().join("again"));
    json(&["surface", &run, "--grid", "20", "--json", "--out", &again])?;
    let figures = drawn["figures"].as_array().ok_or("no figures")?;
    for figure in figures {
        assert!(!checked(figure)?.is_empty());
        for kind in ["svg", "png"] {
            let path = Path::new(figure[kind].as_str().ok_or("no path")?);
            let other = Path::new(&again).join(path.file_name().ok_or("no name")?);
            assert!(fs::read(path)? == fs::read(&other)?, "{path:?} changes");
        }
    }
    let steps = checked(&figures[1])?;
    for panel in [
        "start: varies by",
        "step 120: varies by",
        "step 240: varies by",
    ] {
        assert!(
            steps.iter().any(|text| text.starts_with(panel)),
            "{steps:?}"
        );
    }
    // An earlier checkpoint has a plane of its own, and replacing the run removes the pictures of the old one.
    let first = json(&["surface", &run, "--checkpoint", "step-000120", "--json"])?;
    assert_eq!(first["runs"][0]["checkpoint"], "step-000120");
    trained("parabola-a-energy", Path::new(&run), &["--force"])?;
    assert!(!Path::new(&run).join("figures").exists());
    Ok(())
}

#[test]
fn two_numbers_y_with_and_without_input() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    for (config, shown) in [
        ("ellipse-min", "energy E(y)"),
        ("horn-free-energy", "energy E(x, y)"),
    ] {
        let run = trained(config, &folder.path().join(config), &[])?;
        let drawn = json(&["surface", &run, "--grid", "12", "--json"])?;
        assert_eq!(names(&drawn), ["surface", "steps", "energies", "training"]);
        let texts = checked(&drawn["figures"][0])?;
        assert!(texts.iter().any(|text| text == shown), "{texts:?}");
        assert!(
            texts.iter().any(|text| text.starts_with("traced")),
            "{texts:?}"
        );
    }
    Ok(())
}

#[test]
fn classes_get_bars_histograms_and_maps_over_two_numbers() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = trained("moons-two-class", &folder.path().join("moons"), &[])?;
    let drawn = json(&["surface", &run, "--grid", "12", "--json"])?;
    assert_eq!(
        names(&drawn),
        ["classes", "surface", "energies", "training"]
    );
    let figures = drawn["figures"].as_array().ok_or("no figures")?;
    for figure in figures {
        checked(figure)?;
    }
    let bars = checked(&figures[0])?;
    assert!(bars.iter().any(|text| text == "right class"), "{bars:?}");
    let maps = checked(&figures[1])?;
    assert!(maps.iter().any(|text| text == "y = upper"), "{maps:?}");
    Ok(())
}

#[test]
fn several_runs_stand_side_by_side_with_scales_of_their_own() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let nll = trained("parabola-b-nll", &folder.path().join("ravine"), &[])?;
    let hinge = trained("parabola-b-hinge", &folder.path().join("slope"), &[])?;
    let moons = trained("moons-two-class", &folder.path().join("moons"), &[])?;
    let out = text(&folder.path().join("both"));
    let drawn = json(&[
        "surface", &nll, &hinge, &moons, "--grid", "12", "--out", &out, "--json",
    ])?;
    assert_eq!(names(&drawn), ["side-by-side"]);
    assert_eq!(drawn["runs"].as_array().map(Vec::len), Some(3));
    let texts = checked(&drawn["figures"][0])?;
    for name in ["ravine", "slope"] {
        let bar = format!("energy of {name}");
        assert!(texts.contains(&bar), "{texts:?}");
    }
    let said = ravine(&["surface", &nll, &hinge, "--grid", "12", "--out", &out]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.lines().all(|line| Path::new(line).is_file()), "{said}");
    assert_eq!(said.lines().count(), 2);
    Ok(())
}

#[test]
fn what_cannot_be_drawn_is_refused_in_a_sentence() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = trained("parabola-a-energy", &folder.path().join("run"), &[])?;
    let nowhere = text(&folder.path().join("nowhere"));
    let pretrained = text(&folder.path().join("pretrained"));
    let mut arguments = vec!["pretrain", "--json", "--out", &pretrained];
    arguments.extend(SMALL);
    json(&arguments)?;
    let many = [run.as_str(); 9];
    let cases: [(Vec<&str>, i32, &str); 7] = [
        (vec![], 2, "RUN"),
        (vec![&run, "--grid", "1"], 2, "--grid 1"),
        (vec![&run, "--grid", "5000"], 2, "1000"),
        (vec![&run, "--checkpoint", "step-000121"], 2, "step-000120"),
        (vec![&pretrained], 2, "no head"),
        (many.to_vec(), 2, "9 runs"),
        (vec![&nowhere], 1, "run folder"),
    ];
    for (more, code, word) in cases {
        let mut arguments = vec!["surface"];
        arguments.extend(more);
        let error = refused(&arguments, code);
        assert!(error.contains(word), "{arguments:?}: {error}");
    }
    let energies = Path::new(&run).join("energies.jsonl");
    fs::write(&energies, "{\"e_c\": 1}\n")?;
    let error = refused(&["surface", &run, "--grid", "12"], 1);
    assert!(error.contains("line 1") && error.contains("e_i"), "{error}");
    fs::write(&energies, "")?;
    assert!(ravine(&["surface", &run, "--grid", "12"]).status.success());
    Ok(())
}

//! The library without its command line: whole runs from Rust, and run folders of an earlier version.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use candle_core::Tensor;
use ravine::assembly::{HeadSetup, InferenceSetup, OpenedRun};
use ravine::config::Config;
use ravine::data::{Part, open_part};
use ravine::eval::embed;
use ravine::judge::probes::{Asked, find};
use ravine::run::{Embedding, Place, Session, pretrain, probe, train_head};
use ravine::train::{Observer, Probed, Silent, StepReport};
use serde_json::Value;

type Any = Box<dyn Error>;

/// Remembers what it saw.
#[derive(Default)]
struct Watching {
    steps: u64,
    probes: usize,
    messages: Vec<String>,
}

impl Observer for Watching {
    fn step(&mut self, report: &StepReport) {
        assert!(report.loss.is_finite());
        self.steps = report.step;
    }

    fn probed(&mut self, _: u64, _: &Probed) {
        self.probes += 1;
    }

    fn message(&mut self, text: &str) {
        self.messages.push(text.into());
    }
}

fn small(sets: &[&str]) -> Result<Config, Any> {
    let small = [
        "threads=2",
        "encoder.widths=[8,16]",
        "encoder.strides=[1,2]",
        "train.epochs=2",
        "probe.every=1.0",
    ];
    let sets: Vec<String> = small.iter().chain(sets).map(ToString::to_string).collect();
    Ok(Config::load(Some("digits"), &sets)?)
}

#[test]
fn pretraining_embedding_and_probing_need_no_command_line() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("run");
    let mut watching = Watching::default();
    let never = AtomicBool::new(false);
    let run = pretrain(
        &small(&[])?,
        Session {
            place: Place::new(&root),
            observer: Some(&mut watching),
            stop: Some(&never),
        },
    )?;
    assert_eq!(
        (run.card.steps, watching.steps, watching.probes),
        (40, 40, 3)
    );
    assert!(
        watching.messages[0].contains("images to train on"),
        "{:?}",
        watching.messages
    );
    assert!(root.join("card.json").is_file());

    let opened = OpenedRun::open(&root, "latest")?;
    let wanted = Embedding {
        part: Part::Test,
        ..Embedding::to(folder.path().join("test.csv"))
    };
    let written = ravine::run::embed(&opened, &wanted, &mut Silent, &never)?;
    assert_eq!((written.rows, written.dim, written.skipped), (360, 16, 0));

    let logistic = find("logistic")?;
    let found = probe(&opened, logistic, Asked::default(), Part::Test, &mut Silent)?;
    let found: Value = serde_json::from_str(&found.json()?)?;
    assert!(
        found["accuracy"]["pretrained"].as_f64() > Some(0.7),
        "{found}"
    );
    Ok(())
}

#[test]
fn a_stop_saves_and_the_run_goes_on_where_it_was() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("run");
    let config = small(&[])?;
    let stop = AtomicBool::new(true);
    let stopped = pretrain(
        &config,
        Session {
            stop: Some(&stop),
            ..Session::new(&root)
        },
    );
    let said = stopped.err().map(|error| error.to_string());
    assert!(said.is_some_and(|said| said.contains("the state is saved")));
    let (config, place) = Place::resume(&root)?;
    let run = pretrain(
        &config,
        Session {
            place,
            observer: None,
            stop: None,
        },
    )?;
    assert_eq!(run.card.steps, 40);
    Ok(())
}

#[test]
fn heads_train_from_rust_and_each_kind_of_run_refuses_the_other() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let config = Config::load(Some("ebm/moons-two-class"), &["train.epochs=2".into()])?;
    let run = train_head(&config, Session::new(folder.path().join("head")))?;
    assert!(run.card.classes.is_some());
    assert!(pretrain(&config, Session::new(folder.path().join("a"))).is_err());
    assert!(train_head(&small(&[])?, Session::new(folder.path().join("b"))).is_err());
    Ok(())
}

/// A copy of the run `name` that version 0.1.0 of 27 November 2026 wrote.
fn old(name: &str, folder: &Path) -> Result<PathBuf, Any> {
    let from = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/runs")
        .join(name);
    let to = folder.join(name);
    copy(&from, &to)?;
    Ok(to)
}

fn copy(from: &Path, to: &Path) -> Result<(), Any> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), &to)?;
        }
    }
    Ok(())
}

#[test]
fn a_pretraining_run_of_an_earlier_version_is_used_and_resumed() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let root = old("pairs", folder.path())?;
    let run = OpenedRun::open(&root, "latest")?;
    assert_eq!(run.config.train.chunks, 2);
    let target = run.config.target.ok_or("a target")?;
    assert_eq!(target.center, Some(0.9));
    let setup = InferenceSetup::new(&run.config)?;
    run.load(setup.network.params())?;
    let test = open_part(&run.config.data, Part::Test)?;
    let apply = |x: &Tensor| setup.network.eval(x, "features");
    let found = embed::collect(&test, &setup.views, (256, 1), &setup.device, apply)?;
    // As that version's `embed --part test` wrote them.
    let first = [0.501_736_1, 0.404_497_4, 0.326_989_95, 0.461_445_6];
    for (value, expected) in found.row(0).iter().zip(first) {
        assert!((value - expected).abs() < 1e-4, "{value} and {expected}");
    }
    let was: Value = serde_json::from_str(&fs::read_to_string(root.join("card.json"))?)?;
    let (config, place) = Place::resume(&root)?;
    let resumed = pretrain(
        &config,
        Session {
            place,
            observer: None,
            stop: None,
        },
    )?;
    assert_eq!(was["steps"].as_u64(), Some(resumed.card.steps));
    assert!((was["rank"].as_f64().ok_or("a rank")? - resumed.card.rank).abs() < 1e-3);
    Ok(())
}

#[test]
fn a_head_of_an_earlier_version_is_asked() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = OpenedRun::open(&old("head", folder.path())?, "best")?;
    let setup = HeadSetup::of_run(&run, run.config.clone())?;
    let model = setup.model(None)?;
    run.load(model.network().params())?;
    let ravine::assembly::HeadData::Table(tables) = &setup.data else {
        return Err("a table".into());
    };
    let x = tables.scales.x.apply(&[0.5, 0.25], &tables.train.x_names)?;
    let x = Tensor::from_vec(x, (1, 2), &setup.device)?;
    let energies: Vec<f32> = model.table(&model.codes(&x)?)?.flatten_all()?.to_vec1()?;
    // As that version's `infer --x 0.5,0.25` gave it.
    assert!((energies[1] - 0.006_307_63).abs() < 1e-4, "{energies:?}");
    Ok(())
}

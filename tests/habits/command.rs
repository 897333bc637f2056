//! The command line as a whole.

use clap::{Command, CommandFactory, Parser};
use ravine::cli::Cli;

use crate::common::Any;
use crate::common::cli::{SMALL, json, ravine, refused};

/// Every command without commands below it, by its words.
fn leaves(command: &Command, words: &str, found: &mut Vec<(String, Command)>) {
    let mut below = command
        .get_subcommands()
        .filter(|c| c.get_name() != "help")
        .peekable();
    if below.peek().is_none() {
        found.push((words.into(), command.clone()));
    }
    for command in below {
        leaves(command, &format!("{words} {}", command.get_name()), found);
    }
}

#[test]
fn every_command_has_an_example_that_is_one() {
    let mut found = Vec::new();
    leaves(&Cli::command(), "ravine", &mut found);
    assert!(found.len() > 25, "{}", found.len());
    for (words, command) in found {
        let help = command
            .get_after_long_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let lines: Vec<&str> = help.lines().map(str::trim).collect();
        let mut examples = lines.iter().filter(|line| line.starts_with("ravine "));
        let example = examples
            .next()
            .unwrap_or_else(|| panic!("{words} has no example"));
        assert!(example.starts_with(&words), "{words}: {example}");
        let example = example.split(" > ").next().unwrap_or_default();
        if let Err(error) = Cli::try_parse_from(example.split(' ')) {
            panic!("{example}: {error}");
        }
    }
}

#[test]
fn pages_and_completions_are_made_of_every_command() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("man");
    let pages = json(&["generate", "man", "--json", "--out", &out.to_string_lossy()])?;
    let pages = pages.as_array().ok_or("a list")?;
    assert!(pages.len() > 30, "{}", pages.len());
    let page = std::fs::read_to_string(out.join("ravine-pretrain.1"))?;
    for part in [
        ".TH ravine-pretrain 1",
        "\\-\\-budget",
        "RAVINE_DEVICE",
        "ravine pretrain \\-\\-data photos/",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = ravine(&["generate", "completions", shell]);
        let script = String::from_utf8(output.stdout)?;
        assert!(
            output.status.success() && script.contains("compare-embeddings"),
            "{shell}"
        );
    }
    assert!(refused(&["generate", "completions", "bsh"], 2).contains("bash"));
    Ok(())
}

#[test]
fn quiet_says_nothing_and_verbose_says_every_step() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let train = |name: &str, flag: &str| -> Result<String, Any> {
        let out = folder.path().join(name).to_string_lossy().into_owned();
        let mut arguments = vec!["pretrain", "--json", "--out", &out];
        arguments.extend(SMALL);
        arguments.push(flag);
        let output = ravine(&arguments);
        assert!(output.status.success());
        serde_json::from_slice::<serde_json::Value>(&output.stdout)?;
        Ok(String::from_utf8(output.stderr)?)
    };
    assert_eq!(train("quiet", "-q")?, "");
    let said = train("loud", "--verbose")?;
    for step in 1..=20 {
        assert!(said.contains(&format!("step {step}: ")), "{step}: {said}");
    }
    refused(&["list", "-q", "-v"], 2);
    Ok(())
}

#[test]
fn variables_stand_for_options_that_are_not_given() -> Result<(), Any> {
    let folder = tempfile::tempdir()?;
    let run = |more: &[&str]| {
        let mut command = assert_cmd::Command::cargo_bin("ravine").expect("the binary");
        let arguments = ["pretrain", "--set", "train.epochs=0", "--json"];
        command
            .current_dir(folder.path())
            .args(arguments)
            .args(more);
        command
            .env("RAVINE_THREADS", "1")
            .env("RAVINE_RUNS", "kept");
        command.output().expect("a finished process")
    };
    assert!(run(&[]).status.success());
    assert!(run(&["--threads", "2"]).status.success());
    let config = |name: &str| {
        std::fs::read_to_string(folder.path().join("kept").join(name).join("config.toml"))
    };
    assert!(config("simclr-digits")?.contains("\nthreads = 1\n"));
    assert!(config("simclr-digits-2")?.contains("\nthreads = 2\n"));
    Ok(())
}

#[test]
fn colours_are_taken_off_where_that_is_asked_for() {
    let output = assert_cmd::Command::cargo_bin("ravine")
        .expect("the binary")
        .args(["pretrain", "--no-such-flag"])
        .env("NO_COLOR", "1")
        .output()
        .expect("a finished process");
    assert!(!output.stderr.contains(&0x1b));
}

#[test]
fn values_have_nearest_names_too() {
    for (arguments, meant) in [
        (
            vec!["config", "show", "--set", "loss.kind=info_nec"],
            "info_nce",
        ),
        (
            vec!["config", "show", "--set", "train.decay=cosin"],
            "cosine",
        ),
        (vec!["config", "show", "simcrl"], "simclr"),
        (vec!["pretrain", "--out", "x", "--device", "cdua"], "cuda"),
        (vec!["pretrain", "--out", "x", "--executor", "cup"], "cpu"),
        (
            vec!["select", "x.parquet", "--budget", "3", "--by", "covrage"],
            "coverage",
        ),
        (vec!["bench", "stp"], "step"),
        (vec!["pretrian"], "pretrain"),
        (vec!["pretrain", "--bugdet", "3"], "--budget"),
    ] {
        let said = refused(&arguments, 2);
        assert!(said.contains(meant), "{arguments:?}: {said}");
    }
}

#[test]
fn origins_are_told_key_by_key() -> Result<(), Any> {
    let told = json(&[
        "config",
        "show",
        "vicreg",
        "--origin",
        "--set",
        "train.batch=32",
        "--json",
    ])?;
    let of = |key: &str| {
        let mut told = told.as_array().into_iter().flatten();
        told.find(|told| told["key"] == key)
            .map(|told| told["origin"].clone())
    };
    assert_eq!(of("train.batch"), Some("--set".into()));
    assert_eq!(of("method"), Some("preset vicreg".into()));
    assert_eq!(of("data.cache"), Some("default".into()));
    let output = ravine(&["config", "show", "vicreg", "--origin"]);
    let text = String::from_utf8(output.stdout)?;
    let table: toml::Table = text.parse()?; // what is shown can be saved
    assert_eq!(table["method"].as_str(), Some("vicreg"));
    Ok(())
}

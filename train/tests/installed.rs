//! The program far from its repository: recipes and images come from itself.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::Command;

use program_tests::Program;

/// Starts a copy of the program with no `assets` above it, in an empty folder; its output.
fn train(root: &Path, arguments: &[&str]) -> String {
    let program = root.join("train");
    Program(env!("CARGO_BIN_EXE_train")).install(&program);
    let empty = root.join("empty");
    fs::create_dir(&empty).unwrap();
    let mut command = Command::new(program);
    command.current_dir(empty).env("HOME", root).env("PIXELFLOW_CACHE", root.join("cache"));
    let output = command.args(arguments).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{message}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn in_an_empty_folder_all_recipes_are_listed() {
    let root = tempfile::tempdir().unwrap();
    let listed = train(root.path(), &["--list-recipes"]);
    assert!(listed.lines().any(|name| name == "demo-text"), "{listed}");
}

#[test]
fn in_an_empty_folder_the_smoke_recipe_is_trained() {
    let root = tempfile::tempdir().unwrap();
    train(root.path(), &["--device", "cpu", "--recipe", "smoke", "--out", "run"]);
    assert!(root.path().join("empty/run").is_dir());
}

#[test]
fn in_an_empty_folder_the_demo_is_trained_on_the_shipped_images() {
    let root = tempfile::tempdir().unwrap();
    let settings = [
        "train.steps=1",
        "train.warmup_steps=0",
        "train.batch_size=8",
        "preview.sampler.steps=[1]",
    ];
    let mut arguments = vec!["--device", "cpu", "--out", "run"];
    arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    train(root.path(), &arguments);
    assert!(root.path().join("empty/run").is_dir());
}

#[test]
fn in_an_empty_folder_text_training_starts_from_the_shipped_model() {
    let root = tempfile::tempdir().unwrap();
    let settings = ["train.steps=1", "train.warmup_steps=0", "train.batch_size=8"];
    let mut arguments = vec!["--device", "cpu", "--recipe", "demo-text", "--out", "run"];
    arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    train(root.path(), &arguments);
}

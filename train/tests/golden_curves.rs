//! The losses of the shipped recipes' first steps, as they were when they were recorded in `curves/RECIPE.json`.
//!
//! `UPDATE_CURVES=1 cargo test -p train --test golden_curves` records them anew.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};

use program_tests::{Program, text};

/// Steps of a curve.
const STEPS: usize = 50;

/// The error that rounding to f32 makes in the gradients of the fixture `train_steps`, all together.
const ROUNDING: f64 = 5.72e-6;

/// How far a curve may be off, by the precision of the steps: in f32, where rounding differs between processors, as a
/// gradient may; in bf16, 2 %, which is far above what was seen (5e-4).
const LIMITS: [(&str, f64); 2] = [("f32", 10.0 * ROUNDING), ("bf16", 0.02)];

fn file(recipe: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/curves/{recipe}.json"))
}

/// Losses of a recipe's first steps, with other settings on top.
fn losses(recipe: &str, more: &[&str]) -> Vec<f64> {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("run");
    let steps = format!("train.steps={STEPS}");
    let mut arguments = vec!["--device", "cpu", "--recipe", recipe, "--out", text(&out)];
    let settings = [
        steps.as_str(),
        // A step as it is in a long run.
        "train.schedule=constant",
        "train.warmup_steps=10",
        "log.every=1",
        "checkpoint.every=0",
        "validation.every=0",
        "preview.every=0",
    ];
    for setting in settings.iter().chain(more) {
        arguments.extend(["--set", setting]);
    }
    Program(env!("CARGO_BIN_EXE_train")).run(&arguments).succeeded();
    let lines = fs::read_to_string(out.join("metrics.jsonl")).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter_map(|line| line["loss"].as_f64()).collect()
}

/// Largest relative difference of two curves.
fn difference(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let of_step = |(found, expected): (&f64, &f64)| (found / expected - 1.0).abs();
    found.iter().zip(expected).map(of_step).fold(0.0, f64::max)
}

fn check(recipe: &str, more: &[&str]) {
    let with = |setting: &str| losses(recipe, &[more, &[setting]].concat());
    if std::env::var_os("UPDATE_CURVES").is_some() {
        let recorded = serde_json::to_string_pretty(&with("train.precision=f32")).unwrap();
        fs::write(file(recipe), recorded + "\n").unwrap();
    }
    let recorded: Vec<f64> = serde_json::from_slice(&fs::read(file(recipe)).unwrap()).unwrap();
    assert_eq!(recorded.len(), STEPS);
    assert!(recorded[STEPS - 1] < 0.8 * recorded[0], "the loss does not fall");
    for (precision, limit) in LIMITS {
        let difference = difference(&with(&format!("train.precision={precision}")), &recorded);
        println!("{recipe}, {precision}: {difference:.1e} of at most {limit:.1e}");
        assert!(difference <= limit, "{recipe} in {precision}: {difference} is above {limit}");
    }
}

#[test]
fn the_smoke_recipe_learns_as_it_did() {
    check("smoke", &[]);
}

#[test]
fn the_demo_recipe_learns_as_it_did() {
    // A quarter of its batch, for the time that it takes.
    check("demo", &["train.batch_size=16"]);
}

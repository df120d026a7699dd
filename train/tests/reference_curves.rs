//! The reference curves of shipped recipes, which reports compare runs with.
//!
//! `UPDATE_REFERENCE_CURVES=FOLDER cargo test --test reference_curves` records them anew from runs in FOLDER, and makes those
//! that are not there: `smoke-0`, `smoke-1`, … differ in `train.seed` alone.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use program_tests::{Program, Run, text};
use serde_json::{Value, json};

const TRAIN: Program = Program(env!("CARGO_BIN_EXE_train"));

/// A recipe, how many runs its curve is made of, and the step up to which they are.
const CURVES: [(&str, u64, u64); 2] = [("smoke", 8, 12), ("demo", 3, 400)];

/// Records on either side of a step whose spread is pooled.
const NEIGHBOURS: usize = 4;

/// The quantile of the normal distribution that leaves half of one in a hundred above it.
const NORMAL: f64 = 2.575_829_3;

fn curve_file(recipe: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../assets/curves/{recipe}.json"))
}

fn begin(recipe: &str, run: &Path, more: &[&str]) -> Command {
    let mut command = TRAIN.command(&["--device", "cpu", "--recipe", recipe, "--out", text(run)]);
    command.args(more.iter().flat_map(|setting| ["--set", setting]));
    command
}

/// The losses of a run by step, and the hash of its records.
fn losses(run: &Path) -> (BTreeMap<u64, f64>, String) {
    let lines = fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default();
    let lines = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let training = lines.filter(|line| line["kind"] == "training");
    let point = |line: Value| Some((line["step"].as_u64()?, line["loss"].as_f64()?));
    let points = training.filter_map(point).collect();
    let saved = fs::read_dir(run.join("checkpoints")).into_iter().flatten().flatten();
    let newest =
        saved.map(|entry| entry.path().join("state.json")).filter(|path| path.is_file()).max();
    let state = newest.map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap());
    let state: Value = state.unwrap_or_default();
    (points, state["identity"]["records"].as_str().unwrap_or_default().to_owned())
}

/// Makes a run until it has recorded `step`, unless it is there.
fn make(recipe: &str, run: &Path, seed: u64, step: u64) {
    if losses(run).0.contains_key(&step) {
        return;
    }
    let mut command = begin(recipe, run, &[&format!("train.seed={seed}")]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !losses(run).0.contains_key(&step) {
        assert!(child.try_wait().unwrap().is_none_or(|status| status.success()), "it failed");
        std::thread::sleep(Duration::from_millis(200));
    }
    let id = child.id().to_string();
    // A run that has ended by itself is not there any more.
    let _ = Command::new("kill").args(["-INT", &id]).status();
    child.wait().unwrap();
}

/// Student's quantile for `freedom` degrees of freedom: the first terms of its expansion about the normal one (Abramowitz
/// and Stegun, 26.7.5), 0.1 % off for 8 degrees.
fn student(freedom: f64) -> f64 {
    let z = NORMAL;
    let first = (z.powi(3) + z) / 4.0;
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + first / freedom + second / freedom.powi(2) + third / freedom.powi(3)
}

/// The curve and its band, as `train/src/reference_curve.rs` explains them.
fn points(runs: &[BTreeMap<u64, f64>], last: u64) -> Vec<Value> {
    let count = runs.len() as f64;
    let steps = runs[0].keys().filter(|step| **step <= last);
    let of_step = |step: &u64| {
        let losses: Vec<f64> = runs.iter().map(|run| run[step]).collect();
        let mean = losses.iter().sum::<f64>() / count;
        let squares = losses.iter().map(|loss| (loss / mean - 1.0).powi(2)).sum::<f64>();
        (*step, mean, squares)
    };
    let all: Vec<(u64, f64, f64)> = steps.map(of_step).collect();
    let band = |(at, (step, mean, _)): (usize, &(u64, f64, f64))| {
        let near = &all[at.saturating_sub(NEIGHBOURS)..all.len().min(at + NEIGHBOURS + 1)];
        let freedom = near.len() as f64 * (count - 1.0);
        let spread = (near.iter().map(|(_, _, squares)| squares).sum::<f64>() / freedom).sqrt();
        let width = student(freedom) * spread * (1.0 + 1.0 / count).sqrt();
        let digits = |value: f64| (1e5 * value).round() / 1e5;
        json!({
            "step": step,
            "loss": digits(*mean),
            "low": digits(mean * (1.0 - width)),
            "high": digits(mean * (1.0 + width)),
        })
    };
    all.iter().enumerate().map(band).collect()
}

#[test]
fn the_curves_are_recorded_where_somebody_asks_for_it() {
    let Some(folder) = std::env::var_os("UPDATE_REFERENCE_CURVES").map(PathBuf::from) else {
        return;
    };
    for (recipe, count, last) in CURVES {
        let runs: Vec<PathBuf> =
            (0..count).map(|seed| folder.join(format!("{recipe}-{seed}"))).collect();
        for (seed, run) in runs.iter().enumerate() {
            make(recipe, run, seed as u64, last);
        }
        let (losses, hashes): (Vec<_>, Vec<_>) = runs.iter().map(|run| losses(run)).unzip();
        assert!(hashes.iter().all(|hash| *hash == hashes[0] && !hash.is_empty()), "{hashes:?}");
        let about = format!(
            "Of {count} runs with other seeds, up to step {last}: the band holds one more run's loss with a probability of 99 %."
        );
        let points = points(&losses, last);
        let curve =
            json!({"recipe": recipe, "about": about, "records": hashes[0], "points": points});
        let text = serde_json::to_string(&curve).unwrap().replace("{\"step\"", "\n{\"step\"");
        fs::write(curve_file(recipe), text + "\n").unwrap();
    }
}

#[test]
fn the_quantile_is_student_s() {
    for (freedom, expected) in [(8.0, 3.3554), (18.0, 2.8784), (60.0, 2.6603)] {
        assert!((student(freedom) / expected - 1.0).abs() < 2e-3, "{freedom}");
    }
}

/// What a finished run's page says of the reference curve.
fn said(recipe: &str, run: &Path, more: &[&str]) -> String {
    Run::of(&mut begin(recipe, run, more)).succeeded();
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    let notices = page.split("<ul class=\"notices\">").nth(1).unwrap();
    notices.split("</ul>").next().unwrap().to_owned()
}

#[test]
fn another_run_of_the_smoke_recipe_is_inside_its_band_and_other_settings_are_not_compared() {
    let scratch = tempfile::tempdir().unwrap();
    let run = |name: &str| scratch.path().join(name);
    // A seed that the curve is not made of.
    let inside = said("smoke", &run("a"), &["train.seed=4711"]);
    assert!(
        inside.contains("Inside the band of the reference curve of the recipe smoke"),
        "{inside}"
    );
    let other = said("smoke", &run("b"), &["train.lr=2e-3"]);
    assert!(other.contains("smoke, has other settings (train.lr is 0.002, not 0.001)"), "{other}");
    let data =
        said("smoke", &run("c"), &["data.source.paths=[\"assets/demo/heroes-heldout.tar\"]"]);
    assert!(
        data.contains("the settings are those of the recipe smoke, the images are others"),
        "{data}"
    );
}

#[test]
fn a_run_that_does_not_learn_is_outside_of_the_band() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    Run::of(&mut begin("smoke", &run, &[])).succeeded();
    // As if the weights had stayed as they were: every loss is the first one.
    let path = run.join("metrics.jsonl");
    let metrics = fs::read_to_string(&path).unwrap();
    let mut first = None;
    let stuck = metrics.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if line["kind"] == "training" {
            let loss = line["loss"].clone();
            line["loss"] = first.get_or_insert(loss).clone();
        }
        line.to_string() + "\n"
    });
    fs::write(&path, stuck.collect::<String>()).unwrap();
    // Going on with a run that has ended writes its page anew.
    let resume = TRAIN.run(&["--device", "cpu", "--resume", text(&run)]);
    assert!(resume.status.success(), "{}", resume.message);
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page.contains("class=\"warning\">OUTSIDE the band"), "{page}");
}

//! Every run keeps a page about itself, and looks for the grid of patches in its previews.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use program_tests::{Program, Run, assert_self_contained, text};
use serde_json::Value;

const TRAIN: Program = Program(env!("CARGO_BIN_EXE_train"));

/// A run of the smoke recipe in `out`, with other settings on top.
fn smoke(out: &Path, settings: &[&str]) -> Run {
    let start = ["--device", "cpu", "--recipe", "smoke", "--out", text(out)];
    let settings = settings.iter().flat_map(|setting| ["--set", *setting]);
    TRAIN.run(&start.into_iter().chain(settings).collect::<Vec<_>>())
}

fn resume(run: &str, settings: &[&str]) -> Run {
    let start = ["--device", "cpu", "--resume", run];
    let settings = settings.iter().flat_map(|setting| ["--set", *setting]);
    TRAIN.run(&start.into_iter().chain(settings).collect::<Vec<_>>()).succeeded()
}

fn page(run: &Path) -> String {
    fs::read_to_string(run.join("report.html")).unwrap()
}

/// Steps of the records of a kind.
fn steps(run: &Path, kind: &str) -> Vec<u64> {
    let lines = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["kind"] == kind).map(|line| line["step"].as_u64().unwrap()).collect()
}

#[test]
fn the_page_of_a_run_has_everything_in_itself() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    smoke(&run, &[]).succeeded();
    let page = page(&run);
    assert_self_contained(&page);
    assert!(page.len() < 8_000_000);
    for part in [
        "Step 12 of 12 (100 %), finished",
        "Loss by stage, validation",
        "Learning rate",
        "Gradient norm",
        "Images a second",
        "Grid of patches in previews",
        "after 12 steps",
        "deep elf, demonspawn",
        "cpu (autodiff",
        "3568 images",
        "Nothing was rejected",
        "settings that are not the default",
        "<td>model.depth</td><td>2</td>",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert_eq!(page.matches("<img").count(), 2, "the previews after 0 and 12 steps");
    // Each chart has its numbers beneath.
    assert_eq!(page.matches("<svg").count(), page.matches("<summary>Numbers</summary>").count());
    // The hash is that of the checkpoint.
    let state = fs::read(run.join("checkpoints/step-00000012/state.json")).unwrap();
    let state: Value = serde_json::from_slice(&state).unwrap();
    assert!(page.contains(state["identity"]["records"].as_str().unwrap()));
}

#[test]
fn a_page_that_was_lost_is_there_again_when_the_run_goes_on() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    smoke(&run, &["preview.every=3", "train.schedule=constant"]).succeeded();
    let first = page(&run);
    let numbers = |page: &str| -> Vec<String> {
        let losses = page.split("<h3>Loss by stage, training</h3>").nth(1).unwrap();
        let table = losses.split("<tbody>").nth(1).unwrap().split("</tbody>").next().unwrap();
        table.split("</tr>").map(str::to_owned).collect()
    };
    assert_eq!(numbers(&first).len(), 7);
    // As a kill before the page was ever written leaves it, and a line half-way.
    fs::remove_file(run.join("report.html")).unwrap();
    let sessions = run.join("sessions.jsonl");
    fs::write(&sessions, fs::read_to_string(&sessions).unwrap() + "{\"step\":").unwrap();
    resume(text(&run), &["train.steps=16"]);
    let again = page(&run);
    assert_self_contained(&again);
    assert_eq!(numbers(&again)[..6], numbers(&first)[..6], "what was recorded is all there");
    for part in ["Step 16 of 16", "2 sessions", "after 9 steps", "after 15 steps"] {
        assert!(again.contains(part), "{part}");
    }
    assert!(again.contains("1 lines about sessions cannot be read"));
    assert_eq!(steps(&run, "preview"), [3, 6, 9, 12, 15]);

    // From an earlier checkpoint: what comes after it is recorded once.
    resume(text(&run.join("checkpoints/step-00000012")), &["train.steps=16"]);
    assert_eq!(steps(&run, "preview"), [3, 6, 9, 12, 15]);
    assert!(page(&run).contains("3 sessions"));
}

#[test]
fn a_page_that_cannot_be_written_ends_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let (run, other) = (scratch.path().join("run"), scratch.path().join("other"));
    fs::create_dir(&run).unwrap();
    for name in ["report.html", "sessions.jsonl"] {
        symlink(scratch.path().join("nowhere").join(name), run.join(name)).unwrap();
    }
    let ended = smoke(&run, &[]).succeeded();
    for name in ["report.html", "sessions.jsonl"] {
        let said = &ended.message;
        assert!(said.contains(name) && said.contains("the run goes on without"), "{said}");
    }
    // Nothing else is missing.
    smoke(&other, &[]).succeeded();
    assert_eq!(steps(&run, "training"), steps(&other, "training"));
    assert!(run.join("checkpoints/step-00000012").is_dir() && run.join("loss.svg").is_file());

    let full = TRAIN.run_on_a_full_disk(64, &["--device", "cpu", "--resume", text(&other)]);
    assert!(full.status.success() && full.message.contains("report.html"), "{}", full.message);
    assert_self_contained(&page(&other));
}

#[test]
fn a_run_does_not_write_over_a_page_of_somebody_else() {
    let scratch = tempfile::tempdir().unwrap();
    fs::write(scratch.path().join("report.html"), "mine").unwrap();
    smoke(scratch.path(), &[]).refused(&["report.html exists already"]);
    assert_eq!(page(scratch.path()), "mine");
}

#[test]
fn a_grid_of_patches_is_recorded_with_every_preview_and_said_once() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    // What so small a model draws after so few steps shows nothing but its patches.
    let said = smoke(&run, &["preview.every=4"]).succeeded().message;
    assert_eq!(steps(&run, "preview"), [4, 8, 12], "that of the untrained model says nothing");
    assert_eq!(said.matches("shows a grid of patches").count(), 1, "{said}");
    assert!(page(&run).contains("class=\"warning\">The last preview shows a grid of patches"));
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let line = metrics.lines().find(|line| line.contains("\"kind\":\"preview\"")).unwrap();
    let grid = &serde_json::from_str::<Value>(line).unwrap()["patch_grid"];
    let [drawn, real, ratio] = ["drawn", "real", "ratio"].map(|name| grid[name].as_f64().unwrap());
    assert!((ratio - drawn / real).abs() < 1e-9 && ratio > 1.25, "{line}");
    // The real images are the 192 that were held out.
    assert!((real - 0.94357).abs() < 1e-5, "{line}");
}

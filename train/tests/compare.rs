//! `train compare`: runs beside one another.
#![cfg(unix)]

use std::fs;
use std::path::Path;

use program_tests::{Program, assert_self_contained, text};
use serde_json::Value;

const TRAIN: Program = Program(env!("CARGO_BIN_EXE_train"));

fn smoke(out: &Path, settings: &[&str]) {
    let start = ["--device", "cpu", "--recipe", "smoke", "--out", text(out)];
    let common = ["validation.every=2", "preview.every=0", "train.schedule=constant"];
    let settings = common.iter().chain(settings).flat_map(|setting| ["--set", *setting]);
    TRAIN.run(&start.into_iter().chain(settings).collect::<Vec<_>>()).succeeded();
}

#[test]
fn runs_are_compared_where_they_meet() {
    let scratch = tempfile::tempdir().unwrap();
    let [small, large, other] = ["small", "large", "other"].map(|name| scratch.path().join(name));
    smoke(&small, &["train.steps=8"]);
    smoke(&large, &["train.steps=4", "train.batch_size=32", "train.lr=2e-3"]);
    let data =
        "data.source={ kind = \"webdataset\", paths = [\"assets/demo/heroes-heldout.tar\"] }";
    smoke(&other, &["train.steps=6", data]);

    let html = scratch.path().join("both.html");
    let compare = ["compare", text(&small), text(&large)];
    let printed = TRAIN.run(&[&compare[..], &["--out", text(&html)]].concat()).succeeded().printed;
    for line in ["train.batch_size", "train.lr", "best validation loss", "validation loss at step"]
    {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    assert!(!printed.contains("note:"), "{printed}");
    let page = fs::read_to_string(&html).unwrap();
    assert_self_contained(&page);
    assert!(page.contains("Validation loss over images") && page.contains("<td>train.lr</td>"));

    let json = TRAIN.run(&[&compare[..], &["--json"]].concat()).succeeded().printed;
    let json: Value = serde_json::from_str(&json).unwrap();
    let metrics = |run: &Path| -> Vec<Value> {
        let lines = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["kind"] == "validation").collect()
    };
    let (of_small, of_large) = (metrics(&small), metrics(&large));
    let at = |key: &str| json[key].as_array().unwrap().clone();
    // Steps 2 and 4; images 64 and 128, at which the small run is after steps 4 and 8.
    let [steps, images] = [at("at_equal_steps"), at("at_equal_images")];
    assert_eq!(steps.iter().map(|m| m["at"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(
        steps[1]["losses"],
        Value::from(vec![of_small[1]["loss"].clone(), of_large[1]["loss"].clone()])
    );
    let last = images.last().unwrap();
    assert_eq!(last["at"], 128);
    assert_eq!(
        last["losses"],
        Value::from(vec![of_small[3]["loss"].clone(), of_large[1]["loss"].clone()])
    );
    assert_eq!(images[1]["interpolated"], Value::from(vec![false, true]), "96 images: {images:?}");

    // Other images are said, in the table and in JSON.
    let three = TRAIN.run(&["compare", text(&small), text(&large), text(&other)]).succeeded();
    let said = format!("note: {} has learned from other images", other.display());
    assert!(three.printed.contains(&said), "{}", three.printed);
    // The page of before is not written over.
    TRAIN
        .run(&[&compare[..], &["--out", text(&html)]].concat())
        .refused(&["both.html exists already"]);
    assert_eq!(fs::read_to_string(&html).unwrap(), page);
}

#[test]
fn what_is_no_run_or_has_no_metrics_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let (run, empty) = (scratch.path().join("run"), scratch.path().join("empty"));
    smoke(&run, &["train.steps=2"]);
    fs::create_dir(&empty).unwrap();
    let compare = |other: &Path| TRAIN.run(&["compare", text(&run), text(other)]);
    compare(&empty).refused(&["empty is not a run: it has no config.toml; name the folder"]);
    compare(&scratch.path().join("gone")).refused(&["gone is not a run: there is no such folder"]);
    fs::copy(run.join("config.toml"), empty.join("config.toml")).unwrap();
    compare(&empty).refused(&["empty cannot be compared: it has no metrics yet"]);
    fs::write(empty.join("metrics.jsonl"), "oops\noops\n").unwrap();
    compare(&empty).refused(&["metrics.jsonl, line 1: "]);
    TRAIN.run(&["compare", text(&run)]).refused(&["2 values required"]);
}

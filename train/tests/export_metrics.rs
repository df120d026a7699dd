//! `train export-metrics`: the numbers of a run as MLflow and Weights & Biases read them.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use program_tests::{Program, Run, listing, text};
use serde_json::Value;

const TRAIN: Program = Program(env!("CARGO_BIN_EXE_train"));

fn smoke(out: &Path, settings: &[&str]) {
    let start = ["--device", "cpu", "--recipe", "smoke", "--out", text(out)];
    let settings = settings.iter().flat_map(|setting| ["--set", *setting]);
    TRAIN.run(&start.into_iter().chain(settings).collect::<Vec<_>>()).succeeded();
}

fn export(run: &Path, out: &Path, to: &str) -> Run {
    TRAIN.run(&["export-metrics", text(run), text(out), "--to", to])
}

/// The folder that an export says it has written.
fn exported(run: &Path, out: &Path, to: &str) -> PathBuf {
    PathBuf::from(export(run, out, to).succeeded().printed.trim())
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json_lines(path: &Path) -> Vec<Value> {
    read(path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Steps and values of a field of the records of a kind.
fn recorded(run: &Path, kind: &str, value: impl Fn(&Value) -> &Value) -> Vec<(u64, f64)> {
    let lines = json_lines(&run.join("metrics.jsonl"));
    let of_kind = lines.iter().filter(|line| line["kind"] == kind);
    of_kind.map(|line| (line["step"].as_u64().unwrap(), value(line).as_f64().unwrap())).collect()
}

/// Every file beneath a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for name in listing(folder) {
        let path = folder.join(name);
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

#[test]
fn an_mlflow_store_has_numbers_steps_times_settings_and_pictures_of_runs() {
    let scratch = tempfile::tempdir().unwrap();
    let [run, other, store] = ["run", "other", "store"].map(|name| scratch.path().join(name));
    let begun = now();
    smoke(&run, &["train.steps=8", "preview.every=8"]);
    let ended = now();
    let folder = exported(&run, &store, "mlflow");
    assert!(folder.starts_with(&store));
    let points = |name: &str| -> Vec<(u64, f64, u64)> {
        let parsed = |line: &str| -> (u64, f64, u64) {
            let parts: Vec<&str> = line.split(' ').collect();
            (parts[0].parse().unwrap(), parts[1].parse().unwrap(), parts[2].parse().unwrap())
        };
        read(&folder.join("metrics").join(name)).lines().map(parsed).collect()
    };
    let in_metrics = [
        ("train/loss", recorded(&run, "training", |line| &line["loss"])),
        ("train/loss_stage_1", recorded(&run, "training", |line| &line["stage_losses"][1])),
        ("train/gradient_norm", recorded(&run, "training", |line| &line["gradient_norm"])),
        ("validation/loss", recorded(&run, "validation", |line| &line["loss"])),
        ("validation/loss_stage_2", recorded(&run, "validation", |line| &line["stage_losses"][2])),
        ("preview/patch_grid", recorded(&run, "preview", |line| &line["patch_grid"]["ratio"])),
    ];
    for (name, expected) in in_metrics {
        assert!(!expected.is_empty(), "{name}");
        let points = points(name);
        let numbers: Vec<(u64, f64)> =
            points.iter().map(|&(_, value, step)| (step, value)).collect();
        assert_eq!(numbers, expected, "{name}");
        // Within the run, and one after the other.
        let times: Vec<u64> = points.iter().map(|&(time, ..)| time).collect();
        assert!(times.is_sorted(), "{name}: {times:?}");
        assert!(times.iter().all(|time| (begun..=ended + 1).contains(time)), "{name}: {times:?}");
    }
    for (name, value) in [
        ("train.lr", "0.001"),
        ("train.schedule", "cosine"),
        ("model.depth", "2"),
        ("data.buckets", "[]"),
    ] {
        assert_eq!(read(&folder.join("params").join(name)), value, "{name}");
    }
    assert!(!folder.join("params/text").exists(), "there is no text encoder");
    assert_eq!(read(&folder.join("tags/mlflow.runName")), "run");
    assert!(read(&folder.join("tags/pixelflow.device")).starts_with("cpu"));
    for name in
        ["report.html", "config.toml", "previews/step-00000000.png", "previews/step-00000008.png"]
    {
        let artifact = folder.join("artifacts").join(name);
        assert_eq!(fs::read(artifact).unwrap(), fs::read(run.join(name)).unwrap(), "{name}");
    }
    let about = read(&folder.join("meta.yaml"));
    let last = points("preview/patch_grid").into_iter().chain(points("validation/loss"));
    let last = last.chain(points("train/loss")).map(|(time, ..)| time).max().unwrap();
    for line in
        ["status: 3".to_owned(), format!("end_time: {last}"), "run_name: \"run\"".to_owned()]
    {
        assert!(about.contains(&line), "{line}: {about}");
    }

    // Again it is the same; another run comes beside it.
    let before = files(&store);
    assert_eq!(exported(&run, &store, "mlflow"), folder);
    assert_eq!(files(&store), before);
    smoke(&other, &["train.steps=2", "preview.every=0", "train.warmup_steps=0"]);
    let second = exported(&other, &store, "mlflow");
    assert!(second != folder && second.parent() == folder.parent());
    let now = files(&store);
    assert!(before.iter().all(|(path, bytes)| now.get(path) == Some(bytes)));
}

#[test]
fn a_run_that_has_gone_on_takes_its_own_place_and_notes_of_others_stay() {
    let scratch = tempfile::tempdir().unwrap();
    let [run, store] = ["run", "store"].map(|name| scratch.path().join(name));
    smoke(&run, &["train.steps=4", "preview.every=0", "train.schedule=constant"]);
    let config = read(&run.join("config.toml"));
    let longer = config.replace("\nsteps = 4\n", "\nsteps = 6\n");
    assert_ne!(config, longer);
    fs::write(run.join("config.toml"), longer).unwrap();
    let folder = exported(&run, &store, "mlflow");
    assert!(read(&folder.join("meta.yaml")).contains("status: 5"), "it could be gone on with");
    fs::write(folder.join("tags/mlflow.note.content"), "the best one").unwrap();

    TRAIN.run(&["--device", "cpu", "--resume", text(&run)]).succeeded();
    assert_eq!(exported(&run, &store, "mlflow"), folder);
    assert!(read(&folder.join("meta.yaml")).contains("status: 3"));
    assert_eq!(read(&folder.join("metrics/train/loss")).lines().count(), 3);
    assert_eq!(read(&folder.join("tags/pixelflow.sessions")), "2");
    assert_eq!(read(&folder.join("tags/mlflow.note.content")), "the best one");
    // A copy may go on otherwise: it is another run.
    let copy = scratch.path().join("copy");
    let copied = Command::new("cp").arg("-r").arg(&run).arg(&copy).status().unwrap();
    assert!(copied.success());
    assert_ne!(exported(&copy, &store, "mlflow"), folder);
}

#[test]
fn what_is_no_run_is_refused_and_what_is_of_somebody_else_stays() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    smoke(&at("run"), &["train.steps=2", "preview.every=0", "train.warmup_steps=0"]);
    fs::create_dir_all(at("theirs/0")).unwrap();
    fs::write(at("theirs/0/meta.yaml"), "name: Default").unwrap();
    let before = files(&at("theirs"));
    for to in ["mlflow", "wandb"] {
        let refused = "theirs: there is something in it that this command has not made";
        export(&at("run"), &at("theirs"), to).refused(&[refused]);
        export(&at("gone"), &at("new"), to).refused(&["gone is not a run"]);
        export(&at("run"), &at("run/config.toml"), to).refused(&["it is a file; choose a folder"]);
    }
    assert_eq!(files(&at("theirs")), before);
    exported(&at("run"), &at("store"), "mlflow");
    export(&at("run"), &at("store"), "wandb").refused(&["for the same program"]);
    // Without a step there is nothing to tell.
    fs::remove_file(at("run/metrics.jsonl")).unwrap();
    export(&at("run"), &at("new"), "mlflow").refused(&["run: it has no metrics yet"]);
    assert!(!at("new").exists());
    TRAIN.run(&["export-metrics", text(&at("run")), text(&at("new"))]).refused(&["--to"]);
}

/// What of the package `wandb` the script calls: it says as JSON what it was given.
const STAND_IN: &str = r#"
import json
class Settings(dict):
    def __init__(self, **given): super().__init__(given)
def Image(path): return {"path": path, "bytes": len(open(path, "rb").read())}
class Run:
    def log(self, values, step): print(json.dumps({"log": values, "step": step}))
    def save(self, path, base_path, policy): print(json.dumps({"save": len(open(path).read())}))
    def finish(self, exit_code): print(json.dumps({"finish": exit_code}))
def init(**given):
    print(json.dumps({"init": given}))
    return Run()
"#;

#[test]
fn the_script_for_weights_and_biases_logs_every_number_once() {
    let scratch = tempfile::tempdir().unwrap();
    let [run, out] = ["run", "out"].map(|name| scratch.path().join(name));
    smoke(&run, &["train.steps=8", "preview.every=8"]);
    let folder = exported(&run, &out, "wandb");
    assert_eq!(exported(&run, &out, "wandb"), folder, "it takes its own place");
    assert_eq!(listing(&out).len(), 2);
    let losses = recorded(&run, "training", |line| &line["loss"]);
    let history = json_lines(&folder.join("history.jsonl"));
    let steps: Vec<u64> = history.iter().map(|line| line["step"].as_u64().unwrap()).collect();
    assert!(steps.is_sorted_by(|a, b| a < b), "W&B passes over a step that comes again: {steps:?}");
    let logged = |values: &Value, step: u64| Some((step, values["train/loss"].as_f64()?));
    let lines = history.iter().filter_map(|line| logged(&line["values"], line["step"].as_u64()?));
    assert_eq!(lines.collect::<Vec<_>>(), losses);

    // What follows runs the script, where there is a Python.
    let package = scratch.path().join("package");
    fs::create_dir(&package).unwrap();
    fs::write(package.join("wandb.py"), STAND_IN).unwrap();
    let mut python = Command::new("python3");
    python.arg(out.join("log_to_wandb.py")).arg("mine").env("PYTHONPATH", &package);
    if Command::new("python3").arg("--version").output().is_err() {
        return;
    }
    let said = Run::of(&mut python).succeeded().printed;
    let said: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let init = &said[0]["init"];
    assert_eq!((&init["project"], &init["name"]), (&"mine".into(), &"run".into()));
    assert_eq!(init["config"]["train"]["steps"], 8);
    assert_eq!(init["config"]["pixelflow"]["status"], "finished");
    let logs: Vec<&Value> = said.iter().filter(|line| line["log"].is_object()).collect();
    let lines = logs.iter().filter_map(|line| logged(&line["log"], line["step"].as_u64()?));
    assert_eq!(lines.collect::<Vec<_>>(), losses);
    let of_history: Vec<&Value> = history.iter().map(|line| &line["time"]).collect();
    let times: Vec<&Value> = logs.iter().map(|line| &line["log"]["_timestamp"]).collect();
    assert_eq!(times, of_history);
    let pictures: Vec<u64> = logs
        .iter()
        .filter(|line| line["log"]["preview"]["bytes"].as_u64() > Some(0))
        .map(|line| line["step"].as_u64().unwrap())
        .collect();
    assert_eq!(pictures, [0, 8]);
    assert_eq!(said.last().unwrap()["finish"], 0);
}

//! Averages whose width is chosen after training, with the real program.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pixelflow::text::T5Config;
use pixelflow::weights::{TensorFile, TextEncoderFiles, WeightSet};
use program_tests::{Program, Run, listing, text};

/// The shipped held-out heroes.
const DATA: &str = "assets/demo/heroes-heldout.tar";

fn train(arguments: &[&str]) -> Run {
    Program(env!("CARGO_BIN_EXE_train")).run(arguments)
}

/// A run of a tiny model at a high rate; `more` are settings.
fn run(out: &Path, more: &[&str]) -> Run {
    let mut arguments = vec!["--device", "cpu", "--recipe", "smoke", "--data", DATA];
    arguments.extend(["--out", text(out)]);
    let settings = [
        "model.num_classes=16",
        "train.batch_size=4",
        "train.lr=1e-2",
        "train.min_lr=0",
        "train.warmup_steps=0",
        "train.schedule=constant",
        "checkpoint.every=0",
        "validation.every=0",
        "preview.every=0",
    ];
    for setting in settings.iter().chain(more) {
        arguments.extend(["--set", setting]);
    }
    train(&arguments)
}

fn snapshot(run: &Path, step: u64) -> PathBuf {
    run.join(format!("averages/step-{step:08}"))
}

/// All numbers of the weights in a model folder.
fn weights(model: &Path) -> Vec<f64> {
    let file = TensorFile::open(&model.join("model.safetensors")).unwrap();
    let names: Vec<String> = file.tensors().keys().cloned().collect();
    names.iter().flat_map(|name| file.read(name).unwrap()).map(f64::from).collect()
}

fn distance(one: &[f64], other: &[f64]) -> f64 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn an_average_made_of_snapshots_is_the_one_that_a_run_keeps() {
    let scratch = tempfile::tempdir().unwrap();
    let [usual, other] = ["usual", "other"].map(|name| scratch.path().join(name));
    let settings = ["train.steps=60", "averages.every=2"];
    run(&usual, &settings).succeeded();
    run(&other, &[&settings[..], &["averages.sigma_rel=[0.08, 0.15]"]].concat()).succeeded();
    let [narrow, wide] =
        ["average-1", "average-2"].map(|name| weights(&snapshot(&usual, 60).join(name)));
    let apart = distance(&narrow, &wide);
    for (width, name) in [("0.08", "average-1"), ("0.15", "average-2")] {
        let made = scratch.path().join(width);
        let said = train(&["ema", text(&usual), text(&made), "--sigma-rel", width]).succeeded();
        assert!(said.printed.contains("at step 60, made of 60;"), "{}", said.printed);
        let error = distance(&weights(&made), &weights(&snapshot(&other, 60).join(name)));
        // Half-precision snapshots, and a profile that is met within 2 %.
        assert!(error < 0.03 * apart, "{width}: {error} of {apart}");
    }
    let widest = |out: &str, more: &[&str]| {
        let out = scratch.path().join(out);
        train(&[&["ema", text(&usual), text(&out), "--sigma-rel", "0.25"], more].concat())
            .succeeded()
    };
    let far = "no sum of these averages is near to it";
    assert!(!widest("many", &[]).message.contains(far));
    assert!(widest("few", &["--step", "2"]).message.contains(far));
}

#[test]
fn a_run_that_was_stopped_keeps_the_same_averages() {
    let scratch = tempfile::tempdir().unwrap();
    let [whole, stopped] = ["whole", "stopped"].map(|name| scratch.path().join(name));
    run(&whole, &["train.steps=20", "averages.every=5"]).succeeded();
    run(&stopped, &["train.steps=13", "averages.every=5"]).succeeded();
    let resume = |from: &Path| {
        train(&["--device", "cpu", "--resume", text(from), "--set", "train.steps=20"]).succeeded()
    };
    resume(&stopped);
    let same = |file: &str| {
        let read = |run: &Path| fs::read(run.join(file)).unwrap();
        assert!(read(&whole) == read(&stopped), "{file} differs");
    };
    same("checkpoints/step-00000020/averages.safetensors");
    for step in [5, 10, 15, 20] {
        for average in ["average-1", "average-2"] {
            same(&format!("averages/step-{step:08}/{average}/model.safetensors"));
        }
    }

    // Gone on from earlier: what was kept of later steps is put aside.
    let said = resume(&stopped.join("checkpoints/step-00000013"));
    let aside = stopped.join("averages/set-aside-1");
    assert!(said.message.contains(&format!("averages after step 13 are now in {}", text(&aside))));
    assert_eq!(listing(&aside), ["step-00000015", "step-00000020"]);
    same("averages/step-00000020/average-2/model.safetensors");
}

#[test]
fn a_text_encoder_that_learns_is_averaged_too() {
    let scratch = tempfile::tempdir().unwrap();
    let (folder, made) = (scratch.path().join("run"), scratch.path().join("made"));
    let joint = r#"text={ kind = "joint", width = 64, layers = 1 }"#;
    let model = ["model.num_classes=0", "model.cross_attention_dim=64", joint];
    run(&folder, &[&model[..], &["train.steps=6", "averages.every=2"]].concat()).succeeded();
    train(&["ema", text(&folder), text(&made), "--sigma-rel", "0.1", "--dtype", "f32"]).succeeded();
    let encoder = TextEncoderFiles::open(&made.join("text_encoder"), WeightSet::Model).unwrap();
    assert_eq!(encoder.config.d_model, T5Config::small(64, 1, 2).d_model);
    let kept = snapshot(&folder, 6).join("average-2/text_encoder");
    let (made, kept) = (weights(&made.join("text_encoder")), weights(&kept));
    let size = distance(&kept, &vec![0.0; kept.len()]);
    assert!(distance(&made, &kept) < 1e-3 * size);
}

#[test]
fn there_may_be_more_snapshots_than_files_that_a_program_may_open() {
    let scratch = tempfile::tempdir().unwrap();
    let (folder, out) = (scratch.path().join("run"), scratch.path().join("out"));
    run(&folder, &["train.steps=40", "averages.every=1"]).succeeded();
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 32; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_train")]);
    let made = Run::of(shell.args(["ema", text(&folder), text(&out), "--sigma-rel", "0.15"]));
    assert!(made.succeeded().printed.contains("made of 80;"));
}

#[test]
fn what_cannot_be_made_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let (folder, out) = (scratch.path().join("run"), scratch.path().join("out"));
    let ema = |more: &[&str]| {
        train(&[&["ema", text(&folder), text(&out), "--sigma-rel", "0.1"], more].concat())
    };
    run(&folder, &["train.steps=2", "averages.every=1", "averages.sigma_rel=[0.1, 0.05]"])
        .refused(&["averages.sigma_rel", "the smaller one first"]);
    run(&folder, &["train.steps=2"]).succeeded();
    ema(&[]).refused(&["it has no snapshots of averages; train with --set averages.every=N"]);
    let resume = ["--device", "cpu", "--resume", text(&folder), "--set", "averages.every=1"];
    train(&resume).refused(&["averages.every was 0, now it is 1"]);
    fs::remove_dir_all(&folder).unwrap();

    run(&folder, &["train.steps=2", "averages.every=1"]).succeeded();
    ema(&["--step", "3"]).refused(&["has no snapshot of step 3; there are 1, 2"]);
    ema(&["--sigma-rel", "0.3"]).refused(&[]);
    fs::create_dir(&out).unwrap();
    ema(&[]).refused(&["exists already"]);
    fs::remove_dir(&out).unwrap();
    let said = snapshot(&folder, 1).join("snapshot.json");
    fs::write(&said, r#"{"updates": 0, "sigma_rel": [0.05]}"#).unwrap();
    ema(&[]).refused(&["step-00000001 is damaged: its averages are none that a run makes"]);
    fs::write(&said, r#"{"updates": 1, "sigma_rel": []}"#).unwrap();
    ema(&[]).refused(&["step-00000001 is damaged: its averages are none that a run makes"]);
    fs::write(&said, "{").unwrap();
    ema(&[]).refused(&["step-00000001 is damaged: EOF"]);
    // As the message says.
    fs::remove_dir_all(snapshot(&folder, 1)).unwrap();
    assert!(!out.exists());
    ema(&[]).succeeded();
}

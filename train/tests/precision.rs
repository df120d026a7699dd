//! Training in mixed precision, with the real program.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};

use pixelflow::weights::{DType, TensorFile};
use program_tests::{Program, Run, text};

/// The shipped held-out heroes.
const DATA: &str = "assets/demo/heroes-heldout.tar";

fn train(arguments: &[&str]) -> Run {
    Program(env!("CARGO_BIN_EXE_train")).run(arguments)
}

/// A run of a tiny model; `more` are settings.
fn run(out: &Path, more: &[&str]) {
    let mut arguments = vec!["--device", "cpu", "--recipe", "smoke", "--data", DATA];
    arguments.extend(["--out", text(out)]);
    let settings = [
        "model.num_classes=16",
        "train.batch_size=16",
        "train.schedule=constant",
        "train.warmup_steps=0",
        "checkpoint.every=1",
        "checkpoint.keep_last=50",
        "log.every=1",
        "validation.every=0",
        "preview.every=0",
    ];
    for setting in settings.iter().chain(more) {
        arguments.extend(["--set", setting]);
    }
    train(&arguments).succeeded();
}

fn checkpoint(run: &Path, step: u64) -> PathBuf {
    run.join(format!("checkpoints/step-{step:08}"))
}

/// Values of a key in a run's lines of metrics.
fn metrics(run: &Path, key: &str) -> Vec<f64> {
    let lines = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter_map(|line| line[key].as_f64()).collect()
}

#[test]
fn weights_stay_in_f32_and_a_run_goes_on_bit_for_bit() {
    let scratch = tempfile::tempdir().unwrap();
    for precision in ["bf16", "f16"] {
        let [whole, stopped] =
            ["whole", "stopped"].map(|name| scratch.path().join(precision).join(name));
        let set = format!("train.precision={precision}");
        run(&whole, &[&set, "train.steps=6"]);
        run(&stopped, &[&set, "train.steps=4"]);
        let resume = ["--device", "cpu", "--resume", text(&stopped), "--set", "train.steps=6"];
        train(&resume).succeeded();
        for file in ["model.safetensors", "ema.safetensors", "optimizer.safetensors"] {
            let read = |run: &Path| fs::read(checkpoint(run, 6).join(file)).unwrap();
            assert!(read(&whole) == read(&stopped), "{precision}: {file} differs");
        }
        let file = TensorFile::open(&checkpoint(&whole, 6).join("model.safetensors")).unwrap();
        assert!(file.tensors().values().all(|tensor| tensor.dtype == DType::F32));
    }
}

#[test]
fn the_loss_falls_as_in_f32() {
    let scratch = tempfile::tempdir().unwrap();
    let [exact, bf16, f16] = ["f32", "bf16", "f16"].map(|precision| {
        let out = scratch.path().join(precision);
        run(&out, &[&format!("train.precision={precision}"), "train.steps=12"]);
        metrics(&out, "loss")
    });
    for (precision, losses, most) in [("bf16", bf16, 0.02), ("f16", f16, 0.005)] {
        assert_ne!(losses, exact, "{precision} computes in f32");
        for (step, (loss, exact)) in losses.iter().zip(&exact).enumerate() {
            let error = (loss - exact).abs() / exact;
            assert!(error < most, "{precision}, step {}: {loss}, not {exact}", step + 1);
        }
    }
}

#[test]
fn f16_says_what_the_loss_is_scaled_by_and_a_run_may_leave_it() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("run");
    run(&out, &["train.precision=f16", "train.steps=2"]);
    let factors = metrics(&out, "loss_scale");
    assert_eq!(factors.len(), 2);
    assert!(
        factors.iter().all(|factor| factor.log2().fract() == 0.0 && *factor >= 1.0),
        "{factors:?}"
    );
    let resume = ["--device", "cpu", "--resume", text(&out), "--set", "train.steps=3"];
    train(&[&resume[..], &["--set", "train.precision=bf16"]].concat()).succeeded();
    assert_eq!(metrics(&out, "loss_scale").len(), 2);
}

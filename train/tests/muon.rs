//! Training with Muon, with the real program.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};

use pixelflow::weights::TensorFile;
use program_tests::{Program, Run, text};

/// The shipped held-out heroes.
const DATA: &str = "assets/demo/heroes-heldout.tar";
/// The learning rate.
const RATE: f64 = 1e-3;

fn train(arguments: &[&str]) -> Run {
    Program(env!("CARGO_BIN_EXE_train")).run(arguments)
}

/// A run of a tiny model; `more` are settings.
fn run(out: &Path, more: &[&str]) {
    let mut arguments = vec!["--device", "cpu", "--recipe", "smoke", "--data", DATA];
    arguments.extend(["--out", text(out)]);
    let rate = format!("train.lr={RATE}");
    let settings = [
        "model.num_classes=16",
        "train.batch_size=16",
        rate.as_str(),
        "train.min_lr=0",
        "train.warmup_steps=0",
        "train.schedule=constant",
        "checkpoint.every=1",
        "checkpoint.keep_last=20",
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

#[test]
fn a_run_goes_on_bit_for_bit_and_only_with_the_same_rule() {
    let scratch = tempfile::tempdir().unwrap();
    let [whole, stopped] = ["whole", "stopped"].map(|name| scratch.path().join(name));
    run(&whole, &["train.optimizer=muon", "train.steps=8"]);
    run(&stopped, &["train.optimizer=muon", "train.steps=5"]);
    let resume = ["--device", "cpu", "--resume", text(&stopped), "--set", "train.steps=8"];
    train(&[&resume[..], &["--set", "train.optimizer=adamw"]].concat())
        .refused(&["train.optimizer was \"muon\", now it is \"adamw\""]);
    train(&resume).succeeded();
    for file in ["model.safetensors", "ema.safetensors", "optimizer.safetensors"] {
        let read = |run: &Path| fs::read(checkpoint(run, 8).join(file)).unwrap();
        assert!(read(&whole) == read(&stopped), "{file} differs");
    }
}

#[test]
fn matrices_of_blocks_move_by_a_fifth_of_the_rate_and_have_no_second_moment() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("run");
    run(&folder, &["train.optimizer=muon", "train.steps=8"]);
    let file = |step, name| TensorFile::open(&checkpoint(&folder, step).join(name)).unwrap();
    let (before, after) = (file(7, "model.safetensors"), file(8, "model.safetensors"));
    let mut seen = 0;
    for (name, info) in after.tensors() {
        let (old, new) = (before.read(name).unwrap(), after.read(name).unwrap());
        assert!(new.iter().all(|x| x.is_finite()), "{name}");
        if !name.contains("blocks.") || info.shape.len() != 2 {
            continue;
        }
        let square: f64 = old.iter().zip(&new).map(|(x, y)| f64::from(y - x).powi(2)).sum();
        let moved = (square / old.len() as f64).sqrt() / RATE;
        // 0.2 sqrt(larger side) times singular values of 0.7 to 1.2, if the gradient has full rank.
        assert!((0.05..0.25).contains(&moved), "{name} of {:?} moved by {moved}", info.shape);
        seen += 1;
    }
    assert_eq!(seen, 2 * 7, "matrices of two blocks");
    let moments = file(8, "optimizer.safetensors");
    let values = |name: &str| moments.read(name).unwrap().len();
    assert_eq!(values("second.transformer_blocks.0.mlp.fc1.weight"), 1);
    assert_eq!(
        values("second.transformer_blocks.0.mlp.fc1.bias"),
        values("first.transformer_blocks.0.mlp.fc1.bias")
    );
}

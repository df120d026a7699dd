//! Training a model that predicts the ends of the stages, with the real program.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use pixelflow::pipeline::ModelFiles;
use pixelflow::sampler::SamplerConfig;
use pixelflow::weights::DESCRIPTION_FILE;
use pixelflow::{Pipeline, Prediction, Request};
use program_tests::{Program, Run, text};

/// The shipped held-out heroes.
const DATA: &str = "assets/demo/heroes-heldout.tar";
/// The setting that this is about.
const END: &str = "model.prediction=end";

fn train(arguments: &[&str], settings: &[&str]) -> Run {
    let settings = settings.iter().flat_map(|setting| ["--set", setting]);
    let arguments: Vec<&str> = arguments.iter().copied().chain(settings).collect();
    Program(env!("CARGO_BIN_EXE_train")).run(&arguments)
}

/// A run of a tiny model; `more` are settings.
fn run(out: &Path, more: &[&str]) -> Run {
    let small = [
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
    let arguments = ["--device", "cpu", "--recipe", "smoke", "--data", DATA, "--out", text(out)];
    train(&arguments, &[&small, more].concat())
}

fn checkpoint(run: &Path, step: u64) -> PathBuf {
    run.join(format!("checkpoints/step-{step:08}"))
}

/// The losses of all steps of a run.
fn losses(run: &Path) -> Vec<f64> {
    let lines = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter_map(|line| line["loss"].as_f64()).collect()
}

/// The pixels of an image that is drawn with a model's folder, of which nothing else is said.
fn drawn(model: &Path) -> Vec<u8> {
    let mut pipeline = Pipeline::<Flex>::open(model, &FlexDevice).unwrap();
    let sampler = SamplerConfig { steps: vec![4], ..SamplerConfig::default() };
    let request = Request::class(3).seed(7).sampler(sampler);
    let mut images = pipeline.draw(&request).unwrap();
    images.next().unwrap().unwrap().rgb
}

#[test]
fn a_run_goes_on_bit_for_bit_and_its_checkpoint_draws_without_being_told() {
    let scratch = tempfile::tempdir().unwrap();
    let [whole, stopped] = ["whole", "stopped"].map(|name| scratch.path().join(name));
    let again = "train.recompute_activations=true";
    run(&whole, &[END, again, "train.steps=6"]).succeeded();
    run(&stopped, &[END, again, "train.steps=4"]).succeeded();
    let resume = ["--device", "cpu", "--resume", text(&stopped)];
    train(&resume, &["train.steps=6", "model.prediction=velocity"])
        .refused(&["model.prediction was \"end\", now it is \"velocity\""]);
    train(&resume, &["train.steps=6"]).succeeded();
    for file in ["model.safetensors", "ema.safetensors", "optimizer.safetensors"] {
        let read = |run: &Path| fs::read(checkpoint(run, 6).join(file)).unwrap();
        assert!(read(&whole) == read(&stopped), "{file} differs");
    }
    let found = ModelFiles::find(&whole).unwrap();
    assert_eq!(found.description().model.prediction, Prediction::End);

    // With another word in the description the same weights draw something else.
    let other = scratch.path().join("other");
    fs::create_dir(&other).unwrap();
    let newest = checkpoint(&whole, 6);
    fs::copy(newest.join("ema.safetensors"), other.join("model.safetensors")).unwrap();
    let description = fs::read_to_string(newest.join(DESCRIPTION_FILE)).unwrap();
    let described = |prediction: &str| {
        assert!(description.contains(r#""prediction": "end""#), "{description}");
        let text = description.replace(r#""prediction": "end""#, prediction);
        fs::write(other.join(DESCRIPTION_FILE), text).unwrap();
        drawn(&other)
    };
    let drawn = drawn(&whole);
    assert_eq!(described(r#""prediction": "end""#), drawn);
    assert_ne!(described(r#""prediction": "velocity""#), drawn);
}

#[test]
fn the_loss_falls_in_every_precision_and_both_ways_back_agree() {
    let scratch = tempfile::tempdir().unwrap();
    let of = |name: &str, more: &[&str]| {
        let out = scratch.path().join(name);
        run(
            &out,
            &[&[END, "train.lr=1e-3", "train.steps=30", "checkpoint.every=0"], more].concat(),
        )
        .succeeded();
        losses(&out)
    };
    let plain = of("plain", &[]);
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    let (first, last) = (mean(&plain[..5]), mean(&plain[25..]));
    assert!(last < 0.5 * first, "the loss goes from {first} to {last}");
    for (name, setting, most) in [
        // The order of additions differs, and Adam divides small gradients by themselves.
        ("recomputed", "train.recompute_activations=true", 1e-3),
        ("bf16", "train.precision=bf16", 0.05),
        ("f16", "train.precision=f16", 0.02),
    ] {
        for (step, (loss, plain)) in of(name, &[setting]).iter().zip(&plain).enumerate() {
            let error = (loss - plain).abs() / plain;
            assert!(error < most, "{name}, step {}: {loss}, not {plain}", step + 1);
        }
    }
}

#[test]
fn a_dry_run_and_initial_weights_know_what_is_predicted() {
    let scratch = tempfile::tempdir().unwrap();
    let base = scratch.path().join("base");
    run(&base, &["train.steps=1"]).succeeded();
    let initial = format!("train.initial_weights={:?}", text(&base));
    let out = scratch.path().join("run");
    run(&out, &[END, &initial]).refused(&[
        "its output is read as the velocity, that of the new model as the end",
        "set model.prediction = \"velocity\"",
    ]);
    assert!(!out.exists());
    run(&out, &["model.prediction=noise"]).refused(&["it must be \"velocity\" or \"end\""]);
    let dry = |settings: &[&str]| {
        let arguments = ["--device", "cpu", "--recipe", "smoke", "--data", DATA, "--dry-run"];
        train(&arguments, settings).succeeded().printed
    };
    assert!(dry(&[END]).contains("million parameters that predict the ends of the stages; "));
    assert!(!dry(&[]).contains("predict"));
}

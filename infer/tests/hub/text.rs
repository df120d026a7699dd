//! Text models and their encoders.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use pixelflow::text::{T5Config, TextTokenizer};
use pixelflow::weights::{DType, WeightSet, save_text_encoder};

use super::machine::{Machine, NAME, message, succeeded};
use super::server::{Flaws, Server};

/// Draws a prompt; returns the picture.
fn sample_prompt(
    machine: &Machine,
    model: &str,
    more: &[&str],
    picture: &str,
) -> (Output, PathBuf) {
    let path = machine.path(picture);
    let out = path.to_str().unwrap();
    let arguments = [
        "sample", "--model", model, "--prompt", "an elf", "--count", "1", "--steps", "1", "--out",
        out, "--device", "cpu",
    ];
    let mut command = machine.command(&[arguments.as_slice(), more].concat());
    command.env("PIXELFLOW_CACHE", machine.path("prompts"));
    (command.output().unwrap(), path)
}

#[test]
fn a_text_model_is_fetched_with_its_own_text_encoder() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/demo-text/model");
    let names = [
        "config.json",
        "model.safetensors",
        "text_encoder/config.json",
        "text_encoder/tokenizer.json",
        "text_encoder/model.safetensors",
    ];
    let files = names.map(|name| (name, fs::read(shipped.join(name)).unwrap()));
    let server = Server::start(&files, Flaws::default());
    let machine = Machine::new(&server.endpoint);
    let common = ["sample", "--model", NAME, "--device", "cpu"];
    let output = machine.run(&common);
    assert!(message(&output).contains("write --prompt TEXT"), "{}", message(&output));
    let output = machine.run(&[&common, ["--prompt", "an elf", "--dry-run"].as_slice()].concat());
    succeeded(&output);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("the text encoder before it"), "{said}");
    let asked = server.requests();
    assert!(!asked.iter().any(|line| line.contains("safetensors")), "descriptions only: {asked:?}");

    let (output, fetched) = sample_prompt(&machine, NAME, &[], "fetched.png");
    succeeded(&output);
    let asked = server.requests();
    let (output, local) = sample_prompt(&machine, shipped.to_str().unwrap(), &[], "local.png");
    succeeded(&output);
    let pixels = |path: &Path| image::open(path).unwrap().to_rgb8();
    assert_eq!(pixels(&fetched), pixels(&local));
    let replay = ["replay", fetched.to_str().unwrap(), "--device", "cpu"];
    succeeded(&machine.run(&replay));
    assert_eq!(server.requests(), asked, "afterwards, nothing is asked");
}

#[test]
fn a_text_model_of_the_reference_names_its_text_encoder() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
    let yaml = "model:\n  params:\n    num_attention_heads: 2\n    attention_head_dim: 16\n    \
                in_channels: 3\n    out_channels: 3\n    depth: 2\n    num_classes: 0\n    \
                patch_size: 4\n    attention_bias: true\n    cross_attention_dim: 32\n\
                scheduler:\n  num_train_timesteps: 1000\n  num_stages: 2\n\
                data:\n  resolution: 16\n";
    let files = [
        ("config.yaml", yaml.into()),
        ("model.safetensors", fs::read(fixtures.join("txt.safetensors")).unwrap()),
    ];
    let server = Server::start(&files, Flaws::default());
    let machine = Machine::new(&server.endpoint);
    // The name of the model is leave to fetch its encoder; this server has none.
    let (output, picture) = sample_prompt(&machine, NAME, &[], "without.png");
    assert!(
        message(&output).contains("has no repository hf:google/flan-t5-xl"),
        "{}",
        message(&output)
    );
    assert!(!picture.exists());
    // The same model from a folder is none: nothing is asked.
    let folder = machine.path("folder");
    fs::create_dir(&folder).unwrap();
    for (name, bytes) in &files {
        fs::write(folder.join(name), bytes).unwrap();
    }
    let asked = server.requests();
    let (output, _) = sample_prompt(&machine, folder.to_str().unwrap(), &[], "folder.png");
    assert!(
        message(&output).contains("--text-encoder hf:google/flan-t5-xl"),
        "{}",
        message(&output)
    );
    assert_eq!(server.requests(), asked);
    // With an encoder at hand it draws.
    let encoder = machine.path("encoder");
    let tokenizer = TextTokenizer::train(["an elf"], 10).unwrap();
    let config = T5Config::small(32, 1, tokenizer.vocabulary());
    let weights = config.init::<Flex>(1, &FlexDevice).unwrap();
    let (set, format) = (WeightSet::Model, DType::F32);
    save_text_encoder(&weights, &config, &tokenizer, &encoder, set, format).unwrap();
    let named = ["--text-encoder", encoder.to_str().unwrap()];
    let (output, picture) = sample_prompt(&machine, NAME, &named, "drawn.png");
    succeeded(&output);
    assert!(picture.exists());
}

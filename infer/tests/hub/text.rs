//! Text models and their encoders.

use std::fs;
use std::path::Path;

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use pixelflow::text::{T5Config, TextTokenizer};
use pixelflow::weights::{DType, WeightSet, save_text_encoder};
use program_tests::{CONFIG_YAML, Run, text};

use super::machine::{Machine, NAME};
use super::server::{Flaws, Server};

/// Draws a prompt.
fn sample_prompt(machine: &Machine, model: &str, more: &[&str], picture: &str) -> Run {
    let path = machine.path(picture);
    let arguments = ["sample", "--device", "cpu", "--count", "1", "--steps", "1"];
    let subject = ["--model", model, "--prompt", "an elf", "--out", text(&path)];
    let mut command = machine.command(&[&arguments[..], &subject, more].concat());
    Run::of(command.env("PIXELFLOW_CACHE", machine.path("prompts")))
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
    machine.run(&common).refused(&["write --prompt TEXT"]);
    let dry = machine.run(&[&common[..], &["--prompt", "an elf", "--dry-run"]].concat());
    let said = dry.succeeded().printed;
    assert!(said.contains("the text encoder before it"), "{said}");
    let asked = server.requests();
    assert!(!asked.iter().any(|line| line.contains("safetensors")), "descriptions only: {asked:?}");

    sample_prompt(&machine, NAME, &[], "fetched.png").succeeded();
    let asked = server.requests();
    sample_prompt(&machine, text(&shipped), &[], "local.png").succeeded();
    let pixels = |picture: &str| image::open(machine.path(picture)).unwrap().to_rgb8();
    assert_eq!(pixels("fetched.png"), pixels("local.png"));
    let fetched = machine.path("fetched.png");
    machine.run(&["replay", text(&fetched), "--device", "cpu"]).succeeded();
    assert_eq!(server.requests(), asked, "afterwards, nothing is asked");
}

#[test]
fn a_description_names_no_file_outside_of_its_repository() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/demo-text/model");
    let description = fs::read_to_string(shipped.join("config.json")).unwrap();
    let evil = description.replace("\"text_encoder\"", "\"../../../../evil\"");
    assert_ne!(description, evil);
    let files = [
        ("config.json", evil.into_bytes()),
        ("model.safetensors", fs::read(shipped.join("model.safetensors")).unwrap()),
        ("../../../../evil/config.json", b"{}".to_vec()),
        ("../../../../evil/tokenizer.json", b"{}".to_vec()),
        ("../../../../evil/model.safetensors", b"{}".to_vec()),
    ];
    let server = Server::start(&files, Flaws::default());
    let machine = Machine::new(&server.endpoint);
    let drawn = sample_prompt(&machine, NAME, &[], "picture.png");
    drawn.refused(&["`../../../../evil/config.json` is no name of a file in it"]);
    assert!(!machine.path("home/evil").exists());
}

#[test]
fn a_text_model_of_the_reference_names_its_text_encoder() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
    let text_model = "num_classes: 0\n    cross_attention_dim: 32";
    let yaml = CONFIG_YAML.replace("num_classes: 10", text_model);
    let files = [
        ("config.yaml", yaml.into()),
        ("model.safetensors", fs::read(fixtures.join("txt.safetensors")).unwrap()),
    ];
    let server = Server::start(&files, Flaws::default());
    let machine = Machine::new(&server.endpoint);
    // The name of the model is leave to fetch its encoder; this server has none.
    let without = sample_prompt(&machine, NAME, &[], "without.png");
    without.refused(&["has no repository hf:google/flan-t5-xl"]);
    assert!(!machine.path("without.png").exists());
    // The same model from a folder is none: nothing is asked.
    let folder = machine.path("folder");
    fs::create_dir(&folder).unwrap();
    for (name, bytes) in &files {
        fs::write(folder.join(name), bytes).unwrap();
    }
    let asked = server.requests();
    let of_folder = sample_prompt(&machine, text(&folder), &[], "folder.png");
    of_folder.refused(&["--text-encoder hf:google/flan-t5-xl"]);
    assert_eq!(server.requests(), asked);
    // With an encoder at hand it draws.
    let encoder = machine.path("encoder");
    let tokenizer = TextTokenizer::train(["an elf"], 10).unwrap();
    let config = T5Config::small(32, 1, tokenizer.vocabulary());
    let weights = config.init::<Flex>(1, &FlexDevice).unwrap();
    let (set, format) = (WeightSet::Model, DType::F32);
    save_text_encoder(&weights, &config, &tokenizer, &encoder, set, format).unwrap();
    let named = ["--text-encoder", text(&encoder)];
    sample_prompt(&machine, NAME, &named, "drawn.png").succeeded();
    assert!(machine.path("drawn.png").exists());
}

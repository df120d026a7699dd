//! Low-rank adapters through the real program: what is drawn with them is what a merged model draws, and pictures name
//! them.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use infer::read_picture;
use pixelflow::noise::{Key, Purpose};
use pixelflow::weights::{AdapterConfig, LowRank, save_adapter};
use program_tests::{Program, Run};

const INFER: Program = Program(env!("CARGO_BIN_EXE_infer"));

struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        let scratch = Self(tempfile::tempdir().unwrap());
        scratch.adapter("secret/one", 1);
        scratch.adapter("two", 2);
        scratch
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// An adapter of a matrix of the demo's, 256 wide.
    fn adapter(&self, folder: &str, index: u64) {
        let folder = self.at(folder);
        fs::create_dir_all(&folder).unwrap();
        let normals = |index| Key::new(3, index, Purpose::Testing).normals(2 * 256);
        let small = |index| normals(index).into_iter().map(|x| 0.1 * x).collect();
        let product = LowRank { a: small(index), b: small(index + 9), rank: 2 };
        let name = "transformer_blocks.2.attn1.o_proj.weight".to_owned();
        let config = AdapterConfig::new(2, 2.0, &["o_proj".to_owned()]);
        save_adapter(&folder, &config, &BTreeMap::from([(name, product)]), None).unwrap();
    }

    /// Runs the program in this folder.
    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = INFER.command(arguments);
        Run::of(command.current_dir(self.0.path()))
    }

    /// The pixels of a picture that is drawn.
    fn pixels(&self, out: &str, more: &[&str]) -> Vec<u8> {
        let sample = ["sample", "--device", "cpu", "--steps", "2", "--class", "4", "--count", "1"];
        self.run(&[&sample, &["--out", out][..], more].concat()).succeeded();
        read_picture(&self.at(out)).unwrap().0.into_raw()
    }
}

#[test]
fn several_adapters_draw_what_the_merged_model_draws() {
    let scratch = Scratch::new();
    let adapters = ["--lora", "secret/one:1.5", "--lora", "two:-0.5"];
    let plain = scratch.pixels("plain.png", &[]);
    let with = scratch.pixels("with.png", &adapters);
    assert!(with != plain, "adapters change nothing");
    assert!(scratch.pixels("none.png", &["--lora", "two:0"]) == plain);
    let said = scratch.run(&[&["merge", "merged"], &adapters[..]].concat()).succeeded().printed;
    assert!(said.contains("with one x 1.5, two x -0.5"), "{said}");
    assert!(scratch.pixels("merged.png", &["--model", "merged"]) == with);
    let info = scratch.run(&["info", "--lora", "two:0.5"]).succeeded().printed;
    assert!(info.contains("adapter     two x 0.5: rank 2, 1 matrices"), "{info}");
}

#[test]
fn a_picture_names_its_adapters_and_is_drawn_again_with_them_alone() {
    let scratch = Scratch::new();
    scratch.pixels("a.png", &["--lora", "secret/one:0.5", "--lora", "two"]);
    let recipe = read_picture(&scratch.at("a.png")).unwrap().1;
    let named: Vec<_> = recipe.adapters.iter().map(|a| (a.name.as_str(), a.scale)).collect();
    assert_eq!(named, [("one", 0.5), ("two", 1.0)]);
    let bytes = fs::read(scratch.at("a.png")).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains("secret"), "the path is in it");
    let replay =
        |more: &[&str]| scratch.run(&[&["replay", "a.png", "--device", "cpu"], more].concat());
    let hash = &recipe.adapters[0].hash;
    replay(&[]).refused(&["one (sha256", hash, "x 0.5", "two (sha256", "--lora PATH:SCALE"]);
    let other = ["--lora", "secret/one:0.6", "--lora", "two"];
    replay(&other).refused(&["one (sha256", "x 0.5", "given are", "x 0.6"]);
    replay(&["--lora", "nowhere"]).refused(&["nowhere"]);
    // As the message says.
    let same = ["--lora", "secret/one:0.5", "--lora", "two"];
    assert!(replay(&same).succeeded().printed.contains("pixels equal"));
    // A picture that was drawn without is another with one.
    scratch.pixels("b.png", &[]);
    scratch
        .run(&["replay", "b.png", "--device", "cpu", "--lora", "two"])
        .refused(&["b.png", "these adapters: none"]);
}

#[test]
fn what_is_no_adapter_is_refused_and_leaves_nothing() {
    let scratch = Scratch::new();
    let sample = |lora: &str| scratch.run(&["sample", "--lora", lora, "--out", "x.png"]);
    sample("nowhere").refused(&["nowhere"]);
    sample(".").refused(&["cannot use the adapter .: the folder has no adapter_model.safetensors"]);
    sample("two:x").refused(&["two:x"]);
    sample("two:inf").refused(&["the scale is inf"]);
    let merge = |more: &[&str]| scratch.run(&[&["merge", "merged"], more].concat());
    merge(&[]).refused(&["say which adapters with --lora"]);
    merge(&["--lora", "nowhere"]).refused(&["nowhere"]);
    fs::create_dir(scratch.at("full")).unwrap();
    scratch.run(&["merge", "full", "--lora", "two"]).refused(&["full", "it exists"]);
    let mut left: Vec<_> = fs::read_dir(scratch.at("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["full", "secret", "two"]);
    let certificate = ["evaluate", "model", "x", "--certificate", "c.json", "--lora", "two"];
    scratch.run(&certificate).refused(&["--certificate", "infer merge"]);
}

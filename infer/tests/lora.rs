//! Low-rank adapters through the real program: what is drawn with them is what a merged model draws, and pictures name
//! them.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use infer::read_picture;
use pixelflow::noise::{Key, Purpose};
use pixelflow::pipeline::ModelFiles;
use pixelflow::weights::{AdapterBase, AdapterConfig, LowRank, save_adapter};
use program_tests::{Program, Run};

const INFER: Program = Program(env!("CARGO_BIN_EXE_infer"));

struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        let scratch = Self(tempfile::tempdir().unwrap());
        scratch.adapter("secret/one", 1, None);
        scratch.adapter("two", 2, None);
        scratch
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// An adapter of a matrix of the demo's, 256 wide; it may say on what it was trained.
    fn adapter(&self, folder: &str, index: u64, base: Option<&ModelFiles>) {
        let folder = self.at(folder);
        fs::create_dir_all(&folder).unwrap();
        let normals = |index| Key::new(3, index, Purpose::Testing).normals(2 * 256);
        let small = |index| normals(index).into_iter().map(|x| 0.1 * x).collect();
        let product = LowRank { a: small(index), b: small(index + 9), rank: 2 };
        let name = "transformer_blocks.2.attn1.o_proj.weight".to_owned();
        let mut config = AdapterConfig::new(2, 2.0, &["o_proj".to_owned()]);
        if let Some(files) = base {
            let (hash, file) = (files.hash().unwrap(), files.open().unwrap());
            let base = AdapterBase::of(files.name(), hash, &file, [name.as_str()]).unwrap();
            config = config.trained_on(base);
        }
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

#[test]
fn an_adapter_of_another_model_is_named_once_and_one_of_the_same_in_another_format_is_not() {
    let scratch = Scratch::new();
    // A model that is not the demo, by what an adapter has changed in it.
    scratch.run(&["merge", "changed", "--lora", "two"]).succeeded();
    // The demo in full, and rounded: three formats of the same weights.
    let none = ["--lora", "two:0"];
    for format in ["f32", "f16", "bf16"] {
        let out = format!("demo-{format}");
        scratch.run(&[&["merge", &out, "--dtype", format], &none[..]].concat()).succeeded();
    }
    let files = |name: &str| ModelFiles::find(&scratch.at(name)).unwrap();
    let drawn = std::cell::Cell::new(0);
    let said = |model: &str, lora: &str| {
        drawn.set(drawn.get() + 1);
        let out = format!("drawn-{}.png", drawn.get());
        let sample = ["sample", "--device", "cpu", "--steps", "1", "--count", "2", "--class", "4"];
        let named = ["--model", model, "--lora", lora, "--out", &out];
        scratch.run(&[&sample[..], &named[..]].concat()).succeeded().message
    };
    for format in ["demo-f32", "demo-f16", "demo-bf16"] {
        scratch.adapter("known", 1, Some(&files(format)));
        for model in ["demo-f32", "demo-f16", "demo-bf16"] {
            let message = said(model, "known");
            assert!(!message.contains("was trained on"), "{format} on {model}: {message}");
        }
        let message = said("changed", "known");
        let both = format!("the adapter known was trained on {format} (sha256 ");
        assert!(message.contains(&both) && message.contains("is used on changed"), "{message}");
        assert_eq!(message.matches("was trained on").count(), 1, "{message}");
    }
    let merged = scratch.run(&["merge", "m", "--model", "changed", "--lora", "known"]).succeeded();
    assert!(merged.message.contains("was trained on demo-bf16"), "{}", merged.message);
    // Of adapters that say nothing nothing is known.
    assert!(!said("changed", "two").contains("was trained on"));
    // PEFT finds the name where it expects one, and it says of no folder where it lies.
    let config = fs::read_to_string(scratch.at("known/adapter_config.json")).unwrap();
    assert!(config.contains(r#""base_model_name_or_path": "demo-bf16""#), "{config}");
}

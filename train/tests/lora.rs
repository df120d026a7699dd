//! Low-rank adapters and other classes, with the real program.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use pixelflow::NumberFormat;
use pixelflow::pipeline::ModelFiles;
use pixelflow::weights::{Adapter, WeightSet, for_each_parameter};
use program_tests::{Program, Run, text};

/// Folders of four plain images each, named by their classes.
fn images(folder: &Path, classes: &[&str]) {
    for (number, class) in classes.iter().enumerate() {
        fs::create_dir_all(folder.join(class)).unwrap();
        for image in 0..4 {
            let colour = image::Rgb([60 * number as u8 + image, 200 - 50 * number as u8, 9]);
            let picture = image::RgbImage::from_pixel(32, 32, colour);
            picture.save(folder.join(class).join(format!("{image}.png"))).unwrap();
        }
    }
}

fn train(arguments: &[&str], settings: &[&str]) -> Run {
    let settings = settings.iter().flat_map(|setting| ["--set", setting]);
    let arguments: Vec<&str> = arguments.iter().copied().chain(settings).collect();
    Program(env!("CARGO_BIN_EXE_train")).run(&arguments)
}

fn new_run(data: &Path, out: &Path, settings: &[&str]) -> Run {
    let small = [
        "train.batch_size=4",
        "train.warmup_steps=0",
        "train.schedule=constant",
        "train.lr=1e-3",
        "train.ema_decay=0.5",
        "preview.every=0",
        "checkpoint.keep_last=9",
    ];
    let arguments =
        ["--device", "cpu", "--recipe", "smoke", "--data", text(data), "--out", text(out)];
    train(&arguments, &[&small, settings].concat())
}

/// A run on ants, bees and cats, and where it lies; images of dogs beside it.
fn base(folder: &Path) -> String {
    images(&folder.join("images"), &["ant", "bee", "cat"]);
    images(&folder.join("dogs"), &["dog"]);
    let classes = ["model.num_classes=3", "train.steps=6"];
    new_run(&folder.join("images"), &folder.join("base"), &classes).succeeded();
    format!("train.initial_weights={:?}", text(&folder.join("base")))
}

fn checkpoint(run: &Path, step: u64) -> PathBuf {
    run.join(format!("checkpoints/step-{step:08}"))
}

fn parameters(files: &ModelFiles) -> BTreeMap<String, Vec<f32>> {
    let model = files.load::<Flex>(NumberFormat::F32, &FlexDevice).unwrap();
    let mut all = BTreeMap::new();
    for_each_parameter(&model, |name, _, values| {
        all.insert(name.to_owned(), values);
    });
    all
}

/// Settings of a run that learns dogs by adapters of rank 2.
const DOGS: [&str; 4] =
    ["model.num_classes=4", "train.initial_classes=add", "lora.rank=2", "train.steps=6"];

#[test]
fn an_adapter_on_its_base_is_the_model_that_was_trained() {
    let scratch = tempfile::tempdir().unwrap();
    let initial = base(scratch.path());
    let run = scratch.path().join("run");
    let precision = "train.precision=bf16";
    for (name, more) in [("f32", "train.precision=f32"), ("bf16", precision)] {
        let run = run.join(name);
        let settings = [&DOGS[..], &[&initial, more]].concat();
        new_run(&scratch.path().join("dogs"), &run, &settings).succeeded();
        let base = ModelFiles::find(&scratch.path().join("base")).unwrap();
        let before = parameters(&base);
        let adapter = Adapter::open(&run).unwrap();
        // It says on what it was trained, and not where that lies.
        let said = adapter.config().base.as_ref().unwrap();
        assert_eq!((said.name.as_str(), said.hash.as_str()), (base.name(), base.hash().unwrap()));
        let file = fs::read(checkpoint(&run, 6).join("adapter/adapter_model.safetensors")).unwrap();
        assert!(!String::from_utf8_lossy(&file).contains(text(scratch.path())));
        assert_eq!(adapter.config().base_model_name_or_path.as_deref(), Some(base.name()));
        let trained = ModelFiles::find(&run).unwrap();
        let other = ModelFiles::find_set(&scratch.path().join("base"), WeightSet::Model).unwrap();
        let other = other.with_adapters(vec![adapter.clone()]).unwrap();
        assert_eq!(other.on_another_base().unwrap().len(), 1, "the average is another model");
        let merged = base.with_adapters(vec![adapter.clone()]).unwrap();
        assert!(merged.on_another_base().unwrap().is_empty());
        assert_eq!(merged.description().class_names, trained.description().class_names);
        assert_eq!(merged.description().model.num_classes, 4);
        let (merged, trained) = (parameters(&merged), parameters(&trained));
        let mut changed = 0;
        for (name, values) in &trained {
            let close = values.iter().zip(&merged[name]).all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(close, "{name}");
            if adapter.products().contains_key(name) {
                assert_ne!(values, &before[name], "{name} has not learned");
                changed += 1;
            } else if !name.starts_with("class_embedder") {
                assert_eq!(values, &before[name], "{name} has no adapter");
            }
        }
        // Queries, keys, values, outputs and the two of the feed-forward layer, in each block.
        let depth = trained.keys().filter(|name| name.ends_with("mlp.fc1.weight")).count();
        assert_eq!(changed, 6 * depth);
        // Whoever was known stays known: of ants nothing was seen, and a row without a gradient does not move.
        let table = "class_embedder.embedding_table.weight";
        let width = before[table].len() / 4;
        let moved = |rows: std::ops::Range<usize>| {
            let rows = rows.start * width..rows.end * width;
            let pairs = trained[table][rows.clone()].iter().zip(&before[table][rows]);
            pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        assert!(moved(0..3) < 1e-7 && moved(3..4) > 1e-4, "{} {}", moved(0..3), moved(3..4));
    }
}

#[test]
fn a_run_of_adapters_goes_on_bit_for_bit_on_the_same_base_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let initial = base(scratch.path());
    let [whole, stopped] = ["whole", "stopped"].map(|name| scratch.path().join(name));
    let data = scratch.path().join("dogs");
    let settings = [&DOGS[..], &[&initial]].concat();
    new_run(&data, &whole, &settings).succeeded();
    new_run(&data, &stopped, &[&settings[..], &["train.steps=4"]].concat()).succeeded();
    let resume =
        |settings: &[&str]| train(&["--device", "cpu", "--resume", text(&stopped)], settings);
    resume(&["lora.rank=3"]).refused(&["lora.rank"]);
    let weights = checkpoint(&scratch.path().join("base"), 6).join("ema.safetensors");
    let (kept, other) = (fs::read(&weights).unwrap(), weights.with_file_name("model.safetensors"));
    fs::copy(&other, &weights).unwrap();
    resume(&["train.steps=6"]).refused(&["no longer those that the adapters"]);
    fs::write(&weights, kept).unwrap();
    resume(&["train.steps=6"]).succeeded();
    let files = [
        "model.safetensors",
        "ema.safetensors",
        "optimizer.safetensors",
        "adapters.safetensors",
        "adapter/adapter_model.safetensors",
    ];
    for file in files {
        let read = |run: &Path| fs::read(checkpoint(run, 6).join(file)).unwrap();
        assert!(read(&whole) == read(&stopped), "{file} differs");
    }
}

#[test]
fn classes_grow_shrink_and_are_replaced_by_name() {
    let scratch = tempfile::tempdir().unwrap();
    let initial = base(scratch.path());
    let at = |name: &str| scratch.path().join(name);
    images(&at("few"), &["cat", "eel"]);
    let row = |run: &Path, class: usize| {
        let files = ModelFiles::find_set(run, WeightSet::Model).unwrap();
        let (names, all) = (files.description().class_names.clone(), parameters(&files));
        let table = &all["class_embedder.embedding_table.weight"];
        let width = table.len() / (files.description().model.num_classes + 1);
        (names.unwrap(), table[class * width..(class + 1) * width].to_vec())
    };
    let (_, cat) = row(&at("base"), 2);
    let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.01);
    for (rule, classes, names, place) in
        [("by-name", "2", &["cat", "eel"][..], 0), ("add", "4", &["ant", "bee", "cat", "eel"], 2)]
    {
        let (rule, classes) =
            (format!("train.initial_classes={rule}"), format!("model.num_classes={classes}"));
        let settings: [&str; 4] = [&initial, &rule, &classes, "train.steps=1"];
        let out = at(rule.rsplit('=').next().unwrap());
        new_run(&at("few"), &out, &settings).succeeded();
        let (found, row) = row(&out, place);
        assert_eq!(found, names);
        assert!(near(&row, &cat), "the cat begins anew with {rule}");
        // It goes on with the same classes, whatever the rule.
        train(&["--device", "cpu", "--resume", text(&out)], &["train.steps=2"]).succeeded();
    }
    // Without a word nothing is taken for something else.
    let other = [&initial, "model.num_classes=2", "train.steps=1"];
    new_run(&at("few"), &at("none"), &other).refused(&["train.initial_classes = \"by-name\""]);
    let mistaken = [&initial, "model.num_classes=3", "train.initial_classes=add"];
    new_run(&at("few"), &at("none"), &mistaken).refused(&["model.num_classes"]);
    let without = ["model.num_classes=2", "train.initial_classes=add"];
    new_run(&at("few"), &at("none"), &without).refused(&["train.initial_classes"]);
    let adapters = ["model.num_classes=2", "lora.rank=2"];
    new_run(&at("few"), &at("none"), &adapters).refused(&["lora.rank", "train.initial_weights"]);
}

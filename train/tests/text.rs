//! Training from captions with the real programs: jointly, from states encoded beforehand, resumed.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};

use program_tests::{Program, Run, text};

const STEPS: u64 = 4;
/// The shipped held-out heroes, all of which have captions.
const DATA: &str = "assets/demo/heroes-heldout.tar";

fn train(arguments: &[&str]) -> Run {
    Program(env!("CARGO_BIN_EXE_train")).run(arguments)
}

/// A short run of a tiny text model; `more` are settings.
fn run(out: &Path, more: &[&str]) -> Run {
    let mut arguments = vec!["--device", "cpu", "--recipe", "smoke", "--data", DATA];
    arguments.extend(["--out", text(out)]);
    let steps = format!("train.steps={STEPS}");
    let settings = [
        "model.num_classes=0",
        "model.cross_attention_dim=64",
        steps.as_str(),
        "preview.max_classes=2",
        "checkpoint.every=2",
        "validation.every=0",
    ];
    for setting in settings.iter().chain(more) {
        arguments.extend(["--set", setting]);
    }
    train(&arguments)
}

const JOINT: &str = r#"text={ kind = "joint", width = 64, layers = 1 }"#;

fn checkpoint(run: &Path) -> PathBuf {
    run.join(format!("checkpoints/step-{STEPS:08}"))
}

#[test]
fn a_model_and_its_text_encoder_learn_together_and_are_exported_together() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("run");
    run(&folder, &[JOINT, "train.seed=5"]).succeeded();
    let read = |run: &Path, file: &str| fs::read(checkpoint(run).join(file)).unwrap();
    let encoder = "text_encoder/model.safetensors";
    // It has learned: at a rate of almost nothing it would be as it was.
    let still = scratch.path().join("still");
    let rates = ["train.lr=1e-12", "train.min_lr=0"];
    run(&still, &[&[JOINT, "train.seed=5"], &rates[..]].concat()).succeeded();
    assert_ne!(read(&folder, encoder), read(&still, encoder));
    assert_eq!(
        read(&folder, "text_encoder/tokenizer.json"),
        read(&still, "text_encoder/tokenizer.json")
    );

    let exported = scratch.path().join("exported");
    let (from, to) = (text(&folder), text(&exported));
    train(&["export", from, to]).succeeded();
    for file in [
        "model.safetensors",
        "config.json",
        "text_encoder/model.safetensors",
        "text_encoder/config.json",
        "text_encoder/tokenizer.json",
    ] {
        assert!(exported.join(file).is_file(), "{file} is missing");
    }
}

#[test]
fn a_run_in_two_parts_equals_one() {
    let scratch = tempfile::tempdir().unwrap();
    let (whole, parts) = (scratch.path().join("whole"), scratch.path().join("parts"));
    run(&whole, &[JOINT]).succeeded();
    // The checkpoint of step 2 is where the second part begins.
    run(&parts, &[JOINT]).succeeded();
    fs::remove_dir_all(checkpoint(&parts)).unwrap();
    train(&["--device", "cpu", "--resume", text(&parts)]).succeeded();
    for file in [
        "model.safetensors",
        "ema.safetensors",
        "optimizer.safetensors",
        "text_encoder/model.safetensors",
        "text_encoder/ema.safetensors",
        "text_encoder/tokenizer.json",
    ] {
        let read = |run: &Path| fs::read(checkpoint(run).join(file)).unwrap();
        assert!(read(&whole) == read(&parts), "{file} differs");
    }
}

#[test]
fn captions_are_encoded_once_and_learned_from() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    // Any encoder will do: that of a run which has hardly learned.
    run(&at("joint"), &[JOINT]).succeeded();
    let encoder = checkpoint(&at("joint")).join("text_encoder");
    let states = at("states");
    let encode = |encoder: &Path| {
        let start = ["encode-text", "--device", "cpu", "--data", DATA, "--text-encoder"];
        train(&[&start[..], &[text(encoder), "--out", text(&states)]].concat())
    };
    encode(&encoder).succeeded();
    // Again: everything is there. After a loss: only what is missing is made, and it is the same.
    let file = states.join("states-00000.safetensors");
    let before = fs::read(&file).unwrap();
    assert!(encode(&encoder).succeeded().printed.contains("was there already"));
    fs::remove_file(&file).unwrap();
    let of_states = format!(r#"text={{ kind = "states", path = "{}" }}"#, states.display());
    let settings = [of_states.as_str(), "data.validation={}"];
    run(&at("early"), &settings).refused(&["states-00000.safetensors is missing"]);
    assert!(!at("early").exists());
    encode(&encoder).succeeded();
    assert_eq!(fs::read(&file).unwrap(), before);
    // A file that was damaged is named and made anew.
    let header = 8 + u64::from_le_bytes(before[..8].try_into().unwrap()) as usize;
    let renamed = str::from_utf8(&before[8..header]).unwrap().replacen("\"7\"", "\"x\"", 1);
    let renamed = [&before[..8], renamed.as_bytes(), &before[header..]].concat();
    for damaged in [&[][..], &before[..before.len() - 1], &renamed] {
        fs::write(&file, damaged).unwrap();
        run(&at("early"), &settings)
            .refused(&["states-00000.safetensors", "run `train encode-text` again"]);
        let said = encode(&encoder).succeeded().message;
        assert!(
            said.contains("states-00000.safetensors") && said.contains("encoded anew"),
            "{said}"
        );
        assert_eq!(fs::read(&file).unwrap(), before);
    }
    fs::rename(states.join("states.json"), at("index")).unwrap();
    encode(&encoder).refused(&["states-00000.safetensors exists already"]);
    fs::rename(at("index"), states.join("states.json")).unwrap();

    run(&at("run"), &settings).succeeded();
    let held_out = ["data.held_out={ rule = \"every\", step = 20 }", "validation.every=2"];
    run(&at("held-out"), &[settings.as_slice(), &held_out].concat()).succeeded();

    // States of another encoder are not mixed in.
    run(&at("other"), &[JOINT, "train.seed=9"]).succeeded();
    let other = checkpoint(&at("other")).join("text_encoder");
    encode(&other).refused(&["of another encoder"]);
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn captions_have_a_sensible_number_of_tokens() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("states");
    for tokens in ["0", "1", "4097", "-1", "many"] {
        let tokens = format!("--max-tokens={tokens}");
        let start = ["encode-text", "--data", DATA, "--text-encoder", "nowhere", "--out"];
        train(&[&start[..], &[text(&out), &tokens]].concat()).refused(&["it must be 2 to 4096"]);
        assert!(!out.exists());
    }
}

#[test]
fn a_class_model_becomes_a_text_model() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    let class = at("class");
    let arguments = ["--device", "cpu", "--recipe", "smoke", "--data", DATA, "--out", text(&class)];
    let settings =
        ["model.num_classes=16", "train.steps=4", "validation.every=0"].map(|s| ["--set", s]);
    train(&[&arguments[..], settings.as_flattened()].concat()).succeeded();
    let initial = format!("train.initial_weights=\"{}\"", class.display());
    run(&at("text"), &[JOINT, &initial]).succeeded();
    let deep = run(&at("deep"), &[JOINT, &initial, "model.depth=3"]);
    deep.refused(&["train.initial_weights"]);
}

/// Initial weights of a text model are its transformer's and its encoder's; at a rate of almost nothing they
/// stay so.
#[test]
fn a_text_model_is_trained_on_with_its_own_encoder() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    let still = ["train.lr=1e-12", "train.min_lr=0", "train.seed=6"];
    let initial = |name: &str| format!("train.initial_weights=\"{}\"", at(name).display());
    run(&at("first"), &[JOINT, "train.seed=5"]).succeeded();
    let (from, exported) = (at("first"), at("exported"));
    train(&["export", text(&from), text(&exported), "--dtype", "f32"]).succeeded();
    run(&at("on"), &[&[JOINT, initial("exported").as_str()], &still[..]].concat()).succeeded();
    let values = |file: PathBuf| {
        let file = pixelflow::weights::TensorFile::open(&file).unwrap();
        let names: Vec<String> = file.tensors().keys().cloned().collect();
        names.into_iter().map(|name| (name.clone(), file.read(&name).unwrap())).collect::<Vec<_>>()
    };
    let encoder = "text_encoder/model.safetensors";
    let [one, other] = [at("exported"), checkpoint(&at("on"))].map(|at| values(at.join(encoder)));
    for ((name, one), (_, other)) in one.iter().zip(&other) {
        let far = one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(far < 1e-6, "{name}: {far}");
    }
    // Other captions make other words; and a folder without the encoder is no whole model.
    let fewer = r#"text={ kind = "joint", width = 64, layers = 1, vocabulary = 40 }"#;
    let refused = "other words than these captions make";
    run(&at("other"), &[fewer, initial("exported").as_str()]).refused(&[refused]);
    fs::remove_dir_all(at("exported").join("text_encoder")).unwrap();
    run(&at("lone"), &[JOINT, initial("exported").as_str()])
        .refused(&["without its text encoder beside it"]);
}

#[test]
fn text_settings_that_make_no_sense_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("run");
    for (settings, expected) in [
        (vec![], "text is not set"),
        (
            vec![r#"text={ kind = "joint", width = 32, layers = 1 }"#],
            "text.width is 32: it must be model.cross_attention_dim (64)",
        ),
        (
            vec![r#"text={ kind = "states", path = "nowhere" }"#, "data.validation={}"],
            "cannot read nowhere",
        ),
        (vec![JOINT, "model.num_classes=16"], "not both"),
        (
            vec![JOINT, "train.initial_weights=\"nowhere\""],
            "train.initial_weights: nowhere does not fit",
        ),
        (vec![JOINT, r#"data.source.caption_field="colour""#], "none of the"),
        (vec![JOINT, "data.buckets=[[32, 30]]"], "data.buckets is [[32, 30]]: 30 does not fit"),
    ] {
        run(&out, &settings).refused(&[expected]);
    }
}

//! Measuring images during training: the numbers are those of `infer evaluate`, and the run does not notice.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::Command;

use clap::Parser;
use program_tests::{Program, Run, text};
use serde_json::Value;

const TRAIN: Program = Program(env!("CARGO_BIN_EXE_train"));
const HEROES: &str = "assets/demo/heroes-heldout.tar";
/// Twenty images, measured after steps 3 and 6.
const MEASURED: [&str; 4] = [
    "evaluation.every=3",
    "evaluation.images=20",
    "evaluation.seed=4",
    "evaluation.sampler.steps=[3]",
];

/// A run of six steps of a tiny model, with a cache beside it.
fn start(run: &Path, settings: &[&str]) -> Run {
    let start = ["--device", "cpu", "--recipe", "smoke", "--data", HEROES, "--out", text(run)];
    let few = ["train.steps=6", "checkpoint.every=3", "preview.every=0", "validation.every=0"];
    go(run, &start, &[&few, settings].concat())
}

fn resume(run: &Path, settings: &[&str]) -> Run {
    go(run, &["--device", "cpu", "--resume", text(run)], settings)
}

fn go(run: &Path, arguments: &[&str], settings: &[&str]) -> Run {
    let mut command = TRAIN.command(arguments);
    command.args(settings.iter().flat_map(|setting| ["--set", setting]));
    Run::of(command.env("PIXELFLOW_CACHE", run.with_file_name("cache")))
}

/// The measurements of a run.
fn measurements(run: &Path) -> Vec<Value> {
    let lines = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let records = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.filter(|record| record["kind"] == "evaluation").collect()
}

/// `infer` as a program: this one, started again by [`infer`].
#[test]
fn the_program_infer() {
    if let Ok(arguments) = std::env::var("INFER_ARGUMENTS") {
        infer::run(infer::Arguments::parse_from(arguments.split('\n'))).unwrap();
    }
}

fn infer(cache: &Path, arguments: &[&str]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "the_program_infer"]).env("PIXELFLOW_CACHE", cache);
    command.env("INFER_ARGUMENTS", [&["infer"], arguments].concat().join("\n"));
    Run::of(&mut command).succeeded();
}

#[test]
fn the_numbers_are_those_of_infer_evaluate() {
    let scratch = tempfile::tempdir().unwrap();
    let (run, json) = (scratch.path().join("run"), scratch.path().join("scores.json"));
    let said =
        start(&run, &[&MEASURED[..], &["model.num_classes=16"]].concat()).succeeded().message;
    let about = "evaluation: 20 drawn images beside the 192 images of data.source, seen through \
                 EfficientNet-Lite0";
    assert!(said.contains(about) && said.contains("step 6: FD-EffLite0 "), "{said}");
    let measured = measurements(&run);
    let steps: Vec<&Value> = measured.iter().map(|record| &record["step"]).collect();
    assert_eq!(steps, [3, 6]);
    for (record, step) in measured.iter().zip(["step-00000003", "step-00000006"]) {
        let model = run.join("checkpoints").join(step);
        let line = ["evaluate", "model", HEROES, "--model", text(&model), "--images", "20"];
        let drawing = ["--seed", "4", "--steps", "3", "--device", "cpu"];
        let measuring = ["--metrics", "frechet,kernel", "--json", text(&json)];
        infer(&scratch.path().join("other"), &[&line[..], &drawing, &measuring].concat());
        let whole: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
        for metric in ["fd_efflite0", "kid_efflite0"] {
            for number in ["value", "standard_error"] {
                let [own, other] = [record, &whole].map(|json| &json["metrics"][metric][number]);
                assert_eq!(own, other, "{metric} {number} of {step}");
            }
        }
        assert_eq!(record["drawn"], 20);
    }
    assert_ne!(measured[0]["metrics"], measured[1]["metrics"]);
    let picture = fs::read_to_string(run.join("loss.svg")).unwrap();
    assert!(picture.contains("FD-EffLite0") && picture.contains("KID-EffLite0"));
}

#[test]
fn measuring_changes_nothing_of_a_run_and_is_made_up_for_once() {
    let scratch = tempfile::tempdir().unwrap();
    let [plain, measured] = ["plain", "measured"].map(|name| scratch.path().join(name));
    let class = ["model.num_classes=16"];
    start(&plain, &class).succeeded();
    start(&measured, &[&class[..], &MEASURED].concat()).succeeded();
    let read =
        |run: &Path, file| fs::read(run.join("checkpoints/step-00000006").join(file)).unwrap();
    for file in ["model.safetensors", "ema.safetensors", "optimizer.safetensors"] {
        assert!(read(&plain, file) == read(&measured, file), "{file}");
    }
    // Gone on from where it is already measured, it says the same and measures step 6 alone.
    let before = measurements(&measured);
    let earlier = measured.join("checkpoints/step-00000003");
    let run = go(&measured, &["--device", "cpu", "--resume", text(&earlier)], &[]).succeeded();
    assert!(
        !run.message.contains("step 3: FD") && run.message.contains("step 6: FD"),
        "{}",
        run.message
    );
    assert!(run.message.contains("needs is in the cache"), "{}", run.message);
    assert_eq!(measurements(&measured), before);
    // What was cut off is made up for.
    let state = measured.join("checkpoints/step-00000006/state.json");
    let due = fs::read_to_string(&state).unwrap();
    assert!(due.contains("\"evaluation\":false") || due.contains("\"evaluation\": false"), "{due}");
    let due = due.replace("\"evaluation\":false", "\"evaluation\":true");
    fs::write(&state, due.replace("\"evaluation\": false", "\"evaluation\": true")).unwrap();
    resume(&measured, &[]).succeeded();
    assert_eq!(measurements(&measured), before);
    // Another seed makes other numbers, which is said.
    let other = ["train.steps=9", "evaluation.seed=5", "evaluation.images=9"];
    let said = resume(&measured, &other).succeeded().message;
    assert!(said.contains("of the first 9 of 16 classes; set evaluation.images to 16"), "{said}");
    assert!(said.contains("[evaluation] has changed") && said.contains("after step 6"), "{said}");
    assert_eq!(measurements(&measured).len(), 3);
}

#[test]
fn a_run_from_before_there_were_evaluations_goes_on_and_may_be_measured() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    start(&run, &["model.num_classes=16"]).succeeded();
    let state = run.join("checkpoints/step-00000006/state.json");
    let json: Value = serde_json::from_slice(&fs::read(&state).unwrap()).unwrap();
    let mut old = json.clone();
    old["due"].as_object_mut().unwrap().remove("evaluation").unwrap();
    fs::write(&state, old.to_string()).unwrap();
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    let (head, rest) = config.split_once("[evaluation]").unwrap();
    let (_, tail) = rest.split_once("[log]").unwrap();
    fs::write(run.join("config.toml"), format!("{head}[log]{tail}")).unwrap();
    let said = resume(&run, &["train.steps=7"]).succeeded().message;
    assert!(said.contains("from step 6") && !said.contains("evaluation"), "{said}");
    let more = ["train.steps=9", "evaluation.metrics=['kernel']"];
    resume(&run, &[&more[..], &MEASURED].concat()).succeeded();
    let [record] = &measurements(&run)[..] else { panic!("one measurement") };
    assert_eq!(record["metrics"].as_object().unwrap().keys().collect::<Vec<_>>(), ["kid_efflite0"]);
}

#[test]
fn a_text_model_draws_captions_of_the_validation_images() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    let joint = r#"text={ kind = "joint", width = 64, layers = 1 }"#;
    let text = ["model.num_classes=0", "model.cross_attention_dim=64", joint];
    let held_out = r#"data.held_out={ rule = "every", step = 12 }"#;
    // More images than captions.
    let said = start(&run, &[&MEASURED[..], &text, &[held_out]].concat()).succeeded().message;
    assert!(said.contains("20 drawn images beside the 16 images of data.held_out"), "{said}");
    assert_eq!(measurements(&run).len(), 2);
    let twice = scratch.path().join("twice");
    start(&twice, &[&MEASURED[..], &text, &[held_out]].concat()).succeeded();
    assert_eq!(measurements(&twice), measurements(&run), "the same noise and captions each time");
}

#[test]
fn what_cannot_be_measured_is_refused_before_training() {
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| text(&scratch.path().join(name)).to_owned();
    fs::create_dir_all(scratch.path().join("one")).unwrap();
    fs::create_dir_all(scratch.path().join("empty")).unwrap();
    image::RgbImage::new(32, 32).save(scratch.path().join("one/a.png")).unwrap();
    let statistics = path("statistics.npz");
    infer(
        &scratch.path().join("cache"),
        &["evaluate", "reference", HEROES, &statistics, "--device", "cpu"],
    );
    let refuse = |settings: &[&str], parts: &[&str]| {
        let run = scratch.path().join("run");
        let class = ["model.num_classes=16", "evaluation.every=3"];
        start(&run, &[&class, settings].concat()).refused(parts);
        assert!(!run.exists(), "{settings:?} leaves something behind");
    };
    let reference = |name: &str| format!("evaluation.reference={}", path(name));
    let here = "nothing can be measured ([evaluation]): ";
    refuse(&[&reference("none")], &[here, "none holds no images: it does not exist"]);
    refuse(&[&reference("empty")], &[here, "empty holds no images"]);
    refuse(&[&reference("one")], &[here, "evaluation.reference ", "it has one image"]);
    let advice = "or measure \"frechet\" alone";
    refuse(
        &[&reference("statistics.npz")],
        &[here, "it has statistics, and \"kernel\" needs", advice],
    );
    let inception = format!("evaluation.inception={}", path("pt_inception.pth"));
    refuse(&[&inception], &[here, "Inception-v3 needs its weights", "there is no ", "pytorch-fid"]);
    refuse(&["evaluation.images=1"], &["evaluation.images is 1: it must be 2 to "]);
    refuse(&["evaluation.image=9"], &["there is no key `evaluation.image`", "evaluation.images"]);
    refuse(&["evaluation.metrics=['fid']"], &["a list of \"frechet\" and \"kernel\""]);
    refuse(
        &["data.held_out={ rule = \"first\", count = 1 }"],
        &[here, "data.held_out: it has one image"],
    );
    // What only loading tells.
    let run = scratch.path().join("run");
    let weights = "evaluation.inception=assets/efficientnet-lite0/model.safetensors";
    start(&run, &["model.num_classes=16", "evaluation.every=3", weights])
        .refused(&[here, "tensor"]);
    // The advice works.
    let frechet = ["evaluation.metrics=['frechet']", &reference("statistics.npz")];
    start(&run, &[&["model.num_classes=16"], &MEASURED[..], &frechet].concat()).succeeded();
    let record = &measurements(&run)[1];
    assert_eq!(record["metrics"].as_object().unwrap().keys().collect::<Vec<_>>(), ["fd_efflite0"]);
}

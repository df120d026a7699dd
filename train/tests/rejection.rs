//! Steps that are not finite change no weight; too many in a row, and the run goes back to earlier weights.
//!
//! The model that training begins with is poisoned: with some classes it computes what no number holds, and with the
//! others it learns as ever.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pixelflow_dataset::Source;
use pixelflow_dataset::source::{WebDatasetConfig, WebDatasetSource};
use program_tests::{Program, Run, listing, text};
use serde_json::{Map, Value, json};

const TRAIN: Program = Program(env!("CARGO_BIN_EXE_train"));
const DATA: &str = "assets/demo/heroes-heldout.tar";
/// Classes that the poisoned model cannot compute.
const POISONED: usize = 4;
const STEPS: u64 = 16;

/// The demo with another table of classes: the first rows are beyond what squares can hold.
fn poisoned_model(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let demo = Path::new("../assets/demo/model");
    fs::copy(demo.join("config.json"), folder.join("config.json")).unwrap();
    let bytes = fs::read(demo.join("model.safetensors")).unwrap();
    let begin = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Map<String, Value> = serde_json::from_slice(&bytes[8..begin]).unwrap();
    let (mut written, mut data) = (Map::new(), Vec::new());
    for (name, mut tensor) in header {
        if name == "__metadata__" {
            continue;
        }
        let first = data.len();
        let place = |end: usize| begin + tensor["data_offsets"][end].as_u64().unwrap() as usize;
        if name.starts_with("class_embedder") {
            let width = tensor["shape"][1].as_u64().unwrap() as usize;
            let values =
                (0..17 * width).map(|i| if i < POISONED * width { 1e30 } else { 0.01_f32 });
            data.extend(values.flat_map(f32::to_le_bytes));
            tensor["dtype"] = json!("F32");
        } else {
            data.extend(&bytes[place(0)..place(1)]);
        }
        tensor["data_offsets"] = json!([first, data.len()]);
        written.insert(name, tensor);
    }
    let header = serde_json::to_vec(&written).unwrap();
    let file = [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat();
    fs::write(folder.join("model.safetensors"), file).unwrap();
}

/// A folder with the poisoned model.
struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        let scratch = Self(tempfile::tempdir().unwrap());
        poisoned_model(&scratch.path("poisoned"));
        scratch
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A run of so many steps, with a checkpoint after each, that may reject so many in a row.
    fn train(&self, run: &str, steps: u64, rejected_steps: u64) -> Run {
        let (run, first) = (self.path(run), self.path("poisoned"));
        let mut arguments =
            ["--device", "cpu", "--recipe", "demo", "--data", DATA].map(str::to_owned).to_vec();
        arguments.extend(["--out".to_owned(), text(&run).to_owned()]);
        for setting in [
            format!("train.initial_weights='{}'", first.display()),
            format!("train.steps={steps}"),
            format!("train.rejected_steps={rejected_steps}"),
            "train.batch_size=2".to_owned(),
            "train.lr=1e-4".to_owned(),
            "train.warmup_steps=0".to_owned(),
            "train.schedule=constant".to_owned(),
            "checkpoint.every=1".to_owned(),
            "checkpoint.keep_last=99".to_owned(),
            "preview.every=0".to_owned(),
            "validation.every=0".to_owned(),
            "log.every=1".to_owned(),
        ] {
            arguments.extend(["--set".to_owned(), setting]);
        }
        TRAIN.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Goes on with a run to its end.
    fn resume(&self, run: &str) {
        let (run, steps) = (self.path(run), format!("train.steps={STEPS}"));
        TRAIN.run(&["--device", "cpu", "--resume", text(&run), "--set", &steps]).succeeded();
    }

    fn records(&self, run: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.path(run).join("metrics.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The values that a run had after a step: weights, average and moments, without the files' heads.
    fn values(&self, run: &str, step: u64) -> Vec<Vec<u8>> {
        let checkpoint = self.path(run).join(format!("checkpoints/step-{step:08}"));
        ["model.safetensors", "ema.safetensors", "optimizer.safetensors"]
            .map(|name| {
                let bytes = fs::read(checkpoint.join(name)).unwrap();
                let begin = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
                bytes[begin..].to_vec()
            })
            .to_vec()
    }
}

fn of_kind<'a>(records: &'a [Value], kind: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["kind"] == kind).collect()
}

fn steps(records: &[&Value]) -> Vec<u64> {
    records.iter().map(|record| record["step"].as_u64().unwrap()).collect()
}

#[test]
fn a_rejected_step_changes_no_weight_and_names_its_images() {
    let scratch = Scratch::new();
    let run = scratch.train("run", STEPS, STEPS).succeeded();
    let records = scratch.records("run");
    let (rejected, trained) = (of_kind(&records, "rejected"), of_kind(&records, "training"));
    let mut all = [steps(&rejected), steps(&trained)].concat();
    all.sort_unstable();
    assert_eq!(all, (1..=STEPS).collect::<Vec<_>>(), "each step is one or the other");
    assert!(rejected.len() > 3 && trained.len() > 3, "{} rejected", rejected.len());
    let source = WebDatasetSource::open(&WebDatasetConfig::new([format!("../{DATA}")])).unwrap();
    let labels: BTreeMap<String, usize> = (0..source.len())
        .map(|index| source.encoded(index).unwrap())
        .map(|record| (record.name.trim_start_matches("../").to_owned(), record.label))
        .collect();
    for record in &rejected {
        let images = record["images"].as_array().unwrap();
        assert_eq!((images.len(), &record["what"]), (2, &json!("loss NaN")), "{record}");
        let is_poisoned = |name: &Value| labels[name.as_str().unwrap()] < POISONED;
        assert!(images.iter().any(is_poisoned), "{record}");
        let step = record["step"].as_u64().unwrap();
        if step > 1 {
            assert!(scratch.values("run", step) == scratch.values("run", step - 1), "step {step}");
        }
        assert!(run.message.contains(&format!("step {step} is rejected")), "{}", run.message);
    }
    for step in steps(&trained).into_iter().filter(|&step| step > 1) {
        assert!(scratch.values("run", step) != scratch.values("run", step - 1), "step {step}");
    }
    let last = trained.last().unwrap();
    let before =
        steps(&rejected).iter().filter(|&&step| step < last["step"].as_u64().unwrap()).count();
    assert_eq!(last["rejected"], before);
    assert_eq!(last["images"], 2 * trained.len());

    // Resumed, the optimiser counts its updates, not the steps.
    let half = STEPS / 2;
    assert!(steps(&rejected).iter().any(|&step| step < half));
    scratch.train("resumed", half, STEPS).succeeded();
    scratch.resume("resumed");
    assert!(scratch.values("run", STEPS) == scratch.values("resumed", STEPS));
}

#[test]
fn too_many_in_a_row_and_the_run_goes_back_and_resumed_it_does_the_same() {
    let scratch = Scratch::new();
    let run = scratch.train("run", STEPS, 2).succeeded();
    let records = scratch.records("run");
    let back = of_kind(&records, "rollback");
    let first = back.first().expect("the run goes back");
    let [step, to] = ["step", "to"].map(|key| first[key].as_u64().unwrap());
    assert!(
        to < step - 2,
        "{first}: the weights of the two rejected steps are those of the step before"
    );
    assert!(scratch.values("run", step) == scratch.values("run", to));
    assert!(
        run.message.contains(&format!("WENT BACK to the weights of step {to}")),
        "{}",
        run.message
    );
    for record in of_kind(&records, "training") {
        let backs =
            steps(&back).iter().filter(|&&at| at < record["step"].as_u64().unwrap()).count();
        assert_eq!(record["learning_rate"], 1e-4 * 0.5_f64.powi(backs as i32), "{record}");
    }
    // What the weights were before lies where --resume can name it.
    let aside = listing(&scratch.path("run/checkpoints/set-aside-1"));
    assert!(aside.contains(&format!("step-{:08}", step - 2)), "{aside:?}");

    // Stopped between the two rejected steps.
    scratch.train("resumed", step - 1, 2).succeeded();
    scratch.resume("resumed");
    assert!(scratch.values("run", STEPS) == scratch.values("resumed", STEPS));
    assert_eq!(of_kind(&scratch.records("resumed"), "rollback"), back);
}

#[test]
fn without_earlier_weights_the_run_ends_and_so_it_does_at_the_first_step_if_none_may_be_rejected() {
    let scratch = Scratch::new();
    let none = scratch.train("run", STEPS, 0);
    none.refused(&["the training diverged at step", "(loss NaN)", "lower train.lr"]);
    assert!(of_kind(&scratch.records("run"), "rejected").is_empty());
    // Nothing was saved before the streak that ends it.
    let run = scratch.path("few");
    let (data, first) = (text(&run), scratch.path("poisoned"));
    let first = format!("train.initial_weights='{}'", first.display());
    let wild = ["--device", "cpu", "--recipe", "demo", "--data", DATA, "--out", data];
    let settings = [&first, "train.rejected_steps=1", "train.batch_size=2", "preview.every=0"];
    let settings = settings.into_iter().chain(["checkpoint.every=0", "validation.every=0"]);
    let wild: Vec<&str> = wild.into_iter().chain(settings.flat_map(|set| ["--set", set])).collect();
    TRAIN.run(&wild).refused(&["the training diverged at step", "begin a new run"]);
}

//! A run that is killed twenty times, wherever it changes a file, ends as one that nothing has disturbed.
//!
//! `faults`, preloaded, kills the program with SIGKILL at its n-th call that changes a file of the run: in checkpoints, logs,
//! previews, settings, and in the middle of a write.
#![cfg(target_os = "linux")]

mod faults;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use program_tests::{Program, Run, listing, text};

use self::faults::library;

/// How often the run is killed.
const KILLS: usize = 20;
/// Steps of the run; the state is saved after every other one.
const STEPS: u64 = 8;

/// The run in a folder: its beginning, or what follows from where it is.
fn run(folder: &Path) -> Command {
    let mut command = Program(env!("CARGO_BIN_EXE_train")).command(&["--device", "cpu"]);
    if folder.join("config.toml").exists() {
        command.args(["--resume", text(folder)]);
        return command;
    }
    let data = "assets/demo/heroes-heldout.tar";
    command.args(["--recipe", "smoke", "--data", data, "--out", text(folder)]);
    let steps = format!("train.steps={STEPS}");
    for setting in [
        steps.as_str(),
        "model.num_classes=16",
        "model.depth=1",
        "train.batch_size=8",
        "train.gradient_accumulation=2",
        "checkpoint.every=2",
        "checkpoint.keep_last=2",
        "averages.every=4",
        "preview.every=4",
        "preview.sampler.steps=[2,2,2]",
        "validation.every=4",
        "validation.batches=1",
        "log.every=1",
    ] {
        command.args(["--set", setting]);
    }
    command
}

/// Bytes of all files of the last checkpoint but the state, which has times.
fn weights(run: &Path) -> Vec<(String, Vec<u8>)> {
    let folder = run.join(format!("checkpoints/step-{STEPS:08}"));
    let names = listing(&folder).into_iter().filter(|name| name != "state.json");
    names.map(|name| (name.clone(), fs::read(folder.join(name)).unwrap())).collect()
}

/// Whether a number says how fast the machine was, or how much memory it had: no two runs have the same.
fn is_of_the_machine(name: &str) -> bool {
    name.contains("second") || ["memory", "times"].contains(&name)
}

/// The records of metrics, without what is the machine's.
fn metrics(run: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let record = |line| {
        let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
        record.as_object_mut().unwrap().retain(|name, _| !is_of_the_machine(name));
        record
    };
    text.lines().map(record).collect()
}

#[test]
fn a_run_that_is_killed_twenty_times_ends_as_if_it_had_not_been() {
    let scratch = tempfile::tempdir().unwrap();
    let library = library(scratch.path());
    let [undisturbed, killed] = ["undisturbed", "killed"].map(|name| scratch.path().join(name));
    let count = scratch.path().join("count");
    let mut counted = run(&undisturbed);
    counted.env("LD_PRELOAD", &library).env("FAULT_BELOW", &undisturbed).env("FAULT_COUNT", &count);
    Run::of(&mut counted).succeeded();
    let calls: u64 = fs::read_to_string(&count).unwrap().parse().unwrap();
    assert!(calls > 200, "only {calls} calls are seen");

    // Of the calls that are left, any of the first third: so twenty kills are between the beginning and the end.
    let (mut random, mut kills) = (12_345_u64, 0);
    while kills < KILLS {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let call = 1 + (random >> 33) % (calls / 3);
        let mut disturbed = run(&killed);
        disturbed.env("LD_PRELOAD", &library).env("FAULT_BELOW", &killed);
        let ended = Run::of(disturbed.env("FAULT_AT", call.to_string()));
        if ended.status.success() {
            break;
        }
        assert_eq!(ended.status.signal(), Some(9), "kill {kills}, call {call}: {}", ended.message);
        kills += 1;
    }
    println!("{kills} kills, {calls} calls of the run that was not disturbed");
    Run::of(&mut run(&killed)).succeeded();
    assert!(kills >= KILLS / 2, "it ended after {kills} kills");
    let [undisturbed_files, killed_files] = [&undisturbed, &killed].map(|run| weights(run));
    for (whole, gone_on) in undisturbed_files.iter().zip(&killed_files) {
        assert!(whole == gone_on, "{} and {} differ", whole.0, gone_on.0);
    }
    assert_eq!(undisturbed_files.len(), killed_files.len());
    assert_eq!(metrics(&undisturbed), metrics(&killed));
}

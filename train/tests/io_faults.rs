//! Every call that changes files while a checkpoint is written fails in turn, with the real program.
//!
//! `faults.c`, preloaded, fails the n-th of them: opening, writing, flushing, renaming, making folders. A call that fails
//! once is survived: the checkpoint is written again. Where all later ones fail too, the program says so and ends with
//! an error, the checkpoint before is whole, and the run that goes on ends with the weights of one that nothing has
//! disturbed.
#![cfg(target_os = "linux")]

mod faults;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use program_tests::{Program, Run, text};

use self::faults::library;

/// No space left on device, and input/output error: Linux's numbers.
const ERRORS: [i32; 2] = [28, 5];

fn train(arguments: &[&str]) -> Command {
    let mut command = Program(env!("CARGO_BIN_EXE_train")).command(&["--device", "cpu"]);
    command.args(arguments);
    command
}

/// A run of a tiny model after its first step.
fn begun(run: &Path) {
    let mut arguments = vec!["--recipe", "smoke", "--data", "assets/demo/heroes-heldout.tar"];
    arguments.extend(["--out", text(run)]);
    for setting in [
        "model.num_classes=16",
        "model.depth=1",
        "train.steps=1",
        "train.warmup_steps=0",
        "train.schedule=constant",
        "train.batch_size=4",
        "checkpoint.every=1",
        "preview.every=0",
        "validation.every=0",
    ] {
        arguments.extend(["--set", setting]);
    }
    Run::of(&mut train(&arguments)).succeeded();
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-r").args([from, to]).status().unwrap();
    assert!(status.success());
}

/// A run of one step goes on to its second and last.
fn go_on(run: &Path) -> Command {
    train(&["--resume", text(run), "--set", "train.steps=2"])
}

/// Bytes of the files of a checkpoint that hold weights and moments.
fn weights(run: &Path, step: u64) -> Vec<Vec<u8>> {
    let folder = run.join(format!("checkpoints/step-{step:08}"));
    let read = |file| fs::read(folder.join(file)).unwrap();
    ["model.safetensors", "ema.safetensors", "optimizer.safetensors"].map(read).to_vec()
}

#[test]
fn whatever_fails_while_a_checkpoint_is_written_nothing_is_lost() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let library = library(folder);
    let [first, whole] = ["first", "whole"].map(|name| folder.join(name));
    begun(&first);
    copy(&first, &whole);
    // The calls are counted where none fails.
    let count = folder.join("count");
    let checkpoints = whole.join("checkpoints");
    let mut counted = go_on(&whole);
    counted.env("LD_PRELOAD", &library).env("FAULT_BELOW", &checkpoints).env("FAULT_COUNT", &count);
    Run::of(&mut counted).succeeded();
    let calls: usize = fs::read_to_string(&count).unwrap().parse().unwrap();
    assert!(calls > 20, "only {calls} calls are seen");
    let (before, after) = (weights(&first, 1), weights(&whole, 2));

    let disturb = |call: usize, error: i32, lasts: bool| {
        let run = folder.join(format!("run-{call}-{error}-{lasts}"));
        copy(&first, &run);
        let mut disturbed = go_on(&run);
        disturbed.env("LD_PRELOAD", &library).env("FAULT_BELOW", run.join("checkpoints"));
        disturbed.env("FAULT_AT", call.to_string()).env("FAULT_ERRNO", error.to_string());
        if lasts {
            disturbed.env("FAULT_LASTS", "1");
        }
        let ended = Run::of(&mut disturbed);
        let place = format!("call {call} of {calls}, error {error}, {lasts}: {}", ended.message);
        assert!(!ended.message.contains("panicked"), "{place}");
        if ended.status.success() {
            assert!(weights(&run, 2) == after, "{place}");
        } else {
            assert!(ended.message.contains(&format!("os error {error}")), "{place}");
            assert!(weights(&run, 1) == before, "{place}");
        }
        Run::of(&mut go_on(&run)).succeeded();
        assert!(weights(&run, 2) == after, "{place}");
        fs::remove_dir_all(&run).unwrap();
        ended.status.success()
    };
    // Both errors for the calls that differ, which are at the ends; one of both for the many writes between.
    let cases: Vec<(usize, i32)> = (1..=calls)
        .flat_map(|call| ERRORS.map(|error| (call, error)))
        .filter(|&(call, error)| {
            call <= 12 || call + 12 > calls || (error == ERRORS[0]) == call.is_multiple_of(2)
        })
        .collect();
    let [next, lost] = [(); 2].map(|()| AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(&(call, error)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let place = format!("call {call} of {calls}, error {error}");
                    assert!(disturb(call, error, false), "{place}: one failure is not survived");
                    lost.fetch_add(usize::from(!disturb(call, error, true)), Ordering::Relaxed);
                }
            });
        }
    });
    let lost = lost.into_inner();
    println!("{} cases of {calls} calls; {lost} checkpoints could not be written", cases.len());
    // After the last calls of a checkpoint there is nothing left to fail.
    assert!(lost + 8 > cases.len(), "{lost} of {}", cases.len());
}

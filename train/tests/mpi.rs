//! Several processes train together, by MPI: the same bits as one, and an end when one of them is lost.
//!
//! `cargo test -p train --features mpi --test mpi`; `mpirun` must be there.
#![cfg(all(feature = "mpi", target_os = "linux"))]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use program_tests::{Program, Run, text};

const TRAIN: Program = Program(env!("CARGO_BIN_EXE_train"));
/// Steps of a whole run.
const STEPS: u64 = 8;

/// The program as so many ranks.
fn on_ranks(ranks: usize, arguments: &[&str]) -> Command {
    let ranks = ranks.to_string();
    // There may be fewer cores than ranks, and in containers everybody is root.
    let mut command = Program("mpirun").command(&["--oversubscribe", "-n", &ranks, TRAIN.0]);
    command.args(["--device", "cpu"]).args(arguments);
    for variable in ["OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] {
        command.env(variable, "1");
    }
    command
}

/// The settings of a run of `steps` steps.
fn settings(steps: u64) -> Vec<String> {
    let steps = format!("train.steps={steps}");
    let all = [
        steps.as_str(),
        "model.num_classes=16",
        // The rate of a step does not depend on where the run ends.
        "train.schedule=constant",
        "train.warmup_steps=0",
        "train.batch_size=16",
        "train.gradient_accumulation=4",
        "data.flip=true",
        "averages.every=4",
        "checkpoint.every=3",
        "checkpoint.keep_last=9",
        "preview.every=4",
        "validation.every=4",
        "log.every=1",
        "ranks.compare_every=2",
    ];
    all.iter().flat_map(|setting| ["--set".to_owned(), (*setting).to_owned()]).collect()
}

/// A new run of `steps` steps by `ranks` ranks.
fn new_run(ranks: usize, run: &Path, steps: u64, more: &[&str]) -> Command {
    let data = "assets/demo/heroes-heldout.tar";
    let head = ["--recipe", "smoke", "--data", data, "--out", text(run)];
    let mut command = on_ranks(ranks, &head);
    command.args(settings(steps)).args(more);
    command
}

fn checkpoint(run: &Path, step: u64) -> PathBuf {
    run.join(format!("checkpoints/step-{step:08}"))
}

/// All files of a checkpoint but the state, which has times.
fn files(run: &Path) -> Vec<Vec<u8>> {
    let names = [
        "model.safetensors",
        "ema.safetensors",
        "optimizer.safetensors",
        "averages.safetensors",
        "config.json",
    ];
    let read = |name| fs::read(checkpoint(run, STEPS).join(name)).unwrap();
    names.into_iter().map(read).collect()
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
        let fields = record.as_object_mut().unwrap();
        fields.retain(|name, _| !is_of_the_machine(name));
        record
    };
    text.lines().map(record).collect()
}

#[test]
fn any_number_of_ranks_learns_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str| folder.path().join(name);
    let alone = run("1");
    Run::of(&mut new_run(1, &alone, STEPS, &[])).succeeded();
    let sharded: &[&str] = &["--set", "ranks.shard_optimizer=true"];
    for (name, ranks, more) in [("2", 2, &[][..]), ("4", 4, &[]), ("sharded", 3, sharded)] {
        let other = run(name);
        Run::of(&mut new_run(ranks, &other, STEPS, more)).succeeded();
        assert!(files(&alone) == files(&other), "{ranks} ranks: other files");
        assert_eq!(metrics(&alone), metrics(&other), "{ranks} ranks");
    }
    // One rank, then two that each have a part of the state, then one.
    let changing = run("changing");
    Run::of(&mut new_run(1, &changing, 2, &[])).succeeded();
    let go_on = |ranks, steps: &str, more: &[&str]| {
        let steps = format!("train.steps={steps}");
        let mut command = on_ranks(ranks, &["--resume", text(&changing), "--set", &steps]);
        Run::of(command.args(more)).succeeded();
    };
    go_on(2, "5", sharded);
    go_on(1, "8", &["--set", "ranks.shard_optimizer=false"]);
    assert!(files(&alone) == files(&changing), "1, 2, 1 ranks: other files");
}

#[test]
fn more_ranks_than_parts_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run::of(&mut new_run(5, &folder.path().join("run"), STEPS, &[]));
    run.refused(&["5 ranks", "4 parts", "--set train.gradient_accumulation=8"]);
    assert!(!folder.path().join("run").exists());
}

#[test]
fn nccl_is_refused_among_processors_and_not_asked_for_alone() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let nccl = ["--set", "ranks.engine=nccl"];
    Run::of(&mut new_run(2, &run, STEPS, &nccl)).refused(&["ranks.engine is \"nccl\"", "\"mpi\""]);
    assert!(!run.exists());
    Run::of(&mut new_run(1, &run, 2, &nccl)).succeeded();
}

#[test]
fn what_one_rank_cannot_use_is_known_to_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    fs::create_dir_all(images.join("cat")).unwrap();
    for number in 0..20 {
        image::RgbImage::new(40, 36).save(images.join(format!("cat/{number:02}.png"))).unwrap();
    }
    for number in [20, 21, 22] {
        fs::write(images.join(format!("cat/{number}.png")), "no image").unwrap();
    }
    let skipped = |ranks: usize| {
        let run = folder.path().join(ranks.to_string());
        let more = ["--data", text(&images), "--set", "model.num_classes=1"];
        let head = ["--recipe", "smoke", "--out", text(&run)];
        let mut command = on_ranks(ranks, &head);
        Run::of(command.args(settings(STEPS)).args(more)).succeeded();
        let state = fs::read_to_string(checkpoint(&run, STEPS).join("state.json")).unwrap();
        serde_json::from_str::<serde_json::Value>(&state).unwrap()["skipped"].clone()
    };
    let alone = skipped(1);
    assert_eq!(alone.as_array().unwrap().len(), 3);
    assert_eq!(skipped(4), alone);
}

/// The processes of a job's ranks: the children of `mpirun`.
fn ranks_of(job: &Child) -> Vec<String> {
    let found =
        Command::new("pgrep").args(["-P", &job.id().to_string(), "train"]).output().unwrap();
    String::from_utf8(found.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn signal(process: &str, signal: &str) {
    assert!(Command::new("kill").args([signal, process]).status().unwrap().success());
}

/// A long run of two ranks that has saved once.
fn long_run(run: &Path) -> Child {
    let mut command = new_run(2, run, 1_000_000, &["--set", "preview.every=0"]);
    let job = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    while !checkpoint(run, 3).join("state.json").exists() {
        assert!(Instant::now() < deadline, "it never saves");
        std::thread::sleep(Duration::from_millis(20));
    }
    job
}

/// Asserts that a job has ended within `seconds`, with an error, and leaves a run that goes on.
fn ends_soundly(job: Child, run: &Path, seconds: u64, message: &str) {
    let lost = Instant::now();
    let output = job.wait_with_output().unwrap();
    let took = lost.elapsed();
    assert!(took < Duration::from_secs(seconds), "it took {took:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(message), "{:?}: {said}", output.status);
    let newest = fs::read_dir(run.join("checkpoints")).unwrap().map(|entry| entry.unwrap().path());
    let newest = newest.filter(|path| path.join("state.json").exists()).max().unwrap();
    let step: u64 = text(&newest).rsplit('-').next().unwrap().parse().unwrap();
    let steps = format!("train.steps={}", step + 2);
    Run::of(&mut on_ranks(2, &["--resume", text(run), "--set", &steps])).succeeded();
}

#[test]
fn a_rank_that_is_killed_ends_the_job() {
    let folder = tempfile::tempdir().unwrap();
    for (name, rank) in [("last", 1), ("first", 0)] {
        let run = folder.path().join(name);
        let job = long_run(&run);
        let ranks = ranks_of(&job);
        assert_eq!(ranks.len(), 2);
        signal(&ranks[rank], "-KILL");
        ends_soundly(job, &run, 30, "signal 9");
    }
}

#[test]
fn a_rank_that_is_stopped_ends_the_job_and_the_first_saves() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let job = long_run(&run);
    signal(&ranks_of(&job)[1], "-STOP");
    ends_soundly(job, &run, 30, "rank 1 of the job has not been heard of for 20 s");
}

#[test]
fn one_rank_that_is_asked_to_stop_stops_all() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let job = long_run(&run);
    signal(&ranks_of(&job)[1], "-TERM");
    ends_soundly(job, &run, 20, "saved; go on with");
}

#[test]
fn a_preview_that_is_cut_off_is_made_up_for() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let long =
        ["preview.images_per_class=200", "preview.sampler.steps=[100]", "checkpoint.every=0"];
    let long: Vec<&str> = long.iter().flat_map(|setting| ["--set", setting]).collect();
    let few = ["--set", "preview.max_classes=1", "--set", "validation.every=0"];
    let mut command = new_run(2, &run, STEPS, &[&long[..], &few].concat());
    let mut job = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(300);
    let metrics = || fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default();
    while !metrics().contains("\"step\":4,") {
        assert!(Instant::now() < deadline && job.try_wait().unwrap().is_none(), "no step 4");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(300));
    signal(&ranks_of(&job)[0], "-TERM");
    assert!(!job.wait().unwrap().success());
    let state = checkpoint(&run, 4).join("state.json");
    assert!(state.exists(), "it went on after the preview was cut off");
    let picture = run.join("previews/step-00000004.png");
    assert!(!picture.exists(), "the preview was not cut off");
    let few = ["--resume", text(&run), "--set", "preview.images_per_class=1"];
    Run::of(&mut on_ranks(2, &few)).succeeded();
    assert!(picture.exists());
}

//! A run that is killed goes on bit for bit.
//!
//! Each test trains with the real program, kills it with SIGKILL at an unkind moment, resumes it, and
//! compares every file of the last checkpoint with that of a run that was never disturbed.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use program_tests::{Program, Run, listing, text};

/// Steps of a whole run; checkpoints are at 3, 6 and 8.
const STEPS: u64 = 8;

/// `train`, in silence.
fn train(arguments: &[&str]) -> Command {
    let mut command = Program(env!("CARGO_BIN_EXE_train")).command(&["--device", "cpu"]);
    command.args(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// A new run of `width` features in `run`: everything that could differ between runs is on.
fn new_run(run: &Path, width: usize) -> Command {
    let head = format!("model.attention_head_dim={}", width / 2);
    let data = "assets/demo/heroes-heldout.tar";
    let mut command = train(&["--recipe", "smoke", "--data", data, "--out", text(run)]);
    for setting in [
        "model.num_classes=16",
        "model.num_attention_heads=2",
        &head,
        "train.steps=8",
        "train.batch_size=48",
        "train.gradient_accumulation=2",
        "train.ema_warmup=true",
        "train.schedule=cosine",
        "data.flip=true",
        "data.center_crop=false",
        "checkpoint.every=3",
        "checkpoint.keep_last=9",
        "preview.every=0",
        "validation.every=0",
        "log.every=1",
    ] {
        command.args(["--set", setting]);
    }
    command
}

fn resume(run: &Path) {
    let status = train(&["--resume", text(run)]).status().unwrap();
    assert!(status.success(), "resuming ends with {status}");
}

/// Resumes what `run` names in the folder `inside`, with settings over those of the run.
fn resume_with(inside: &Path, run: &str, settings: &[&str]) -> Run {
    let mut command =
        Program(env!("CARGO_BIN_EXE_train")).command(&["--device", "cpu", "--resume", run]);
    Run::of(command.current_dir(inside).args(settings.iter().flat_map(|set| ["--set", set])))
}

fn checkpoint(run: &Path, step: u64) -> PathBuf {
    run.join(format!("checkpoints/step-{step:08}"))
}

/// Asserts that model, moving average and moments after the last step are equal in every byte.
fn assert_same_end(undisturbed: &Path, resumed: &Path) {
    for file in ["model.safetensors", "ema.safetensors", "optimizer.safetensors"] {
        let read = |run| fs::read(checkpoint(run, STEPS).join(file)).unwrap();
        assert!(read(undisturbed) == read(resumed), "{file} differs");
    }
}

/// Waits until `reached`, then kills the program; whether it was still running.
fn kill_when(mut program: Child, reached: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !reached() && program.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "the moment to kill the program never came");
        std::thread::sleep(Duration::from_micros(50));
    }
    let running = program.try_wait().unwrap().is_none();
    program.kill().unwrap();
    program.wait().unwrap();
    running
}

fn has_metrics_of_step(run: &Path, step: u64) -> bool {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default();
    text.contains(&format!("\"step\":{step},"))
}

#[test]
fn a_run_killed_inside_a_step_goes_on_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    assert!(new_run(&whole, 128).status().unwrap().success());

    let program = new_run(&killed, 128).spawn().unwrap();
    // Step 4 is recorded, so the program is inside step 5: one step after a checkpoint is lost.
    let was_running = kill_when(program, || has_metrics_of_step(&killed, 4));
    assert!(was_running && !checkpoint(&killed, 6).exists(), "the kill came too late");
    assert!(checkpoint(&killed, 3).exists());

    resume(&killed);
    assert_same_end(&whole, &killed);
    let metrics = fs::read_to_string(killed.join("metrics.jsonl")).unwrap();
    let steps: Vec<u64> = metrics
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["step"].as_u64().unwrap()
        })
        .collect();
    assert_eq!(steps, (1..=STEPS).collect::<Vec<_>>(), "every step is recorded once");
}

#[test]
fn a_run_killed_inside_a_checkpoint_goes_on_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    assert!(new_run(&whole, 256).status().unwrap().success());

    // The moment is short; a kill that comes too late is tried again.
    for attempt in 0..20 {
        let killed = folder.path().join(format!("killed-{attempt}"));
        let half = || {
            let entries = fs::read_dir(killed.join("checkpoints")).into_iter().flatten().flatten();
            let hidden =
                |path: &PathBuf| path.to_string_lossy().contains("/.partial-step-00000006");
            entries.map(|entry| entry.path()).find(hidden)
        };
        let begun = || half().is_some_and(|half| half.join("model.safetensors").exists());
        let program = new_run(&killed, 256).spawn().unwrap();
        kill_when(program, begun);
        if half().is_none() {
            continue;
        }
        assert!(!checkpoint(&killed, 6).exists(), "half a checkpoint has its name");
        resume(&killed);
        assert_eq!(half(), None, "what was half-written is gone");
        assert_same_end(&whole, &killed);
        return;
    }
    panic!("the program was never caught inside a checkpoint");
}

#[test]
fn a_run_continued_in_two_sessions_equals_one() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    assert!(new_run(&whole, 128).status().unwrap().success());
    // Ctrl-C inside the run: it saves where it is, at a step that no cadence has.
    let program = new_run(&parts, 128).spawn().unwrap();
    let id = program.id().to_string();
    let interrupt = || Command::new("kill").args(["-INT", &id]).status().unwrap().success();
    let deadline = Instant::now() + Duration::from_secs(120);
    while !has_metrics_of_step(&parts, 4) {
        assert!(Instant::now() < deadline, "step 4 never came");
        std::thread::sleep(Duration::from_micros(200));
    }
    assert!(interrupt());
    let status = { program }.wait().unwrap();
    assert_eq!(status.code(), Some(130), "an interrupted run says so");
    // Step 3 is the last one of a cadence before; the interrupt has saved another.
    let saved = listing(&parts.join("checkpoints"));
    assert_eq!((saved.len(), saved[0].as_str()), (2, "step-00000003"), "{saved:?}");
    assert!(!checkpoint(&parts, STEPS).exists(), "the interrupt came too late");

    resume(&parts);
    assert_same_end(&whole, &parts);
}

/// The records of a run's metrics.
fn metrics(run: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn accumulation_is_only_memory() {
    let folder = tempfile::tempdir().unwrap();
    let of_parts = |parts: usize| {
        let run = folder.path().join(parts.to_string());
        let mut command = new_run(&run, 64);
        let accumulation = format!("train.gradient_accumulation={parts}");
        let held_out = "data.held_out={ rule = \"every\", step = 2 }";
        for setting in [&accumulation, "train.steps=2", held_out, "validation.every=1"] {
            command.args(["--set", setting]);
        }
        assert!(command.status().unwrap().success());
        metrics(&run)
    };
    let whole = of_parts(1);
    assert_eq!(whole.len(), 4);
    for parts in [3, 48] {
        for (cut, whole) in of_parts(parts).iter().zip(&whole) {
            assert_eq!((&cut["kind"], &cut["images"]), (&whole["kind"], &whole["images"]));
            for field in ["loss", "gradient_norm", "stage_losses"] {
                let numbers = |value: &serde_json::Value| {
                    let all = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                    all.iter().filter_map(serde_json::Value::as_f64).collect::<Vec<_>>()
                };
                let (cut, whole) = (numbers(&cut[field]), numbers(&whole[field]));
                assert_eq!(cut.len(), whole.len());
                let near = cut.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 1e-5 * b.abs());
                assert!(near, "{parts} parts: {field} is {cut:?} instead of {whole:?}");
            }
        }
    }
}

#[test]
fn the_rate_may_change_and_says_so_and_nothing_is_written_when_resuming_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    assert!(new_run(&run, 64).status().unwrap().success());
    let rates: Vec<f64> =
        metrics(&run).iter().map(|r| r["learning_rate"].as_f64().unwrap()).collect();
    assert!(
        (rates[STEPS as usize - 1] - 1e-5).abs() < 1e-12,
        "the last step has min_lr: {rates:?}"
    );

    let read = || fs::read_to_string(run.join("config.toml")).unwrap();
    let before = read();
    let weights = checkpoint(&run, STEPS).join("model.safetensors");
    let whole = fs::read(&weights).unwrap();
    fs::write(&weights, &whole[..1000]).unwrap();
    for (settings, expected) in [
        (["train.steps=20"], "is damaged"),
        (["train.steps=5"], "has taken 8 steps already, train.steps is 5"),
        (["train.eps=1e-6"], "cannot be resumed with other settings"),
    ] {
        resume_with(folder.path(), "run", &settings).refused(&[expected]);
        assert_eq!(read(), before, "{settings:?}");
    }
    fs::write(&weights, whole).unwrap();
    let changes =
        ["train.steps=10", "train.lr=2e-4", "train.clip_norm=0.5", "train.gradient_accumulation=4"];
    let said = resume_with(folder.path(), "run", &changes).succeeded().message;
    assert!(said.contains("the learning rate of step 9 is 1.723e-5"), "{said}");
    assert!(said.contains("that of the last step, 10, is 1.000e-5"), "{said}");
    assert!(read().contains("steps = 10"));
}

#[test]
fn an_earlier_checkpoint_can_be_named_and_strange_folders_are_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    assert!(new_run(&run, 64).status().unwrap().success());
    let whole = fs::read(checkpoint(&run, STEPS).join("model.safetensors")).unwrap();
    for strange in ["step-7", "step-00000099"] {
        fs::create_dir(run.join("checkpoints").join(strange)).unwrap();
    }
    let said = resume_with(folder.path(), "run", &[]).succeeded().message;
    let passed = "step-00000099 is passed over: it has no state.json";
    assert!(said.contains(passed) && said.contains("from step 8"), "{said}");
    let said =
        resume_with(folder.path(), "run/checkpoints/step-00000006", &["checkpoint.keep_last=1"]);
    let said = said.succeeded().message;
    assert!(
        said.contains("from step 6") && said.contains("checkpoints after step 6 are now in"),
        "{said}"
    );
    let left = ["set-aside-1", "step-00000008", "step-00000099", "step-7"];
    assert_eq!(listing(&run.join("checkpoints")), left);
    assert!(fs::read(checkpoint(&run, STEPS).join("model.safetensors")).unwrap() == whole);
    // What was set aside can be gone on from by its name, and comes back.
    let aside = "run/checkpoints/set-aside-1/step-00000008";
    let number = |step: u64| fs::metadata(checkpoint(&run, step)).unwrap().modified().unwrap();
    let newer = number(STEPS);
    let said = resume_with(folder.path(), aside, &["train.steps=9", "checkpoint.keep_last=9"])
        .succeeded()
        .message;
    assert!(said.contains("training in") && said.contains("from step 8"), "{said}");
    assert!(said.contains("set-aside-1/step-00000008 is now"), "{said}");
    assert!(number(STEPS) < newer, "the checkpoint that was set aside is the older one");
    let left = ["set-aside-2", "step-00000009", "step-00000099", "step-7"];
    let listed = listing(&run.join("checkpoints"));
    assert!(left.iter().all(|name| listed.iter().any(|found| found == name)), "{listed:?}");
    assert_eq!(listing(&run.join("checkpoints/set-aside-2")), ["step-00000008"]);
    // A checkpoint that is none.
    let damaged = "run/checkpoints/step-00000099";
    let mut export = Program(env!("CARGO_BIN_EXE_train")).command(&["export", text(&run), "out"]);
    let exported = Run::of(export.current_dir(folder.path())).succeeded().message;
    assert!(exported.contains(passed), "{exported}");
    resume_with(folder.path(), damaged, &[]).refused(&["nor, as a checkpoint, state.json"]);
}

#[test]
fn resuming_changes_nothing_before_all_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    assert!(new_run(&run, 64).status().unwrap().success());
    let lines = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let state = || {
        let read = |name| fs::read_to_string(run.join(name)).unwrap();
        (listing(&run.join("checkpoints")), read("config.toml"), listing(&run.join("tensorboard")))
    };
    let before = state();
    fs::write(run.join("metrics.jsonl"), format!("oops\n{lines}")).unwrap();
    let resume = |expected: &str| {
        let named = "run/checkpoints/step-00000003";
        resume_with(folder.path(), named, &["train.steps=20"]).refused(&[expected]);
        assert_eq!(state(), before, "{expected}");
    };
    resume("metrics.jsonl, line 1: ");
    fs::write(run.join("metrics.jsonl"), &lines).unwrap();
    fs::remove_dir_all(run.join("previews")).unwrap();
    fs::write(run.join("previews"), "no folder").unwrap();
    resume("/run/previews: File exists");
    assert_eq!(fs::read_to_string(run.join("metrics.jsonl")).unwrap(), lines);
}

#[test]
fn data_that_moved_keep_their_validation() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let validation =
        r#"data.validation={ kind = "webdataset", paths = ["assets/demo/heroes-heldout.tar"] }"#;
    let mut command = new_run(&run, 64);
    assert!(
        command.args(["--set", validation, "--set", "train.steps=2"]).status().unwrap().success()
    );
    let moved = folder.path().join("moved.tar");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::copy(root.join("assets/demo/heroes-heldout.tar"), &moved).unwrap();
    let more = ["--resume", text(&run), "--data", text(&moved), "--set", "train.steps=3"];
    let mut command = train(&more);
    assert!(command.args(["--set", "validation.every=1"]).status().unwrap().success());
    assert!(metrics(&run).iter().any(|record| record["kind"] == "validation"));
    assert!(fs::read_to_string(run.join("config.toml")).unwrap().contains("moved.tar"));
}

#[test]
fn auto_takes_the_run_that_was_saved_last_and_no_copy() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    for name in ["old", "new"] {
        assert!(new_run(&runs.join(name), 64).status().unwrap().success());
    }
    // Copied later, and behind its original in the alphabet.
    for (name, copy) in [("old", "a"), ("old", "z"), ("new", "b"), ("new", "y")] {
        let copied = Command::new("cp").args(["-r", name, copy]).current_dir(&runs).status();
        assert!(copied.unwrap().success());
    }
    // What is newer and cannot be gone on from is passed over, and named.
    for (path, content) in [
        ("begun/config.toml", ""),
        ("damaged/checkpoints/step-00000001/state.json", "{"),
        ("lost/checkpoints/step-00000001/model.safetensors", ""),
        ("new/checkpoints/step-00000009/model.safetensors", ""),
    ] {
        let path = runs.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let said = resume_with(folder.path(), "auto", &[]).succeeded().message;
    assert!(said.contains("training in runs/new from step 8"), "{said}");
    for (path, reason) in [
        ("runs/begun", "it has no checkpoint"),
        ("runs/damaged/checkpoints/step-00000001", "is damaged: state.json: EOF"),
        ("runs/lost/checkpoints/step-00000001", "it has no state.json"),
        ("runs/new/checkpoints/step-00000009", "it has no state.json"),
    ] {
        let noted = said.lines().filter(|line| line.contains(&format!("{path} is passed over: ")));
        let noted: Vec<&str> = noted.collect();
        assert!(matches!(noted[..], [line] if line.contains(reason)), "{path}: {said}");
    }
}

//! What ends a run, and what does not: signals, and a terminal that takes no more.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use program_tests::{Program, Run, text};

const TRAIN: Program = Program(env!("CARGO_BIN_EXE_train"));

/// The program instead of the shell.
const EXEC: &str = r#"exec "$0" "$@""#;

/// The program, started by a line of the shell that ends with `"$0" "$@"`.
fn by_shell(line: &str, arguments: &[&str]) -> Command {
    let mut command = Program("sh").command(&["-c", line, TRAIN.0]);
    command.args(arguments);
    command
}

/// A run of `steps` steps, `batch` images each.
fn new_run(line: &str, run: &Path, [steps, batch]: [usize; 2]) -> Command {
    let data = "assets/demo/heroes-heldout.tar";
    let mut command = by_shell(line, &["--device", "cpu", "--recipe", "smoke", "--data", data]);
    command.args(["--out", text(run)]);
    let parts = format!("train.gradient_accumulation={}", (batch / 256).max(1));
    let (steps, batch) = (format!("train.steps={steps}"), format!("train.batch_size={batch}"));
    let others = ["model.num_classes=16", "preview.every=0", "validation.every=0", "log.every=1"];
    for setting in [&[steps.as_str(), &batch, &parts][..], &others].concat() {
        command.args(["--set", setting]);
    }
    command
}

/// Starts a run and waits until it listens for signals.
fn listening(line: &str, run: &Path, length: [usize; 2]) -> Child {
    let mut command = new_run(line, run, length);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    let hears_terminate = || {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(mask.trim(), 16).unwrap() & 1 << 14 != 0
    };
    while !hears_terminate() {
        assert!(Instant::now() < deadline, "it never listens");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

fn send(child: &Child, signals: &[&str]) {
    for signal in signals {
        let id = child.id().to_string();
        assert!(Command::new("kill").args([signal, id.as_str()]).status().unwrap().success());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn message(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn has_saved(run: &Path) -> bool {
    fs::read_dir(run.join("checkpoints")).is_ok_and(|saved| saved.count() > 0)
}

#[test]
fn a_signal_that_comes_twice_is_one_and_the_run_saves() {
    let scratch = tempfile::tempdir().unwrap();
    for (name, signals) in
        [("a", ["-TERM", "-TERM"]), ("b", ["-INT", "-INT"]), ("c", ["-TERM", "-INT"])]
    {
        let run = scratch.path().join(name);
        let child = listening(EXEC, &run, [100_000, 64]);
        // Before the first step there is nothing to save.
        while !fs::metadata(run.join("metrics.jsonl")).is_ok_and(|metrics| metrics.len() > 0) {
            std::thread::sleep(Duration::from_millis(5));
        }
        send(&child, &signals);
        let output = child.wait_with_output().unwrap();
        let said = message(&output);
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!(has_saved(&run) && said.contains("saved; go on with"), "{said}");
        assert_eq!(said.matches("stopping after this step").count(), 1, "{said}");
    }
}

#[test]
fn a_second_signal_later_ends_a_run_at_once() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    let child = listening(EXEC, &run, [2, 1 << 14]);
    // Within the first step, which is long: before it, one signal would be enough.
    wait_for("the first step", || run.join("config.toml").exists());
    std::thread::sleep(Duration::from_millis(500));
    send(&child, &["-INT"]);
    std::thread::sleep(Duration::from_millis(1600));
    send(&child, &["-INT"]);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let said = message(&output);
    assert!(!has_saved(&run) && !said.contains("saved") && !said.contains("to save"), "{said}");
}

#[test]
fn what_is_no_request_to_end_ends_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    let child = listening(r#"trap "" HUP; exec "$0" "$@""#, &run, [2, 512]);
    send(&child, &["-HUP", "-USR1"]);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{:?}: {}", output.status, message(&output));
}

fn wait_for(what: &str, is_there: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !is_there() {
        assert!(Instant::now() < deadline, "{what} never comes");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_request_to_save_waits_for_no_preview_no_validation_and_no_evaluation() {
    let scratch = tempfile::tempdir().unwrap();
    let many = r#"data.validation={ kind = "webdataset", paths = ["assets/demo/heroes.tar"] }"#;
    let alone = "train.gradient_accumulation=16";
    let validation = ["validation.every=3", "validation.batches=9999", alone, many];
    let preview = [
        "preview.every=3",
        "preview.images_per_class=200",
        "preview.sampler.steps=[100]",
        "log.every=1",
    ];
    let sampler = "evaluation.sampler={ steps = [100] }";
    let evaluation = ["evaluation.every=3", "evaluation.images=9999", sampler, "log.every=1"];
    for (name, long, short, ending) in [
        ("evaluation", evaluation, "evaluation.images=2", "-TERM"),
        ("preview", preview, "preview.images_per_class=1", "-TERM"),
        ("validation", validation, "validation.batches=1", "-KILL"),
    ] {
        let run = scratch.path().join(name);
        let metrics = || fs::read_to_string(run.join("metrics.jsonl")).unwrap();
        let done = || match name {
            "preview" => usize::from(run.join("previews/step-00000003.png").exists()),
            kind => metrics().matches(&format!("\"kind\":\"{kind}\"")).count(),
        };
        Run::of(&mut new_run(EXEC, &run, [2, 16])).succeeded();
        let resume = |settings: &[&str]| {
            let mut command = by_shell(EXEC, &["--device", "cpu", "--resume", text(&run)]);
            command.args(settings.iter().flat_map(|setting| ["--set", setting]));
            command.env("PIXELFLOW_CACHE", scratch.path().join("cache"));
            command
        };
        let steps = ["train.steps=6", "preview.max_classes=1"];
        let mut command = resume(&[&steps[..], &long].concat());
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        wait_for("step 3", || metrics().contains("\"step\":3,"));
        std::thread::sleep(Duration::from_millis(100));
        send(&child, &["-USR1"]);
        wait_for("the checkpoint", || run.join("checkpoints/step-00000003").exists());
        assert_eq!(done(), 0, "the {name} was waited for");
        if ending == "-KILL" {
            wait_for(name, || done() == 1);
        }
        send(&child, &[ending]);
        let code = child.wait().unwrap().code();
        assert_eq!(code, (ending == "-TERM").then_some(130));
        // What was under way when the state was saved is done once.
        Run::of(&mut resume(&["train.steps=3", short])).succeeded();
        assert_eq!(done(), 1, "{name}");
        let state = fs::read_to_string(run.join("checkpoints/step-00000003/state.json")).unwrap();
        assert!(!state.contains("true"), "the {name} is still due: {state}");
    }
}

#[test]
fn training_goes_on_where_nothing_can_be_said() {
    let scratch = tempfile::tempdir().unwrap();
    for (name, line) in [
        ("full", r#"exec "$0" "$@" 2>/dev/full"#),
        ("closed", r#"exec "$0" "$@" 2>&- >&-"#),
        ("gone", r#"{ "$0" "$@" 2>&1; echo $? >"$STATUS"; } | true"#),
    ] {
        let run = scratch.path().join(name);
        let status = scratch.path().join("status");
        Run::of(new_run(line, &run, [2, 16]).env("STATUS", &status)).succeeded();
        assert!(run.join("checkpoints/step-00000002").exists(), "{name}");
        assert!(name != "gone" || fs::read_to_string(status).unwrap() == "0\n");
    }
}

#[test]
fn a_list_that_cannot_be_printed_is_exit_code_1_and_no_panic() {
    for product in [&["--list-recipes"][..], &["--recipe", "smoke", "--print-config"], &["--help"]]
    {
        let run = Run::of(&mut by_shell(r#"exec "$0" "$@" >/dev/full"#, product));
        run.refused(&["error: cannot write standard output"]);
        assert_eq!(run.status.code(), Some(1));
        // A reader that has gone before anything is written.
        let gone = Run::of(&mut by_shell(r#"(sleep 0.1; "$0" "$@") | true"#, product)).succeeded();
        assert_eq!(gone.message, "");
        let head = Run::of(&mut by_shell(r#""$0" "$@" | head -1"#, product)).succeeded();
        assert_eq!((head.message.as_str(), head.printed.lines().count()), ("", 1));
    }
}

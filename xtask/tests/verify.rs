//! `cargo xtask verify` as a program: what it prints and its exit codes.

use std::fs;
use std::path::Path;

use program_tests::{Program, Run, text};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures");

fn verify(folder: &Path, more: &[&str]) -> Run {
    let program = Program(env!("CARGO_BIN_EXE_xtask"));
    program.run(&[&["verify", "--fixtures", text(folder)], more].concat())
}

#[test]
fn all_cases_pass_one_line_each() {
    let printed = verify(Path::new(FIXTURES), &[]).succeeded().printed;
    let passed = printed.lines().filter(|line| line.starts_with("pass ")).count();
    assert!(printed.ends_with(&format!("\n{passed} passed, 0 failed\n")));
    let line = printed.lines().find(|line| line.contains("cls_a_forward/f0/out")).unwrap();
    assert!(line.contains("rel_l2") && line.contains("limit"), "{line}");
}

#[test]
fn a_failure_is_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let manifest =
        r#"{"files": {"gone.safetensors": {"tensors": {"a_h1_w1/cos": {}, "a_h1_w1/sin": {}}}}}"#;
    fs::write(folder.path().join("manifest.json"), manifest).unwrap();
    let output = verify(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    let printed = output.printed;
    assert!(printed.starts_with("FAIL gone "), "{printed}");
    assert!(printed.ends_with("\n0 passed, 1 failed\n"), "{printed}");
}

#[test]
fn an_unusable_folder_is_exit_code_2_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let output = verify(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    output.refused(&["must name a folder with a manifest.json"]);

    let output = verify(Path::new(FIXTURES), &["--filter", "nothing"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.message, "error: no case has `nothing` in its name\n");
}

#[cfg(unix)]
#[test]
fn what_cannot_be_printed_is_exit_code_2_and_no_panic() {
    let by_shell = |line: &str| {
        let mut command = Program("sh").command(&["-c", line, env!("CARGO_BIN_EXE_xtask")]);
        let run = Run::of(command.args(["verify", "--fixtures", FIXTURES, "--filter", "rope"]));
        assert!(!run.message.contains("panicked"), "{}", run.message);
        run
    };
    let full = by_shell(r#"exec "$0" "$@" >/dev/full"#);
    full.refused(&["error: cannot write standard output"]);
    assert_eq!(full.status.code(), Some(2));
    by_shell(r#"exec "$0" "$@" 2>/dev/full"#).succeeded();
    let head = by_shell(r#""$0" "$@" 2>/dev/null | head -1"#).succeeded();
    assert_eq!((head.message.as_str(), head.printed.lines().count()), ("", 1));
}

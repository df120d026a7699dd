//! Connections that are lost, files that are not whole, conversions that were killed.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use program_tests::{Run, reference_files};

use super::machine::{Machine, NAME, converted};
use super::server::{COMMIT, Flaws, Server};

#[test]
fn a_lost_connection_is_taken_up_where_it_was_lost() {
    let length = reference_files()[2].1.len();
    let flaws = Flaws { cut: Some((length / 3, 1)), ..Flaws::default() };
    // Once: the program itself goes on.
    let server = Server::start(&reference_files(), flaws);
    Machine::new(&server.endpoint).run(&["info", "--model", NAME]).succeeded();

    // Again and again: the next start goes on with what has arrived.
    let flaws = Flaws { cut: Some((1000, 5)), ..Flaws::default() };
    let server = Server::start(&reference_files(), flaws);
    let machine = Machine::new(&server.endpoint);
    let lost = ["cannot fetch hf:owner/name", "what has been fetched is kept"];
    machine.run(&["info", "--model", NAME]).refused(&lost);
    let blobs = || fs::read_dir(machine.repository().join("blobs")).unwrap();
    let part = blobs()
        .map(|blob| blob.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "part"))
        .unwrap();
    let kept = fs::metadata(&part).unwrap().len();
    assert_eq!(kept, 5000);
    machine.run(&["info", "--model", NAME]).succeeded();
    assert!(!part.exists());
}

#[test]
fn a_part_that_is_whole_too_long_or_wrong_stands_in_nobodys_way() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    machine.run(&["info", "--model", NAME]).succeeded();
    let pointer = machine.repository().join("snapshots").join(COMMIT).join("model.pt");
    let blob = fs::canonicalize(&pointer).unwrap();
    let whole = fs::read(&blob).unwrap();
    for part in [whole.clone(), [whole.clone(), vec![0; 9]].concat()] {
        fs::remove_file(&pointer).unwrap();
        fs::remove_file(&blob).unwrap();
        fs::write(blob.with_extension("part"), part).unwrap();
        machine.run(&["info", "--model", NAME]).succeeded();
        assert_eq!(fs::read(&blob).unwrap(), whole);
    }
    // One with other content is noticed by its hash, removed, and right the next time.
    fs::remove_file(&pointer).unwrap();
    fs::remove_file(&blob).unwrap();
    fs::remove_dir_all(machine.repository().join("converted")).unwrap();
    fs::write(blob.with_extension("part"), vec![7; 1000]).unwrap();
    let damaged = ["model.pt of hf:owner/name arrived damaged"];
    machine.run(&["info", "--model", NAME]).refused(&damaged);
    assert!(!blob.exists() && !pointer.exists());
    machine.run(&["info", "--model", NAME]).succeeded();
}

#[test]
fn a_conversion_that_was_killed_is_never_used() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    machine.run(&["info", "--model", NAME]).succeeded();
    let key = converted(&machine).remove(0);
    let weights = key.join("model.safetensors");
    let whole = fs::read(&weights).unwrap();
    fs::remove_file(&weights).unwrap();
    let draft = key.join(".draftX");
    fs::create_dir(&draft).unwrap();
    fs::write(draft.join("model.safetensors"), &whole[..whole.len() / 2]).unwrap();
    machine.run(&["info", "--model", NAME]).succeeded();
    assert_eq!(fs::read(&weights).unwrap(), whole);
    assert!(!draft.exists());
}

#[test]
fn a_server_without_ranges_or_lengths_is_fetched_from() {
    for flaws in [
        Flaws { whole: true, ..Flaws::default() },
        Flaws { whole: true, cut: Some((1000, 2)), ..Flaws::default() },
        Flaws { chunked: true, whole: true, ..Flaws::default() },
    ] {
        let server = Server::start(&reference_files(), flaws);
        Machine::new(&server.endpoint).run(&["info", "--model", NAME]).succeeded();
    }
}

#[test]
fn programs_that_want_the_same_file_wait_for_one_another() {
    // Longer than anybody would try again and again.
    let server = Server::start(&reference_files(), Flaws { slow: 7, ..Flaws::default() });
    let machine = Machine::new(&server.endpoint);
    let start = || {
        let mut command = machine.command(&["info", "--model", NAME]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let programs = [start(), start(), start()];
    let said = programs.map(|program| {
        let output = program.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        said
    });
    let waited = said.iter().filter(|said| said.contains("waiting for another program"));
    assert!(waited.count() > 0, "{said:?}");
    // Each may ask what the file is; one fetches it.
    let asked = server.requests().iter().filter(|asked| asked.contains("model.pt")).count();
    assert!(asked <= 4, "{asked} requests");
}

#[test]
fn a_server_that_falls_silent_is_not_waited_for() {
    let flaws = Flaws { silent: Some(60), ..Flaws::default() };
    let server = Server::start(&reference_files(), flaws);
    let machine = Machine::new(&server.endpoint);
    let started = Instant::now();
    let mut command = machine.command(&["info", "--model", NAME]);
    Run::of(command.env("HF_HUB_DOWNLOAD_TIMEOUT", "1"))
        .refused(&["cannot fetch hf:owner/name", "silent for 1 seconds"]);
    assert!(started.elapsed() < Duration::from_secs(20));
}

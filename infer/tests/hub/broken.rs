//! Connections that are lost, files that are not whole, conversions that were killed.

use std::fs;
use std::time::{Duration, Instant};

use super::machine::{Machine, NAME, converted, message, reference_files, succeeded};
use super::server::{COMMIT, Flaws, Server};

#[test]
fn a_lost_connection_is_taken_up_where_it_was_lost() {
    let length = reference_files()[2].1.len();
    let flaws = Flaws { cut: Some((length / 3, 1)), ..Flaws::default() };
    // Once: the program itself goes on.
    let server = Server::start(&reference_files(), flaws);
    succeeded(&Machine::new(&server.endpoint).run(&["info", "--model", NAME]));

    // Again and again: the next start goes on with what has arrived.
    let flaws = Flaws { cut: Some((1000, 5)), ..Flaws::default() };
    let server = Server::start(&reference_files(), flaws);
    let machine = Machine::new(&server.endpoint);
    let output = machine.run(&["info", "--model", NAME]);
    assert!(
        message(&output).contains("cannot fetch hf:owner/name")
            && message(&output).contains("what has been fetched is kept"),
        "{}",
        message(&output)
    );
    let blobs = || fs::read_dir(machine.repository().join("blobs")).unwrap();
    let part = blobs()
        .map(|blob| blob.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "part"))
        .unwrap();
    let kept = fs::metadata(&part).unwrap().len();
    assert_eq!(kept, 5000);
    succeeded(&machine.run(&["info", "--model", NAME]));
    assert!(!part.exists());
}

#[test]
fn a_part_that_is_whole_too_long_or_wrong_stands_in_nobodys_way() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    succeeded(&machine.run(&["info", "--model", NAME]));
    let pointer = machine.repository().join("snapshots").join(COMMIT).join("model.pt");
    let blob = fs::canonicalize(&pointer).unwrap();
    let whole = fs::read(&blob).unwrap();
    for part in [whole.clone(), [whole.clone(), vec![0; 9]].concat()] {
        fs::remove_file(&pointer).unwrap();
        fs::remove_file(&blob).unwrap();
        fs::write(blob.with_extension("part"), part).unwrap();
        succeeded(&machine.run(&["info", "--model", NAME]));
        assert_eq!(fs::read(&blob).unwrap(), whole);
    }
    // One with other content is noticed by its hash, removed, and right the next time.
    fs::remove_file(&pointer).unwrap();
    fs::remove_file(&blob).unwrap();
    fs::remove_dir_all(machine.repository().join("converted")).unwrap();
    fs::write(blob.with_extension("part"), vec![7; 1000]).unwrap();
    let output = machine.run(&["info", "--model", NAME]);
    assert!(
        message(&output).contains("model.pt of hf:owner/name arrived damaged"),
        "{}",
        message(&output)
    );
    assert!(!blob.exists() && !pointer.exists());
    succeeded(&machine.run(&["info", "--model", NAME]));
}

#[test]
fn a_conversion_that_was_killed_is_never_used() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    succeeded(&machine.run(&["info", "--model", NAME]));
    let key = converted(&machine).remove(0);
    let weights = key.join("model.safetensors");
    let whole = fs::read(&weights).unwrap();
    fs::remove_file(&weights).unwrap();
    let draft = key.join(".draftX");
    fs::create_dir(&draft).unwrap();
    fs::write(draft.join("model.safetensors"), &whole[..whole.len() / 2]).unwrap();
    succeeded(&machine.run(&["info", "--model", NAME]));
    assert_eq!(fs::read(&weights).unwrap(), whole);
    assert!(!draft.exists());
}

#[test]
fn a_server_that_falls_silent_is_not_waited_for() {
    let flaws = Flaws { silent: Some(60), ..Flaws::default() };
    let server = Server::start(&reference_files(), flaws);
    let machine = Machine::new(&server.endpoint);
    let started = Instant::now();
    let mut command = machine.command(&["info", "--model", NAME]);
    let output = command.env("HF_HUB_DOWNLOAD_TIMEOUT", "1").output().unwrap();
    let message = message(&output);
    assert!(
        message.contains("cannot fetch hf:owner/name") && message.contains("silent for 1 seconds"),
        "{message}"
    );
    assert!(started.elapsed() < Duration::from_secs(20));
}

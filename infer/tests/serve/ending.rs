//! How it ends: what was asked for is finished, or given back.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use serde_json::json;

use super::server::{INFER, Served, read_reply, until};

const LONG: &str = r#"{"class": 0, "sampler": {"steps": 1000, "solver": "heun"}}"#;

#[test]
fn told_to_end_it_finishes_what_waits_and_takes_nothing_new() {
    let server = Served::ready(&["--batch", "1"]);
    let jobs = [3, 4]
        .map(|class| server.submit(&json!({"class": class, "sampler": {"steps": 40}}).to_string()));
    let events = std::thread::scope(|scope| {
        let listening = scope.spawn(|| server.events(&jobs[1]));
        until(|| server.job(&jobs[0])["state"] == "running");
        server.signal("-TERM");
        until(|| server.get("/health").status == 503);
        let refused = server.post("/api/jobs", r#"{"class": 1}"#);
        assert_eq!(refused.status, 503, "{}", refused.message());
        assert!(refused.message().contains("ending"));
        listening.join().unwrap()
    });
    assert_eq!(events.last().unwrap().0, "done");
    assert!(events.iter().any(|(name, _)| name == "image"));
    let (status, said) = server.ended();
    assert!(status.success(), "{status}: {said}");
    assert!(said.contains("finishing what was asked for"), "{said}");
}

#[test]
fn what_does_not_end_in_time_is_given_back_with_a_reason() {
    let server = Served::ready(&["--grace", "1"]);
    let id = server.submit(LONG);
    let (events, waited) = std::thread::scope(|scope| {
        let listening = scope.spawn(|| server.events(&id));
        until(|| server.job(&id)["state"] == "running");
        server.signal("-INT");
        let began = Instant::now();
        (listening.join().unwrap(), began.elapsed())
    });
    let (name, data) = events.last().unwrap();
    assert_eq!(name, "failed");
    assert!(data["message"].as_str().unwrap().contains("told to end"), "{data}");
    let (status, said) = server.ended();
    assert!(status.success() && waited < Duration::from_secs(20), "{status}, {waited:?}");
    assert!(said.contains("1 jobs were not finished within --grace"), "{said}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let server = Served::ready(&[]);
    server.submit(LONG);
    server.signal("-TERM");
    // Signals in so short a time are one.
    std::thread::sleep(Duration::from_millis(1700));
    server.signal("-TERM");
    assert_eq!(server.ended().0.code(), Some(130));
}

#[test]
fn killed_in_mid_stream_it_starts_again_at_its_address_and_draws_the_same() {
    let server = Served::ready(&[]);
    let asked = r#"{"class": 2, "seed": 4, "sampler": {"steps": 2}}"#;
    let image = server.image(&server.submit(asked), 0);
    let id = server.submit(LONG);
    let mut stream = server.connect();
    let head = format!("GET /api/jobs/{id}/events HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    stream.write_all(head.as_bytes()).unwrap();
    until(|| server.job(&id)["state"] == "running");
    let mut begun = [0; 4096];
    until(|| {
        let count = stream.peek(&mut begun).unwrap();
        String::from_utf8_lossy(&begun[..count]).contains("queued")
    });
    let address = server.address.clone();
    let (_, port) = address.rsplit_once(':').unwrap();
    server.signal("-KILL");
    let (status, _) = server.ended();
    assert_eq!(status.signal(), Some(9));
    // The listener is told: its stream ends, and without a last event.
    let names: Vec<String> =
        read_reply(&mut stream).events().into_iter().map(|(name, _)| name).collect();
    let is_last = |name: &String| ["done", "failed", "cancelled"].contains(&name.as_str());
    assert!(names.first().is_some_and(|name| name == "queued"), "{names:?}");
    assert!(!names.iter().any(is_last), "{names:?}");
    let mut command = INFER.command(&["serve", "--device", "cpu", "--port", port]);
    let again = Served::start_as(&mut command);
    assert_eq!(again.address, address);
    until(|| again.get("/health").status == 200);
    assert_eq!(again.get(&format!("/api/jobs/{id}")).status, 404);
    assert!(again.image(&again.submit(asked), 0) == image);
}

#[test]
fn weights_that_cannot_be_read_end_it_with_their_message() {
    let folder = tempfile::tempdir().unwrap();
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/demo/model");
    std::fs::copy(format!("{demo}/model.safetensors"), folder.path().join("model.safetensors"))
        .unwrap();
    let config = std::fs::read_to_string(format!("{demo}/config.json")).unwrap();
    assert!(config.contains("\"depth\": 6"), "{config}");
    let deeper = config.replace("\"depth\": 6", "\"depth\": 7");
    std::fs::write(folder.path().join("config.json"), deeper).unwrap();
    let model = program_tests::text(folder.path());
    let run = INFER.run(&["serve", "--port", "0", "--device", "cpu", "--model", model]);
    run.refused(&["model.safetensors does not fit the model", "missing: transformer_blocks.6."]);
}

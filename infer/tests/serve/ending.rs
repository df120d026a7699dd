//! How it ends: what was asked for is finished, or given back.

use std::time::{Duration, Instant};

use serde_json::json;

use super::server::{Served, until};

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
    let run =
        super::server::INFER.run(&["serve", "--port", "0", "--device", "cpu", "--model", model]);
    run.refused(&["model.safetensors does not fit the model", "missing: transformer_blocks.6."]);
}

//! What is drawn is what `infer sample` draws, whatever is drawn beside it.

use std::fs;

use program_tests::text;
use serde_json::{Value, json};

use super::server::{INFER, Served, sampled, until};

/// A job that holds the worker up until it is stopped.
const LONG: &str = r#"{"class": 0, "sampler": {"steps": 1000, "solver": "heun"}}"#;

fn names(events: &[(String, Value)]) -> Vec<&str> {
    events.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn jobs_that_wait_are_drawn_together_and_are_the_files_of_infer_sample() {
    let server = Served::ready(&["--queue", "64"]);
    let long = server.submit(LONG);
    let steps = json!({"steps": [2, 3, 1]});
    let body = |class: Value, seed: usize| {
        json!({"class": class, "seed": seed, "sampler": steps, "previews": false}).to_string()
    };
    let mut jobs: Vec<String> = (0..7).map(|class| server.submit(&body(json!(class), 5))).collect();
    jobs.push(server.submit(&body(json!("VAMPIRE"), 9)));
    let queue = server.get("/api/queue").json();
    assert_eq!((queue["waiting_images"].as_u64(), queue["room"].as_u64()), (Some(8), Some(56)));
    let events = server.get(&format!("/api/jobs/{}", jobs[3])).json();
    assert_eq!(events["state"], "queued");
    assert_eq!(server.post(&format!("/api/jobs/{long}/cancel"), "").status, 202);

    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--steps", "2,3,1", "--count", "1", "--seed"];
    let of = |seed: &str, classes: &str| {
        let out = folder.path().join(seed);
        sampled(&out, &[&arguments[..], &[seed, "--class", classes]].concat())
    };
    let expected = [of("5", "0,1,2,3,4,5,6"), of("9", "vampire")].concat();
    for (job, expected) in jobs.iter().zip(&expected) {
        let events = server.events(job);
        let started = events.iter().find(|(name, _)| name == "started").unwrap();
        assert_eq!(started.1["together"], 8);
        assert!(server.image(job, 0) == *expected, "{job}");
    }
    // The picture tells how to draw it again.
    let path = folder.path().join("served.png");
    fs::write(&path, server.image(&jobs[7], 0)).unwrap();
    let again = INFER.run(&["replay", text(&path), "--device", "cpu"]).succeeded();
    assert_eq!(again.printed.trim(), "pixels equal");
}

#[test]
fn prompts_are_packed_too_and_what_is_not_seen_is_said() {
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/demo-text/model");
    let server = Served::ready(&["--model", model, "--steps", "2"]);
    let endless = "a large orc ".repeat(834);
    let prompts = ["an elf in a red robe", "a knight", endless.trim()];
    let body =
        |prompt: &str| json!({"prompt": prompt, "negative": "a shield", "seed": 3}).to_string();
    let long = server.submit(&json!({"prompt": "a", "sampler": {"steps": 1000}}).to_string());
    let jobs = prompts.map(|prompt| server.submit(&body(prompt)));
    server.post(&format!("/api/jobs/{long}/cancel"), "");
    let folder = tempfile::tempdir().unwrap();
    for (job, prompt) in jobs.iter().zip(prompts) {
        let out = folder.path().join(job);
        let expected = sampled(
            &out,
            &[
                "--model",
                model,
                "--prompt",
                prompt,
                "--negative",
                "a shield",
                "--seed",
                "3",
                "--steps",
                "2",
                "--count",
                "1",
            ],
        );
        assert!(server.image(job, 0) == expected[0], "{prompt:.30}");
    }
    let notes = |job: &str| server.job(job)["notes"].to_string();
    assert!(notes(&jobs[2]).contains("the prompt is longer than"), "{}", notes(&jobs[2]));
    assert!(
        notes(&jobs[0]).contains("the text encoder has never seen `in`"),
        "{}",
        notes(&jobs[0])
    );
    assert_eq!(notes(&jobs[1]), "[]");
    for (body, field) in [
        (r#"{"class": 3}"#, "class"),
        ("{}", "prompt"),
        (&json!({"prompt": "a".repeat(65_537)}).to_string(), "prompt"),
    ] {
        let refused = server.post("/api/jobs", body);
        assert_eq!((refused.status, &refused.json()["error"]["field"]), (422, &json!(field)));
    }
}

#[test]
fn a_job_tells_what_happens_to_it_and_shows_every_stage() {
    let server = Served::ready(&[]);
    let id = server.submit(r#"{"class": "elf", "count": 2, "sampler": {"steps": 4}}"#);
    let events = server.events(&id);
    let names = names(&events);
    assert_eq!(names[0], "queued");
    assert_eq!(names[1], "started");
    assert_eq!(*names.last().unwrap(), "done");
    let stages: Vec<&Value> =
        events.iter().filter(|(name, _)| name == "stage").map(|(_, data)| &data["stage"]).collect();
    assert_eq!(stages, [0, 1, 2]);
    for (stage, side) in [(0, 8), (1, 16), (2, 32)] {
        for index in 0..2 {
            let is_it = |(name, data): &&(String, Value)| {
                name == "preview" && data["stage"] == stage && data["index"] == index
            };
            let preview = events.iter().find(is_it).expect("a preview of each image in each stage");
            assert_eq!(preview.1["height"], side);
        }
    }
    let last = events.iter().rfind(|(name, _)| name == "step").unwrap();
    assert_eq!((&last.1["share"], &last.1["evaluations"]), (&json!(1.0), &json!(12)));
    // Who comes late gets the past, who comes again what is new.
    let late = server.events(&id);
    let (whole, last) = (self::names(&late), late.last().unwrap());
    assert_eq!(whole.iter().filter(|name| **name == "preview").count(), 6);
    assert!(whole.starts_with(&["queued", "started", "stage"]) && last == events.last().unwrap());
    let path = format!("/api/jobs/{id}/events");
    let after = server.ask("GET", &path, &[("Last-Event-ID", "100000")], "");
    assert!(after.events().is_empty());
    let job = server.job(&id);
    assert_eq!((&job["state"], &job["images"][1]["number"]), (&json!("done"), &json!(1)));
    assert_eq!(job["stage_seconds"].as_array().unwrap().len(), 3);
}

#[test]
fn a_stopped_job_leaves_the_worker_free_and_may_keep_its_draft() {
    let server = Served::ready(&[]);
    for (query, state, images) in [("", "cancelled", 0), ("?keep=draft", "done", 1)] {
        let id = server.submit(LONG);
        until(|| server.job(&id)["state"] == "running");
        server.post(&format!("/api/jobs/{id}/cancel{query}"), "");
        let next = server.submit(r#"{"class": 1, "sampler": {"steps": 1}}"#);
        server.image(&next, 0);
        let job = server.job(&id);
        assert_eq!(job["state"], state);
        assert_eq!(job["images"].as_array().unwrap().len(), images);
        assert!(images == 0 || job["images"][0]["draft"] == true);
    }
}

#[test]
fn results_make_room_for_newer_ones_and_say_so() {
    let server = Served::ready(&["--keep", "2", "--steps", "1"]);
    let jobs = [0, 1, 2].map(|class| {
        let id = server.submit(&json!({"class": class}).to_string());
        server.image(&id, 0);
        id
    });
    let gone = server.get(&format!("/api/jobs/{}/images/0", jobs[0]));
    assert_eq!(gone.status, 410);
    assert!(gone.message().contains("2 are kept"), "{}", gone.message());
    assert_eq!(server.job(&jobs[2])["state"], "done");
    assert_eq!(server.get("/api/queue").json()["kept_images"], 2);
}

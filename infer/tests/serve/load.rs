//! Many clients at once.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Instant;

use serde_json::json;

use super::server::{Served, until};

#[test]
fn two_hundred_requests_from_fifty_connections_lose_and_double_nothing() {
    let server = Served::ready(&["--steps", "1"]);
    server.image(&server.submit(r#"{"class": 0, "size": [16, 16]}"#), 0);
    let before = server.memory();
    let (seen, refused) = (Mutex::new(HashSet::new()), Mutex::new(0));
    std::thread::scope(|scope| {
        for client in 0..50 {
            let (server, seen, refused) = (&server, &seen, &refused);
            scope.spawn(move || {
                for request in 0..4 {
                    let seed = client * 4 + request;
                    let body =
                        json!({"class": seed % 16, "seed": seed, "size": [16, 16]}).to_string();
                    loop {
                        let reply = server.post("/api/jobs", &body);
                        if reply.status == 429 {
                            *refused.lock().unwrap() += 1;
                            std::thread::sleep(std::time::Duration::from_millis(50));
                            continue;
                        }
                        let id = reply.json()["id"].as_str().unwrap().to_owned();
                        let events = server.events(&id);
                        let images = events.iter().filter(|(name, _)| name == "image").count();
                        assert_eq!((images, events.last().unwrap().0.as_str()), (1, "done"));
                        assert!(seen.lock().unwrap().insert(id));
                        break;
                    }
                }
            });
        }
    });
    assert_eq!(seen.into_inner().unwrap().len(), 200);
    assert_eq!(server.metric("pixelflow_images_total"), 201.0);
    assert_eq!(server.metric("pixelflow_jobs_ended_total{state=\"done\"}"), 201.0);
    let grown = server.memory().saturating_sub(before) >> 20;
    assert!(grown < 128, "{grown} MiB more");
}

/// Seconds of the fastest of so many tries.
fn fastest(tries: usize, mut tried: impl FnMut() -> f64) -> f64 {
    (0..tries).map(|_| tried()).fold(f64::INFINITY, f64::min)
}

/// What a user waits for, on a machine that does nothing else.
#[test]
#[ignore = "it measures: run it alone, `cargo test -p infer --test serve -- --ignored --nocapture`"]
fn packing_saves_two_fifths_and_previews_cost_nothing_to_speak_of() {
    let server = Served::ready(&[]);
    let job = |seed: usize, previews: bool| {
        server.submit(&json!({"class": seed % 16, "seed": seed, "previews": previews}).to_string())
    };
    let ended = |id: &str| {
        server.events(id);
        server.job(id)["seconds"].as_f64().unwrap()
    };
    let in_turn = fastest(5, || {
        let began = Instant::now();
        for seed in 0..8 {
            ended(&job(seed, false));
        }
        began.elapsed().as_secs_f64()
    });
    let packed = fastest(5, || {
        let long = server.submit(r#"{"class": 0, "sampler": {"steps": 1000}, "previews": false}"#);
        until(|| server.job(&long)["state"] == "running");
        let jobs: Vec<String> = (0..8).map(|seed| job(seed, false)).collect();
        server.post(&format!("/api/jobs/{long}/cancel"), "");
        let began = Instant::now();
        for id in &jobs {
            ended(id);
        }
        began.elapsed().as_secs_f64()
    });
    let [without, with] = [false, true].map(|previews| fastest(25, || ended(&job(1, previews))));
    println!("eight in turn {in_turn:.3} s, packed {packed:.3} s: {:.3}", packed / in_turn);
    println!("without previews {without:.4} s, with {with:.4} s: {:.4}", with / without);
    assert!(packed <= 0.6 * in_turn && with < 1.03 * without);
}

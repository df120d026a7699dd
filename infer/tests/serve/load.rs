//! Many clients at once.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::server::{Served, until};

/// Images that may wait.
const QUEUE: usize = 16;

/// Asks for an image until there is room, and awaits it; the job's name, and how often there was none.
fn drawn(server: &Served, seed: usize, refused: &AtomicUsize) -> String {
    let body = json!({"class": seed % 16, "seed": seed, "size": [16, 16]}).to_string();
    let reply = loop {
        let reply = server.post("/api/jobs", &body);
        if reply.status != 429 {
            break reply;
        }
        refused.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(50));
    };
    let id = reply.json()["id"].as_str().unwrap().to_owned();
    let events = server.events(&id);
    let images = events.iter().filter(|(name, _)| name == "image").count();
    assert_eq!((images, events.last().unwrap().0.as_str()), (1, "done"));
    id
}

/// Two hundred jobs of fifty clients who ask at once while the worker is held up; their names.
fn round(server: &Served) -> HashSet<String> {
    let long = server.submit(r#"{"class": 0, "sampler": {"steps": 1000, "solver": "heun"}}"#);
    until(|| server.job(&long)["state"] == "running");
    let (seen, refused) = (Mutex::new(HashSet::new()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for client in 0..50 {
            let (seen, refused) = (&seen, &refused);
            scope.spawn(move || {
                for request in 0..4 {
                    let id = drawn(server, client * 4 + request, refused);
                    assert!(seen.lock().unwrap().insert(id));
                }
            });
        }
        // All who found no room have come back without any.
        until(|| refused.load(Ordering::SeqCst) > 2 * (50 - QUEUE));
        let queue = server.get("/api/queue").json();
        assert_eq!((&queue["waiting_images"], &queue["room"]), (&json!(QUEUE), &json!(0)));
        server.post(&format!("/api/jobs/{long}/cancel"), "");
    });
    seen.into_inner().unwrap()
}

#[test]
fn two_hundred_requests_from_fifty_connections_lose_and_double_nothing() {
    let server = Served::ready(&["--steps", "1", "--queue", &QUEUE.to_string()]);
    let mut memory = Vec::new();
    let rounds = [(); 3].map(|()| {
        let ids = round(&server);
        memory.push(server.memory() >> 20);
        ids
    });
    let all: HashSet<&String> = rounds.iter().flatten().collect();
    assert_eq!((rounds.each_ref().map(HashSet::len), all.len()), ([200; 3], 600));
    assert_eq!(server.metric("pixelflow_images_total"), 600.0);
    assert_eq!(server.metric("pixelflow_jobs_ended_total{state=\"done\"}"), 600.0);
    // What leaks does so in each round; an allocator takes more once, where threads meet that have not before.
    let grown = memory.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).min();
    assert!(grown < Some(16), "MiB after each round: {memory:?}");
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

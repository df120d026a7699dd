//! Many clients at once.

use std::collections::HashSet;
use std::sync::Mutex;

use serde_json::json;

use super::server::Served;

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

//! Clients of `OpenAI`'s API and of A1111's web UI.

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::server::{Served, from_base64, until};

const SLOW: usize = 500;

#[test]
fn clients_of_openai_get_images_and_partial_ones() {
    let server = Served::ready(&["--steps", "2"]);
    let path = "/v1/images/generations";
    let asked = json!({"model": "demo", "prompt": "elf", "n": 2, "size": "48x32", "seed": 5, "quality": "high"});
    let reply = server.post(path, &asked.to_string());
    assert_eq!(reply.status, 200);
    let data = &reply.json()["data"];
    let ours = server.submit(r#"{"class": "elf", "seed": 5, "count": 2, "size": [32, 48]}"#);
    for index in 0..2 {
        assert!(from_base64(&data[index]["b64_json"]) == server.image(&ours, index));
    }
    let stream = json!({"prompt": "elf", "seed": 5, "stream": true, "partial_images": 2});
    let events = server.post(path, &stream.to_string()).events();
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    let partial = "image_generation.partial_image";
    assert_eq!(names, [partial, partial, "image_generation.completed"]);
    assert_eq!(
        (&events[1].1["type"], &events[1].1["partial_image_index"]),
        (&json!(partial), &json!(1))
    );
    for (body, status, field) in [
        (json!({"prompt": "elf", "model": "dall-e-3"}), 404, "model"),
        (json!({"prompt": "elf", "response_format": "url"}), 422, "response_format"),
        (json!({"prompt": "elf", "size": "huge"}), 422, "size"),
        // By the names of that API.
        (json!({"prompt": "a knight of the realm"}), 422, "prompt"),
        (json!({"prompt": "elf", "n": 100}), 422, "n"),
    ] {
        let refused = server.post(path, &body.to_string());
        let error = &refused.json()["error"];
        assert_eq!((refused.status, error["param"].as_str()), (status, Some(field)), "{error}");
        assert_eq!(error["type"], "invalid_request_error");
    }
    assert_eq!(server.get("/v1/models").json()["data"][0]["id"], "demo");
}

#[test]
fn a_client_that_goes_away_frees_the_worker() {
    let server = Served::ready(&[]);
    for more in ["", ", \"stream\": true"] {
        let cancelled = "pixelflow_jobs_ended_total{state=\"cancelled\"}";
        let before = server.metric(cancelled);
        let body = format!("{{\"prompt\": \"elf\"{more}}}");
        let head = format!(
            "POST /v1/images/generations HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            server.address,
            body.len()
        );
        let mut stream = server.connect();
        stream.write_all(head.as_bytes()).unwrap();
        until(|| server.metric("pixelflow_jobs{state=\"running\"}") == 1.0);
        drop(stream);
        until(|| server.metric(cancelled) == before + 1.0);
        assert_eq!(server.metric("pixelflow_jobs{state=\"running\"}"), 0.0);
    }
}

#[test]
fn front_ends_of_a1111_draw_and_are_told_what_is_ignored() {
    let server = Served::ready(&[]);
    let asked = json!({
        "prompt": "elf", "seed": 7, "steps": 6, "cfg_scale": 3, "width": 32, "height": 32, "batch_size": 2,
        "sampler_name": "Heun", "enable_hr": true, "styles": [], "negative_prompt": ""
    });
    let reply = server.post("/sdapi/v1/txt2img", &asked.to_string()).json();
    let ours = server.submit(
        r#"{"class": "elf", "seed": 7, "count": 2, "sampler": {"steps": 2, "guidance": 3, "solver": "heun"}}"#,
    );
    for index in 0..2 {
        assert!(from_base64(&reply["images"][index]) == server.image(&ours, index));
    }
    let info: Value = serde_json::from_str(reply["info"].as_str().unwrap()).unwrap();
    assert_eq!((&info["ignored"], &info["seed"]), (&json!(["enable_hr"]), &json!(7)));
    for (path, pointer, expected) in [
        ("/sdapi/v1/sd-models", "/0/model_name", "demo"),
        ("/sdapi/v1/options", "/sd_model_checkpoint", "demo"),
        ("/sdapi/v1/samplers", "/1/name", "Heun"),
    ] {
        assert_eq!(server.get(path).json().pointer(pointer).unwrap(), expected, "{path}");
    }
    assert_eq!(server.post("/sdapi/v1/options", r#"{"sd_model_checkpoint": "demo"}"#).status, 200);
    assert_eq!(server.post("/sdapi/v1/options", r#"{"sd_model_checkpoint": "xl"}"#).status, 422);
    let unknown = server.post("/sdapi/v1/txt2img", r#"{"prompt": "elf", "sampler_name": "LMS"}"#);
    assert!(unknown.message().contains("there are Euler, Heun"), "{}", unknown.message());
}

#[test]
fn an_interrupted_front_end_gets_what_there_is() {
    let server = Served::ready(&[]);
    let body = json!({"prompt": "elf", "steps": 3 * SLOW}).to_string();
    let reply = std::thread::scope(|scope| {
        let drawing = scope.spawn(|| server.post("/sdapi/v1/txt2img", &body));
        until(|| {
            std::thread::sleep(Duration::from_millis(50));
            let progress = server.get("/sdapi/v1/progress").json();
            progress["progress"].as_f64().unwrap() > 0.0 && progress["current_image"].is_string()
        });
        assert_eq!(server.post("/sdapi/v1/interrupt", "").status, 200);
        drawing.join().unwrap()
    });
    assert_eq!(reply.json()["images"].as_array().unwrap().len(), 1);
    assert_eq!(server.get("/sdapi/v1/progress").json()["progress"], 0.0);
}

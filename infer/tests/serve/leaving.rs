//! Whoever leaves frees the worker within one step.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::{Value, json};

use super::server::{Served, until};

/// Steps that take long enough to leave in the midst of one.
const ASKED: [(&str, usize); 3] = [("width", 256), ("height", 256), ("steps", 3000)];

/// Begins an answer of A1111's API, and waits until it is drawn; its connection and its job's name.
fn drawing(server: &Served) -> (TcpStream, String) {
    let mut asked = json!({"prompt": "elf"});
    asked
        .as_object_mut()
        .unwrap()
        .extend(ASKED.map(|(name, value)| (name.to_owned(), value.into())));
    let asked = asked.to_string();
    let head = format!(
        "POST /sdapi/v1/txt2img HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{asked}",
        server.address,
        asked.len()
    );
    let mut stream = server.connect();
    stream.write_all(head.as_bytes()).unwrap();
    let mut id = String::new();
    until(|| {
        let state = server.get("/sdapi/v1/progress").json()["state"].take();
        state["job"].as_str().unwrap().clone_into(&mut id);
        state["sampling_step"].as_u64().unwrap() > 2
    });
    (stream, id)
}

/// The newest step of a job of which nothing more is awaited.
fn step(server: &Served, id: &str) -> u64 {
    let mut stream = server.connect();
    let head = format!("GET /api/jobs/{id}/events HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    stream.write_all(head.as_bytes()).unwrap();
    let (mut said, mut part) = (String::new(), [0; 8192]);
    loop {
        let read = stream.read(&mut part).unwrap();
        said.push_str(&String::from_utf8_lossy(&part[..read]));
        let steps = said.lines().filter_map(|line| line.strip_prefix("data: "));
        let mut steps = steps.filter_map(|data| serde_json::from_str::<Value>(data).ok());
        if let Some(step) = steps.find_map(|data| data["step"].as_u64()) {
            return step;
        }
    }
}

/// What somebody does with a connection and a job's name.
type Way<'a> = &'a dyn Fn(TcpStream, &str);

#[test]
fn whoever_leaves_frees_the_worker_within_one_step() {
    let server = Served::ready(&[]);
    let gone = |stream: TcpStream, _: &str| drop(stream);
    let half = |stream: TcpStream, _: &str| stream.shutdown(Shutdown::Both).unwrap();
    let cancels = |_: TcpStream, id: &str| {
        assert_eq!(server.post(&format!("/api/jobs/{id}/cancel"), "").status, 202);
    };
    let interrupts = |_: TcpStream, _: &str| {
        assert_eq!(server.post("/sdapi/v1/interrupt", "").status, 200);
    };
    let ways: [(&str, Way<'_>); 4] =
        [("goes", &gone), ("closes", &half), ("cancels", &cancels), ("interrupts", &interrupts)];
    for (way, leave) in ways {
        let (stream, id) = drawing(&server);
        leave(stream, &id);
        let before = step(&server, &id);
        until(|| server.job(&id)["state"] != "running");
        let after = step(&server, &id);
        assert!(after <= before + 1, "who {way}: {before}, {after}");
        server.image(&server.submit(r#"{"class": 1, "sampler": {"steps": 1}}"#), 0);
    }
}

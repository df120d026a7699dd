//! What is refused, with which status and sentence; nobody holds the server up.

use std::io::Write;

use program_tests::text;
use serde_json::json;

use super::server::{INFER, Served, read_reply, until};

#[test]
fn what_makes_no_sense_is_refused_with_its_field() {
    let server = Served::ready(&["--max-pixels", "4096"]);
    let long = "a".repeat(10_000);
    let long_class = json!({"class": long}).to_string();
    let long_prompt = json!({"prompt": long}).to_string();
    let cases: [(&str, u16, &str, &str); 22] = [
        ("", 400, "", "no JSON object"),
        ("{\"class\": ", 400, "", "no JSON"),
        ("{\"class\": 1}{", 400, "", "trailing characters"),
        ("[[[[", 400, "", "no JSON object"),
        ("{}", 422, "class", "say with class what"),
        (r#"{"class": 16}"#, 422, "class", "class 16 is out of range"),
        (r#"{"class": "efl"}"#, 422, "class", "did you mean elf?"),
        (r#"{"class": 1, "prompt": "x"}"#, 422, "prompt", "this model draws classes"),
        (&long_class, 422, "class", "9920 more letters"),
        (&long_prompt, 422, "prompt", "this model draws classes and reads no texts"),
        (r#"{"class": 1, "count": 65}"#, 422, "count", "it must be 1 to 64"),
        (r#"{"class": 1, "count": 0}"#, 422, "count", "it must be 1 to 64"),
        (r#"{"class": 1, "count": 1e30}"#, 422, "count", "invalid type: floating point"),
        (r#"{"class": 1, "count": -4}"#, 422, "count", "invalid value: integer `-4`"),
        // The last of 64 images would have no number.
        (
            r#"{"class": 1, "number": 9223372036854775745}"#,
            422,
            "number",
            "it must be 0 to 9223372036854775744",
        ),
        (r#"{"class": 1, "size": [-32, 32]}"#, 422, "size[0]", "invalid value: integer `-32`"),
        (r#"{"class": 1, "size": [33, 32]}"#, 422, "size", "size 33x32 does not fit"),
        (
            r#"{"class": 1, "size": [128, 128]}"#,
            422,
            "size",
            "16384 pixels, this server draws 4096",
        ),
        (r#"{"class": 1, "size": [4294967296, 4294967296]}"#, 422, "size", "at most 16384"),
        (r#"{"class": 1, "sampler": {"guidance": NaN}}"#, 400, "", "no JSON"),
        (r#"{"class": 1, "sampler": {"guidance": -1}}"#, 422, "sampler", "guidance scale is -1"),
        (
            r#"{"class": 1, "sampler": {"steps": 5000}}"#,
            422,
            "sampler.steps",
            "1000 a stage at most",
        ),
    ];
    for (body, status, field, message) in cases {
        let refused = server.post("/api/jobs", body);
        assert_eq!(refused.status, status, "{body:.60}: {}", refused.message());
        let error = &refused.json()["error"];
        assert_eq!(error["field"].as_str().unwrap_or(""), field, "{body:.60}: {error}");
        assert!(refused.message().contains(message), "{body:.60}: {}", refused.message());
        assert!(refused.message().len() < 1500, "{body:.60}");
    }
    let other =
        server.ask("POST", "/api/jobs", &[("Content-Type", "text/plain")], r#"{"class": 1}"#);
    assert_eq!(other.status, 415);
    for (method, path, status) in [
        ("GET", "/api/jobs", 405),
        ("DELETE", "/api/jobs/00000000000000000000000000000000", 405),
        ("GET", "/api/jobs/00000000000000000000000000000000", 404),
        ("GET", "/api/jobs/..%2f..%2fetc%2fpasswd", 404),
        ("GET", "/page/..%2f..%2fmod.rs", 404),
        ("GET", "/page/../Cargo.toml", 404),
        ("GET", "/nothing", 404),
        ("POST", "/api/jobs/00000000000000000000000000000000/cancel", 404),
        // What is wrong with a request is wrong whatever has become of the job.
        ("POST", "/api/jobs/00000000000000000000000000000000/cancel?keep=all", 400),
    ] {
        let refused = server.ask(method, path, &[], "");
        assert_eq!(refused.status, status, "{method} {path}");
        assert!(!refused.message().is_empty(), "{method} {path}");
    }
    assert_eq!(server.metric("pixelflow_jobs_ended_total{state=\"done\"}"), 0.0);
}

#[test]
fn a_full_queue_says_when_to_come_again() {
    let server = Served::ready(&["--queue", "2"]);
    let long = server.submit(r#"{"class": 0, "sampler": {"steps": 1000}}"#);
    until(|| server.job(&long)["state"] == "running");
    server.submit(r#"{"class": 0, "count": 2}"#);
    let refused = server.post("/api/jobs", r#"{"class": 0}"#);
    assert_eq!(refused.status, 429, "{}", refused.message());
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert!(refused.message().contains("2 images wait"), "{}", refused.message());
    let more = server.post("/api/jobs", r#"{"class": 0, "count": 3}"#);
    assert_eq!((more.status, more.message()), (422, "count is 3, it must be 1 to 2".to_owned()));
}

#[test]
fn a_body_too_large_is_not_read() {
    let server = Served::ready(&[]);
    let head = |length: &str| {
        format!(
            "POST /api/jobs HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n{length}\r\n\r\n",
            server.address
        )
    };
    // A hundred million bytes are announced, and none is sent.
    let announced = server.say(head("Content-Length: 100000000").as_bytes());
    assert_eq!(announced.status, 413);
    assert_eq!(announced.header("connection"), Some("close"));
    // Nothing is announced, and they are sent: it answers before it has them all.
    let before = server.peak_memory();
    let mut stream = server.connect();
    stream.write_all(head("Transfer-Encoding: chunked").as_bytes()).unwrap();
    let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 1 << 20], b"\r\n"].concat();
    let sent = (0..100).take_while(|_| stream.write_all(&chunk).is_ok()).count();
    assert!(sent < 100, "all was read");
    assert_eq!(read_reply(&mut stream).status, 413);
    let grown = server.peak_memory().saturating_sub(before) >> 20;
    assert!(grown < 48, "{grown} MiB more");
}

#[test]
fn other_pages_other_names_and_strangers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "correct-horse-battery\n").unwrap();
    let server = Served::ready(&["--token-file", text(&path), "--allow-host", "draw.test"]);
    let token = ("Authorization", "Bearer correct-horse-battery");
    let asked = |headers: &[(&str, &str)]| server.ask("GET", "/api/models", headers, "").status;
    assert_eq!(asked(&[]), 401);
    assert_eq!(asked(&[("Authorization", "Bearer correct-horse-batterz")]), 401);
    assert_eq!(asked(&[token]), 200);
    assert_eq!(asked(&[token, ("Host", "evil.test")]), 403);
    assert_eq!(asked(&[token, ("Host", "draw.test")]), 200);
    assert_eq!(asked(&[token, ("Origin", "http://evil.test")]), 403);
    let own = format!("http://{}", server.address);
    assert_eq!(asked(&[token, ("Origin", &own)]), 200);
    let page = server.get("/");
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'self'"), "{policy}");
}

#[test]
fn a_server_that_cannot_be_is_refused_before_the_model_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "short").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let cases: [(&[&str], &[&str]); 9] = [
        (&["--host", "0.0.0.0"], &["--host 0.0.0.0", "--token-file FILE", "--no-token"]),
        (&["--host", "there"], &["invalid value 'there'"]),
        (&["--token-file", text(&path)], &["--token-file", "8 to 1024 letters"]),
        (&["--token-file", "nowhere"], &["cannot read nowhere"]),
        (&["--port", &port], &["--port", "another program listens there", "0 for any"]),
        (&["--host", "192.0.2.1", "--no-token"], &["--host 192.0.2.1", "no such address"]),
        (&["--max-pixels", "100"], &["--max-pixels 100", "1024 pixels, this server draws 100"]),
        (&["--steps", "0"], &["steps contains 0"]),
        (
            &["--steps", "9", "--max-steps", "8"],
            &["--max-steps 8", "contains 9, this server makes 8"],
        ),
    ];
    for (arguments, expected) in cases {
        INFER.run(&[&["serve", "--device", "cpu"], arguments].concat()).refused(expected);
    }
    let mut command = INFER.command(&["serve", "--port", "0"]);
    let run = program_tests::Run::of(command.env("PIXELFLOW_TOKEN", "with a space"));
    run.refused(&["PIXELFLOW_TOKEN is `...`", "without spaces"]);
}

//! A running server, and a client that says exactly what a test wants said.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use program_tests::Program;
use serde_json::Value;

pub const INFER: Program = Program(env!("CARGO_BIN_EXE_infer"));
/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server; it ends with its test.
pub struct Served {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub address: String,
    notes: Option<std::thread::JoinHandle<String>>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The sentence of a refusal.
    pub fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }

    /// The events of a stream, with their data.
    pub fn events(&self) -> Vec<(String, Value)> {
        let text = String::from_utf8_lossy(&self.body);
        let event = |part: &str| {
            let field = |name: &str| {
                part.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned)
            };
            Some((field("event: ")?, serde_json::from_str(&field("data: ")?).unwrap()))
        };
        text.split("\n\n").filter_map(event).collect()
    }
}

impl Served {
    /// A server on a port that is free, with these arguments.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_as(INFER.command(&["serve", "--port", "0", "--device", "cpu"]).args(arguments))
    }

    pub fn start_as(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit_once("http://").map(|(_, address)| address.to_owned());
        let mut stderr = child.stderr.take().unwrap();
        let notes = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            text
        });
        let address = address.unwrap_or_else(|| panic!("it says {line:?}"));
        Self { child, address, notes: Some(notes) }
    }

    /// A server that is ready.
    pub fn ready(arguments: &[&str]) -> Self {
        let server = Self::start(arguments);
        until(|| server.get("/health").status == 200);
        server
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends exactly this, and reads the answer to its end.
    pub fn say(&self, bytes: &[u8]) -> Reply {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        read_reply(&mut stream)
    }

    pub fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Reply {
        let body = body.as_ref();
        let length = body.len().to_string();
        let mut all = headers.to_vec();
        for own in [
            ("Host", self.address.as_str()),
            ("Content-Type", "application/json"),
            ("Connection", "close"),
            ("Content-Length", &length),
        ] {
            if !headers.iter().any(|(name, _)| *name == own.0) {
                all.push(own);
            }
        }
        let lines: Vec<String> =
            all.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("{method} {path} HTTP/1.1\r\n{}\r\n", lines.concat());
        self.say(&[head.as_bytes(), body].concat())
    }

    pub fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], "")
    }

    pub fn post(&self, path: &str, body: &str) -> Reply {
        self.ask("POST", path, &[], body)
    }

    /// Asks for a job; its name.
    pub fn submit(&self, body: &str) -> String {
        let reply = self.post("/api/jobs", body);
        assert_eq!(reply.status, 202, "{}", String::from_utf8_lossy(&reply.body));
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    pub fn job(&self, id: &str) -> Value {
        self.get(&format!("/api/jobs/{id}")).json()
    }

    /// All events of a job, until it ends.
    pub fn events(&self, id: &str) -> Vec<(String, Value)> {
        self.get(&format!("/api/jobs/{id}/events")).events()
    }

    /// The bytes of an image of a job that is awaited.
    pub fn image(&self, id: &str, index: usize) -> Vec<u8> {
        self.events(id);
        let reply = self.get(&format!("/api/jobs/{id}/images/{index}"));
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("image/png")));
        reply.body
    }

    /// A number that Prometheus reads.
    pub fn metric(&self, name: &str) -> f64 {
        let text = String::from_utf8(self.get("/metrics").body).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).trim().parse().unwrap()
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Waits for its end; its status, and what it said.
    pub fn ended(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        (status, self.notes.take().unwrap().join().unwrap())
    }

    /// Bytes of memory that it has.
    pub fn memory(&self) -> u64 {
        let path = format!("/proc/{}/statm", self.child.id());
        let text = std::fs::read_to_string(path).unwrap();
        text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
    }

    /// Bytes of memory that it has had at once.
    pub fn peak_memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).unwrap();
        let kilobytes = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        kilobytes.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something is so.
pub fn until(mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "it never becomes so");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// An answer, to the end of the connection.
pub fn read_reply(stream: &mut TcpStream) -> Reply {
    let (mut bytes, mut part, began) = (Vec::new(), [0; 8192], Instant::now());
    // What has been sent is there even if the connection then breaks.
    while let Ok(read @ 1..) = stream.read(&mut part) {
        bytes.extend_from_slice(&part[..read]);
        assert!(began.elapsed() < PATIENCE, "the answer has no end");
    }
    let end = bytes.windows(4).position(|part| part == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&bytes)));
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut reply = Reply { status, head, body: bytes[end + 4..].to_vec() };
    if reply.header("transfer-encoding") == Some("chunked") {
        reply.body = unchunked(&reply.body);
    }
    reply
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|part| part == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 || rest.len() < end + 2 + size {
            break;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[(end + 4 + size).min(rest.len())..];
    }
    body
}

pub fn from_base64(value: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(value.as_str().unwrap()).unwrap()
}

pub fn to_base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// The files that `infer sample` writes, in the order of their names.
pub fn sampled(folder: &Path, arguments: &[&str]) -> Vec<Vec<u8>> {
    written("sample", folder, arguments)
}

/// The files that a command writes, in the order of their names.
pub fn written(command: &str, folder: &Path, arguments: &[&str]) -> Vec<Vec<u8>> {
    let out = program_tests::text(folder);
    let start = [command, "--device", "cpu", "--out", out];
    INFER.run(&[&start[..], arguments].concat()).succeeded();
    let files = program_tests::listing(folder);
    files.iter().map(|file| std::fs::read(folder.join(file)).unwrap()).collect()
}

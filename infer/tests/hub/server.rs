//! A server that speaks as much of the Hub's language as is needed, on a socket of the standard
//! library.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use sha2::{Digest, Sha256};

/// The commit of everything.
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What threads write down.
type Notes = Arc<Mutex<Vec<String>>>;

/// What a server does that is not as it should be.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flaw")]
pub struct Flaws {
    /// Answers with so many bytes of the longest file, so many times, and cuts the connection.
    pub cut: Option<(usize, usize)>,
    /// Sends other bytes than it announced.
    pub wrong_bytes: bool,
    /// Tags files with a path that leads elsewhere.
    pub evil_tag: bool,
    /// Answers every request with this status.
    pub status: Option<u16>,
    /// Answers with what is no JSON.
    pub junk: bool,
    /// Answers every request for a file with this, byte for byte.
    pub odd: Option<&'static str>,
    /// Tags a file with a path that leads elsewhere when it is asked for again.
    pub evil_second: bool,
    /// Sends the files from the server of this address.
    pub elsewhere: Option<String>,
    /// Knows no ranges.
    pub whole: bool,
    /// Sends files in chunks and does not say how long they are.
    pub chunked: bool,
    /// Sends more of the longest file than it announced.
    pub surplus: bool,
    /// Thinks for so many seconds before it sends the longest file.
    pub slow: u64,
    /// Falls silent in the middle of the longest file, for so many seconds.
    pub silent: Option<u64>,
}

/// The repository `owner/name` with some files.
pub struct Server {
    pub endpoint: String,
    /// The first lines of all requests.
    pub requests: Notes,
    /// The tokens that came with them.
    pub tokens: Notes,
}

impl Server {
    pub fn start(files: &[(&str, Vec<u8>)], flaws: Flaws) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let files: Vec<(String, Vec<u8>)> =
            files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone())).collect();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let tokens = Arc::new(Mutex::new(Vec::new()));
        let seen = (Arc::clone(&requests), Arc::clone(&tokens));
        let cuts = Arc::new(AtomicUsize::new(flaws.cut.map_or(0, |(_, times)| times)));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (files, seen, cuts) = (files.clone(), seen.clone(), Arc::clone(&cuts));
                let flaws = flaws.clone();
                thread::spawn(move || {
                    // A client that has gone away is no failure of the server.
                    let _ = answer(&stream, &files, &flaws, &seen, &cuts);
                });
            }
        });
        Self { endpoint, requests, tokens }
    }

    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn answer(
    mut stream: &TcpStream,
    files: &[(String, Vec<u8>)],
    flaws: &Flaws,
    (seen, tokens): &(Notes, Notes),
    cuts: &AtomicUsize,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let mut from = None;
    let mut only_first = false;
    for line in lines {
        let line = line?;
        if let Some(range) = line.to_lowercase().strip_prefix("range: bytes=") {
            only_first = range.trim() == "0-0";
            from = range.split('-').next().and_then(|from| from.parse().ok());
        }
        if let Some(token) = line.strip_prefix("authorization: ") {
            tokens.lock().unwrap().push(token.to_owned());
        }
        if line.is_empty() {
            break;
        }
    }
    let is_second = seen.lock().unwrap().contains(&first);
    seen.lock().unwrap().push(first.clone());
    let path = first.split(' ').nth(1).unwrap_or_default();
    let mut respond = |status: &str, headers: &str, body: &[u8], announced: usize| {
        write!(
            stream,
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {announced}\r\n{headers}\r\n"
        )?;
        stream.write_all(body)
    };
    if let Some(status) = flaws.status {
        return respond(&format!("{status} No"), "", b"", 0);
    }
    if path.starts_with("/api/models/owner/name/revision/") {
        if !path.ends_with("/main") && !path.ends_with("/v1") {
            return respond("404 Not Found", "", b"", 0);
        }
        let names = files.iter().map(|(name, _)| format!(r#"{{"rfilename": "{name}"}}"#));
        let names: Vec<_> = names.collect();
        let body = format!(r#"{{"sha": "{COMMIT}", "siblings": [{}]}}"#, names.join(", "));
        let body = if flaws.junk { "<html>".to_owned() } else { body };
        return respond("200 OK", "", body.as_bytes(), body.len());
    }
    if let Some(odd) = flaws.odd {
        return stream.write_all(odd.as_bytes());
    }
    let file = path.strip_prefix(&format!("/owner/name/resolve/{COMMIT}/"));
    let Some((_, bytes)) = files.iter().find(|(name, _)| file == Some(name)) else {
        return respond("404 Not Found", "", b"", 0);
    };
    let hash = Sha256::digest(bytes);
    let hash = hash.iter().map(|byte| format!("{byte:02x}"));
    let hash = hash.collect::<Vec<_>>().concat();
    let is_evil = flaws.evil_tag || flaws.evil_second && is_second;
    let tag = if is_evil { "../../../evil" } else { &hash };
    if let Some(elsewhere) = &flaws.elsewhere {
        let size = bytes.len();
        let linked = format!("X-Repo-Commit: {COMMIT}\r\nX-Linked-ETag: \"{tag}\"\r\n");
        let headers = format!("Location: {elsewhere}{path}\r\nX-Linked-Size: {size}\r\n{linked}");
        return respond("302 Found", &headers, b"", 0);
    }
    let from: usize = from.filter(|_| !flaws.whole).unwrap_or(0);
    let only_first = only_first && !flaws.whole;
    let body = if only_first { &bytes[..1] } else { &bytes[from..] };
    let range =
        format!("Content-Range: bytes {from}-{}/{}\r\n", from + body.len() - 1, bytes.len());
    let (status, range) =
        if flaws.whole { ("200 OK", String::new()) } else { ("206 Partial Content", range) };
    let headers = format!("X-Repo-Commit: {COMMIT}\r\nETag: \"{tag}\"\r\n{range}");
    let longest = files.iter().map(|(_, bytes)| bytes.len()).max();
    let is_longest = longest == Some(bytes.len()) && !only_first;
    let sent = match flaws.cut {
        Some((length, _)) if is_longest && length < body.len() => {
            let left = cuts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
            if left.is_ok() { &body[..length] } else { body }
        }
        _ => body,
    };
    if let Some(seconds) = flaws.silent.filter(|_| is_longest) {
        respond(status, &headers, &sent[..100], body.len())?;
        thread::sleep(std::time::Duration::from_secs(seconds));
        return Ok(());
    }
    let mut sent = sent.to_vec();
    if flaws.wrong_bytes
        && is_longest
        && let Some(last) = sent.last_mut()
    {
        *last ^= 1;
    }
    if is_longest {
        thread::sleep(std::time::Duration::from_secs(flaws.slow));
        sent.extend(if flaws.surplus { &b"surplus"[..] } else { &[] });
    }
    if flaws.chunked {
        let headers = format!("ETag: \"{tag}\"\r\nTransfer-Encoding: chunked");
        write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n{headers}\r\n\r\n")?;
        write!(stream, "{:x}\r\n", sent.len())?;
        stream.write_all(&sent)?;
        return stream.write_all(b"\r\n0\r\n\r\n");
    }
    let announced = body.len() + if is_longest && flaws.surplus { 7 } else { 0 };
    respond(status, &headers, &sent, announced)
}

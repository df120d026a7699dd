//! Whoever is slow on purpose is not waited for, and holds nobody up.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::server::{Served, read_reply};

#[test]
fn who_says_nothing_is_not_waited_for() {
    let server = Served::ready(&[]);
    let mut silent = server.connect();
    let mut slow = server.connect();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: local").unwrap();
    let mut late = server.connect();
    let head = format!("POST /api/jobs HTTP/1.1\r\nHost: {}\r\n", server.address);
    late.write_all(head.as_bytes()).unwrap();
    late.write_all(b"Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{").unwrap();
    // It asks for more than all buffers hold, and reads nothing.
    let mut deaf = server.connect();
    let request = format!("GET /openapi.json HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    deaf.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    let began = Instant::now();
    assert_eq!(read_reply(&mut late).status, 408);
    for stream in [&mut silent, &mut slow] {
        assert!(stream.read_to_end(&mut Vec::new()).is_ok());
    }
    let waited = began.elapsed();
    assert!(waited > Duration::from_secs(5) && waited < Duration::from_secs(30), "{waited:?}");
    let began = Instant::now();
    while deaf.write_all(request.as_bytes()).is_ok() {}
    assert!(began.elapsed() < Duration::from_secs(18), "it was closed only by its own patience");
}

/// Connections that say a letter now and then.
const SLOW: usize = 100;

#[test]
fn a_letter_now_and_then_buys_no_time_and_holds_nobody_up() {
    let server = Served::ready(&["--steps", "1"]);
    let head = format!("POST /api/jobs HTTP/1.1\r\nHost: {}\r\n", server.address);
    let body = format!("{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n");
    let began = Instant::now();
    let mut slow: Vec<TcpStream> = (0..SLOW)
        .map(|place| {
            let mut stream = server.connect();
            // Half of them are slow with the header, the others with the body.
            stream.write_all(if place % 2 == 0 { &head } else { &body }.as_bytes()).unwrap();
            stream.set_nonblocking(true).unwrap();
            stream
        })
        .collect();
    let (mut drawn, mut refused) = (0, 0);
    while !slow.is_empty() {
        std::thread::sleep(Duration::from_millis(100));
        slow.retain_mut(|stream| {
            let mut said = [0; 1024];
            match stream.read(&mut said) {
                Ok(0) => return false,
                Ok(read) => refused += usize::from(said[..read].starts_with(b"HTTP/1.1 408")),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return false,
            }
            stream.write_all(b"x").is_ok()
        });
        if drawn < 3 {
            let began = Instant::now();
            server.image(&server.submit(r#"{"class": 1}"#), 0);
            assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
            drawn += 1;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{} are still there", slow.len());
    }
    assert!(began.elapsed() > Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!((drawn, refused), (3, SLOW / 2));
}

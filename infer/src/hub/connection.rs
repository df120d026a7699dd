//! Asking a server: where redirects lead, who is told the token, how long silence is waited for.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use ureq::http::header::{ACCEPT_ENCODING, AUTHORIZATION, LOCATION, RANGE, USER_AGENT};
use ureq::http::uri::Scheme;
use ureq::http::{HeaderMap, StatusCode, Uri};
use ureq::{Agent, Error as HttpError};

use super::HubSettings;

/// Redirects in a row that are followed.
const MAX_REDIRECTS: usize = 10;
/// Bytes that are read at once.
const CHUNK: usize = 1 << 16;
/// Chunks that are read before they are wanted.
const CHUNKS_AHEAD: usize = 16;

/// Why there is no answer that can be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server cannot be reached, or the connection was lost; another time may be better.
    Lost(String),
    /// The server has said nothing for too long.
    Silent(Duration),
    /// What it says makes no sense.
    Odd(String),
}

/// What a server has answered, in the end.
pub(super) struct Answer {
    /// Of the last answer.
    pub status: StatusCode,
    /// Of the last answer.
    pub headers: HeaderMap,
    /// The headers of all redirects that led there, and whether each led to another server.
    pub redirects: Vec<(HeaderMap, bool)>,
    pub body: Body,
}

/// What follows the headers.
pub(super) struct Body {
    chunks: Receiver<Result<Vec<u8>, Failure>>,
    patience: Duration,
}

impl Body {
    /// The next bytes; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let chunk = received(&self.chunks, self.patience)?;
        Ok(Some(chunk).filter(|chunk| !chunk.is_empty()))
    }

    /// All that comes, if it is no more than `limit` bytes.
    pub fn read(mut self, limit: usize) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.next()? {
            bytes.extend(chunk);
            if bytes.len() > limit {
                return Err(Failure::Odd(format!("it says more than {limit} bytes")));
            }
        }
        Ok(bytes)
    }
}

/// The Hub's server, and whoever asks it.
pub(super) struct Connection<'s> {
    agent: Agent,
    settings: &'s HubSettings,
}

impl<'s> Connection<'s> {
    pub fn new(settings: &'s HubSettings) -> Self {
        // Redirects are followed here, where the token is known not to go along. A connection that is kept
        // may be closed by the time it is used again: each request has its own.
        let config = Agent::config_builder()
            .max_redirects(0)
            .max_idle_connections(0)
            .http_status_as_error(false)
            .build();
        Self { agent: config.into(), settings }
    }

    /// Asks for `path`, a part of it if there is a `range`.
    pub fn get(&self, path: &str, range: Option<&str>) -> Result<Answer, Failure> {
        let endpoint = address(&self.settings.endpoint)?;
        let mut asked = address(&format!("{}{path}", self.settings.endpoint))?;
        let mut redirects = Vec::new();
        loop {
            // The token is for the server that the user has named, and for no other.
            let token = self.settings.token.as_ref().filter(|_| is_same_server(&asked, &endpoint));
            let (status, headers, body) = self.ask(&asked, token, range)?;
            if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(Answer { status, headers, redirects, body });
            }
            if redirects.len() == MAX_REDIRECTS {
                return Err(Failure::Odd(format!("it redirects more than {MAX_REDIRECTS} times")));
            }
            let target = target(&asked, &headers)?;
            if asked.scheme() == Some(&Scheme::HTTPS) && target.scheme() != Some(&Scheme::HTTPS) {
                return Err(Failure::Odd(format!("it redirects to {target}, which is no https")));
            }
            redirects.push((headers, !is_same_server(&asked, &target)));
            asked = target;
        }
    }

    /// Asks one server, on a thread that is left behind if it falls silent.
    fn ask(
        &self,
        address: &Uri,
        token: Option<&String>,
        range: Option<&str>,
    ) -> Result<(StatusCode, HeaderMap, Body), Failure> {
        let mut request = self.agent.get(address);
        let program = concat!("pixelflow/", env!("CARGO_PKG_VERSION"));
        // What is compressed on the way has another length than was announced.
        request = request.header(USER_AGENT, program).header(ACCEPT_ENCODING, "identity");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(range) = range {
            request = request.header(RANGE, range);
        }
        let (answer, answered) = sync_channel(1);
        let (sender, chunks) = sync_channel(CHUNKS_AHEAD);
        // If nobody is listening any more, there is nothing left to do.
        thread::spawn(move || match request.call() {
            Ok(response) => {
                let (head, body) = response.into_parts();
                let _ = answer.send(Ok((head.status, head.headers)));
                let _ = send_all(body.into_reader(), &sender);
            }
            Err(error) => {
                let _ = answer.send(Err(failure(&error)));
            }
        });
        let patience = self.settings.patience;
        let (status, headers) = received(&answered, patience)?;
        Ok((status, headers, Body { chunks, patience }))
    }
}

/// Sends all that is read, and nothing at the end; `None` if nobody is listening any more.
fn send_all(
    mut body: impl std::io::Read,
    sender: &SyncSender<Result<Vec<u8>, Failure>>,
) -> Option<()> {
    loop {
        let mut chunk = vec![0; CHUNK];
        match body.read(&mut chunk) {
            Ok(length) => {
                chunk.truncate(length);
                sender.send(Ok(chunk)).ok().filter(|()| length > 0)?;
            }
            Err(error) => return sender.send(Err(Failure::Lost(error.to_string()))).ok(),
        }
    }
}

/// What comes next, if it comes in time.
fn received<T>(from: &Receiver<Result<T, Failure>>, patience: Duration) -> Result<T, Failure> {
    match from.recv_timeout(patience) {
        Ok(received) => received,
        Err(RecvTimeoutError::Timeout) => Err(Failure::Silent(patience)),
        Err(RecvTimeoutError::Disconnected) => Err(Failure::Lost("it hung up".to_owned())),
    }
}

fn failure(error: &HttpError) -> Failure {
    let reason = error.to_string();
    match error {
        HttpError::Http(_)
        | HttpError::BadUri(_)
        | HttpError::Protocol(_)
        | HttpError::LargeResponseHeader(..) => Failure::Odd(reason),
        _ => Failure::Lost(reason),
    }
}

/// Where a redirect leads.
fn target(from: &Uri, headers: &HeaderMap) -> Result<Uri, Failure> {
    let location = headers.get(LOCATION).and_then(|location| location.to_str().ok());
    let odd = || Failure::Odd("it redirects, and does not say where to".to_owned());
    let location = location.ok_or_else(odd)?.split('#').next().unwrap_or_default();
    let scheme = from.scheme_str().unwrap_or_default();
    let server = from.authority().map_or("", |server| server.as_str());
    let names_scheme = |(scheme, _): (&str, &str)| !scheme.contains(['/', '?']);
    if location.split_once(':').is_some_and(names_scheme) {
        address(location)
    } else if location.starts_with("//") {
        address(&format!("{scheme}:{location}"))
    } else if location.starts_with('/') {
        address(&format!("{scheme}://{server}{location}"))
    } else {
        let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        address(&format!("{scheme}://{server}{folder}/{location}"))
    }
}

/// An address that can be asked.
fn address(text: &str) -> Result<Uri, Failure> {
    let address: Option<Uri> = text.parse().ok();
    let can_be_asked = |address: &Uri| {
        let is_web = matches!(address.scheme_str(), Some("http" | "https"));
        is_web && address.host().is_some_and(|host| !host.is_empty())
    };
    let odd = || Failure::Odd(format!("`{text}` is no address"));
    address.filter(can_be_asked).ok_or_else(odd)
}

/// Whether two addresses are of one server: scheme, host and port.
fn is_same_server(one: &Uri, other: &Uri) -> bool {
    let server = |address: &Uri| {
        let default = if address.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        let host = address.host().unwrap_or_default().to_lowercase();
        (address.scheme().cloned(), host, address.port_u16().unwrap_or(default))
    };
    server(one) == server(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_leads_where_it_says() {
        let from: Uri = "http://h:1/a/b?c".parse().unwrap();
        let target = |location: &str| {
            let headers = HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]);
            target(&from, &headers).map(|target| target.to_string())
        };
        for (location, expected) in [
            ("/x?y=http://z", "http://h:1/x?y=http://z"),
            ("x", "http://h:1/a/x"),
            ("//other/x", "http://other/x"),
            ("https://other:2/x#y", "https://other:2/x"),
        ] {
            assert_eq!(target(location).unwrap(), expected);
        }
        for wrong in ["file:///etc/passwd", "ftp://h/x", "http://", "javascript:x", "http://a b/"] {
            assert!(matches!(target(wrong), Err(Failure::Odd(_))), "{wrong}");
        }
    }

    #[test]
    fn one_server_is_scheme_host_and_port() {
        let is_same = |other: &str| {
            is_same_server(&"https://hub.co/a".parse().unwrap(), &other.parse().unwrap())
        };
        assert!(is_same("https://HUB.co:443/b"));
        for other in
            ["http://hub.co/", "https://hub.co:444/", "https://cdn.hub.co/", "https://hub.com/"]
        {
            assert!(!is_same(other), "{other}");
        }
    }
}

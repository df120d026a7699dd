//! Who may ask: the server's own page and programs that know its token, not pages of others.
//!
//! A page that a browser shows may send requests anywhere. By its `Origin` it is told from ours; and a name that
//! leads to this machine without our knowing (DNS rebinding) by `Host`, which is then that name.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use pixelflow::excerpt::excerpt;

use super::Server;
use super::refusal::{Answer, Refusal};
use super::settings::{Settings, plain_host};

/// What pages may load: our own files, and pictures in memory.
const POLICY: &str = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

/// Answers those who may ask, and says on every answer what browsers may do with it.
pub(super) async fn check(
    State(server): State<Arc<Server>>,
    request: Request,
    next: Next,
) -> Response {
    let asks_health = request.uri().path() == "/health";
    let mut response = match refuse(&request, &server.settings) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    // A job that failed is counted as such, and a server that is not ready refuses nobody who asks whether it is.
    let status = response.status();
    let is_refusal = status.is_client_error() || status == StatusCode::SERVICE_UNAVAILABLE;
    if is_refusal && !asks_health {
        server.metrics.refused();
    }
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses a request of somebody who may not ask.
fn refuse(request: &Request, settings: &Settings) -> Answer<()> {
    let path = request.uri().path();
    // Whoever looks after the server asks by whatever name it has.
    if path == "/health" {
        return Ok(());
    }
    let host = host(request.headers())?;
    let target = request.uri().authority().map(axum::http::uri::Authority::as_str);
    for name in [Some(host), target].into_iter().flatten() {
        if !is_ours(name, settings) {
            let message = format!(
                "this server is not known as {}; start it with --allow-host {} if it is",
                excerpt(name),
                excerpt(name_of(name))
            );
            return Err(Refusal::new(StatusCode::FORBIDDEN, message));
        }
    }
    if let Some(origin) = request.headers().get(ORIGIN) {
        let origin = origin.to_str().unwrap_or("");
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        if !authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host)) {
            let message = format!("the page of {} may not use this server", excerpt(origin));
            return Err(Refusal::new(StatusCode::FORBIDDEN, message));
        }
    }
    match &settings.token {
        Some(token)
            if !is_open(path) && !bearer(request.headers()).is_some_and(|text| token.is(text)) =>
        {
            let message = "this server asks for its token: send `Authorization: Bearer TOKEN`";
            Err(Refusal::new(StatusCode::UNAUTHORIZED, message))
        }
        _ => Ok(()),
    }
}

/// Whether a path is answered without a token: the page, which asks for it, and what looks after the server.
pub(super) fn is_open(path: &str) -> bool {
    ["/", "/health", "/openapi.json"].contains(&path) || path.starts_with("/page/")
}

/// The one `Host` of a request.
fn host(headers: &HeaderMap) -> Answer<&str> {
    let mut all = headers.get_all(HOST).iter();
    let host = all.next().and_then(|host| host.to_str().ok());
    let message = "a request must have one Host header";
    let refused = || Refusal::new(StatusCode::BAD_REQUEST, message);
    host.filter(|_| all.next().is_none()).ok_or_else(refused)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    if let Some((address, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

/// Whether a `Host` is a name of this server. An address is one that the browser went to itself: no name of
/// others has led to it.
fn is_ours(host: &str, settings: &Settings) -> bool {
    let name = plain_host(name_of(host));
    if settings.allowed_hosts.contains(&name) {
        return true;
    }
    match name.parse::<IpAddr>() {
        Ok(address) => {
            let own = settings.host;
            address.is_loopback() || address == own || own.is_unspecified()
        }
        Err(_) => name == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body;

    use super::*;
    use crate::serve::Token;

    fn settings(host: &str, token: Option<&str>) -> Settings {
        Settings {
            host: host.parse().unwrap(),
            port: 7860,
            allowed_hosts: vec!["draw.example.org".to_owned()],
            token: token.map(|token| Token::new(token).unwrap()),
            queue: 1,
            keep: 1,
            grace: Duration::ZERO,
        }
    }

    fn status(path: &str, headers: &[(&str, &str)], settings: &Settings) -> u16 {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        refuse(&request, settings).map_or_else(|refusal| refusal.status.as_u16(), |()| 200)
    }

    #[test]
    fn only_our_own_names_and_pages_are_answered() {
        let here = settings("127.0.0.1", None);
        let everywhere = settings("0.0.0.0", None);
        let host = |name, settings| status("/api/models", &[("host", name)], settings);
        for name in
            ["localhost:7860", "127.0.0.1:7860", "127.9.9.9", "[::1]:7860", "DRAW.example.org."]
        {
            assert_eq!(host(name, &here), 200, "{name}");
        }
        for name in [
            "evil.example",
            "localhost.evil.example:7860",
            "192.168.1.5:7860",
            "",
            "127.0.0.1.nip.io",
        ] {
            assert_eq!(host(name, &here), 403, "{name}");
        }
        assert_eq!(host("192.168.1.5:7860", &everywhere), 200);
        assert_eq!(host("evil.example", &everywhere), 403);
        assert_eq!(status("/api/models", &[], &here), 400);
        let twice = [("host", "localhost"), ("host", "evil.example")];
        assert_eq!(status("/api/models", &twice, &here), 400);
        assert_eq!(status("http://evil.example/", &[("host", "localhost")], &here), 403);
        let origin =
            |origin| status("/api/jobs", &[("host", "localhost:7860"), ("origin", origin)], &here);
        assert_eq!(origin("http://localhost:7860"), 200);
        for other in ["http://evil.example", "http://localhost:8000", "null", "http://localhost"] {
            assert_eq!(origin(other), 403, "{other}");
        }
        assert_eq!(status("/health", &[("host", "10.1.2.3")], &here), 200);
    }

    #[test]
    fn with_a_token_only_the_page_is_open() {
        let here = settings("127.0.0.1", Some("correct-horse"));
        let asked = |path, authorization| {
            status(path, &[("host", "localhost"), ("authorization", authorization)], &here)
        };
        for path in ["/", "/page/style.css", "/openapi.json", "/health"] {
            assert_eq!(asked(path, ""), 200, "{path}");
        }
        for path in
            ["/api/jobs", "/v1/images/generations", "/sdapi/v1/txt2img", "/metrics", "/pagex"]
        {
            assert_eq!(asked(path, ""), 401, "{path}");
            assert_eq!(asked(path, "Bearer correct-hors"), 401, "{path}");
            assert_eq!(asked(path, "Basic correct-horse"), 401, "{path}");
            assert_eq!(asked(path, "bearer correct-horse"), 200, "{path}");
        }
    }
}

//! How much of a request is read, and for how long.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;

use super::guard::is_open;
use super::refusal::{Answer, Refusal};
use super::settings::{MAX_BODY, PATIENCE};

/// Reads the whole body before anything is done with it, where one belongs; others are not read at all.
pub(super) async fn read(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    if head.method != Method::POST || is_open(head.uri.path()) {
        return next.run(Request::from_parts(head, Body::empty())).await;
    }
    let announced = head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let announced = announced.and_then(|length| length.parse::<u64>().ok()).unwrap_or(0);
    let whole = if announced > MAX_BODY as u64 {
        Err(too_large())
    } else {
        let late = "the body did not come in time";
        let late = |_| Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, late));
        tokio::time::timeout(PATIENCE, whole(body)).await.unwrap_or_else(late)
    };
    let is_json = || {
        let kind = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or("");
        kind.trim().eq_ignore_ascii_case("application/json")
    };
    match whole {
        Err(refusal) => refusal.into_response(),
        // A page of others cannot send this type without being asked first.
        Ok(bytes) if !bytes.is_empty() && !is_json() => {
            let message = "the body must be of Content-Type: application/json";
            Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response()
        }
        Ok(bytes) => next.run(Request::from_parts(head, Body::from(bytes))).await,
    }
}

async fn whole(mut body: Body) -> Answer<Bytes> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let broken = |error| {
            Refusal::new(StatusCode::BAD_REQUEST, format!("the body cannot be read: {error}"))
        };
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        if bytes.len() + data.len() > MAX_BODY {
            return Err(too_large());
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.into())
}

fn too_large() -> Refusal {
    let message = format!("the body is larger than {MAX_BODY} bytes");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

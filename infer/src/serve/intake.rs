//! How much of a request is read, and for how long.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use super::Server;
use super::guard::is_open;
use super::refusal::{Answer, Refusal};
use super::settings::{MAX_BODY, PATIENCE, max_picture_body};

/// Where pictures are sent to.
const OF_PICTURES: [&str; 3] = ["/api/jobs", FORM, "/sdapi/v1/img2img"];
/// Where they come in a form.
const FORM: &str = "/v1/images/edits";
/// Bytes that a sender must bring a second, once its patience is over.
const SLOWEST: usize = 256 << 10;
/// Bodies with pictures that are read at once; more wait. Then each is parsed, and its pictures decoded, without a
/// pause in between, so that there is one at a time.
static AT_ONCE: Semaphore = Semaphore::const_new(8);

/// Reads the whole body before anything is done with it, where one belongs; others are not read at all.
pub(super) async fn read(
    State(server): State<Arc<Server>>,
    request: Request,
    next: Next,
) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    if head.method != Method::POST || is_open(path) {
        return next.run(Request::from_parts(head, Body::empty())).await;
    }
    let has_pictures = OF_PICTURES.contains(&path);
    let most = if has_pictures { max_picture_body(server.model.max_pixels) } else { MAX_BODY };
    let announced = head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let announced = announced.and_then(|length| length.parse::<u64>().ok()).unwrap_or(0);
    let whole =
        if announced > most as u64 { Err(too_large(most)) } else { whole(body, most).await };
    // A page of others cannot send JSON without being asked first; a form it can, and the guard sees its origin.
    let kind = if path == FORM { "multipart/form-data" } else { "application/json" };
    let is_of_kind = || {
        let found = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let found = found.and_then(|kind| kind.split(';').next()).unwrap_or("");
        found.trim().eq_ignore_ascii_case(kind)
    };
    match whole {
        Err(refusal) => refusal.into_response(),
        Ok(bytes) if !bytes.is_empty() && !is_of_kind() => {
            let message = format!("the body must be of Content-Type: {kind}");
            Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response()
        }
        Ok(bytes) => next.run(Request::from_parts(head, Body::from(bytes))).await,
    }
}

async fn whole(mut body: Body, most: usize) -> Answer<Bytes> {
    let (mut bytes, mut place, mut began) = (Vec::new(), None, Instant::now());
    let busy = |_| Refusal {
        retry_after: Some(PATIENCE.as_secs()),
        ..Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too many pictures come at once")
    };
    let late = |_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
    loop {
        let until = began + PATIENCE + Duration::from_secs((bytes.len() / SLOWEST) as u64);
        let Some(frame) = timeout_at(until, body.frame()).await.map_err(late)? else {
            return Ok(bytes.into());
        };
        let broken = |error| {
            Refusal::new(StatusCode::BAD_REQUEST, format!("the body cannot be read: {error}"))
        };
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        if bytes.len() + data.len() > most {
            return Err(too_large(most));
        }
        if bytes.len() + data.len() > MAX_BODY && place.is_none() {
            let waits = Instant::now();
            place = Some(timeout(PATIENCE, AT_ONCE.acquire()).await.map_err(busy)?);
            // The sender is not to blame for others.
            began += waits.elapsed();
        }
        bytes.extend_from_slice(&data);
    }
}

fn too_large(most: usize) -> Refusal {
    let message = format!("the body is larger than {most} bytes");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

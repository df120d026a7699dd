//! Our own API: jobs.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use pixelflow::excerpt::excerpt;

use super::Server;
use super::asked::Asked;
use super::board::{Found, NotTaken};
use super::event_stream::{named, respond};
use super::job::{Job, Origin, Picture, Wish};
use super::refusal::{Answer, Refusal, answer};

/// `POST /api/jobs`: asks for images.
pub(super) async fn create(State(server): State<Arc<Server>>, body: Bytes) -> Answer<Response> {
    let job = submit(&server, Asked::parse(&body)?, Origin::Jobs)?;
    let mut response = answer(StatusCode::ACCEPTED, &job.json());
    if let Ok(location) = HeaderValue::try_from(format!("/api/jobs/{}", job.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Takes a job, if there is room for it.
///
/// # Errors
/// 422 for what cannot be drawn, 429 with the seconds after which there is room, 503 when the server ends.
pub(super) fn submit(server: &Server, asked: Asked, origin: Origin) -> Answer<Arc<Job>> {
    let job = server.model.job(asked, &server.settings, origin)?;
    server.board.submit(job).map_err(|error| match error {
        NotTaken::Full(waiting) => {
            let seconds = (waiting as f64 * server.metrics.seconds_per_image()).ceil();
            let message =
                format!("{waiting} images wait and there is no room for more; ask again later");
            let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, message);
            Refusal { retry_after: Some((seconds as u64).clamp(1, 3600)), ..refusal }
        }
        NotTaken::Ending => {
            let message = "the server is ending and takes nothing new";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, message)
        }
    })
}

/// `GET /api/jobs/{id}`: what has become of a job.
pub(super) async fn show(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
) -> Answer<Response> {
    Ok(answer(StatusCode::OK, &find(&server, &id)?.json()))
}

/// `GET /api/jobs/{id}/events`: what happens to it, from the beginning or after `Last-Event-ID`.
pub(super) async fn events(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer<Response> {
    let job = find(&server, &id)?;
    let after = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let frame = |entry: &super::event_log::Entry| {
        Some(named(entry.event.name(), Some(entry.id), &entry.event.data()))
    };
    Ok(respond(job, after.unwrap_or(0), frame, None))
}

/// `POST /api/jobs/{id}/cancel`: ends it; with `?keep=draft` its images stay as they are predicted now.
pub(super) async fn cancel(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer<Response> {
    let wish = match query.as_deref().unwrap_or("") {
        "" => Wish::Cancel,
        "keep=draft" => Wish::KeepDraft,
        _ => {
            let message = "there is one choice, ?keep=draft";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, message));
        }
    };
    let job = find(&server, &id)?;
    server.board.ask(&job, wish);
    Ok(answer(StatusCode::ACCEPTED, &job.json()))
}

/// `GET /api/jobs/{id}/images/{index}`: one of its images.
pub(super) async fn image(
    State(server): State<Arc<Server>>,
    Path((id, index)): Path<(String, String)>,
) -> Answer<Response> {
    let job = find(&server, &id)?;
    let place = index.parse::<usize>().ok().filter(|index| *index < job.images());
    let Some(Picture { png, .. }) = place.and_then(|index| job.picture(index)) else {
        let images = job.images();
        let message = match place {
            Some(_) => "the image is not drawn".to_owned(),
            None => format!("the job has images 0 to {}", images - 1),
        };
        return Err(Refusal::not_found(message));
    };
    let mut response = png.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("image/png"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    Ok(response)
}

/// The job of a name.
fn find(server: &Server, id: &str) -> Answer<Arc<Job>> {
    match id.parse().map(|id| server.board.find(id)) {
        Ok(Found::Job(job)) => Ok(job),
        Ok(Found::Forgotten) => {
            let keep = server.settings.keep;
            let message =
                format!("the job is over and its images are gone: {keep} are kept (--keep)");
            Err(Refusal::new(StatusCode::GONE, message))
        }
        Ok(Found::Nothing) | Err(()) => {
            Err(Refusal::not_found(format!("there is no job {}", excerpt(id))))
        }
    }
}

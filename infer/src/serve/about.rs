//! What the server is, and how it is.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Server;
use super::board::Phase;
use super::refusal::answer;

/// `GET /health`: 200 when jobs are taken and drawn.
pub(super) async fn health(State(server): State<Arc<Server>>) -> Response {
    let (status, said) = match server.board.phase() {
        Phase::Loading => (StatusCode::SERVICE_UNAVAILABLE, "loading"),
        Phase::Ready => (StatusCode::OK, "ready"),
        Phase::Ending => (StatusCode::SERVICE_UNAVAILABLE, "ending"),
    };
    answer(status, &json!({"status": said}))
}

/// `GET /api/models`: what can be drawn, and how.
pub(super) async fn models(State(server): State<Arc<Server>>) -> Response {
    answer(StatusCode::OK, &json!({"models": [server.model.json(&server.settings)]}))
}

/// `GET /api/queue`: how much there is to do.
pub(super) async fn queue(State(server): State<Arc<Server>>) -> Response {
    let (counts, each) = (server.board.counts(), server.metrics.seconds_per_image());
    let waiting = counts.waiting_images;
    answer(
        StatusCode::OK,
        &json!({
            "waiting_jobs": counts.queued,
            "running_jobs": counts.running,
            "waiting_images": waiting,
            "room": server.settings.queue.saturating_sub(waiting),
            "seconds_per_image": each,
            "eta_seconds": waiting as f64 * each,
            "kept_images": counts.kept_images,
            "keep": server.settings.keep
        }),
    )
}

/// `GET /metrics`: the same and more for Prometheus.
pub(super) async fn metrics(State(server): State<Arc<Server>>) -> Response {
    let text = server.metrics.text(server.board.counts(), server.board.phase());
    let mut response = text.into_response();
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

//! Which path is answered by what.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use pixelflow::excerpt::excerpt;

use super::refusal::Refusal;
use super::{
    Server, about, automatic, automatic_edits, guard, intake, jobs, openai, openai_edits, openapi,
    page,
};

/// Every path of the API with its method; `openapi.json` describes them all.
pub(super) fn api() -> Vec<(&'static str, &'static str, MethodRouter<Arc<Server>>)> {
    vec![
        ("/api/jobs", "post", post(jobs::create)),
        ("/api/jobs/{id}", "get", get(jobs::show)),
        ("/api/jobs/{id}/events", "get", get(jobs::events)),
        ("/api/jobs/{id}/cancel", "post", post(jobs::cancel)),
        ("/api/jobs/{id}/images/{index}", "get", get(jobs::image)),
        ("/api/queue", "get", get(about::queue)),
        ("/api/models", "get", get(about::models)),
        ("/health", "get", get(about::health)),
        ("/metrics", "get", get(about::metrics)),
        ("/openapi.json", "get", get(openapi::document)),
        ("/v1/images/generations", "post", post(openai::generate)),
        ("/v1/images/edits", "post", post(openai_edits::edit)),
        ("/v1/models", "get", get(openai::models)),
        ("/sdapi/v1/txt2img", "post", post(automatic::draw)),
        ("/sdapi/v1/img2img", "post", post(automatic_edits::draw)),
        ("/sdapi/v1/progress", "get", get(automatic::progress)),
        ("/sdapi/v1/interrupt", "post", post(automatic::interrupt)),
        ("/sdapi/v1/options", "get", get(automatic::options)),
        ("/sdapi/v1/options", "post", post(automatic::set_options)),
        ("/sdapi/v1/sd-models", "get", get(automatic::models)),
        ("/sdapi/v1/samplers", "get", get(automatic::samplers)),
    ]
}

/// All that a server answers.
pub(super) fn router(server: &Arc<Server>) -> Router {
    let page = Router::new().route("/", get(page::index)).route("/page/{file}", get(page::file));
    let all =
        api().into_iter().fold(page, |router, (path, _, answers)| router.route(path, answers));
    all.fallback(async |uri: Uri| {
        Refusal::not_found(format!("there is nothing at {}", excerpt(uri.path())))
    })
    .method_not_allowed_fallback(async |uri: Uri| {
        let message = format!("{} takes another method; see /openapi.json", excerpt(uri.path()));
        Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message)
    })
    .layer(DefaultBodyLimit::disable())
    .layer(from_fn_with_state(Arc::clone(server), intake::read))
    .layer(from_fn_with_state(Arc::clone(server), guard::check))
    .with_state(Arc::clone(server))
}

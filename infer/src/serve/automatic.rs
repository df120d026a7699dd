//! The part of A1111's web UI's API that front ends use.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use pixelflow::excerpt::excerpt;
use pixelflow::pipeline::Subject;
use pixelflow::sampler::SolverKind;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Server;
use super::asked::{Asked, GuidanceAsked, SamplerAsked, StepsAsked, parse};
use super::edit_asked::{EditAsked, IMAGE, MASK};
use super::event::{Event, base64};
use super::event_stream::{CancelOnDrop, ended};
use super::job::{Job, Origin, State as JobState, Wish};
use super::job_id::random_seed;
use super::jobs::submit;
use super::openai::shown;
use super::refusal::{Answer, Refusal, answer};
use crate::parameters_text::sampler_name;

/// The solvers by the names that front ends know.
pub(super) fn sampler_names() -> impl Iterator<Item = &'static str> {
    SolverKind::ALL.into_iter().map(sampler_name)
}

/// A request of that API. Front ends send dozens of fields more; those that say something are named in the
/// answer as ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Draw {
    prompt: String,
    negative_prompt: Option<String>,
    /// -1 is a random one.
    seed: Option<i64>,
    /// Steps in all, which are spread over the stages.
    steps: Option<usize>,
    cfg_scale: Option<f64>,
    width: Option<usize>,
    height: Option<usize>,
    batch_size: Option<usize>,
    n_iter: Option<usize>,
    sampler_name: Option<String>,
    sampler_index: Option<String>,
    #[serde(flatten)]
    pub(super) others: Map<String, Value>,
}

/// What that API calls fields of ours.
const NAMES: [(&str, &str); 7] = [
    ("count", "batch_size"),
    ("class", "prompt"),
    ("negative", "negative_prompt"),
    ("sampler.steps", "steps"),
    (IMAGE, "init_images"),
    (MASK, "mask"),
    ("edit.strength", "denoising_strength"),
];

/// `POST /sdapi/v1/txt2img`.
pub(super) async fn draw(State(server): State<Arc<Server>>, body: Bytes) -> Answer<Response> {
    let draw = parse(&body)?;
    drop(body);
    respond_with(server, draw, None).await
}

/// The images that are asked for, when all are there.
pub(super) async fn respond_with(
    server: Arc<Server>,
    mut draw: Draw,
    edit: Option<EditAsked>,
) -> Answer<Response> {
    let says = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Bool(true) => true,
    };
    let others = std::mem::take(&mut draw.others);
    let ignored: Vec<String> =
        others.into_iter().filter(|(_, value)| says(value)).map(|(name, _)| name).collect();
    let asked = Asked { edit, ..draw.on(&server)? };
    let job =
        submit(&server, asked, Origin::Automatic).map_err(|error| error.with_names(&NAMES))?;
    let held = CancelOnDrop::new(&server, &job);
    ended(&job).await;
    drop(held);
    if let JobState::Failed(reason) = job.state() {
        return Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, reason));
    }
    let mut pictures = job.pictures();
    pictures.sort_by_key(|picture| picture.index);
    let images: Vec<String> = pictures.iter().map(|picture| base64(&picture.png)).collect();
    let info = info(&server, &job, &ignored);
    let body = json!({"images": images, "parameters": info, "info": info.to_string()});
    Ok(answer(StatusCode::OK, &body))
}

impl Draw {
    /// What it asks for, in our terms.
    fn on(self, server: &Server) -> Answer<Asked> {
        let stages = server.model.source.description.cascade.stages;
        let solver_of = |name: String| {
            let is_meant = |solver: &SolverKind| sampler_name(*solver).eq_ignore_ascii_case(&name);
            SolverKind::ALL.into_iter().find(is_meant).ok_or_else(|| {
                let known: Vec<&str> = sampler_names().collect();
                let reason = format!(
                    "there is no sampler {}; there are {}",
                    excerpt(&name),
                    known.join(", ")
                );
                Refusal::unfit("sampler_name", reason)
            })
        };
        let [named, indexed] =
            [self.sampler_name, self.sampler_index].map(|name| name.map(solver_of));
        let (named, indexed) = (named.transpose()?, indexed.transpose()?);
        let own = server.model.source.description.resolution;
        let size = match (self.height, self.width) {
            (None, None) => None,
            (height, width) => Some([height.unwrap_or(own), width.unwrap_or(own)]),
        };
        let sampler = SamplerAsked {
            solver: named.or(indexed),
            steps: self.steps.map(|steps| StepsAsked::Each(steps.div_ceil(stages))),
            guidance: self.cfg_scale.map(GuidanceAsked::Scale),
            ..SamplerAsked::default()
        };
        let count = self.batch_size.unwrap_or(1).saturating_mul(self.n_iter.unwrap_or(1));
        Ok(Asked {
            seed: Some(self.seed.and_then(|seed| seed.try_into().ok()).unwrap_or_else(random_seed)),
            count: Some(count),
            size,
            sampler: Some(sampler),
            previews: Some(true),
            ..shown(server, self.prompt, self.negative_prompt)
        })
    }
}

/// What was drawn, as those front ends read it.
fn info(server: &Server, job: &Job, ignored: &[String]) -> Value {
    let [height, width] = job.request.size.unwrap_or_default();
    let sampler = job.request.sampler.clone().unwrap_or_default();
    let name = sampler_name(sampler.solver);
    let first = &job.request.images[0];
    let (prompt, negative) = match &first.subject {
        Subject::Class(_) => (job.label.as_str(), ""),
        Subject::Prompt { prompt, negative } => (prompt.as_str(), negative.as_str()),
    };
    // Their images differ by seed, ours by number: all have this seed.
    let seeds: Vec<u64> = job.request.images.iter().map(|image| image.seed).collect();
    json!({
        "prompt": prompt, "negative_prompt": negative, "seed": first.seed, "all_seeds": seeds,
        "width": width, "height": height, "batch_size": job.images(), "sampler_name": name,
        "steps_a_stage": sampler.steps, "guidance": sampler.guidance,
        "sd_model_name": server.model.source.short_name(), "ignored": ignored
    })
}

/// `GET /sdapi/v1/progress`.
pub(super) async fn progress(State(server): State<Arc<Server>>) -> Response {
    let jobs = server.board.unfinished(|job| job.origin == Origin::Automatic);
    let Some(job) = jobs.first() else {
        let state = json!({"job": "", "job_count": 0, "interrupted": false, "sampling_step": 0, "sampling_steps": 0});
        let idle =
            json!({"progress": 0.0, "eta_relative": 0.0, "state": state, "current_image": null});
        return answer(StatusCode::OK, &idle);
    };
    let (mut share, mut eta, mut now, mut image) = (0.0, 0.0, 0, None);
    for entry in job.log.after(0) {
        match entry.event {
            Event::Step { share: done, eta_seconds, step, .. } => {
                (share, eta, now) = (done, eta_seconds, step);
            }
            Event::Preview { png, .. } => image = Some(png),
            _ => {}
        }
    }
    let steps = job.request.sampler.clone().unwrap_or_default().steps;
    let state = json!({
        "job": job.id.to_string(), "job_count": jobs.len(), "interrupted": job.wish().is_some(),
        "sampling_step": now, "sampling_steps": steps.iter().max()
    });
    let image = image.map(|png| base64(&png));
    let body =
        json!({"progress": share, "eta_relative": eta, "state": state, "current_image": image});
    answer(StatusCode::OK, &body)
}

/// `POST /sdapi/v1/interrupt`: its jobs end, and answer with what they have.
pub(super) async fn interrupt(State(server): State<Arc<Server>>) -> Response {
    for job in server.board.unfinished(|job| job.origin == Origin::Automatic) {
        server.board.ask(&job, Wish::KeepDraft);
    }
    answer(StatusCode::OK, &json!({}))
}

/// `GET /sdapi/v1/options`.
pub(super) async fn options(State(server): State<Arc<Server>>) -> Response {
    let name = server.model.source.short_name();
    answer(StatusCode::OK, &json!({"sd_model_checkpoint": name, "samples_format": "png"}))
}

/// `POST /sdapi/v1/options`: the model can be said again, and nothing be changed.
pub(super) async fn set_options(
    State(server): State<Arc<Server>>,
    body: Bytes,
) -> Answer<Response> {
    let options: Map<String, Value> = parse(&body)?;
    let name = server.model.source.short_name();
    for (option, value) in &options {
        if option != "sd_model_checkpoint" || value.as_str() != Some(&name) {
            let reason =
                format!("{} cannot be changed here; the server draws with {name}", excerpt(option));
            return Err(Refusal::unfit(option, reason));
        }
    }
    Ok(answer(StatusCode::OK, &json!({})))
}

/// `GET /sdapi/v1/sd-models`.
pub(super) async fn models(State(server): State<Arc<Server>>) -> Response {
    let name = server.model.source.short_name();
    let model = json!({
        "title": name, "model_name": name, "hash": null, "sha256": null, "filename": name, "config": null
    });
    answer(StatusCode::OK, &json!([model]))
}

/// `GET /sdapi/v1/samplers`.
pub(super) async fn samplers() -> Response {
    let sampler = |solver: SolverKind| json!({"name": sampler_name(solver), "aliases": [solver], "options": {}});
    answer(StatusCode::OK, &SolverKind::ALL.map(sampler).into_iter().collect())
}

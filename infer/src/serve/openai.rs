//! `OpenAI`'s API of images, for clients that speak it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use pixelflow::excerpt::excerpt;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Server;
use super::asked::{Asked, ClassAsked, parse};
use super::edit_asked::{EditAsked, IMAGE, MASK};
use super::event::{Event, base64};
use super::event_stream::{CancelOnDrop, ended, named, respond};
use super::job::{Job, Origin, State as JobState};
use super::job_id::random_seed;
use super::jobs::submit;
use super::refusal::{Answer, Refusal, answer};

/// Partial images of a stream, unless it says otherwise.
const PARTIAL_IMAGES: usize = 3;

/// A request of `OpenAI`'s API. Fields that mean nothing here are taken and ignored, as their API does.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Generation {
    model: Option<String>,
    prompt: Option<String>,
    n: Option<usize>,
    /// Width and height in pixels, `WIDTHxHEIGHT`, or `auto`.
    size: Option<String>,
    response_format: Option<String>,
    output_format: Option<String>,
    background: Option<String>,
    stream: Option<bool>,
    partial_images: Option<usize>,
    /// Ours: a seed. Default: a random one.
    seed: Option<u64>,
    /// Ours: what the images shall not show.
    negative_prompt: Option<String>,
}

/// What that API calls fields of ours.
const NAMES: [(&str, &str); 7] = [
    ("count", "n"),
    ("class", "prompt"),
    ("negative", "negative_prompt"),
    (IMAGE, "image"),
    (MASK, "mask"),
    ("edit.strength", "strength"),
    ("edit", "image"),
];

/// `POST /v1/images/generations`.
pub(super) async fn generate(State(server): State<Arc<Server>>, body: Bytes) -> Answer<Response> {
    respond_with(server, parse(&body)?, None, "image_generation").await
}

/// The images that are asked for, as they come or when all are there; `kind` is what their events are called.
pub(super) async fn respond_with(
    server: Arc<Server>,
    asked: Generation,
    edit: Option<EditAsked>,
    kind: &'static str,
) -> Answer<Response> {
    let (is_stream, partial) = (asked.stream.unwrap_or(false), asked.partial_images);
    let most = partial.unwrap_or(PARTIAL_IMAGES);
    if most > PARTIAL_IMAGES {
        let reason = format!("partial_images is {most}, it must be 0 to {PARTIAL_IMAGES}");
        return Err(Refusal::unfit("partial_images", reason));
    }
    let asked = Asked { edit, ..asked.on(&server, is_stream && most > 0)? };
    let job = submit(&server, asked, Origin::OpenAi).map_err(|error| error.with_names(&NAMES))?;
    let held = CancelOnDrop::new(&server, &job);
    if is_stream {
        return Ok(stream(job, most, kind, held));
    }
    ended(&job).await;
    match job.state() {
        JobState::Done => Ok(answer(StatusCode::OK, &finished(&job))),
        JobState::Failed(reason) => Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, reason)),
        _ => Err(Refusal::new(StatusCode::CONFLICT, "somebody has stopped the job")),
    }
}

impl Generation {
    /// What it asks for, in our terms.
    fn on(self, server: &Server, previews: bool) -> Answer<Asked> {
        let name = server.model.source.short_name();
        if let Some(model) = self.model.filter(|model| *model != name) {
            let reason = format!("this server draws with {name}, not with {}", excerpt(&model));
            return Err(Refusal {
                status: StatusCode::NOT_FOUND,
                ..Refusal::unfit("model", reason)
            });
        }
        for (field, value, only) in [
            ("response_format", self.response_format, &["b64_json"][..]),
            ("output_format", self.output_format, &["png"]),
            ("background", self.background, &["auto", "opaque"]),
        ] {
            if let Some(value) = value.filter(|value| !only.contains(&value.as_str())) {
                let reason =
                    format!("{field} is {}, here it can be {}", excerpt(&value), only.join(" or "));
                return Err(Refusal::unfit(field, reason));
            }
        }
        let size = self.size.filter(|size| size != "auto").map(|size| {
            let sides = size
                .split_once('x')
                .and_then(|(width, height)| Some([height.parse().ok()?, width.parse().ok()?]));
            sides.ok_or_else(|| {
                let reason = format!("size is {}, write WIDTHxHEIGHT or auto", excerpt(&size));
                Refusal::unfit("size", reason)
            })
        });
        let missing = || Refusal::unfit("prompt", "say with prompt what to draw");
        Ok(Asked {
            count: self.n,
            size: size.transpose()?,
            seed: Some(self.seed.unwrap_or_else(random_seed)),
            previews: Some(previews),
            ..shown(server, self.prompt.ok_or_else(missing)?, self.negative_prompt)
        })
    }
}

/// What a prompt asks for; of a model of classes it names one.
pub(super) fn shown(server: &Server, prompt: String, negative: Option<String>) -> Asked {
    if server.model.source.description.is_text() {
        return Asked { prompt: Some(prompt), negative, ..Asked::default() };
    }
    Asked { class: Some(ClassAsked::Name(prompt)), negative, ..Asked::default() }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn size(height: usize, width: usize) -> String {
    format!("{width}x{height}")
}

fn finished(job: &Job) -> Value {
    let mut pictures = job.pictures();
    pictures.sort_by_key(|picture| picture.index);
    let [height, width] = job.request.size.unwrap_or_default();
    let data: Vec<Value> =
        pictures.iter().map(|picture| json!({"b64_json": base64(&picture.png)})).collect();
    json!({
        "created": now(), "data": data, "size": size(height, width), "output_format": "png",
        "background": "opaque"
    })
}

/// The images as they come; before each at most `most` partial ones, the first of each stage.
fn stream(job: Arc<Job>, most: usize, kind: &'static str, held: CancelOnDrop) -> Response {
    let mut seen: Vec<(usize, usize)> = Vec::new();
    let frame = move |entry: &super::event_log::Entry| {
        let (name, mut data) = match &entry.event {
            Event::Preview { index, stage, height, width, png } => {
                let place = seen.iter().filter(|(of, _)| of == index).count();
                if place >= most || seen.contains(&(*index, *stage)) {
                    return None;
                }
                seen.push((*index, *stage));
                let data = json!({
                    "b64_json": base64(png), "partial_image_index": place, "size": size(*height, *width)
                });
                (format!("{kind}.partial_image"), data)
            }
            Event::Image { height, width, png, .. } => {
                let data = json!({"b64_json": base64(png), "size": size(*height, *width)});
                (format!("{kind}.completed"), data)
            }
            Event::Failed(message) => {
                let error = json!({"message": message, "type": "server_error"});
                ("error".to_owned(), json!({"error": error}))
            }
            _ => return None,
        };
        data["type"] = name.as_str().into();
        data["created_at"] = now().into();
        data["output_format"] = "png".into();
        data["background"] = "opaque".into();
        Some(named(&name, None, &data))
    };
    respond(job, 0, frame, Some(held))
}

/// `GET /v1/models`.
pub(super) async fn models(State(server): State<Arc<Server>>) -> Response {
    let name = server.model.source.short_name();
    let model = json!({"id": name, "object": "model", "created": 0, "owned_by": "pixelflow"});
    answer(StatusCode::OK, &json!({"object": "list", "data": [model]}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::automatic::Draw;
    use crate::serve::worker_tests::server;

    /// Those of our own API among them.
    #[test]
    fn fields_that_mean_nothing_here_are_ignored_whatever_is_in_them() {
        let body =
            br#"{"prompt": "elf", "edit": [], "sampler": {"solver": 3}, "quality": {"a": 1}}"#;
        assert_eq!(parse::<Generation>(body).unwrap().prompt.as_deref(), Some("elf"));
        assert!(parse::<Draw>(body).is_ok());
    }

    /// A text model would draw an empty one.
    #[test]
    fn without_a_prompt_nothing_is_drawn() {
        let asked: Generation = parse(br#"{"n": 1}"#).unwrap();
        let refused = asked.on(&server(8, 1), false).unwrap_err();
        assert_eq!((refused.status.as_u16(), refused.field.as_deref()), (422, Some("prompt")));
    }
}

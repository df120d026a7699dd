//! The description of the API.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::automatic::sampler_names;
use super::refusal::{Answer, Refusal, answer};
use super::settings::MAX_STEPS;
use super::{ServedModel, Server, Settings};

/// The description of all servers, in `OpenAPI` 3.1.
const DOCUMENT: &str = include_str!("openapi.json");

/// `GET /openapi.json`: what this server takes, with the names and sizes of its model.
pub(super) async fn document(State(server): State<Arc<Server>>) -> Answer<Response> {
    let broken = |error: serde_json::Error| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    };
    let mut document: Value = serde_json::from_str(DOCUMENT).map_err(broken)?;
    say_model(&mut document["components"]["schemas"], &server.model, &server.settings);
    Ok(answer(StatusCode::OK, &document))
}

/// Says of requests what depends on the model.
fn say_model(schemas: &mut Value, model: &ServedModel, settings: &Settings) {
    let facts = model.json(settings);
    let description = &model.source.description;
    let (name, stages) = (&facts["name"], description.cascade.stages);
    let multiple = facts["size_multiple"].as_u64().unwrap_or(1);
    // A square of this side has no more pixels than are drawn.
    let most = model.max_pixels.isqrt() / multiple * multiple;
    let or_null = |mut schema: Value| {
        schema["type"] = json!(["integer", "null"]);
        schema
    };
    let side =
        json!({"type": "integer", "multipleOf": multiple, "minimum": multiple, "maximum": most});
    schemas["Draw"]["properties"]["size"]["items"] = side.clone();
    schemas["Draw"]["properties"]["count"]["maximum"] = json!(settings.max_count());
    schemas["Edit"]["properties"]["from_stage"]["maximum"] = json!(stages - 1);
    let steps = &mut schemas["Sampler"]["properties"]["steps"]["anyOf"][1];
    (steps["minItems"], steps["maxItems"]) = (json!(stages), json!(stages));
    let (unread, wanted) = if description.is_text() {
        (&["class"][..], "prompt")
    } else {
        (&["prompt", "negative"][..], "class")
    };
    if let Some(fields) = schemas["Draw"]["properties"].as_object_mut() {
        for field in unread {
            fields.shift_remove(*field);
        }
    }
    schemas["Draw"]["required"] = json!([wanted]);
    if !description.is_text() {
        let last = description.model.num_classes - 1;
        let number = json!({"type": "integer", "minimum": 0, "maximum": last});
        let names = json!({"type": "string", "enum": facts["classes"]});
        schemas["Draw"]["properties"]["class"] =
            json!({"description": "The class, by number or name.", "anyOf": [number, names]});
        for shape in ["Generation", "Txt2img"] {
            schemas[shape]["properties"]["prompt"]["enum"] = facts["classes"].clone();
            schemas[shape]["properties"]["negative_prompt"]["enum"] = json!(["", null]);
        }
    }
    for side_of in ["width", "height"] {
        schemas["Txt2img"]["properties"][side_of] = or_null(side.clone());
    }
    for amount in ["batch_size", "n_iter"] {
        schemas["Txt2img"]["properties"][amount]["maximum"] = json!(settings.max_count().isqrt());
    }
    schemas["Txt2img"]["properties"]["steps"]["maximum"] = json!(stages * MAX_STEPS);
    let samplers: Vec<Value> = sampler_names().map(Value::from).chain([Value::Null]).collect();
    for field in ["sampler_name", "sampler_index"] {
        schemas["Txt2img"]["properties"][field]["enum"] = json!(samplers);
    }
    let generation = &mut schemas["Generation"]["properties"];
    generation["model"]["enum"] = json!([name, null]);
    generation["n"]["maximum"] = json!(settings.max_count());
    // A pattern cannot count in multiples: these are among those that fit.
    let own = description.resolution as u64;
    let sizes = [multiple, own, most].map(|side| format!("{side}x{side}"));
    generation["size"]["enum"] = json!(["auto", sizes[0], sizes[1], sizes[2], null]);
    schemas["Options"]["properties"]["sd_model_checkpoint"]["const"] = name.clone();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::serve::routes::api;
    use crate::serve::worker_tests::server;

    #[test]
    fn every_route_is_described_and_nothing_else() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let described =
            document["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
                let methods = methods.as_object().unwrap().keys();
                methods.map(|method| (path.clone(), method.clone()))
            });
        let described: BTreeSet<_> = described.collect();
        let answered =
            api().into_iter().map(|(path, method, _)| (path.to_owned(), method.to_owned()));
        assert_eq!(described, answered.collect());
    }

    #[test]
    fn a_server_says_what_its_model_takes() {
        let server = server(8, 1);
        let mut schemas =
            serde_json::from_str::<Value>(DOCUMENT).unwrap()["components"]["schemas"].take();
        say_model(&mut schemas, &server.model, &server.settings);
        let at = |pointer: &str| schemas.pointer(pointer).unwrap_or(&Value::Null).clone();
        assert_eq!(at("/Draw/properties/class/anyOf/0/maximum"), 15);
        assert_eq!(at("/Draw/properties/class/anyOf/1/enum/4"), "elf");
        assert_eq!(at("/Draw/properties/prompt"), Value::Null);
        assert_eq!(at("/Draw/properties/size/items/multipleOf"), 16);
        assert_eq!(at("/Draw/properties/size/items/maximum"), 1024);
        assert_eq!(at("/Draw/properties/count/maximum"), 8);
        assert_eq!(at("/Sampler/properties/steps/anyOf/1/maxItems"), 3);
        assert_eq!(at("/Edit/properties/from_stage/maximum"), 2);
        assert_eq!(at("/Options/properties/sd_model_checkpoint/const"), "demo");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(fields) => {
                    found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    fields.values().for_each(|value| references(value, found));
                }
                Value::Array(values) => values.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 10);
        for reference in found {
            assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
        }
    }
}

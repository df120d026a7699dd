//! The description of the API.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::Server;
use super::openapi_model::say_model;
use super::refusal::{Answer, Refusal, answer};

/// The description of all servers, in `OpenAPI` 3.1.
pub(super) const DOCUMENT: &str = include_str!("openapi.json");

/// `GET /openapi.json`: what this server takes, with the names and sizes of its model.
pub(super) async fn document(State(server): State<Arc<Server>>) -> Answer<Response> {
    let broken = |error: serde_json::Error| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    };
    let mut document: Value = serde_json::from_str(DOCUMENT).map_err(broken)?;
    say_model(&mut document["components"]["schemas"], &server.model, &server.settings);
    Ok(answer(StatusCode::OK, &document))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::serve::routes::api;

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

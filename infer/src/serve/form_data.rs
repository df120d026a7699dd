//! A form with files, `multipart/form-data`, as browsers and clients of `OpenAI`'s API send it.

use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use pixelflow::excerpt::excerpt;
use serde_json::{Map, Value};

use super::refusal::{Answer, Refusal};

/// Letters of a number, at most.
const MOST_DIGITS: usize = 32;

/// What a form says.
#[derive(Debug, Default)]
pub(super) struct FormData {
    /// Its texts; those that are numbers or `true` and `false` as such, but for `words`.
    pub(super) texts: Map<String, Value>,
    /// The bytes of its files.
    pub(super) files: Vec<(String, Vec<u8>)>,
}

/// Reads a form whose fields `files` are files and `words` texts, whatever is in them.
///
/// # Errors
/// 400 for what is no form, 422 for a text that is said twice.
pub(super) async fn read(request: Request, files: &[&str], words: &[&str]) -> Answer<FormData> {
    let unread = |reason: &str| {
        Refusal::new(StatusCode::BAD_REQUEST, format!("the body is no form: {reason}"))
    };
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|error| unread(&error.body_text()))?;
    let broken = |error: MultipartError| unread(&error.body_text());
    let mut data = FormData::default();
    while let Some(field) = form.next_field().await.map_err(broken)? {
        let Some(name) = field.name().map(str::to_owned) else {
            return Err(unread("a field has no name"));
        };
        if files.contains(&name.as_str()) {
            data.files.push((name, field.bytes().await.map_err(broken)?.into()));
            continue;
        }
        let text = field.text().await.map_err(broken)?;
        let is_plain = |value: &Value| value.is_number() || value.is_boolean();
        let may_be_plain = text.len() <= MOST_DIGITS && !words.contains(&name.as_str());
        let plain = may_be_plain.then(|| serde_json::from_str(&text).ok()).flatten();
        let value = plain.filter(is_plain).unwrap_or(text.into());
        if data.texts.contains_key(&name) {
            return Err(Refusal::unfit(&name, format!("{} is said twice", excerpt(&name))));
        }
        data.texts.insert(name, value);
    }
    Ok(data)
}

//! Requests that are refused: a status and a sentence.

use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Letters of a field's name that are said again.
const MOST_NAMED: usize = 100;

/// Why a request is refused, and what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The status.
    pub(super) status: StatusCode,
    /// A sentence.
    pub(super) message: String,
    /// The field of the request that it is about.
    pub(super) field: Option<String>,
    /// Seconds after which it may be asked again.
    pub(super) retry_after: Option<u64>,
}

/// Result of what answers requests.
pub(super) type Answer<T> = Result<T, Refusal>;

impl Refusal {
    /// A refusal.
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), field: None, retry_after: None }
    }

    /// A request that can be read and makes no sense.
    pub(super) fn unfit(field: &str, message: impl Into<String>) -> Self {
        // Names of our own are short; a stranger's may be of any length.
        let field = Some(field.chars().take(MOST_NAMED).collect::<String>());
        let field = field.filter(|field| !field.is_empty());
        Self { field, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, message) }
    }

    /// The same with the names that another API has for fields of ours.
    pub(super) fn with_names(mut self, names: &[(&str, &str)]) -> Self {
        let Some(field) = &self.field else { return self };
        if let Some((own, theirs)) = names.iter().find(|(own, _)| field == own) {
            if let Some(rest) = self.message.strip_prefix(own) {
                self.message = format!("{theirs}{rest}");
            }
            self.field = Some((*theirs).to_owned());
        }
        self
    }

    /// What is not there.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let kind =
            if self.status.is_server_error() { "server_error" } else { "invalid_request_error" };
        // `type` and `param` are what clients of OpenAI's API read.
        let mut error = json!({"message": self.message, "type": kind});
        if let Some(field) = self.field {
            error["field"] = field.as_str().into();
            error["param"] = field.into();
        }
        let mut response = (self.status, json!({"error": error}).to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            // The rest of such a request is not read.
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}

/// A value in JSON.
pub(super) fn answer(status: StatusCode, value: &serde_json::Value) -> Response {
    let mut response = (status, value.to_string()).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

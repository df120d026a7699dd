//! The page: files that are part of the program.

use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use pixelflow::excerpt::excerpt;

use super::refusal::{Answer, Refusal};

/// A file of the page, with its name.
macro_rules! files {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("page/", $name)))),*] };
}

/// All files but the first are in `/page`.
const FILES: &[(&str, &str)] = files![
    "index.html",
    "style.css",
    "app.js",
    "canvas.js",
    "dropped.js",
    "editor.js",
    "engine.js",
    "form.js",
    "gallery.js",
    "icon.svg",
    "mask.js",
    "models.js",
    "picker.js",
    "png.js",
    "progress.js",
    "refinement.js",
    "store.js",
];

/// `GET /`.
pub(super) async fn index() -> Response {
    let (name, text) = FILES[0];
    of(name, text)
}

/// `GET /page/{file}`.
pub(super) async fn file(Path(wanted): Path<String>) -> Answer<Response> {
    let found = FILES.iter().find(|(name, _)| *name == wanted);
    let (name, text) = found
        .ok_or_else(|| Refusal::not_found(format!("the page has no file {}", excerpt(&wanted))))?;
    Ok(of(name, text))
}

fn of(name: &str, text: &'static str) -> Response {
    let kind = match name.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    };
    let mut response = text.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_page_is_part_of_the_program() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/serve/page");
        let there = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut there: Vec<String> = there.map(|name| name.into_string().unwrap()).collect();
        let mut known: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        there.sort_unstable();
        known.sort_unstable();
        assert_eq!(known, there);
    }
}

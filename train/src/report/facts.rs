//! What a run was made with: its sessions with their machines, its data, its settings.

use maud::{Markup, html};

use crate::page::{definitions, table};
use crate::run_folder::RunFolder;

/// Sessions that are listed, at most: the last ones.
const LISTED: usize = 50;

/// When the run was begun and resumed, and on what.
pub fn sessions(run: &RunFolder) -> Markup {
    let rows: Vec<Vec<String>> = run
        .sessions
        .iter()
        .map(|session| {
            let machine: Vec<String> =
                session.machine.iter().map(|[name, text]| format!("{name}: {text}")).collect();
            vec![
                session.started.clone(),
                session.step.to_string(),
                session.device.clone(),
                machine.join("; "),
                session.program.clone(),
            ]
        })
        .collect();
    let head = ["began", "from step", "device", "machine", "program"];
    let first = rows.len().saturating_sub(LISTED);
    html! {
        @match rows.len() {
            0 => p { "Nothing is known of its sessions." },
            1 => p { "One session: the run was not resumed." },
            count => p {
                (count) " sessions: the run was resumed " (count - 1) " times."
                @if first > 0 { " The last " (LISTED) ":" }
            },
        }
        @if !rows.is_empty() { div.words { (table("Sessions", &head, &rows[first..])) } }
    }
}

/// Which images the run learns from.
pub fn data(run: &RunFolder) -> Markup {
    let Some(session) = run.sessions.last() else {
        return html! { p { "Nothing is known of its images." } };
    };
    let data = &session.data;
    let more = data.classes.saturating_sub(data.class_names.len());
    let names = data.class_names.join(", ");
    let classes = if more > 0 { format!("{names} and {more} more") } else { names };
    let validation =
        data.validation.map_or_else(|| "none".to_owned(), |images| format!("{images} images"));
    let left_out =
        if data.left_out.is_empty() { "nothing".to_owned() } else { data.left_out.clone() };
    let mut rows = vec![
        ("training", format!("{} images", data.training)),
        ("validation", validation),
        ("hash of the records", data.identity.records().to_owned()),
    ];
    if let Some(hash) = data.identity.captions() {
        rows.push(("hash of the captions", hash.to_owned()));
    } else {
        rows.push(("classes", format!("{}: {classes}", data.classes)));
    }
    rows.push(("left out", left_out));
    definitions(&rows)
}

/// The settings: those that are not the default, and all.
pub fn configuration(run: &RunFolder) -> Markup {
    let changes = run.config.differences_from_defaults();
    let rows: Vec<Vec<String>> =
        changes.into_iter().map(|change| vec![change.key, change.after, change.before]).collect();
    html! {
        details {
            summary { (rows.len()) " settings that are not the default" }
            div.words { (table("Settings", &["setting", "value", "default"], &rows)) }
        }
        details {
            summary { "All settings, with their documentation" }
            pre { (run.config.to_toml()) }
        }
    }
}

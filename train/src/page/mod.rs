//! Pages about runs: HTML that needs no other file, no script and no network.
//!
//! [`page`] is the frame with its style, `page.css`; a [`Chart`] is inline SVG, with its numbers in a table beneath.

mod axis;
mod chart;
mod figure;
mod line;
mod number;

pub use chart::{Band, Chart, Line, Mark};
pub use line::thinned;
pub use number::{percent, shown};

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The style of the pages.
const STYLE: &str = include_str!("page.css");

/// A page with a title, a line above it, and what stands below.
pub fn page(title: &str, kicker: &str, summary: &Markup, content: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – " (kicker) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.kicker { (kicker) }
                    h1 { (title) }
                    (summary)
                }
                main { (content) }
            }
        }
    };
    page.into_string()
}

/// Names and values, one a row.
pub fn definitions<V: AsRef<str>>(rows: &[(&str, V)]) -> Markup {
    html! {
        dl { @for (name, value) in rows { dt { (name) } dd { (value.as_ref()) } } }
    }
}

/// A table with a header row; it scrolls in itself where it is too wide.
pub fn table(caption: &str, head: &[&str], rows: &[Vec<String>]) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { @for name in head { th scope="col" { (name) } } } }
                tbody {
                    @for row in rows { tr { @for cell in row { td { (cell) } } } }
                }
            }
        }
    }
}

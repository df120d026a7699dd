//! The top of the page: the verdict, and what was run where.

use std::collections::BTreeMap;

use ::tests::conformance::ConformanceReport;
use maud::{Markup, html};

use super::{headline, numbers};

/// Sections of the page: their anchors and names.
const SECTIONS: [(&str, &str); 7] = [
    ("targets", "Targets"),
    ("cases", "Cases"),
    ("comparisons", "Comparisons"),
    ("findings", "Findings"),
    ("logs", "Unfinished"),
    ("timings", "Timings"),
    ("legend", "Legend"),
];

/// The verdict, when and how it was found, the machine and the versions.
pub(super) fn section(report: &ConformanceReport) -> Markup {
    let problems = headline::problems(report);
    let class = if problems.is_empty() { "p" } else { "f" };
    html! {
        header {
            div.verdict.(class) {
                p.kicker { "PixelFlow backend conformance" }
                h1 { (headline::headline(report)) }
                @if !problems.is_empty() {
                    ul { @for problem in &problems { li { (problem) } } }
                }
                p.notes { (headline::notes(report).join(" · ")) }
            }
            p.run {
                time datetime=(report.started) { (report.started) }
                code { (report.command) }
                span { (numbers::seconds(report.seconds)) }
            }
            div.environment {
                (definitions("Machine", &report.machine))
                (definitions("Versions", &report.versions))
            }
            nav { @for (anchor, name) in SECTIONS { a href={ "#" (anchor) } { (name) } } }
        }
    }
}

fn definitions(title: &str, of: &BTreeMap<String, String>) -> Markup {
    html! {
        @if !of.is_empty() {
            section {
                h2 { (title) }
                dl { @for (term, value) in of { dt { (term) } dd { (value) } } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_machine_and_the_command_are_shown() {
        let mut report = sample::report(vec![sample::row("flex-f32", vec![sample::failed("a/b")])]);
        report.command = "cargo xtask check-backends".to_owned();
        report.machine.insert("memory".to_owned(), "8 GiB".to_owned());
        let header = section(&report).into_string();
        assert!(header.contains("<code>cargo xtask check-backends</code>"));
        assert!(header.contains("<dt>memory</dt><dd>8 GiB</dd>"));
        assert!(header.contains("<h1>1 of 1 target failed</h1>"));
        assert!(header.contains("<li>flex-f32: 1 of 1 case failed.</li>"));
    }
}

//! What the targets that did not finish wrote last.

use ::tests::conformance::{Row, RowEnd};
use maud::{Markup, html};

use super::row_end;

/// The reason and the end of the log of each target that did not finish.
pub(super) fn section(rows: &[Row]) -> Markup {
    let mut unfinished = rows.iter().filter(|row| row.end != RowEnd::Finished).peekable();
    html! {
        section #logs {
            h2 { "Targets that did not finish" }
            @if unfinished.peek().is_none() {
                p.nothing { "None." }
            }
            @for row in unfinished { (unfinished_row(row)) }
        }
    }
}

fn unfinished_row(row: &Row) -> Markup {
    let reason = row_end::reason(row);
    html! {
        details.log open[!row.is_success()] {
            summary {
                code { (row.target) }
                " " span.state.(row_end::class(row)) { (row_end::words(row)) }
            }
            @if !reason.is_empty() { pre.reason.(row_end::class(row)) { (reason) } }
            @if !row.log.trim().is_empty() {
                pre { (row.log.trim_end()) }
            } @else if reason.is_empty() {
                p.nothing { "It wrote nothing." }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_last_words_are_kept() {
        let logs = section(&[sample::crashed("wgpu-f32", "rope", Vec::new())]).into_string();
        assert!(logs.contains("<pre>the last words</pre>"), "{logs}");
        assert!(logs.contains("<details class=\"log\" open>"), "{logs}");
        assert!(logs.contains("signal 11"), "{logs}");
    }

    #[test]
    fn a_target_that_finished_has_no_log() {
        let logs = section(&[sample::row("flex-f32", Vec::new())]).into_string();
        assert!(!logs.contains("flex-f32"), "{logs}");
    }
}

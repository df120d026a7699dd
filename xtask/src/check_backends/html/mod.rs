//! The report of a run as one page: `report.html`.
//!
//! The page needs no other file and no network. [`page`] puts its sections in order: [`headline`]
//! has the verdict, [`targets`] the processes, [`cases`] the matrix, [`outcomes`] comparisons and
//! findings, and [`notation`] the words, numbers and bars of all of them, with their legend. The
//! style is `report.css`, and colours are chosen there: an element only has the class of a verdict.

mod cases;
mod headline;
mod notation;
mod outcomes;
mod targets;

use ::tests::conformance::ConformanceReport;
use maud::{DOCTYPE, PreEscaped, html};

/// The style of the page.
const STYLE: &str = include_str!("report.css");

/// The page that shows a report.
pub fn page(report: &ConformanceReport) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (headline::headline(report)) " – PixelFlow conformance" }
                style { (PreEscaped(STYLE)) }
            }
            body style={ "--limit:" (notation::LIMIT_PERCENT) "%" } {
                (headline::header(report))
                main {
                    (targets::table(&report.rows))
                    (cases::matrix(&report.rows))
                    (outcomes::comparisons(&report.comparisons))
                    (outcomes::findings(report))
                    (targets::logs(&report.rows))
                    (targets::timings(&report.rows))
                    (notation::legend())
                }
            }
        }
    };
    page.into_string()
}

/// Small reports for the tests of this folder.
#[cfg(test)]
mod sample {
    use ::tests::Outcome;
    use ::tests::conformance::{Comparison, ConformanceReport, Row, RowEnd};

    /// A case at a quarter of its limit.
    pub fn passed(case: &str) -> Outcome {
        Outcome::measured(case, "rel_l2", 2.5e-6, 1e-5, "10 x its file")
    }

    /// A case at twice its limit.
    pub fn failed(case: &str) -> Outcome {
        Outcome::measured(case, "rel_l2", 2e-5, 1e-5, "10 x its file")
    }

    /// A target of which all cases were run.
    pub fn row(target: &str, outcomes: Vec<Outcome>) -> Row {
        Row {
            target: target.to_owned(),
            end: RowEnd::Finished,
            required: true,
            device: None,
            outcomes,
            seconds: 1.0,
            log: String::new(),
        }
    }

    /// A target that died in a group of cases.
    pub fn crashed(target: &str, during: &str, outcomes: Vec<Outcome>) -> Row {
        let end = RowEnd::Crashed { reason: "signal 11".to_owned(), during: during.to_owned() };
        Row { end, log: "the last words".to_owned(), ..row(target, outcomes) }
    }

    /// A target that there is no device for.
    pub fn skipped(target: &str) -> Row {
        let end = RowEnd::Skipped { reason: "no adapter".to_owned() };
        Row { end, required: false, ..row(target, Vec::new()) }
    }

    /// `flex-f32` against another target.
    pub fn comparison(right: &str, outcome: Outcome) -> Comparison {
        Comparison { left: "flex-f32".to_owned(), right: right.to_owned(), outcome }
    }

    /// A report of rows alone.
    pub fn report(rows: Vec<Row>) -> ConformanceReport {
        ConformanceReport { rows, ..ConformanceReport::default() }
    }
}

#[cfg(test)]
mod tests {
    use ::tests::Outcome;

    use super::*;

    fn page_of(outcome: Outcome) -> String {
        page(&sample::report(vec![sample::row("flex-f32", vec![outcome])]))
    }

    #[test]
    fn texts_of_cases_are_never_markup() {
        let broken = Outcome::broken("a/<b>", "it said <script>alert('x')</script> & died");
        let page = page_of(broken);
        assert!(!page.contains("<script") && !page.contains("a/<b>"), "{page}");
        assert!(page.contains("&lt;script&gt;alert('x')&lt;/script&gt; &amp; died"));
    }

    #[test]
    fn sections_are_in_the_order_of_the_links_to_them() {
        let page = page_of(sample::passed("a/b"));
        let links = headline::SECTIONS.map(|(anchor, _)| format!("id=\"{anchor}\""));
        let parts = ["<header".to_owned()].into_iter().chain(links);
        let places: Vec<usize> =
            parts.map(|part| page.find(&part).unwrap_or_else(|| panic!("no {part}"))).collect();
        assert!(places.is_sorted(), "{places:?}");
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        let page = page_of(sample::passed("a/b"));
        for loads in ["src=", "<link", "@import", "url(", "http:", "https:"] {
            assert!(!page.contains(loads), "{loads}");
        }
    }

    #[test]
    fn an_empty_report_has_a_page_too() {
        let page = page(&ConformanceReport::default());
        assert!(page.contains("Nothing was run"), "{page}");
    }
}

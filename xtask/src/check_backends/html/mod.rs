//! The report of a run as one page: `report.html`.
//!
//! The page needs no other file and no network. [`page`] puts its sections in order; each section is
//! a file here, named after it. The style is `report.css`, and colours are chosen there: an element
//! only has the class of a verdict, see [`verdict::class`].

mod bar;
mod case_cell;
mod comparisons;
mod findings;
mod group_cell;
mod grouping;
mod header;
mod headline;
mod legend;
mod logs;
mod matrix;
mod numbers;
mod outcome_table;
mod row_end;
mod targets;
mod timings;
mod verdict;

#[cfg(test)]
mod sample;

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
            body style={ "--limit:" (bar::LIMIT_PERCENT) "%" } {
                (header::section(report))
                main {
                    (targets::section(&report.rows))
                    (matrix::section(&report.rows))
                    (comparisons::section(&report.comparisons))
                    (findings::section(report))
                    (logs::section(&report.rows))
                    (timings::section(&report.rows))
                    (legend::section())
                }
            }
        }
    };
    page.into_string()
}

#[cfg(test)]
mod tests {
    use ::tests::Outcome;
    use ::tests::conformance::ConformanceReport;

    use super::{page, sample};

    #[test]
    fn texts_of_cases_are_never_markup() {
        let broken = Outcome::broken("a/<b>", "it said <script>alert('x')</script> & died");
        let page = page(&sample::report(vec![sample::row("flex-f32", vec![broken])]));
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains("a/<b>"), "{page}");
        assert!(page.contains("&lt;script&gt;alert('x')&lt;/script&gt; &amp; died"));
    }

    #[test]
    fn sections_are_in_their_order() {
        let report = sample::report(vec![sample::row("flex-f32", vec![sample::passed("a/b")])]);
        let page = page(&report);
        let places: Vec<usize> = [
            "<header",
            "id=\"targets\"",
            "id=\"cases\"",
            "id=\"comparisons\"",
            "id=\"findings\"",
            "id=\"logs\"",
            "id=\"timings\"",
            "id=\"legend\"",
        ]
        .iter()
        .map(|part| page.find(part).unwrap_or_else(|| panic!("no {part}")))
        .collect();
        assert!(places.is_sorted(), "{places:?}");
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        let report = sample::report(vec![sample::row("flex-f32", vec![sample::passed("a/b")])]);
        let page = page(&report);
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

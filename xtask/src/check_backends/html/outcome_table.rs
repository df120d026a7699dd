//! Outcomes in full, a row each.

use ::tests::Outcome;
use maud::{Markup, html};

use super::{bar, numbers, verdict};

/// A table of outcomes; each with where it was found, unless all were found in the same place.
pub(super) fn table(outcomes: &[(Option<String>, &Outcome)]) -> Markup {
    let placed = outcomes.iter().any(|(place, _)| place.is_some());
    html! {
        div.wide {
            table.list.outcomes {
                thead {
                    tr {
                        @if placed { th { "target" } }
                        th { "case" }
                        th { "measure" }
                        @for name in ["error", "limit", "ratio"] { th.number { (name) } }
                        th.bar {}
                        th { "basis and details" }
                    }
                }
                tbody {
                    @for (place, outcome) in outcomes {
                        tr class=(verdict::class(outcome.verdict)) {
                            @if placed { td { code { (place.as_deref().unwrap_or_default()) } } }
                            (cells(outcome))
                        }
                    }
                }
            }
        }
    }
}

fn cells(outcome: &Outcome) -> Markup {
    let number = |value: Option<f64>| value.map(numbers::precise).unwrap_or_default();
    let ratio = outcome.ratio().map(numbers::ratio).unwrap_or_default();
    html! {
        td { code { (outcome.case) } }
        td { (outcome.measure) }
        td.number { (number(outcome.error)) }
        td.number { (number(outcome.limit)) }
        td.number.ratio { (ratio) }
        td.bar { (bar::track(outcome.ratio())) }
        td.text {
            @if !outcome.details.is_empty() { div { (outcome.details) } }
            @if !outcome.basis.is_empty() { div.basis { (outcome.basis) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn an_outcome_is_told_in_full() {
        let outcome = sample::failed("a/b").with_details("the worst is 3");
        let table = table(&[(Some("flex-f32".to_owned()), &outcome)]).into_string();
        for part in
            ["flex-f32", "a/b", "2.000e-5", "1.000e-5", "2.00×", "the worst is 3", "10 x its file"]
        {
            assert!(table.contains(part), "{part}");
        }
    }

    #[test]
    fn a_common_place_is_not_repeated() {
        let outcome = sample::failed("a/b");
        let table = table(&[(None, &outcome)]).into_string();
        assert!(!table.contains("<th>target</th>"));
    }
}

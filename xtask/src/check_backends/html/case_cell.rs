//! The cell of one case on one target.

use ::tests::Outcome;
use maud::{Markup, html};

use super::{bar, numbers, verdict};

/// A bar and the error, all else in the tooltip; a dash where the case was not run.
pub(super) fn cell(outcome: Option<&Outcome>) -> Markup {
    let Some(outcome) = outcome else {
        return html! { td.x { "–" } };
    };
    html! {
        td class=(verdict::class(outcome.verdict)) title=(tooltip(outcome)) {
            (bar::track(outcome.ratio()))
            @match outcome.error {
                Some(error) => (numbers::short(error)),
                None => (verdict::word(outcome.verdict)),
            }
        }
    }
}

/// Everything known of an outcome but its name, a line each.
pub(super) fn tooltip(outcome: &Outcome) -> String {
    let verdict = verdict::word(outcome.verdict);
    let first = match numbers_of(outcome) {
        numbers if numbers.is_empty() => verdict.to_owned(),
        numbers => format!("{verdict}: {numbers}"),
    };
    let lines = [&first, &outcome.basis, &outcome.details];
    let lines: Vec<&str> = lines.into_iter().map(String::as_str).collect();
    lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn numbers_of(outcome: &Outcome) -> String {
    let error =
        outcome.error.map(|error| format!("{} {}", outcome.measure, numbers::precise(error)));
    let limit = outcome.limit.map(|limit| format!("limit {}", numbers::precise(limit)));
    let ratio = outcome.ratio().map(|ratio| format!("({})", numbers::ratio(ratio)));
    let comma = if error.is_some() && limit.is_some() { ", " } else { "" };
    let [error, limit, ratio] = [error, limit, ratio].map(Option::unwrap_or_default);
    format!("{error}{comma}{limit} {ratio}").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use ::tests::Verdict;

    use super::super::sample;
    use super::*;

    #[test]
    fn a_case_that_was_not_run_is_a_dash() {
        assert_eq!(cell(None).into_string(), "<td class=\"x\">–</td>");
    }

    #[test]
    fn a_cell_has_a_bar_a_number_and_the_rest_as_tooltip() {
        let outcome = sample::passed("a/b").with_details("worst parameter \"bias\"");
        let expected = "<td class=\"p\" title=\"passed: rel_l2 2.500e-6, limit 1.000e-5 (0.25×)\n\
            10 x its file\nworst parameter &quot;bias&quot;\">\
            <s><b style=\"width:56.6%\"></b></s>2.5e-6</td>";
        assert_eq!(cell(Some(&outcome)).into_string(), expected);
    }

    #[test]
    fn what_was_not_measured_has_a_word() {
        let broken = Outcome::broken("a/b", "it fell");
        let expected = "<td class=\"f\" title=\"failed\nit fell\">failed</td>";
        assert_eq!(cell(Some(&broken)).into_string(), expected);
        let reported = Outcome {
            verdict: Verdict::Reported,
            limit: None,
            basis: String::new(),
            ..sample::passed("a/b")
        };
        let expected = "<td class=\"r\" title=\"reported: rel_l2 2.500e-6\">2.5e-6</td>";
        assert_eq!(cell(Some(&reported)).into_string(), expected);
    }
}

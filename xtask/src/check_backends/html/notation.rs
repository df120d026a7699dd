//! Words, colours, numbers and bars of the page, and the legend that explains them.

use std::cmp::Ordering;

use ::tests::conformance::{Row, RowEnd};
use ::tests::{Outcome, Verdict};
use maud::{Markup, html};

/// What each verdict means.
const MEANINGS: [(Verdict, &str); 6] = [
    (Verdict::Passed, "The error is within its limit."),
    (Verdict::Failed, "The error is beyond its limit, or the case could not be computed."),
    (
        Verdict::Known,
        "Beyond the limit because of a known bug of another project; the details name it.",
    ),
    (
        Verdict::Unexpected,
        "Within the limit although a known bug says otherwise: the bug may be gone.",
    ),
    (Verdict::Reported, "Measured without a limit."),
    (Verdict::Skipped, "Not run; the details say why."),
];

/// Ratios of error to limit that the legend shows as examples.
const EXAMPLES: [(f64, &str, Verdict); 5] = [
    (1e-4, "a ten-thousandth of the limit or less", Verdict::Passed),
    (1e-2, "a hundredth of the limit", Verdict::Passed),
    (1.0, "at the limit, which the vertical line marks", Verdict::Passed),
    (10.0, "ten times the limit", Verdict::Failed),
    (100.0, "a hundred times the limit or more", Verdict::Failed),
];

/// Powers of ten that a bar shows below the limit.
const DECADES_BELOW: f64 = 4.0;

/// Powers of ten that a bar shows in all: two are beyond the limit.
const DECADES: f64 = 6.0;

/// Place of the limit, in percent of a bar's track.
pub(super) const LIMIT_PERCENT: f64 = 100.0 * DECADES_BELOW / DECADES;

/// The legend of colours, bars and numbers.
pub(super) fn legend() -> Markup {
    html! {
        section #legend {
            h2 { "Legend" }
            div.legend {
                dl {
                    @for (verdict, meaning) in MEANINGS {
                        dt { span.state.(class(verdict)) { (word(verdict)) } }
                        dd { (meaning) }
                    }
                    dt { "–" }
                    dd { "The target did not get to the case, or has no such case." }
                }
                dl {
                    @for (ratio, meaning, verdict) in EXAMPLES {
                        dt.bar.(class(verdict)) { (bar(Some(ratio))) }
                        dd { (meaning) }
                    }
                    dt { "0.16×" }
                    dd {
                        "The error as a multiple of its limit; of a group the largest. Bars have a "
                        "logarithmic scale of it. The tooltip of a cell says the error, the limit, "
                        "where the limit comes from, and details."
                    }
                    dt { "exact" }
                    dd { "There is no error." }
                    dt { "∞×" }
                    dd { "There is an error although the limit is zero, or there is no number." }
                }
            }
        }
    }
}

/// A verdict as a word.
pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Skipped => "skipped",
        Verdict::Known => "known",
        Verdict::Unexpected => "unexpected",
        Verdict::Reported => "reported",
    }
}

/// The class of a verdict, to which the style gives a colour: the first letter of its word.
pub(super) fn class(verdict: Verdict) -> &'static str {
    &word(verdict)[..1]
}

/// Orders by verdict, and what has the same verdict by ratio, the worst first.
pub(super) fn worst_first(left: &Outcome, right: &Outcome) -> Ordering {
    let attention = |verdict: Verdict| match verdict {
        Verdict::Skipped => 0,
        Verdict::Reported => 1,
        Verdict::Passed => 2,
        Verdict::Known => 3,
        Verdict::Unexpected => 4,
        Verdict::Failed => 5,
    };
    let ratio = |outcome| ratio(outcome).unwrap_or(-1.0);
    let verdicts = attention(right.verdict).cmp(&attention(left.verdict));
    verdicts.then_with(|| ratio(right).total_cmp(&ratio(left)))
}

/// The outcome that asks for most attention.
pub(super) fn worst<'a>(outcomes: &[&'a Outcome]) -> Option<&'a Outcome> {
    outcomes.iter().copied().min_by(|a, b| worst_first(a, b))
}

/// Error over limit; a failure without a number is beyond any limit.
pub(super) fn ratio(outcome: &Outcome) -> Option<f64> {
    let measured = outcome.ratio().map(|ratio| if ratio.is_nan() { f64::INFINITY } else { ratio });
    measured.or((outcome.verdict == Verdict::Failed).then_some(f64::INFINITY))
}

/// The largest of the ratios of several outcomes.
pub(super) fn worst_ratio(outcomes: &[&Outcome]) -> Option<f64> {
    outcomes.iter().filter_map(|outcome| ratio(outcome)).reduce(f64::max)
}

/// How the process of a target ended, in one phrase: `crashed during euler_1`.
pub(super) fn end(row: &Row) -> String {
    match &row.end {
        RowEnd::Finished => "finished".to_owned(),
        RowEnd::Skipped { .. } if row.required => "skipped although it is required".to_owned(),
        RowEnd::Skipped { .. } => "skipped".to_owned(),
        RowEnd::Crashed { .. } => format!("crashed {}", place(row)),
        RowEnd::TimedOut { seconds: limit, .. } => {
            format!("timed out after {} {}", seconds(*limit as f64), place(row))
        }
        RowEnd::NotBuilt { .. } => "not built".to_owned(),
    }
}

fn place(row: &Row) -> String {
    during(row).map_or("before the first case".to_owned(), |group| format!("during {group}"))
}

/// Why a target did not finish; empty where there is no more to say than [`end`] does.
pub(super) fn reason(row: &Row) -> &str {
    match &row.end {
        RowEnd::Skipped { reason }
        | RowEnd::Crashed { reason, .. }
        | RowEnd::NotBuilt { reason } => reason,
        RowEnd::Finished | RowEnd::TimedOut { .. } => "",
    }
}

/// The group of cases that a target died in.
pub(super) fn during(row: &Row) -> Option<&str> {
    match &row.end {
        RowEnd::Crashed { during, .. } | RowEnd::TimedOut { during, .. } => {
            Some(during.as_str()).filter(|during| !during.is_empty())
        }
        _ => None,
    }
}

/// The class of how a target ended, to which the style gives a colour.
pub(super) fn end_class(row: &Row) -> &'static str {
    match row.end {
        _ if !row.is_success() => "f",
        RowEnd::Skipped { .. } => "s",
        _ => "p",
    }
}

/// How much of its track the bar of a ratio of error to limit fills, in percent.
///
/// The scale is logarithmic: from 1e-4 at 0 % over the limit to 1e2 at 100 %.
/// What is no ratio fills the track, as it is within no limit.
fn filled(ratio: f64) -> f64 {
    if ratio.is_nan() || ratio < 0.0 {
        return 100.0;
    }
    (100.0 * (DECADES_BELOW + ratio.log10()) / DECADES).clamp(0.0, 100.0)
}

/// A track with its limit marked and the bar of a ratio in it; nothing where nothing was measured.
pub(super) fn bar(ratio: Option<f64>) -> Markup {
    html! {
        @if let Some(ratio) = ratio {
            s { b style={ "width:" (format!("{:.1}", filled(ratio))) "%" } {} }
        }
    }
}

/// An error or a limit with so many digits after the first: `4.2e-6`; small whole ones are counts
/// of differing values: `3`.
pub(super) fn error(value: f64, digits: usize) -> String {
    if value.fract() == 0.0 && value.abs() < 1e4 {
        format!("{value}")
    } else {
        format!("{value:.digits$e}")
    }
}

/// Error over limit: `0.073×`.
pub(super) fn multiple(ratio: f64) -> String {
    match ratio {
        0.0 => "exact".to_owned(),
        _ if ratio.is_infinite() => "∞×".to_owned(),
        _ if ratio < 1e-3 => "<0.001×".to_owned(),
        _ if ratio < 0.1 => format!("{ratio:.3}×"),
        _ if ratio < 10.0 => format!("{ratio:.2}×"),
        _ if ratio < 1e4 => format!("{ratio:.0}×"),
        _ => format!("{ratio:.0e}×"),
    }
}

/// A time: `0.42 s`, `42 s`, `5 min 12 s`.
pub(super) fn seconds(value: f64) -> String {
    let whole = value.max(0.0).round() as u64;
    match value {
        _ if value < 0.005 => "0 s".to_owned(),
        _ if value < 10.0 => format!("{value:.2} s"),
        _ if value < 120.0 => format!("{value:.0} s"),
        _ => format!("{} min {} s", whole / 60, whole % 60),
    }
}

/// A size of memory: `79.6 GiB`, `512 MiB`.
pub(super) fn memory(bytes: u64) -> String {
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    if mebibytes < 1024.0 {
        format!("{mebibytes:.0} MiB")
    } else {
        format!("{:.1} GiB", mebibytes / 1024.0)
    }
}

/// A number of things: `1 case`, `2 cases`.
pub(super) fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{crashed, failed, passed, row, skipped};
    use super::*;

    #[test]
    fn every_verdict_is_explained() {
        let legend = legend().into_string();
        for (verdict, _) in MEANINGS {
            assert!(legend.contains(word(verdict)), "{verdict:?}");
        }
    }

    #[test]
    fn the_worst_comes_first() {
        let near = Outcome::measured("near", "max_abs", 0.9, 1.0, "");
        let known = Outcome { verdict: Verdict::Known, ..failed("known") };
        let nan = Outcome::measured("nan", "max_abs", f64::NAN, 1.0, "");
        let skipped = Outcome::skipped("skipped", "");
        let mut outcomes = [skipped, passed("far"), near, known, failed("failed"), nan];
        outcomes.sort_by(worst_first);
        let outcomes = outcomes.each_ref();
        let names = outcomes.map(|outcome| outcome.case.as_str());
        assert_eq!(names, ["nan", "failed", "known", "near", "far", "skipped"]);
        assert_eq!(worst(&outcomes).map(|worst| worst.verdict), Some(Verdict::Failed));
        assert_eq!(worst_ratio(&outcomes), Some(f64::INFINITY));
    }

    #[test]
    fn a_failure_without_a_number_is_beyond_any_limit() {
        assert_eq!(ratio(&Outcome::broken("a", "it fell")), Some(f64::INFINITY));
        assert_eq!(ratio(&Outcome::skipped("a", "unknown")), None);
    }

    #[test]
    fn each_end_has_words_and_a_colour() {
        let finished = row("a", vec![passed("b")]);
        assert_eq!((end(&finished).as_str(), end_class(&finished)), ("finished", "p"));
        let skipped = skipped("a");
        assert_eq!((end(&skipped).as_str(), end_class(&skipped)), ("skipped", "s"));
        let required = Row { required: true, ..skipped };
        assert_eq!(end(&required), "skipped although it is required");
        assert_eq!(end_class(&required), "f");
        let slow =
            Row { end: RowEnd::TimedOut { seconds: 300, during: "rope".to_owned() }, ..required };
        assert_eq!(end(&slow), "timed out after 5 min 0 s during rope");
        assert_eq!(during(&slow), Some("rope"));
    }

    #[test]
    fn a_crash_may_come_before_any_case() {
        let row = crashed("a", "", Vec::new());
        assert_eq!(end(&row), "crashed before the first case");
        assert_eq!((during(&row), reason(&row)), (None, "signal 11"));
    }

    #[test]
    fn a_bar_ends_where_its_ratio_is() {
        for (ratio, expected) in [
            (0.0, 0.0),
            (1e-5, 0.0),
            (1e-4, 0.0),
            (1e-2, 100.0 / 3.0),
            (1.0, LIMIT_PERCENT),
            (1e2, 100.0),
            (1e3, 100.0),
            (f64::INFINITY, 100.0),
            (f64::NAN, 100.0),
        ] {
            assert!((filled(ratio) - expected).abs() < 1e-9, "{ratio}: {}", filled(ratio));
        }
        assert_eq!(bar(None).into_string(), "");
        assert_eq!(bar(Some(1.0)).into_string(), "<s><b style=\"width:66.7%\"></b></s>");
    }

    #[test]
    fn errors_are_short_and_counts_are_whole() {
        let found = [4.159e-6, 0.0, 3.0, f64::NAN].map(|value| error(value, 1));
        assert_eq!(found, ["4.2e-6", "0", "3", "NaN"]);
        assert_eq!(error(4.159e-6, 3), "4.159e-6");
    }

    #[test]
    fn ratios_have_two_digits_that_matter() {
        let found = [0.0, 5e-4, 0.0731, 0.5, 1.04, 31.2, 2.5e6, f64::INFINITY].map(multiple);
        let expected = ["exact", "<0.001×", "0.073×", "0.50×", "1.04×", "31×", "2e6×", "∞×"];
        assert_eq!(found, expected);
    }

    #[test]
    fn times_and_sizes_have_units() {
        let times = [0.0, 0.42, 42.4, 312.0].map(seconds);
        assert_eq!(times, ["0 s", "0.42 s", "42 s", "5 min 12 s"]);
        assert_eq!([512 << 20, 24 << 30].map(memory), ["512 MiB", "24.0 GiB"]);
        assert_eq!([1, 2].map(|number| count(number, "case")), ["1 case", "2 cases"]);
    }
}

//! What colours, bars and numbers mean.

use ::tests::Verdict;
use maud::{Markup, html};

use super::{bar, verdict};

/// What each verdict means.
const VERDICTS: [(Verdict, &str); 6] = [
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

/// Ratios of error to limit that are shown as examples.
const EXAMPLES: [(f64, &str, Verdict); 5] = [
    (1e-4, "a ten-thousandth of the limit or less", Verdict::Passed),
    (1e-2, "a hundredth of the limit", Verdict::Passed),
    (1.0, "at the limit, which the vertical line marks", Verdict::Passed),
    (10.0, "ten times the limit", Verdict::Failed),
    (100.0, "a hundred times the limit or more", Verdict::Failed),
];

/// What colours, bars and numbers mean.
pub(super) fn section() -> Markup {
    html! {
        section #legend {
            h2 { "Legend" }
            div.legend {
                dl {
                    @for (verdict, meaning) in VERDICTS {
                        dt { span.state.(verdict::class(verdict)) { (verdict::word(verdict)) } }
                        dd { (meaning) }
                    }
                    dt { "–" }
                    dd { "The target did not get to the case, or has no such case." }
                }
                dl {
                    @for (ratio, meaning, verdict) in EXAMPLES {
                        dt.bar.(verdict::class(verdict)) { (bar::track(Some(ratio))) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_is_explained() {
        let legend = section().into_string();
        for (verdict, _) in VERDICTS {
            assert!(legend.contains(verdict::word(verdict)), "{verdict:?}");
        }
    }
}

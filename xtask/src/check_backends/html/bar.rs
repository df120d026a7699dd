//! Bars that show how near to its limit an error is.

use maud::{Markup, html};

/// Powers of ten that a bar shows below the limit.
const DECADES_BELOW: f64 = 4.0;

/// Powers of ten that a bar shows beyond the limit.
const DECADES_BEYOND: f64 = 2.0;

/// Where the limit is, in percent of the track.
pub(super) const LIMIT_PERCENT: f64 = 100.0 * DECADES_BELOW / (DECADES_BELOW + DECADES_BEYOND);

/// How much of its track the bar of a ratio of error to limit fills, in percent.
///
/// The scale is logarithmic: from 1e-4 at 0 % over the limit to 1e2 at 100 %.
/// What is no ratio fills the track, as it is within no limit.
pub(super) fn position(ratio: f64) -> f64 {
    if ratio.is_nan() || ratio < 0.0 {
        return 100.0;
    }
    let decades = DECADES_BELOW + ratio.log10();
    (100.0 * decades / (DECADES_BELOW + DECADES_BEYOND)).clamp(0.0, 100.0)
}

/// A track with its limit marked and the bar of a ratio in it; nothing where nothing was measured.
pub(super) fn track(ratio: Option<f64>) -> Markup {
    html! {
        @if let Some(ratio) = ratio {
            s { b style={ "width:" (format!("{:.1}", position(ratio))) "%" } {} }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_ends_where_its_ratio_is() {
        let ends = |ratio: f64, expected: f64| {
            let found = position(ratio);
            assert!((found - expected).abs() < 1e-9, "{ratio}: {found}");
        };
        ends(0.0, 0.0);
        ends(1e-5, 0.0);
        ends(1e-4, 0.0);
        ends(1e-2, 100.0 / 3.0);
        ends(1.0, LIMIT_PERCENT);
        ends(1e2, 100.0);
        ends(1e3, 100.0);
        ends(f64::INFINITY, 100.0);
        ends(f64::NAN, 100.0);
    }

    #[test]
    fn only_what_was_measured_has_a_bar() {
        assert_eq!(track(None).into_string(), "");
        let bar = track(Some(1.0)).into_string();
        assert_eq!(bar, "<s><b style=\"width:66.7%\"></b></s>");
    }
}

//! Numbers as people read them.

/// A number in four digits or so: `0.0312`, `1.2e-5`, `480000`.
pub fn shown(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return "–".to_owned();
    }
    match size {
        0.0 => "0".to_owned(),
        1e7.. => format!("{value:.2e}"),
        1000.0.. => format!("{value:.0}"),
        1e-3.. => {
            let digits = (3.0 - size.log10().floor()).max(0.0) as usize;
            let text = format!("{value:.digits$}");
            trimmed(&text).to_owned()
        }
        _ => format!("{value:.2e}"),
    }
}

/// A number beside an axis, as short as it can be: `0.05`, `2k`, `1.5M`, `1e-5`.
pub(super) fn label(value: f64) -> String {
    let short = |value: f64, unit: &str| format!("{}{unit}", trimmed(&format!("{value:.2}")));
    match value.abs() {
        0.0 => "0".to_owned(),
        1e6.. => short(value / 1e6, "M"),
        1e4.. => short(value / 1e3, "k"),
        1e-4.. => trimmed(&format!("{value:.5}")).to_owned(),
        _ => format!("{value:e}"),
    }
}

/// A share of one: `12.5 %`.
pub fn percent(share: f64) -> String {
    format!("{} %", trimmed(&format!("{:.1}", 100.0 * share)))
}

/// Without zeros at the end of a fraction.
fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_the_digits_that_say_something() {
        for (value, expected) in [
            (0.0, "0"),
            (0.031_249, "0.03125"),
            (0.5, "0.5"),
            (123.456, "123.5"),
            (-2.0, "-2"),
            (480_000.0, "480000"),
            (1.25e-5, "1.25e-5"),
            (3.2e9, "3.20e9"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(shown(value), expected);
        }
        for (value, expected) in
            [(0.05, "0.05"), (2e4, "20k"), (2500.0, "2500"), (1.5e6, "1.5M"), (1e-5, "1e-5")]
        {
            assert_eq!(label(value), expected);
        }
        assert_eq!((percent(0.125), percent(1.0)), ("12.5 %".to_owned(), "100 %".to_owned()));
    }
}

//! Numbers as they are written on the page.

/// Whole errors below this are counts and written as such.
const MOST_COUNTED: f64 = 1e4;

/// An error or a limit in few characters: `4.2e-6`; counts of differing values: `3`.
pub(super) fn short(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < MOST_COUNTED {
        format!("{value}")
    } else {
        format!("{value:.1e}")
    }
}

/// An error or a limit with all digits that matter: `4.159e-6`.
pub(super) fn precise(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < MOST_COUNTED {
        format!("{value}")
    } else {
        format!("{value:.3e}")
    }
}

/// Error over limit: `0.073×`.
pub(super) fn ratio(value: f64) -> String {
    match value {
        0.0 => "exact".to_owned(),
        _ if value.is_infinite() => "∞×".to_owned(),
        _ if value < 1e-3 => "<0.001×".to_owned(),
        _ if value < 0.1 => format!("{value:.3}×"),
        _ if value < 10.0 => format!("{value:.2}×"),
        _ if value < 1e4 => format!("{value:.0}×"),
        _ => format!("{value:.0e}×"),
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
    const MIB: f64 = 1024.0 * 1024.0;
    let mebibytes = bytes as f64 / MIB;
    if mebibytes < 1024.0 {
        format!("{mebibytes:.0} MiB")
    } else {
        format!("{:.1} GiB", mebibytes / 1024.0)
    }
}

/// A number of things: `1 case`, `2 cases`.
pub(super) fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_short_and_counts_are_whole() {
        assert_eq!(short(4.159e-6), "4.2e-6");
        assert_eq!(precise(4.159e-6), "4.159e-6");
        assert_eq!(short(0.0), "0");
        assert_eq!(short(3.0), "3");
        assert_eq!(short(f64::NAN), "NaN");
    }

    #[test]
    fn ratios_have_two_digits_that_matter() {
        let found = [0.0, 5e-4, 0.0731, 0.5, 1.04, 31.2, 2.5e6, f64::INFINITY].map(ratio);
        let expected = ["exact", "<0.001×", "0.073×", "0.50×", "1.04×", "31×", "2e6×", "∞×"];
        assert_eq!(found, expected);
    }

    #[test]
    fn times_and_sizes_have_units() {
        let times = [0.0, 0.42, 42.4, 312.0].map(seconds);
        assert_eq!(times, ["0 s", "0.42 s", "42 s", "5 min 12 s"]);
        assert_eq!(memory(512 << 20), "512 MiB");
        assert_eq!(memory(24 << 30), "24.0 GiB");
        assert_eq!(count(1, "case"), "1 case");
        assert_eq!(count(2, "case"), "2 cases");
    }
}

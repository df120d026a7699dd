//! Repeats of a measurement with other seeds: how sure a number is.

use super::metric::{Metric, MetricKind, Metrics};

/// Mean of the repeats of each metric, with its standard error `s / sqrt(r)`, s the standard deviation (divided
/// by r - 1) of r repeats. One repeat is as it was measured.
///
/// # Panics
/// If there is none.
pub fn mean_of(repeats: &[Metrics]) -> Metrics {
    let [first, _, ..] = repeats else {
        return repeats[0].clone();
    };
    let mean = |metric: &Metric| {
        let of_kind = |other: &Metrics| {
            let same = other.values.iter().find(|other| other.kind == metric.kind);
            same.map(|metric| metric.value)
        };
        let values: Vec<f64> = repeats.iter().filter_map(of_kind).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        let standard_error = (variance / (count - 1.0) / count).sqrt();
        Metric {
            kind: metric.kind,
            value: mean,
            // The ceiling is of the reference, which no repeat draws anew.
            standard_error: is_drawn(metric.kind).then_some(standard_error),
            about: String::new(),
        }
    };
    Metrics {
        values: first.values.iter().map(mean).collect(),
        left_out: first.left_out.clone(),
        copies: Vec::new(),
    }
}

/// Whether a metric is of the samples.
fn is_drawn(kind: MetricKind) -> bool {
    kind != MetricKind::RealClassAccuracy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_have_a_mean_and_its_error_and_one_is_itself() {
        let measured = |value| {
            let mut metrics = Metrics::default();
            metrics.add(MetricKind::Kernel, value, Some(9.0), "of few".to_owned());
            metrics
        };
        let mean = mean_of(&[1.0, 2.0, 6.0].map(measured));
        let [Metric { value, standard_error: Some(error), .. }] = &mean.values[..] else {
            panic!("one metric: {mean:?}")
        };
        // (4 + 1 + 9) / 2 / 3
        assert!((value - 3.0).abs() < 1e-12 && (error - (7.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(mean_of(&[measured(1.0)]), measured(1.0));
    }
}

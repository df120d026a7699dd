//! The Pareto front of quality against cost: what nothing else beats in both.

/// Something that was measured: what it costs, and how good it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// What it is, in a few words.
    pub label: String,
    /// The line that it belongs to, such as its solver.
    pub series: String,
    /// Network calls of an image, guidance's second one counted.
    pub network_calls: f64,
    /// The metric; lower is better.
    pub value: f64,
    /// How sure it is, where that is known.
    pub standard_error: Option<f64>,
}

/// The points that no other equals or beats in both calls and value, fewest calls first: with every one of them
/// more calls bring a lower value. Of equal points the first is taken, and what is not finite is on no front.
pub fn pareto_front(points: &[Point]) -> Vec<usize> {
    let finite =
        |&index: &usize| points[index].value.is_finite() && points[index].network_calls.is_finite();
    let mut order: Vec<usize> = (0..points.len()).filter(finite).collect();
    order.sort_by(|&a, &b| {
        let (a, b) = (&points[a], &points[b]);
        a.network_calls.total_cmp(&b.network_calls).then(a.value.total_cmp(&b.value))
    });
    let mut best = f64::INFINITY;
    order.retain(|&index| {
        let is_better = points[index].value < best;
        best = best.min(points[index].value);
        is_better
    });
    order
}

/// The point of the lowest value among those of at most so many calls; of equal ones that of the fewest calls.
pub fn best_within(points: &[Point], most_calls: f64) -> Option<usize> {
    let front = pareto_front(points);
    front.into_iter().rfind(|&index| points[index].network_calls <= most_calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[(f64, f64)]) -> Vec<Point> {
        let point = |&(network_calls, value): &(f64, f64)| Point {
            label: String::new(),
            series: String::new(),
            network_calls,
            value,
            standard_error: None,
        };
        values.iter().map(point).collect()
    }

    #[test]
    fn on_the_front_is_what_nothing_beats_in_both() {
        for (values, expected) in [
            (&[][..], &[][..]),
            (&[(8.0, 3.0)], &[0]),
            // The third costs more than the second and is worse; the last two are equal in one of both.
            (&[(16.0, 2.0), (4.0, 9.0), (8.0, 9.5), (8.0, 5.0), (16.0, 4.0)], &[1, 3, 0]),
            (&[(8.0, 5.0), (4.0, 5.0)], &[1]),
            (&[(8.0, 5.0), (8.0, 5.0)], &[0]),
            (&[(4.0, f64::NAN), (f64::INFINITY, 1.0), (8.0, f64::INFINITY), (9.0, 1.0)], &[3]),
        ] {
            assert_eq!(pareto_front(&points(values)), expected, "{values:?}");
        }
    }

    #[test]
    fn the_best_within_a_budget_costs_no_more_than_it_must() {
        let points = points(&[(4.0, 9.0), (8.0, 5.0), (9.0, 5.0), (16.0, 2.0), (32.0, 2.0)]);
        for (budget, expected) in [(3.0, None), (8.0, Some(1)), (15.9, Some(1)), (99.0, Some(3))] {
            assert_eq!(best_within(&points, budget), expected, "{budget}");
        }
    }
}

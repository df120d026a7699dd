//! Axes: from values to places, and the values that are written beside them.

/// A range of values, and how it is laid out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    is_logarithmic: bool,
}

impl Axis {
    /// One that holds all values, with a little room; without values it is from 0 to 1.
    pub fn of(values: impl Iterator<Item = f64>, is_logarithmic: bool) -> Self {
        let usable = |value: &f64| value.is_finite() && (!is_logarithmic || *value > 0.0);
        let (low, high) = values
            .filter(usable)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            return Self { low: 0.0, high: 1.0, is_logarithmic: false };
        }
        if is_logarithmic {
            return Self { low: low / 1.1, high: high * 1.1, is_logarithmic };
        }
        let room = match high - low {
            0.0 => high.abs().max(1e-9) * 0.1,
            range => 0.06 * range,
        };
        // What is never negative gets no room below zero.
        let floor = if low >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
        Self { low: (low - room).max(floor), high: high + room, is_logarithmic }
    }

    /// One from `low` to `high`, without room.
    pub fn between(low: f64, high: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, is_logarithmic: false }
    }

    /// Where a value lies: 0 at the low end, 1 at the high end. `None` if it has no place on the axis.
    pub fn place(&self, value: f64) -> Option<f64> {
        let along = |value: f64| if self.is_logarithmic { value.ln() } else { value };
        let place = (along(value) - along(self.low)) / (along(self.high) - along(self.low));
        place.is_finite().then(|| place.clamp(0.0, 1.0))
    }

    /// Round values on the axis, about `count` of them.
    pub fn ticks(&self, count: usize) -> Vec<f64> {
        // Within half a decade, powers of ten and their halves say too little.
        if self.is_logarithmic && self.high / self.low > 5.0 {
            let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
            let few = decades.clone().count() > 4;
            let parts: &[f64] = if few { &[1.0] } else { &[1.0, 2.0, 5.0] };
            let all =
                decades.flat_map(|decade| parts.iter().map(move |part| part * 10f64.powi(decade)));
            return all.filter(|tick| (self.low..=self.high).contains(tick)).collect();
        }
        let step = round_step((self.high - self.low) / count.max(1) as f64);
        let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
        // A whole number times a step has an error in its last digits.
        (first..=last).map(|tick| (tick as f64 * step * 1e12).round() / 1e12).collect()
    }
}

/// The next of 1, 2, 5 times a power of ten that is no smaller than `step`.
fn round_step(step: f64) -> f64 {
    let decade = 10f64.powf(step.log10().floor());
    let parts = [1.0, 2.0, 5.0, 10.0];
    let fits = parts.into_iter().find(|part| part * decade >= step * (1.0 - 1e-9));
    fits.unwrap_or(10.0) * decade
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_on_the_axis() {
        assert_eq!(Axis::between(0.0, 7500.0).ticks(4), [0.0, 2000.0, 4000.0, 6000.0]);
        assert_eq!(Axis::of([0.1, 0.3].into_iter(), false).ticks(4), [0.1, 0.2, 0.3]);
        let losses = Axis::of([0.02, 0.4].into_iter(), true);
        assert_eq!(losses.ticks(4), [0.02, 0.05, 0.1, 0.2]);
        // Of many decades, one each.
        assert_eq!(Axis::of([1e-5, 1.0].into_iter(), true).ticks(4).len(), 6);
        assert_eq!(Axis::of([0.2, 0.3].into_iter(), true).ticks(4).first(), Some(&0.2));
    }

    #[test]
    fn places_run_from_end_to_end_and_a_single_value_has_one_too() {
        let axis = Axis::between(10.0, 20.0);
        assert_eq!([10.0, 15.0, 20.0].map(|value| axis.place(value)), [0.0, 0.5, 1.0].map(Some));
        let logarithmic = Axis::of([1.0, 100.0].into_iter(), true);
        assert!((logarithmic.place(10.0).unwrap() - 0.5).abs() < 1e-9);
        assert_eq!(logarithmic.place(f64::NAN), None);
        let one = Axis::of([3.0].into_iter(), false).place(3.0).unwrap();
        assert!((one - 0.5).abs() < 1e-9);
        assert_eq!(Axis::of(std::iter::empty(), false), Axis::between(0.0, 1.0));
    }
}

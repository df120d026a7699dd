//! An axis: where numbers lie in pixels, and which of them are written beside it.

use super::heat_map::short;

/// Numbers from the first to the last pixel of an axis, by their logarithm or as they are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    is_logarithmic: bool,
    /// The numbers at its ends, as logarithms where it is logarithmic.
    ends: [f64; 2],
    pixels: [i32; 2],
    ticks: Vec<f64>,
}

/// Ratio of the highest to the lowest number from which on an axis is logarithmic.
const WIDE: f64 = 3.0;
/// Numbers written beside an axis, about.
const TICKS: f64 = 6.0;

impl Scale {
    /// An axis of positive numbers whose ticks are powers of two; `None` without numbers.
    pub(super) fn powers_of_two(
        numbers: impl Iterator<Item = f64>,
        pixels: [i32; 2],
    ) -> Option<Self> {
        let [lowest, highest] = bounds(numbers.map(f64::log2))?;
        let ends = [lowest - 0.35, highest + 0.35];
        let powers =
            (ends[0].ceil() as i32..=ends[1].floor() as i32).map(|power| 2_f64.powi(power));
        let powers: Vec<f64> = powers.collect();
        let every = powers.len().div_ceil(2 * TICKS as usize).max(1);
        let ticks = powers.into_iter().step_by(every).collect();
        let ends = ends.map(|end| end * std::f64::consts::LN_2);
        Some(Self { is_logarithmic: true, ends, pixels, ticks })
    }

    /// An axis of any numbers: logarithmic if they are positive and far apart; `None` without numbers.
    pub(super) fn of_values(numbers: impl Iterator<Item = f64>, pixels: [i32; 2]) -> Option<Self> {
        let [lowest, highest] = bounds(numbers)?;
        if lowest > 0.0 && highest / lowest > WIDE {
            let room = 0.06 * (highest / lowest).ln();
            let ends = [lowest.ln() - room, highest.ln() + room];
            let steps: &[f64] = match highest / lowest {
                ratio if ratio > 100.0 => &[1.0, 3.0],
                ratio if ratio > 8.0 => &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
                _ => &[1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0],
            };
            let decades = (ends[0] / std::f64::consts::LN_10).floor() as i32..;
            let all = decades.flat_map(|d| steps.iter().map(move |step| step * 10_f64.powi(d)));
            let all = all.take_while(|tick| tick.ln() <= ends[1]);
            let ticks = all.filter(|tick| tick.ln() >= ends[0]).collect();
            return Some(Self { is_logarithmic: true, ends, pixels, ticks });
        }
        let span = (highest - lowest).max(lowest.abs() * 1e-3).max(1e-12);
        let ends = [lowest - 0.08 * span, highest + 0.08 * span];
        let rough = (ends[1] - ends[0]) / TICKS;
        let decade = 10_f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * decade);
        let step = steps.into_iter().find(|&step| step >= rough).unwrap_or(rough);
        let first = (ends[0] / step).ceil();
        let ticks = (0..20).map(|number| (first + f64::from(number)) * step);
        let ticks = ticks.take_while(|tick| *tick <= ends[1]).collect();
        Some(Self { is_logarithmic: false, ends, pixels, ticks })
    }

    /// The pixel of a number; numbers beyond its ends lie at them.
    pub(super) fn place(&self, number: f64) -> i32 {
        let number = if self.is_logarithmic { number.max(1e-300).ln() } else { number };
        let share = (number - self.ends[0]) / (self.ends[1] - self.ends[0]);
        let [first, last] = self.pixels.map(f64::from);
        (first + (last - first) * share.clamp(0.0, 1.0)).round() as i32
    }

    /// The pixels and texts of what is written beside it.
    pub(super) fn ticks(&self) -> impl Iterator<Item = (i32, String)> {
        let text = |tick: f64| {
            if tick.fract() == 0.0 && tick.abs() < 1e6 { format!("{tick}") } else { short(tick) }
        };
        self.ticks.iter().map(move |&tick| (self.place(tick), text(tick)))
    }
}

fn bounds(numbers: impl Iterator<Item = f64>) -> Option<[f64; 2]> {
    let widened = |[low, high]: [f64; 2], number: f64| [low.min(number), high.max(number)];
    let bounds = numbers.fold([f64::INFINITY, f64::NEG_INFINITY], widened);
    (bounds[0].is_finite() && bounds[1].is_finite()).then_some(bounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(scale: &Scale) -> Vec<String> {
        scale.ticks().map(|(_, text)| text).collect()
    }

    #[test]
    fn calls_are_written_as_powers_of_two() {
        let scale = Scale::powers_of_two([12.0, 96.0].into_iter(), [0, 1000]).unwrap();
        assert_eq!(texts(&scale), ["16", "32", "64"]);
        let [a, b, c] = [12.0, 24.0, 48.0].map(|calls| scale.place(calls));
        assert!((b - a - (c - b)).abs() <= 1, "a doubling is as wide everywhere: {a} {b} {c}");
        assert!(Scale::powers_of_two(std::iter::empty(), [0, 1000]).is_none());
    }

    #[test]
    fn values_that_are_far_apart_go_by_their_logarithm() {
        let near = Scale::of_values([10.2, 14.9].into_iter(), [500, 0]).unwrap();
        assert_eq!(texts(&near), ["10", "11", "12", "13", "14", "15"]);
        let far = Scale::of_values([8.0, 70.0].into_iter(), [500, 0]).unwrap();
        assert_eq!(texts(&far), ["10", "15", "20", "30", "50", "70"]);
        assert!(far.place(8.0) > far.place(70.0), "more is higher");
        let around = Scale::of_values([-0.01, 0.02].into_iter(), [0, 9]).unwrap();
        assert_eq!(texts(&around), ["-1.0e-2", "0", "1.0e-2", "2.0e-2"]);
    }
}

//! Measuring the best cells again with fresh seeds: the lowest of many numbers is lower than it deserves.

use super::cell::{Cell, MeasuredCell};
use super::front::{Point, best_within};
use crate::measurement::difference::{Difference, Estimate, Judgement};

/// A cell that is measured again.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What it is.
    pub role: String,
    /// The cell.
    pub cell: Cell,
}

/// The model's own settings; the best cell; and the best within half of the calls that the own settings take, if
/// those are known. A cell that is more than one of them stands once.
pub fn candidates(
    own: &Cell,
    own_calls: Option<f64>,
    points: &[Point],
    cells: &[MeasuredCell],
) -> Vec<Candidate> {
    let mut found = vec![Candidate { role: "the model's own".to_owned(), cell: own.clone() }];
    let half = own_calls.map(|calls| calls / 2.0);
    let budgets = [(f64::INFINITY, "best".to_owned())]
        .into_iter()
        .chain(half.map(|half| (half, format!("best of at most {half} calls"))));
    for (budget, role) in budgets {
        let Some(best) = best_within(points, budget) else { continue };
        let cell = &cells[best].cell;
        match found.iter_mut().find(|candidate| candidate.cell == *cell) {
            Some(candidate) => candidate.role = format!("{}, {role}", candidate.role),
            None => found.push(Candidate { role, cell: cell.clone() }),
        }
    }
    found
}

/// What a number says beside the model's own, both of fresh seeds: see [`Difference::between`].
pub fn verdict(own: Estimate, other: Estimate) -> String {
    let Difference { value, standard_error, judgement } = Difference::between(own, other);
    let by = format!("by {:.3} ± {:.3}", value.abs(), standard_error.unwrap_or(f64::NAN));
    match judgement {
        Judgement::Impossible => "one repeat does not tell".to_owned(),
        Judgement::NotDistinguishable => "not distinguishable".to_owned(),
        Judgement::Lower => format!("better {by}"),
        Judgement::Higher => format!("worse {by}"),
    }
}

#[cfg(test)]
mod tests {
    use pixelflow::sampler::SolverKind;

    use super::super::cell::testing::measured;
    use super::super::report::points;
    use super::*;

    #[test]
    fn the_own_settings_the_best_and_the_best_at_half_are_measured_again() {
        let cells = [
            measured(SolverKind::Euler, 16, 32.0, 5.0),
            measured(SolverKind::Unipc, 8, 16.0, 6.0),
            measured(SolverKind::Unipc, 16, 32.0, 4.0),
        ];
        let own = cells[0].cell.clone();
        let found = |own_calls, cells: &[MeasuredCell]| {
            let found = candidates(&own, own_calls, &points(cells, "fd_efflite0"), cells);
            let said = |of: &Candidate| format!("{}: {}", of.role, of.cell.label(&[0, 1]));
            found.iter().map(said).collect::<Vec<_>>()
        };
        let half = "best of at most 16 calls: unipc 8";
        assert_eq!(
            found(Some(32.0), &cells),
            ["the model's own: euler 16", "best: unipc 16", half]
        );
        assert_eq!(found(None, &cells).len(), 2);
        assert_eq!(found(Some(32.0), &cells[..2]), ["the model's own, best: euler 16", half]);
        assert_eq!(found(Some(30.0), &cells[..1]), ["the model's own, best: euler 16"]);
    }

    #[test]
    fn below_two_standard_errors_nothing_is_better() {
        let of = |value, standard_error| Estimate { value, standard_error };
        let own = of(10.0, Some(0.3));
        for (other, expected) in [
            (of(9.1, Some(0.4)), "not distinguishable"),
            (of(8.9, Some(0.4)), "better by 1.100 ± 0.500"),
            (of(11.1, Some(0.4)), "worse by 1.100 ± 0.500"),
            (of(1.0, None), "one repeat does not tell"),
        ] {
            assert_eq!(verdict(own, other), expected);
        }
        assert_eq!(verdict(of(1.0, Some(0.0)), of(1.0, Some(0.0))), "not distinguishable");
    }
}

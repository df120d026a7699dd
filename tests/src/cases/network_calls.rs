//! Network calls of an adaptive solver: equal, except where their number hangs on rounding.
//!
//! A step is accepted if its error ratio is at most 1, and the solver is done once a step ends at 1
//! or later. Where such a number is nearer to 1 than rounding moves it, another backend may decide
//! otherwise and be right.

use serde_json::Value;

use crate::{Outcome, Result, TEN};

/// Compares the calls of a stage with the reference's, in f32 or in f64; `None` if none are recorded.
///
/// Another number fails, unless a decision of the reference hangs on rounding, or the same solver
/// makes the reference's number of calls `from_stored_start`: then the state that the stage before
/// left, which rounding moved, decided. Both are reported, and say so.
pub(super) fn compare(
    case: String,
    stage: &Value,
    found: usize,
    from_stored_start: impl FnOnce() -> Result<usize>,
) -> Result<Option<Outcome>> {
    let count = |key: &str| stage.get(key).and_then(Value::as_u64).map(|count| count as usize);
    let expected: Vec<usize> = ["nfe_f32", "nfe_f64"].into_iter().filter_map(count).collect();
    let Some(distance) = expected.iter().map(|count| count.abs_diff(found)).min() else {
        return Ok(None);
    };
    let outcome = Outcome::measured(case, "calls", distance as f64, 0.0, "exact");
    let details = format!("{found} network calls");
    if distance == 0 {
        return Ok(Some(outcome.with_details(details)));
    }
    let details = format!("{details} instead of {}", expected[0]);
    if let Some(decision) = close_decision(stage) {
        let details = format!("{details}: the number hangs on rounding, {decision}");
        return Ok(Some(outcome.without_limit().with_details(details)));
    }
    let again = from_stored_start()?;
    if expected.contains(&again) {
        let details = format!(
            "{details}: the number hangs on rounding, from the reference's own start there are {again}"
        );
        return Ok(Some(outcome.without_limit().with_details(details)));
    }
    Ok(Some(outcome.with_details(format!("{details}, and {again} from the reference's own start"))))
}

/// The first decision of the reference that rounding may turn, in words.
///
/// Rounding moves a number by ten times the most that the reference's f32 and f64 runs differed in it
/// up to there.
fn close_decision(stage: &Value) -> Option<String> {
    let steps = |key: &str| stage.get(key).and_then(Value::as_array);
    let (single, double) = (steps("steps_f32")?, steps("steps_f64")?);
    if single.len() != double.len() {
        return Some("the reference's f32 and f64 runs made other steps".to_owned());
    }
    let (mut ratio_moves, mut end_moves) = (0.0_f64, 0.0_f64);
    for (index, pair) in single.iter().zip(double).enumerate() {
        let pair = [pair.0, pair.1];
        let both = |key: &str| Some([pair[0].get(key)?.as_f64()?, pair[1].get(key)?.as_f64()?]);
        let (ratios, starts, lengths) = (both("error_ratio")?, both("t0")?, both("dt")?);
        let ends = [starts[0] + lengths[0], starts[1] + lengths[1]];
        ratio_moves = ratio_moves.max((ratios[0] - ratios[1]).abs());
        end_moves = end_moves.max((ends[0] - ends[1]).abs());
        for (what, values, moves) in
            [("error ratio", ratios, ratio_moves), ("end", ends, end_moves)]
        {
            let distance = values.into_iter().map(|value| (value - 1.0).abs()).fold(2.0, f64::min);
            if distance <= TEN * moves {
                return Some(format!(
                    "step {index}'s {what} is {distance:.1e} from 1, and rounding moved it by {moves:.1e}"
                ));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Verdict;

    /// A stage of two steps, whose last has these error ratios and ends in f32 and in f64.
    fn stage(ratios: [f64; 2], ends: [f64; 2]) -> Value {
        let steps = |i: usize| {
            json!([{"t0": 0.0, "dt": 0.5, "error_ratio": 0.1},
                   {"t0": 0.5, "dt": ends[i] - 0.5, "error_ratio": ratios[i]}])
        };
        json!({"nfe_f32": 14, "nfe_f64": 14, "steps_f32": steps(0), "steps_f64": steps(1)})
    }

    #[test]
    fn another_number_fails_only_where_no_decision_hangs_on_rounding() {
        let cases = [
            // The same number is the same number, however near the decision.
            (14, stage([0.999, 1.0], [1.2, 1.2]), 0, Verdict::Passed, "14 network calls"),
            (20, stage([0.88, 0.881], [1.2, 1.2]), 20, Verdict::Failed, "and 20 from"),
            (20, stage([0.995, 0.994], [1.2, 1.2]), 20, Verdict::Reported, "step 1's error ratio"),
            (8, stage([0.5, 0.5], [1.001, 1.002]), 8, Verdict::Reported, "step 1's end"),
            (20, stage([0.88, 0.881], [1.2, 1.2]), 14, Verdict::Reported, "there are 14"),
            (20, json!({"nfe_f32": 14}), 20, Verdict::Failed, "20 network calls instead of 14"),
        ];
        for (found, stage, again, verdict, details) in cases {
            let outcome = compare("a".to_owned(), &stage, found, || Ok(again)).unwrap().unwrap();
            assert_eq!(outcome.verdict, verdict, "{}", outcome.details);
            assert!(outcome.details.contains(details), "{}", outcome.details);
        }
        assert!(compare("a".to_owned(), &json!({}), 8, || Ok(8)).unwrap().is_none());
    }
}

//! Targets against each other.

use std::path::Path;

use ::tests::conformance::{
    Comparison, DEMO_IMAGE, Row, RowEnd, Target, Values, compare_images, read_checkpoint,
    read_values,
};
use ::tests::{Difference, Outcome, Precision, Recorder};
use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use image::RgbImage;

/// Compares every finished target with the first one of its precision, its pictures with the very
/// first one's, and its checkpoint with this process.
///
/// Both are within their limits of the truth, so they could be twice as far from each other; that
/// they are not further apart than one limit shows errors that go opposite ways.
pub fn compare(rows: &[Row], scratch: &Path) -> Vec<Comparison> {
    let finished: Vec<&Row> = rows.iter().filter(|r| r.end == RowEnd::Finished).collect();
    let mut comparisons = Vec::new();
    for (index, &row) in finished.iter().enumerate() {
        let mut add = |left: &Row, outcomes: Vec<Outcome>| {
            let comparison = |outcome| Comparison {
                left: left.target.clone(),
                right: row.target.clone(),
                outcome,
            };
            comparisons.extend(outcomes.into_iter().map(comparison));
        };
        let folder = |row: &Row| scratch.join(&row.target);
        let same = |other: &&&Row| precision(&other.target) == precision(&row.target);
        if let Some(first) = finished[..index].iter().find(same) {
            let (left, right) = (read_values(&folder(first)), read_values(&folder(row)));
            add(first, numbers(first, &left, row, &right));
        }
        if index > 0 {
            let first = finished[0];
            add(first, pictures(&folder(first), &folder(row), &row.target));
        }
        add(row, checkpoint(&row.target, &folder(row)));
    }
    comparisons
}

/// The precision in a target's name.
fn precision(target: &str) -> Precision {
    target.parse().map_or(Precision::F32, |target: Target| target.precision)
}

/// The cases that both targets measured alike.
fn numbers(left: &Row, left_values: &Values, right: &Row, right_values: &Values) -> Vec<Outcome> {
    let pair = |outcome: &Outcome| {
        let other = right.outcomes.iter().find(|o| o.case == outcome.case)?;
        let (a, b) = (left_values.get(&outcome.case)?, right_values.get(&outcome.case)?);
        let same = other.measure == outcome.measure && a.len() == b.len();
        same.then(|| apart(outcome, other, a, b))?
    };
    left.outcomes.iter().filter_map(pair).collect()
}

/// How far apart the values of a case are, by the measure its limit is for.
fn apart(left: &Outcome, right: &Outcome, a: &[f32], b: &[f32]) -> Option<Outcome> {
    let widen = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
    let difference = Difference::between(&widen(b), &widen(a));
    let error = match left.measure.as_str() {
        "max_abs" => difference.max_abs,
        "rel_l2" => difference.rel_l2,
        _ => return None,
    };
    let limit = left.limit?.max(right.limit?);
    let (case, measure) = (&left.case, &left.measure);
    Some(Outcome::measured(case, measure, error, limit, "the larger of the two limits"))
}

/// The demo's pictures; none where one target did not draw.
fn pictures(left: &Path, right: &Path, target: &str) -> Vec<Outcome> {
    let open = |folder: &Path| -> Option<RgbImage> {
        Some(image::open(folder.join(DEMO_IMAGE)).ok()?.into_rgb8())
    };
    match (open(left), open(right)) {
        (Some(left), Some(right)) => compare_images(&left, &right, precision(target)).into(),
        _ => Vec::new(),
    }
}

/// What another target wrote, read on the processor.
fn checkpoint(target: &str, folder: &Path) -> Vec<Outcome> {
    if precision(target) != Precision::F32 || !folder.join("checkpoint.safetensors").exists() {
        return Vec::new();
    }
    let mut ignore = |_: &Outcome| {};
    let mut recorder = Recorder::new(None, &mut ignore);
    read_checkpoint::<Flex>(target, folder, &FlexDevice, &mut recorder);
    recorder.into_report().outcomes
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::tests::Verdict;

    fn row(target: &str, limit: f64) -> Row {
        Row {
            target: target.to_owned(),
            end: RowEnd::Finished,
            required: false,
            device: None,
            outcomes: vec![
                Outcome::measured("a/b", "max_abs", 0.0, limit, ""),
                Outcome::measured("a/c", "calls", 0.0, 0.0, ""),
            ],
            seconds: 0.0,
            log: String::new(),
        }
    }

    fn values(b: &[f32]) -> Values {
        Values::from([("a/b".to_owned(), b.to_vec()), ("a/c".to_owned(), vec![1.0])])
    }

    #[test]
    fn cases_with_values_and_a_limit_are_compared_by_the_larger_limit() {
        let (left, right) = (row("flex-f32", 0.1), row("wgpu-f16", 0.5));
        let found = numbers(&left, &values(&[1.0, 2.0]), &right, &values(&[1.0, 2.4]));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].verdict, found[0].limit), (Verdict::Passed, Some(0.5)));
        let found = numbers(&left, &values(&[1.0, 2.0]), &right, &values(&[1.0, 2.6]));
        assert_eq!(found[0].verdict, Verdict::Failed);
        assert!(numbers(&left, &values(&[1.0]), &right, &Values::new()).is_empty());
    }
}

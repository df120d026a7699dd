//! Fréchet's distance, the Inception Score, precision and recall on given features.

use pixelflow_evaluation::metrics::{
    Splits, frechet_distance, inception_score, neighbour_radii, precision_and_recall,
};
use pixelflow_evaluation::{ExactSums, Features, Moments};
use serde_json::Value;

use crate::{Error, Limits, Recorder, Result, Subject, Tensors};

/// Checks all metrics of a file.
///
/// # Errors
/// If the file cannot be read.
pub fn check(subject: Subject<'_>, recorder: &mut Recorder<'_>) -> Result<()> {
    let tensors = subject.open()?;
    for side in ["1", "2"] {
        let moments = moments(&features(&tensors, &format!("features{side}"))?)?;
        let exact = Limits::relative(1e-9, "f64 of f32 features");
        for (part, found) in [("mu", moments.mean()), ("sigma", moments.covariance())] {
            let name = format!("full/{part}{side}");
            recorder.compare(subject.case(&name), found, &tensors.doubles(&name)?, &exact);
        }
    }
    recorder.attempt(&subject.case("frechet"), |recorder| frechet(subject, &tensors, recorder));
    recorder
        .attempt(&subject.case("inception_score"), |recorder| scores(subject, &tensors, recorder));
    recorder.attempt(&subject.case("precision"), |recorder| shares(subject, &tensors, recorder));
    Ok(())
}

fn features(tensors: &Tensors, name: &str) -> Result<Features> {
    let [_, columns] = tensors.dims(name)?;
    Features::new(columns, tensors.floats(name)?)
        .map_err(|error| tensors.problem(error.to_string()))
}

fn moments(features: &Features) -> Result<Moments> {
    let mut sums = ExactSums::empty(features.columns());
    sums.add(features).and_then(|()| sums.moments()).map_err(failed)
}

fn failed(error: pixelflow_evaluation::Error) -> Error {
    Error::Fixture { file: "metrics".to_owned(), reason: error.to_string() }
}

/// The rows of both sides are those that the manifest's `rows` name: all, the first 40, or halves.
fn frechet(subject: Subject<'_>, tensors: &Tensors, recorder: &mut Recorder<'_>) -> Result<()> {
    let [one, other] = [features(tensors, "features1")?, features(tensors, "features2")?];
    let (rows, half) = (one.rows(), one.rows() / 2);
    let few = 40.min(rows).min(other.rows());
    for (case, [a, b]) in [
        ("full", [one.clone(), other.clone()]),
        ("rank_deficient", [one.range(0..few), other.range(0..few)]),
        ("half_vs_half", [one.range(0..half), one.range(half..rows)]),
        ("same", [one.range(0..half), one.range(0..half)]),
    ] {
        let Some(entry) = subject.entry.at(&["frechet", case]) else { continue };
        let number = |key: &str| entry.get(key).and_then(Value::as_f64);
        // By symmetric eigenvalues, as ours, where the manifest has it.
        let expected = number("frechet_eig").or_else(|| number("frechet"));
        let expected = expected
            .ok_or_else(|| subject.entry.problem(format!("no number in frechet.{case}")))?;
        let found = frechet_distance(&moments(&a)?, &moments(&b)?).map_err(failed)?;
        let limits = match case {
            "full" => Limits::relative(1e-6, "the manifest's tolerance"),
            _ => Limits::absolute(1e-4 * (1.0 + found), "the manifest's tolerance"),
        };
        recorder.compare(subject.case(&format!("frechet/{case}")), &[found], &[expected], &limits);
    }
    Ok(())
}

fn scores(subject: Subject<'_>, tensors: &Tensors, recorder: &mut Recorder<'_>) -> Result<()> {
    let logits = features(tensors, "logits")?;
    let cases = subject.entry.field("inception_score").and_then(Value::as_object);
    for (case, expected) in cases.into_iter().flatten() {
        let size = case.rsplit('_').next().and_then(|size| size.parse().ok());
        let size = size.ok_or_else(|| subject.entry.problem(format!("`{case}` names no size")))?;
        let number = |key: &str| expected.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN);
        let found = inception_score(&logits, Splits::OfSize(size)).map_err(failed)?;
        let found = [found.mean, found.standard_deviation];
        let expected = [number("mean"), number("std_population")];
        let limits = Limits::absolute(1e-10 * (1.0 + expected[0].abs()), "f64 of f32 logits");
        let name = subject.case(&format!("inception_score/{case}"));
        recorder.compare(name, &found, &expected, &limits);
    }
    Ok(())
}

fn shares(subject: Subject<'_>, tensors: &Tensors, recorder: &mut Recorder<'_>) -> Result<()> {
    let [real, fake] = [features(tensors, "pr/real")?, features(tensors, "pr/fake")?];
    let k = subject.entry.count("k").unwrap_or(3);
    for (features, name) in [(&real, "pr/real_radii"), (&fake, "pr/fake_radii")] {
        let found = neighbour_radii(features, k).map_err(failed)?;
        let limits = Limits::relative(1e-10, "f64 of f32 features");
        recorder.compare(subject.case(name), &found, &tensors.doubles(name)?, &limits);
    }
    let found = precision_and_recall(&real, &fake, k).map_err(failed)?;
    for (name, found) in [("precision", found.precision), ("recall", found.recall)] {
        let expected = subject.entry.number(name);
        let expected = expected.ok_or_else(|| subject.entry.problem(format!("no `{name}`")))?;
        // Shares of images: whole numbers of them.
        let limits = Limits::absolute(1e-12, "the same images");
        recorder.compare(subject.case(name), &[found], &[expected], &limits);
    }
    Ok(())
}

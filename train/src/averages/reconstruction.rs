//! `train ema`: an average of any width, made of the snapshots of a run.

use std::fs;
use std::path::{Path, PathBuf};

use pixelflow::durable::DurableFolder;
use pixelflow::weights::{
    DESCRIPTION_FILE, DType, SafetensorsWriter, TEXT_ENCODER_FOLDER, TOKENIZER_FILE, TensorFile,
    WEIGHTS_FILE,
};
use pixelflow_host::progress::counting_bar;

use super::fit::{Fit, Profile};
use super::power_average::exponent;
use super::snapshots::Snapshot;
use crate::arguments::EmaArguments;
use crate::checkpoint::Store;
use crate::error::write_error;
use crate::{Error, Result};

/// Numbers of a sum that are in memory at once: 256 MiB.
const AT_ONCE: usize = 1 << 25;

/// An average that was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reconstruction {
    /// The step that it is of.
    pub step: u64,
    /// Averages that it was made of.
    pub averages: usize,
    /// How far its profile is from the one that was wanted, see [`Fit::error`].
    pub error: f64,
}

/// Writes the model folder of the average.
///
/// Reads some tensors of one snapshot after the other, and adds in f64.
///
/// # Errors
/// [`Error::NotARun`] if there are no snapshots, or none of the step; [`Error::OutExists`]; [`Error::DamagedSnapshot`];
/// [`Error::Weights`] or [`Error::Write`] if a file cannot be read or written.
pub fn reconstruct(arguments: &EmaArguments) -> Result<Reconstruction> {
    let EmaArguments { run, out, sigma_rel, step, dtype } = arguments;
    let store = Store::of_averages(run);
    let steps = store.steps()?;
    let newest = steps.last().copied().ok_or_else(|| {
        let reason =
            "it has no snapshots of averages; train with --set averages.every=N".to_owned();
        Error::NotARun { path: run.clone(), reason }
    })?;
    let step = step.unwrap_or(newest);
    let used = &steps[..steps.partition_point(|&other| other <= step)];
    if used.last() != Some(&step) {
        return Err(Error::NoSnapshot { path: run.clone(), step, steps: listed(&steps) });
    }
    if out.exists() {
        return Err(Error::OutExists { path: out.clone() });
    }
    let (mut profiles, mut models) = (Vec::new(), Vec::new());
    for folder in used.iter().map(|&step| store.path(step)) {
        let snapshot = Snapshot::read(&folder)?;
        for (number, &deviation) in snapshot.sigma_rel.iter().enumerate() {
            let end = snapshot.updates as f64;
            profiles.push(Profile { exponent: exponent(deviation), end });
            models.push(Snapshot::model(&folder, number));
        }
    }
    let end = profiles.last().map_or(1.0, |profile| profile.end);
    let fit = Fit::of(&profiles, Profile { exponent: exponent(*sigma_rel), end });

    let folder = DurableFolder::create(out).map_err(write_error(out))?;
    let sum = Sum { models: &models, coefficients: &fit.coefficients, dtype: dtype.stored() };
    sum.write(Path::new(""), folder.unfinished(), &[DESCRIPTION_FILE])?;
    if models[0].join(TEXT_ENCODER_FOLDER).is_dir() {
        let encoder = Path::new(TEXT_ENCODER_FOLDER);
        let inside = folder.unfinished().join(encoder);
        fs::create_dir(&inside).map_err(write_error(&inside))?;
        sum.write(encoder, &inside, &[DESCRIPTION_FILE, TOKENIZER_FILE])?;
    }
    folder.finish().map_err(write_error(out))?;
    Ok(Reconstruction { step, averages: models.len(), error: fit.error })
}

/// Numbers of steps, the first and the last of many.
fn listed(steps: &[u64]) -> String {
    let text = |steps: &[u64]| steps.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    match steps {
        [first @ .., last] if steps.len() > 8 => format!("{}, ..., {last}", text(&first[..4])),
        steps => text(steps),
    }
}

/// Tensors that are added up together: as many as have [`AT_ONCE`] numbers, or one.
fn groups(shapes: &[(String, Vec<usize>)]) -> Vec<&[(String, Vec<usize>)]> {
    let (mut groups, mut begin, mut numbers) = (Vec::new(), 0, 0);
    for (index, (_, shape)) in shapes.iter().enumerate() {
        let size: usize = shape.iter().product();
        if index > begin && numbers + size > AT_ONCE {
            groups.push(&shapes[begin..index]);
            (begin, numbers) = (index, 0);
        }
        numbers += size;
    }
    groups.push(&shapes[begin..]);
    groups
}

/// The sum of some models, each multiplied with a coefficient.
struct Sum<'a> {
    models: &'a [PathBuf],
    coefficients: &'a [f64],
    dtype: DType,
}

impl Sum<'_> {
    /// Writes the sum of the weights in the folder `inside` of each model, and copies what is beside the last one's.
    fn write(&self, inside: &Path, out: &Path, beside: &[&str]) -> Result<()> {
        let open = |model: &PathBuf| TensorFile::open(&model.join(inside).join(WEIGHTS_FILE));
        let last = open(&self.models[self.models.len() - 1])?;
        let shapes: Vec<(String, Vec<usize>)> =
            last.tensors().iter().map(|(name, info)| (name.clone(), info.shape.clone())).collect();
        let path = out.join(WEIGHTS_FILE);
        let mut writer = SafetensorsWriter::create(&path, &shapes, self.dtype, last.metadata())?;
        let bar = counting_bar(shapes.len() as u64, "tensors");
        for group in groups(&shapes) {
            let sizes = group.iter().map(|(_, shape)| shape.iter().product());
            let mut sums: Vec<Vec<f64>> = sizes.map(|size| vec![0.0; size]).collect();
            // One file at a time: there may be more than a program may hold open.
            for (model, coefficient) in self.models.iter().zip(self.coefficients) {
                let file = open(model)?;
                for ((name, _), sum) in group.iter().zip(&mut sums) {
                    let values = file.read(name)?;
                    if values.len() != sum.len() {
                        let reason = format!("{name} has another size than in the last snapshot");
                        return Err(Error::DamagedSnapshot { path: model.clone(), reason });
                    }
                    let terms = values.iter().map(|&value| coefficient * f64::from(value));
                    sum.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
                }
            }
            for ((name, _), sum) in group.iter().zip(sums) {
                let sum: Vec<f32> = sum.into_iter().map(|value| value as f32).collect();
                writer.push(name, &sum)?;
            }
            bar.inc(group.len() as u64);
        }
        writer.finish()?;
        bar.finish_and_clear();
        let from = self.models[self.models.len() - 1].join(inside);
        for name in beside {
            fs::copy(from.join(name), out.join(name)).map_err(write_error(&out.join(name)))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_steps_are_not_all_listed() {
        assert_eq!(listed(&[5, 10]), "5, 10");
        assert_eq!(listed(&(1..=20).collect::<Vec<_>>()), "1, 2, 3, 4, ..., 20");
    }

    #[test]
    fn a_group_has_as_many_numbers_as_fit() {
        let half = AT_ONCE / 2;
        let sizes = [half, half, 1, 3 * half, 1, 1];
        let shapes: Vec<(String, Vec<usize>)> =
            sizes.iter().map(|&size| (size.to_string(), vec![size])).collect();
        let lengths: Vec<usize> = groups(&shapes).iter().map(|group| group.len()).collect();
        assert_eq!(lengths, [2, 1, 1, 2]);
    }
}

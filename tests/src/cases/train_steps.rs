//! Steps of AdamW, and the moving average of the weights.

use std::collections::{BTreeMap, BTreeSet};

use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use pixelflow::ops::PixelFlowBackend;
use serde_json::Value;
use train::{Optimizer, OptimizerConfig, Trainer};

use super::collate::{StoredBatch, settings};
use super::gradients::batch_of;
use super::model_file::{Parameters, parameters};
use super::step_limits::Allowed;
use super::train_batch::ModelBatch;
use crate::{Limits, Outcome, Recorder, Result, Subject, Tensors};

/// The learning rate of the reference, unless the manifest names another.
const LEARNING_RATE: f64 = 1e-4;

/// The learning rate of a file's steps.
pub(super) fn learning_rate(subject: Subject<'_>) -> f64 {
    subject.entry.number("lr").unwrap_or(LEARNING_RATE)
}

/// Checks the parameters of a file after each step.
///
/// # Errors
/// If a file cannot be read, or the manifest does not say which batch it is.
pub fn check<A>(subject: Subject<'_>, device: &A::Device, recorder: &mut Recorder<'_>) -> Result<()>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let tensors = subject.open()?;
    let groups: BTreeSet<Group> = tensors.names().filter_map(Group::of).collect();
    let variants: BTreeSet<&str> = groups.iter().map(|group| group.variant.as_str()).collect();
    for variant in variants {
        recorder.attempt(&subject.case(variant), |recorder| {
            let run = Run::<A>::new(subject, variant, device)?;
            let of_variant = || groups.iter().filter(|group| group.variant == variant);
            let steps = of_variant().map(|group| group.step).max().unwrap_or(0);
            let history = run.steps(None, steps);
            run.compare_log(&history, recorder);
            for group in of_variant() {
                recorder.attempt(&subject.case(&group.prefix()), |recorder| {
                    run.compare(group, &history, &tensors, recorder)
                });
            }
            Ok(())
        });
    }
    Ok(())
}

/// Which parameters a group of tensors is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    /// As in `wd0.01`: the weight decay.
    variant: String,
    /// After which step.
    step: usize,
    /// Decay of the moving average, if it is that.
    average: Option<String>,
    /// The variant whose parameters after the same step are subtracted, if any.
    minus: Option<String>,
}

impl Group {
    /// From the name of one of its tensors: `wd0/step1/…`, `wd0/ema0.9/step3/…` or
    /// `wd0.01/step1_minus_wd0_step1/…`.
    fn of(name: &str) -> Option<Self> {
        let parts: Vec<&str> = name.split('/').collect();
        let (variant, average, step) = match parts.as_slice() {
            [variant, step, _] => (variant, None, step),
            [variant, average, step, _] => (variant, Some(average.strip_prefix("ema")?), step),
            _ => return None,
        };
        let (step, minus) = match step.strip_prefix("step")?.split_once("_minus_") {
            Some((step, other)) => (step, Some(other.rsplit_once("_step")?.0.to_owned())),
            None => (step.strip_prefix("step")?, None),
        };
        Some(Self {
            variant: (*variant).to_owned(),
            step: step.parse().ok()?,
            average: average.map(str::to_owned),
            minus,
        })
    }

    /// What the names of its tensors start with.
    fn prefix(&self) -> String {
        let (variant, step) = (&self.variant, self.step);
        match (&self.average, &self.minus) {
            (Some(decay), _) => format!("{variant}/ema{decay}/step{step}"),
            (None, Some(other)) => format!("{variant}/step{step}_minus_{other}_step{step}"),
            (None, None) => format!("{variant}/step{step}"),
        }
    }
}

/// What one step left behind.
struct Step {
    /// The parameters.
    parameters: Parameters,
    /// Their moving average.
    average: Parameters,
    loss: f64,
    gradient_norm: f64,
}

/// Training on one batch again and again.
struct Run<'a, A: AutodiffBackend> {
    subject: Subject<'a>,
    variant: &'a str,
    batch: ModelBatch,
    device: &'a A::Device,
    model: pixelflow::PixelFlow<A>,
}

impl<'a, A> Run<'a, A>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    fn new(subject: Subject<'a>, variant: &'a str, device: &'a A::Device) -> Result<Self> {
        let source = batch_of(subject)?;
        let stored_in = source.open()?;
        let stored = StoredBatch::read(&stored_in, "", settings(&source)?)?;
        Ok(Self {
            subject,
            variant,
            batch: ModelBatch::read(source, &stored_in, &stored.pack()?)?,
            device,
            model: subject.model::<A>(device)?,
        })
    }

    /// The first steps of a variant, this one or another, with some decay of the average.
    fn steps_of(&self, variant: &str, decay: Option<f64>, count: usize) -> Vec<Step> {
        let weight_decay = variant.trim_start_matches("wd").parse().unwrap_or(f64::NAN);
        let config = OptimizerConfig {
            weight_decay,
            ema_decay: decay.unwrap_or(OptimizerConfig::default().ema_decay),
            ..OptimizerConfig::default()
        };
        let rate = learning_rate(self.subject);
        let model = self.model.clone();
        let optimizer = Optimizer::new(config, &model.valid());
        let mut trainer = Trainer::new(model, optimizer, self.device.clone());
        let step = |_| {
            let outcome = trainer.step(&[self.batch.packed.clone().into()], rate);
            Step {
                parameters: parameters(&trainer.inner_network().transformer),
                average: parameters(&trainer.average().transformer),
                loss: outcome.losses.mean(),
                gradient_norm: outcome.gradient_norm,
            }
        };
        (0..count).map(step).collect()
    }

    fn steps(&self, decay: Option<f64>, count: usize) -> Vec<Step> {
        self.steps_of(self.variant, decay, count)
    }

    /// Key of the variant in the manifest, which has no dots in its keys.
    fn key(&self) -> String {
        self.variant.replace('.', "_")
    }

    /// Where the manifest may record the error of a group.
    fn places(&self, group: &Group) -> Vec<Vec<String>> {
        let average = group.average.as_ref();
        let average = average.map(|decay| vec![format!("ema{}", decay.replace('.', ""))]);
        // An average lags behind its parameters, so it is not further off than they are.
        let parameters = vec![self.key(), (group.step - 1).to_string()];
        average.into_iter().chain([parameters]).collect()
    }

    /// Compares losses and gradient norms with the log, where there is one.
    fn compare_log(&self, history: &[Step], recorder: &mut Recorder<'_>) {
        let (log, truth) = (format!("log_{}", self.key()), format!("log_{}_f64", self.key()));
        for (index, step) in history.iter().enumerate() {
            let values = [("loss", step.loss), ("grad_norm", step.gradient_norm)];
            for (part, found) in values {
                let number = |key: &str| {
                    let path = [key, &index.to_string(), part];
                    self.subject.entry.at(&path).and_then(Value::as_f64)
                };
                let (Some(rounded), Some(exact)) = (number(&log), number(&truth)) else {
                    continue;
                };
                let place = format!("{} {log} to {truth}", self.subject.entry.file);
                let limits = Limits::of_one_number((rounded - exact).abs() / exact, &place);
                let case = format!("{}/step{}/{part}", self.variant, index + 1);
                recorder.compare(self.subject.case(&case), &[found], &[exact], &limits);
            }
        }
    }

    /// Compares one group of tensors.
    fn compare(
        &self,
        group: &Group,
        history: &[Step],
        tensors: &Tensors,
        recorder: &mut Recorder<'_>,
    ) -> Result<()> {
        let at = |history: &[Step]| -> Parameters { history[group.step - 1].parameters.clone() };
        let found = match (&group.average, &group.minus) {
            (Some(decay), _) => {
                let decay = decay
                    .parse()
                    .map_err(|_| tensors.problem(format!("`{}` names no decay", group.prefix())))?;
                let mut history = self.steps(Some(decay), group.step);
                history.pop().map(|step| step.average).unwrap_or_default()
            }
            (None, Some(other)) => {
                subtract(&at(history), &at(&self.steps_of(other, None, group.step)))
            }
            (None, None) => at(history),
        };
        let allowed = Allowed::recorded(self.subject, &self.places(group), group.step)?;
        let stored = stored(tensors, &format!("{}/", group.prefix()))?;
        let case = self.subject.case(&group.prefix());
        // Differences and averages may be stored in part.
        let is_whole = group.minus.is_none() && group.average.is_none();
        if is_whole && stored.len() != found.len() {
            let reason = format!("{} parameters instead of {}", found.len(), stored.len());
            recorder.push(Outcome::broken(&case, reason));
        }
        recorder.push(allowed.compare(&case, &found, &stored));
        Ok(())
    }
}

/// `a - b` for every parameter.
fn subtract(a: &Parameters, b: &Parameters) -> Parameters {
    let difference = |(name, values): (&String, &Vec<f32>)| {
        let pairs = values.iter().zip(&b[name]);
        (name.clone(), pairs.map(|(a, b)| a - b).collect())
    };
    a.iter().map(difference).collect()
}

/// The tensors whose names start with `prefix`, without it.
fn stored(tensors: &Tensors, prefix: &str) -> Result<BTreeMap<String, Vec<f64>>> {
    let names = tensors.names().filter_map(|name| name.strip_prefix(prefix));
    names.map(|name| Ok((name.to_owned(), tensors.doubles(&format!("{prefix}{name}"))?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_group() {
        let prefixes =
            ["wd0/step1", "wd0.01/step12", "wd0/ema0.9999/step3", "wd0.01/step1_minus_wd0_step1"];
        for prefix in prefixes {
            let group = Group::of(&format!("{prefix}/patch_embed.proj.bias")).unwrap();
            assert_eq!(group.prefix(), prefix);
        }
        assert_eq!(Group::of("wd0/stepone/bias"), None);
        assert_eq!(Group::of("model/bias"), None);
    }
}

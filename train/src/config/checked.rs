//! A configuration that has passed every rule.

use pixelflow::cascade::Cascade;
use pixelflow::sampler::{Sampler, SamplerConfig};
use pixelflow_dataset::{LoaderConfig, Timesteps, Transform, TransformConfig};

use super::cadence::Cadence;
use super::problem::problems;
use super::settings::{
    DataConfig, EvaluationConfig, OtherSampler, TimestepRule, TrainConfig, UpdateConfig,
};
use crate::inventory::counted;
use crate::learning_rate::LearningRate;
use crate::{Error, Result};

/// A configuration that has passed every rule, with what was built from it on the way.
#[derive(Clone, Debug)]
pub struct CheckedConfig {
    settings: TrainConfig,
    cascade: Cascade,
    transform: Transform,
    validation_transform: Transform,
    sampler: Sampler,
}

impl TrainConfig {
    /// Checks every rule and builds what can be built without touching a file.
    ///
    /// # Errors
    /// [`Error::Invalid`] listing every value that makes no sense, with what it must be.
    pub fn check(self) -> Result<CheckedConfig> {
        let problems = problems(&self);
        if !problems.0.is_empty() {
            return Err(Error::Invalid(problems));
        }
        let cascade = self.cascade.build()?;
        let sampler = self.preview.sampler.clone().check(cascade.clone())?;
        let DataConfig { resolution, flip, center_crop, expand_ratio, .. } = self.data;
        let transform = TransformConfig { size: resolution, center_crop, expand_ratio, flip };
        Ok(CheckedConfig {
            cascade,
            transform: transform.build()?,
            validation_transform: transform.without_augmentation().build()?,
            sampler,
            settings: self,
        })
    }
}

impl CheckedConfig {
    /// All settings.
    pub fn settings(&self) -> &TrainConfig {
        &self.settings
    }

    /// The schedule of the stages.
    pub fn cascade(&self) -> &Cascade {
        &self.cascade
    }

    /// How training images are brought to size.
    pub fn transform(&self) -> Transform {
        self.transform
    }

    /// How validation images are brought to size: nothing is random.
    pub fn validation_transform(&self) -> Transform {
        self.validation_transform
    }

    /// What previews are generated with.
    pub fn preview_sampler(&self) -> &Sampler {
        &self.sampler
    }

    /// All that the numbers of an evaluation hang on besides the model; `None` if nothing is measured.
    pub fn evaluation(&self) -> Option<(EvaluationConfig, SamplerConfig, String)> {
        let evaluation = self.settings.evaluation.clone();
        let numbers = EvaluationConfig {
            every: Cadence::NEVER,
            sampler: OtherSampler::default(),
            ..evaluation.clone()
        };
        (!evaluation.every.is_never()).then(|| {
            // Without a reference of its own it is the run's data, which may change.
            let data = &self.settings.data;
            let own = evaluation.reference.is_empty();
            let real = own.then(|| format!("{:?} {:?}", data.validation, data.source));
            (numbers, self.evaluation_sampler(), real.unwrap_or_default())
        })
    }

    /// What the images of an evaluation are generated with.
    pub fn evaluation_sampler(&self) -> SamplerConfig {
        self.settings.evaluation.sampler.over(&self.settings.preview.sampler)
    }

    /// Images that a validation is of, at most: whole batches.
    pub fn validation_images(&self) -> usize {
        let batches = usize::try_from(self.settings.validation.batches).unwrap_or(usize::MAX);
        batches.max(1).saturating_mul(self.settings.train.batch_size)
    }

    /// Images that are in memory at once: a batch over its parts.
    pub fn micro_batch(&self) -> usize {
        self.settings.train.batch_size / self.settings.train.gradient_accumulation
    }

    /// Checks that so many ranks can share a batch.
    ///
    /// # Errors
    /// [`Error::TooManyRanks`].
    pub fn check_ranks(&self, ranks: usize) -> Result<()> {
        let UpdateConfig { batch_size, gradient_accumulation: parts, .. } = self.settings.train;
        if ranks <= parts {
            return Ok(());
        }
        let enough = (ranks..=batch_size).find(|parts| batch_size.is_multiple_of(*parts));
        let advice = enough.map_or_else(
            || format!("; take a larger train.batch_size than {batch_size}, or fewer ranks"),
            |parts| format!("; cut it into more: --set train.gradient_accumulation={parts}"),
        );
        let parts = counted(parts, "part", "parts");
        Err(Error::TooManyRanks { ranks, parts, advice })
    }

    /// The learning rate over the run.
    pub fn learning_rate(&self) -> LearningRate {
        let UpdateConfig { lr, min_lr, warmup_steps, steps, schedule, .. } = self.settings.train;
        LearningRate { peak: lr, minimum: min_lr, warmup_steps, steps, schedule }
    }

    /// How training batches are made.
    pub fn loader(&self) -> LoaderConfig {
        let DataConfig { prefetch, threads, cache_mib, strict, ref buckets, .. } =
            self.settings.data;
        LoaderConfig {
            batch: self.settings.train.batch_size,
            shuffle: true,
            condition_dropout: self.settings.train.label_dropout,
            timesteps: self.timesteps(),
            prefetch,
            threads,
            cache_mib,
            strict,
            captions: self.settings.model.cross_attention_dim.is_some(),
            buckets: buckets.clone(),
        }
    }

    /// How the timesteps of training examples are distributed.
    fn timesteps(&self) -> Timesteps {
        let [mean, deviation] = self.settings.train.logit_normal;
        match self.settings.train.timesteps {
            TimestepRule::Uniform => Timesteps::Uniform,
            TimestepRule::LogitNormal => Timesteps::LogitNormal { mean, deviation },
        }
    }

    /// How validation batches are made: always the same ones, every class told; the same in all runs, whatever
    /// timesteps they learn from.
    pub fn validation_loader(&self) -> LoaderConfig {
        let timesteps = Timesteps::Uniform;
        LoaderConfig { shuffle: false, condition_dropout: 0.0, timesteps, ..self.loader() }
    }

    /// The classes that previews show, of those with images: at most `max_classes`, evenly spread.
    pub fn preview_classes(&self, with_images: &[usize]) -> Vec<usize> {
        let classes = with_images.len();
        let shown = self.settings.preview.max_classes.min(classes);
        (0..shown).map(|row| with_images[row * classes / shown]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(assignments: &[&str]) -> CheckedConfig {
        TrainConfig::of(assignments).check().unwrap()
    }

    #[test]
    fn a_batch_is_drawn_whole_and_computed_in_parts() {
        let config = checked(&["train.batch_size=12", "train.gradient_accumulation=3"]);
        assert_eq!((config.micro_batch(), config.loader().batch), (4, 12));
    }

    #[test]
    fn validation_is_the_same_every_time() {
        let config = checked(&["train.label_dropout=0.5"]);
        let (training, validation) = (config.loader(), config.validation_loader());
        assert!(training.shuffle && training.condition_dropout > 0.4);
        assert!(!validation.shuffle && validation.condition_dropout < 1e-9);
        assert_eq!(config.validation_transform().size(), config.transform().size());
        assert_ne!(config.validation_transform(), config.transform());
    }

    #[test]
    fn an_evaluation_draws_as_previews_do_but_for_what_is_set() {
        let of = |own: &str| checked(&["preview.sampler.shift=3", own]).evaluation_sampler();
        let preview = of("evaluation.every=1");
        assert_eq!(preview, checked(&["preview.sampler.shift=3"]).settings().preview.sampler);
        let own = of(
            "evaluation.sampler={ steps = [7], guidance_rule = { rule = 'apg', parallel = 0.5, threshold = 0.0 } }",
        );
        assert_eq!((own.steps, own.shift, own.guidance), (vec![7], 3.0, preview.guidance));
        assert_ne!(own.guidance_rule, preview.guidance_rule);
    }

    #[test]
    fn previews_spread_over_the_classes() {
        let few = checked(&["model.num_classes=3"]);
        assert_eq!(few.preview_classes(&[0, 1, 2]), [0, 1, 2]);
        let many = checked(&["preview.max_classes=4"]);
        let all: Vec<usize> = (0..1000).collect();
        assert_eq!(many.preview_classes(&all), [0, 250, 500, 750]);
        // A class that was added to others is seen.
        assert_eq!(many.preview_classes(&[1000]), [1000]);
    }
}

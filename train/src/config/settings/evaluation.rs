//! Section `[evaluation]`: how good the images are, measured during training.

use infer::QualityMetric;
use pixelflow::sampler::{Guidance, GuidanceRule, SamplerConfig, SolverKind};

use super::{Choice, Setting, TrainConfig, library};
use crate::config::cadence::Cadence;
use crate::config::rule::{Verdict, require, within};
use crate::config::setting::{section, with_defaults};

section! {
    /// FD and KID of images from the moving average beside real ones, as `infer evaluate model` measures them;
    /// the same seeds each time.
    struct EvaluationConfig {
        /// Steps between measurements; 0 for none.
        every: Cadence = 0 where |c| require(
            c.evaluation.every.is_never() || c.model.in_channels == 3,
            "only images of 3 channels can be measured, and model.in_channels is 1; set it to 0",
        );
        /// Images that are drawn each time, of all classes alike, 2 to 16777216. FD falls with their number: compare
        /// numbers of as many.
        images: usize = 500 where |c| within(c.evaluation.images, 2..=1 << 24);
        /// Seed of the images.
        seed: u64 = 0;
        /// Real images, or their statistics: a folder, a .tar or an .npz. If empty, the validation images, else
        /// the training images, 50000 at most, cut to data.resolution.
        reference: String = "";
        /// What is measured: "frechet" (FD), "kernel" (KID with its standard error; not of statistics), or both.
        metrics: Vec<QualityMetric> = ["frechet", "kernel"] where |c| require(
            match c.evaluation.metrics[..] {
                [one, other] => one != other,
                [_] => true,
                _ => false,
            },
            "name \"frechet\", \"kernel\" or both, each once",
        );
        /// Weights of Inception-v3 as `infer evaluate --inception` takes them, whose numbers are FID and KID; if
        /// empty, the shipped EfficientNet-Lite0: FD-EffLite0 and KID-EffLite0, which are no FID.
        inception: String = "";
    }
    with {
        /// How the images are generated.
        #[serde(default)]
        pub sampler: OtherSampler,
    }
}

section! {
    /// How these images are generated: what is not set is as in preview.sampler.
    struct OtherSampler {
        /// As in preview.sampler, and so are the following.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        solver: Option<SolverKind> = None;
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<bool> = None;
        #[serde(default, skip_serializing_if = "Option::is_none")]
        steps: Option<Vec<usize>> = None;
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shift: Option<f64> = None;
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rtol: Option<f64> = None;
        #[serde(default, skip_serializing_if = "Option::is_none")]
        atol: Option<f64> = None;
    }
    with {
        /// Classifier-free guidance.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub guidance: Option<Guidance>,
        /// How guidance combines velocities.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub guidance_rule: Option<GuidanceRule>,
    }
}

/// The kinds of `evaluation.sampler.guidance`.
pub(super) const GUIDANCE: Choice = Choice { default: "", ..library::GUIDANCE };

/// The kinds of `evaluation.sampler.guidance_rule`.
pub(super) const GUIDANCE_RULE: Choice = Choice { default: "", ..library::GUIDANCE_RULE };

impl Default for EvaluationConfig {
    fn default() -> Self {
        with_defaults(Self::SETTINGS)
    }
}

impl Default for OtherSampler {
    fn default() -> Self {
        with_defaults(Self::SETTINGS)
    }
}

impl OtherSampler {
    /// A sampler with what is set here.
    pub fn over(&self, sampler: &SamplerConfig) -> SamplerConfig {
        SamplerConfig {
            solver: self.solver.unwrap_or(sampler.solver),
            reference: self.reference.unwrap_or(sampler.reference),
            steps: self.steps.clone().unwrap_or_else(|| sampler.steps.clone()),
            shift: self.shift.unwrap_or(sampler.shift),
            guidance: self.guidance.unwrap_or(sampler.guidance),
            guidance_rule: self.guidance_rule.unwrap_or(sampler.guidance_rule),
            rtol: self.rtol.unwrap_or(sampler.rtol),
            atol: self.atol.unwrap_or(sampler.atol),
        }
    }
}

/// The rules of the sampler that comes of it; those of preview.sampler alone are said there.
pub(super) fn sampler(config: &TrainConfig) -> Verdict {
    let (own, preview) = (&config.evaluation.sampler, &config.preview.sampler);
    if *own == OtherSampler::default() {
        return Ok(());
    }
    library::check_sampler(own.over(preview), config)
}

//! Section `[train]`.

use super::Setting;
use crate::config::rule::{require, share, within};
use crate::config::setting::section;
use crate::initial_weights::InitialClasses;
use crate::learning_rate::Schedule;
use crate::optimizer::UpdateRule;
use crate::precision::Precision;

/// How the timesteps of a stage are distributed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimestepRule {
    /// All alike.
    #[default]
    Uniform,
    /// More of the middle.
    LogitNormal,
}

/// Mean and deviation of the standard normal distribution.
fn standard() -> [f64; 2] {
    [0.0, 1.0]
}

/// Muon's usual decay of the momentum.
fn muon_momentum() -> f64 {
    0.95
}

section! {
    /// How the weights are updated.
    struct UpdateConfig {
        /// What every random number of the run is derived from.
        seed: u64 = 0;
        /// Weights to begin with: a run's folder, a model's folder or a file; none if empty. A class model may
        /// become a text model: its first step is then that of the class model without a class.
        #[serde(default)] // Runs from before this setting began with random ones.
        initial_weights: String = "";
        /// Classes of a class model with initial weights: "same" as that has; "by-name", those of the data, of which
        /// it knows what has the same name; or "add", its own and what the data have besides. What is new begins as
        /// "no class".
        #[serde(default)] // Runs from before this setting had the same.
        initial_classes: InitialClasses = "same" where |c| {
            let is_same = c.train.initial_classes == InitialClasses::Same;
            require(
                is_same || !c.train.initial_weights.is_empty(),
                "with train.initial_weights it may be another; without, it must be \"same\"",
            )?;
            require(is_same || c.model.num_classes > 0, "a text model has no classes; leave it out")
        };
        /// Updates of the weights in the whole run.
        steps: u64 = 100_000 where |c| {
            // Images are counted, and numbered in JSON.
            let most = (1_u64 << 53) / c.train.batch_size.clamp(1, 1 << 20) as u64;
            require(c.train.steps >= 1, "train at least 1 step")?;
            require(c.train.steps <= most, format!("with this train.batch_size it is at most {most}"))
        };
        /// Images an update learns from.
        batch_size: usize = 256 where |c| require(
            (1..=1 << 20).contains(&c.train.batch_size),
            "a batch has 1 to 1048576 images",
        );
        /// Parts a batch is cut into to save memory; a divisor of batch_size.
        gradient_accumulation: usize = 1 where |c| {
            let (batch, parts) = (c.train.batch_size, c.train.gradient_accumulation);
            let fix = format!("it must divide train.batch_size ({batch})");
            require(parts >= 1 && batch.is_multiple_of(parts), fix)
        };
        /// Keep only the input of each block and compute the rest again in the backward pass: a third more
        /// computation, and a fraction of the memory (see --dry-run).
        #[serde(default)] // Runs from before this setting kept them.
        recompute_activations: bool = false;
        /// What a step computes in: "f32"; "bf16", or "f16" with a scaled loss, which take half the memory for
        /// activations and, on GPUs, half the time or less. Weights, moments, averages and the loss stay in f32. On
        /// CPUs it saves a sixth of the time where they multiply bf16, and none where not.
        #[serde(default)] // Runs from before this setting had f32.
        precision: Precision = "f32";
        /// Peak learning rate.
        lr: f64 = 1e-4 where |c| {
            require(c.train.lr.is_finite() && c.train.lr > 0.0, "it must be above 0, such as 1e-4")
        };
        /// Updates over which the learning rate rises linearly from 0.
        warmup_steps: u64 = 0 where |c| {
            let steps = c.train.steps;
            require(c.train.warmup_steps <= steps, format!("it must be at most train.steps ({steps})"))
        };
        /// After the warm-up: "constant", or "cosine" or "linear" down to min_lr at the last step.
        schedule: Schedule = "constant";
        /// Where cosine and line end.
        min_lr: f64 = 0.0 where |c| {
            let lr = c.train.lr;
            require((0.0..=lr).contains(&c.train.min_lr), format!("it must be 0 to train.lr ({lr})"))
        };
        /// How the matrices of the blocks are updated: "adamw", or "muon", along their orthogonal momentum
        /// (arXiv 2502.16982), with the same learning rate. All else is AdamW's.
        #[serde(default)] // Runs from before this setting had AdamW.
        optimizer: UpdateRule = "adamw";
        /// Muon: decay of the momentum.
        #[serde(default = "muon_momentum")] // As before.
        muon_momentum: f64 = 0.95 where |c| {
            require(share(c.train.muon_momentum), "it must be at least 0 and below 1, such as 0.95")
        };
        /// AdamW: decay of the first and of the second moment.
        betas: [f64; 2] = [0.9, 0.999] where |c| require(
            c.train.betas.into_iter().all(share),
            "both must be at least 0 and below 1, such as [0.9, 0.999]",
        );
        /// AdamW: added to the root of the second moment.
        eps: f64 = 1e-8 where |c| {
            let eps = c.train.eps as f32; // As the optimiser has it.
            require(eps.is_finite() && eps > 0.0, "it must be above 0, such as 1e-8")
        };
        /// Decoupled weight decay, of all parameters.
        weight_decay: f64 = 0.0 where |c| {
            let decay = c.train.weight_decay;
            require(
                decay.is_finite() && decay >= 0.0 && decay * c.train.lr < 1.0,
                "it must be at least 0, and below 1 when multiplied with train.lr",
            )
        };
        /// Largest norm of the gradient of all parameters together; 0 does not clip.
        clip_norm: f64 = 1.0 where |c| require(
            c.train.clip_norm.is_finite() && c.train.clip_norm >= 0.0,
            "it must be at least 0; 0 does not clip",
        );
        /// Deviations above their moving mean from which the norm of a gradient is a spike, and is clipped towards the
        /// mean (ZClip, arXiv 2504.02507, which takes 2.5); 0 clips none.
        #[serde(default)] // Runs from before this setting clipped none.
        spike_threshold: f64 = 0.0 where |c| require(
            c.train.spike_threshold.is_finite() && c.train.spike_threshold >= 0.0,
            "it must be at least 0, such as 2.5; 0 clips none",
        );
        /// Steps in a row that may be rejected because their loss or gradient is not finite: their batches are passed
        /// over, and the weights stay as they are. With as many the run goes back to the weights of an earlier
        /// checkpoint, with half the learning rate. 0 ends the run at the first.
        #[serde(default)] // Runs from before this setting ended at the first.
        rejected_steps: u64 = 5;
        /// Decay of the moving average of the weights, which previews and samples are drawn from.
        ema_decay: f64 = 0.9999 where |c| {
            require(share(c.train.ema_decay), "it must be at least 0 and below 1, such as 0.9999")
        };
        /// Limit the decay at update t to (1 + t) / (10 + t), so that early averages forget the start.
        ema_warmup: bool = false;
        /// How the timesteps of a stage are distributed: "uniform", or "logit-normal", more of the middle
        /// (arXiv 2403.03206).
        #[serde(default)] // Runs from before this setting had all alike.
        timesteps: TimestepRule = "uniform";
        /// Mean and deviation of the logit-normal timesteps: a mean above 0 has more of a stage's end.
        #[serde(default = "standard")] // As before.
        logit_normal: [f64; 2] = [0.0, 1.0] where |c| {
            let [mean, deviation] = c.train.logit_normal;
            require(
                mean.is_finite() && deviation.is_finite() && deviation > 0.0,
                "the mean is any number, the deviation above 0, such as [0.0, 1.0]",
            )
        };
        /// Share of images whose class or caption is hidden from the model, for guidance.
        label_dropout: f64 = 0.1 where |c| within(c.train.label_dropout, 0.0..=1.0);
    }
}

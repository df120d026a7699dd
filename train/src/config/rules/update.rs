//! How the weights are updated.

use super::Problems;
use crate::config::UpdateConfig;

/// Every number must be in its range.
pub(super) fn rules(problems: &mut Problems, train: &UpdateConfig) {
    let positive = |value: f64| value.is_finite() && value > 0.0;
    let not_negative = |value: f64| value.is_finite() && value >= 0.0;
    let share = |value: f64| (0.0..1.0).contains(&value);
    let UpdateConfig { steps, batch_size, gradient_accumulation: parts, lr, .. } = *train;

    problems.require(steps >= 1, "train.steps", steps, "train at least 1 step");
    let batch = "a batch has 1 to 1048576 images";
    problems.require((1..=1 << 20).contains(&batch_size), "train.batch_size", batch_size, batch);
    problems.require(
        parts >= 1 && batch_size.is_multiple_of(parts),
        "train.gradient_accumulation",
        parts,
        format!("it must divide train.batch_size ({batch_size})"),
    );
    problems.require(positive(lr), "train.lr", lr, "it must be above 0, such as 1e-4");
    problems.require(
        not_negative(train.min_lr) && train.min_lr <= lr,
        "train.min_lr",
        train.min_lr,
        format!("it must be 0 to train.lr ({lr})"),
    );
    problems.require(
        train.warmup_steps <= steps,
        "train.warmup_steps",
        train.warmup_steps,
        format!("it must be at most train.steps ({steps})"),
    );
    let [beta_1, beta_2] = train.betas;
    problems.require(
        share(beta_1) && share(beta_2),
        "train.betas",
        format!("[{beta_1}, {beta_2}]"),
        "both must be at least 0 and below 1, such as [0.9, 0.999]",
    );
    problems.require(
        positive(train.eps),
        "train.eps",
        train.eps,
        "it must be above 0, such as 1e-8",
    );
    problems.require(
        not_negative(train.weight_decay) && train.weight_decay * lr < 1.0,
        "train.weight_decay",
        train.weight_decay,
        "it must be at least 0, and below 1 when multiplied with train.lr",
    );
    problems.require(
        not_negative(train.clip_norm),
        "train.clip_norm",
        train.clip_norm,
        "it must be at least 0; 0 does not clip",
    );
    problems.require(
        share(train.ema_decay),
        "train.ema_decay",
        train.ema_decay,
        "it must be at least 0 and below 1, such as 0.9999",
    );
    problems.require(
        (0.0..=1.0).contains(&train.label_dropout),
        "train.label_dropout",
        train.label_dropout,
        "it must be 0 to 1, such as 0.1",
    );
}

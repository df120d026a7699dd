//! The lines that the terminal shows of records.

use std::time::Duration;

use crate::metrics::{
    EvaluationRecord, PatchGridScore, PreviewRecord, RejectedRecord, Score, TrainingRecord,
};

/// `step 500: FD-EffLite0 123.46, KID-EffLite0 0.01235 ± 0.00041, of 500 drawn images`.
pub(super) fn evaluation_line(record: &EvaluationRecord) -> String {
    let EvaluationRecord { step, drawn, metrics, .. } = record;
    let score = |score: &Score| {
        let error = score.standard_error.map(|error| format!(" ± {}", significant(error)));
        format!("{} {}{}, ", score.name, significant(score.value), error.unwrap_or_default())
    };
    format!(
        "step {step}: {}of {drawn} drawn images",
        metrics.values().map(score).collect::<String>()
    )
}

/// `step 812 is rejected, its batch is passed over (2 in a row): loss NaN; images a.tar:12, a.tar:7 and 62 more`.
pub(super) fn rejected_line(record: &RejectedRecord) -> String {
    let RejectedRecord { step, what, in_a_row, images, .. } = record;
    let named = images.iter().take(2).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = match images.len().saturating_sub(2) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "step {step} is rejected, its batch is passed over ({in_a_row} in a row): {what}; images {named}{more}"
    )
}

/// `step 500: the preview shows a grid of patches: …`.
pub(super) fn grid_line(PreviewRecord { step, patch_grid, .. }: &PreviewRecord) -> String {
    format!(
        "step {step}: the preview shows a grid of patches: at their borders it changes {:.2} times as much as real \
         images do (above {} a grid is seen); that is common early on, and report.html shows whether it goes. It is not \
         said again",
        patch_grid.ratio,
        PatchGridScore::THRESHOLD
    )
}

/// Two digits behind the point, or five of a small number.
fn significant(value: f64) -> String {
    if value.abs() >= 10.0 { format!("{value:.2}") } else { format!("{value:.5}") }
}

/// `loss 0.0812 (0.029 0.070 0.141)  104 images/s  1h 12m left`.
pub(super) fn training_line(record: &TrainingRecord, steps: u64, batch: usize) -> String {
    let means = &record.means;
    let stages = by_stage(&means.stage_losses);
    format!("loss {:.4} ({stages})  {}", means.loss, speed(record, steps, batch))
}

/// `104 images/s  1h 12m left`.
pub(super) fn speed(record: &TrainingRecord, steps: u64, batch: usize) -> String {
    let rate = record.means.images_per_second;
    let images = (steps - record.step.min(steps)) as f64 * batch as f64;
    let seconds = (images / rate).round();
    let left = Duration::from_secs(if seconds.is_finite() { seconds as u64 } else { 0 });
    format!("{rate:.0} images/s  {} left", humantime::format_duration(left))
}

/// `loss 0.0812  by stage 0.029 0.070 0.141  gradient norm 0.210  learning rate 9.30e-4`.
pub(super) fn loss_line(record: &TrainingRecord) -> String {
    format!(
        "loss {:.4}  by stage {}  gradient norm {:.3}  learning rate {:.2e}",
        record.means.loss,
        by_stage(&record.means.stage_losses),
        record.means.gradient_norm,
        record.learning_rate
    )
}

/// `of a step: data 1 %, forward 30 %, backward 60 %, optimiser 9 %  memory 1.21 GB`; a part that takes nothing is left
/// out.
pub(super) fn time_line(record: &TrainingRecord) -> String {
    let shares = record.means.times.map(|times| times.shares()).unwrap_or_default();
    let of = |&(name, share): &(&str, f64)| format!("{name} {:.0} %", 100.0 * share);
    let is_there = |(_, share): &&(&str, f64)| *share >= 0.005;
    let parts: Vec<String> = shares.iter().filter(is_there).map(of).collect();
    let time = (!parts.is_empty()).then(|| format!("of a step: {}", parts.join(", ")));
    let memory = record.memory.map(|bytes| format!("memory {:.2} GB", bytes as f64 / 1e9));
    time.into_iter().chain(memory).collect::<Vec<_>>().join("  ")
}

/// `0.029 0.070 -`.
pub(super) fn by_stage(losses: &[Option<f64>]) -> String {
    let text =
        |loss: &Option<f64>| loss.map_or_else(|| "-".to_owned(), |loss| format!("{loss:.3}"));
    losses.iter().map(text).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Mean;
    use crate::stopwatch::StepTimes;

    #[test]
    fn a_measurement_is_a_line_with_its_errors() {
        let score = |name: &str, value, standard_error| Score {
            name: name.to_owned(),
            value,
            standard_error,
        };
        let metrics =
            [("fd", score("FD", 123.456, None)), ("kid", score("KID", 0.0123, Some(0.0004)))];
        let metrics = metrics.map(|(key, score)| (key.to_owned(), score)).into();
        let record = EvaluationRecord { step: 10, images: 640, drawn: 500, metrics };
        let expected = "step 10: FD 123.46, KID 0.01230 ± 0.00040, of 500 drawn images";
        assert_eq!(evaluation_line(&record), expected);
    }

    #[test]
    fn a_rejected_step_is_a_line_with_its_images() {
        let images = ["a.tar:0", "a.tar:1", "a.tar:2"].map(str::to_owned).to_vec();
        let what = "loss NaN".to_owned();
        let record = RejectedRecord { step: 7, seed: 0, what, in_a_row: 1, images };
        let expected = "step 7 is rejected, its batch is passed over (1 in a row): loss NaN; images a.tar:0, \
                        a.tar:1 and 1 more";
        assert_eq!(rejected_line(&record), expected);
    }

    #[test]
    fn a_line_says_loss_speed_what_is_left_and_where_the_time_goes() {
        let mut record = TrainingRecord {
            step: 10,
            images: 640,
            epoch: 0.1,
            learning_rate: 1e-3,
            ema_decay: 0.9,
            skipped: 0,
            rejected: 0,
            spikes: 0,
            loss_scale: None,
            seconds: 10.0,
            memory: Some(1_210_000_000),
            means: Mean {
                loss: 0.0812,
                stage_losses: vec![Some(0.029), None],
                gradient_norm: 0.1,
                images_per_second: 64.0,
                times: None,
            },
        };
        assert_eq!(
            training_line(&record, 100, 64),
            "loss 0.0812 (0.029 -)  64 images/s  1m 30s left"
        );
        assert_eq!(
            loss_line(&record),
            "loss 0.0812  by stage 0.029 -  gradient norm 0.100  learning rate 1.00e-3"
        );
        assert_eq!(time_line(&record), "memory 1.21 GB");
        let times = StepTimes { forward: 1.0, backward: 3.0, data: 0.001, ..StepTimes::default() };
        record.means.times = Some(times);
        let expected = "of a step: forward 25 %, backward 75 %  memory 1.21 GB";
        assert_eq!(time_line(&record), expected);
    }
}

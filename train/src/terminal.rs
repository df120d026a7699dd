//! What a run shows on the terminal.

use std::path::{Path, PathBuf};
use std::time::Duration;

use image::RgbImage;
use pixelflow_host::output::{has_terminal, note};
use pixelflow_host::progress::{ProgressBar, bar};

use crate::Result;
use crate::checkpoint::State;
use crate::metrics::{
    EvaluationRecord, PatchGridScore, PreviewRecord, Record, RejectedRecord, RollbackRecord, Score,
    TrainingRecord,
};
use crate::observer::TrainObserver;
use crate::run::Ending;

/// A progress bar with loss, loss per stage, speed and remaining time; lines where there is no
/// terminal.
#[derive(Debug)]
pub struct Terminal {
    folder: PathBuf,
    bar: ProgressBar,
    steps: u64,
    /// Images of one step.
    batch: usize,
    /// Whether the model draws from text.
    is_text: bool,
    interactive: bool,
    /// Whether it was said that a grid of patches is to be seen.
    has_named_grid: bool,
}

impl Terminal {
    /// Announces a run of `steps` steps with `batch` images each, in `folder`.
    pub fn new(folder: &Path, steps: u64, batch: usize, is_text: bool, state: &State) -> Self {
        let from = match state.step {
            0 => String::new(),
            step => format!(" from step {step}"),
        };
        note(format_args!("training in {}{from}; Ctrl-C saves and stops", folder.display()));
        let bar = bar(steps, "{bar:24} {pos}/{len}  {msg}");
        bar.set_position(state.step);
        bar.set_message("the first steps take longest");
        let interactive = has_terminal();
        let has_named_grid = false;
        Self { folder: folder.to_owned(), bar, steps, batch, is_text, interactive, has_named_grid }
    }

    /// Says where the results are and what to do next, after `step` steps in all.
    pub fn finish(self, ending: Ending, step: u64) {
        let folder = self.folder.display();
        let prompt = if self.is_text { " --prompt TEXT" } else { "" };
        self.bar.finish_and_clear();
        match ending {
            Ending::Finished => note(format_args!(
                "finished: {folder}\n  report.html shows how it went; draw from it with\n  \
                 cargo run -p infer -- sample --model {folder}{prompt}"
            )),
            Ending::Interrupted if step == 0 => {
                note("stopped before the first step was taken: there is nothing to save");
            }
            Ending::Interrupted => {
                note(format_args!("saved; go on with\n  cargo run -p train -- --resume {folder}"));
            }
        }
    }
}

impl TrainObserver for Terminal {
    fn record(&mut self, record: &Record) -> Result<()> {
        match record {
            Record::Training(record) => {
                let line = training_line(record, self.steps, self.batch);
                self.bar.set_position(record.step);
                if self.interactive {
                    self.bar.set_message(line);
                } else {
                    note(format_args!("step {}/{}  {line}", record.step, self.steps));
                }
            }
            Record::Validation(record) => self.bar.note(format_args!(
                "step {}: validation loss {:.4}, by stage {}",
                record.step,
                record.loss,
                by_stage(&record.stage_losses)
            )),
            Record::Evaluation(record) => self.bar.note(evaluation_line(record)),
            Record::Rejected(record) => self.bar.note(rejected_line(record)),
            Record::Rollback(RollbackRecord { step, to, rate }) => self.bar.note(format_args!(
                "step {step}: WENT BACK to the weights of step {to}; the learning rate is now multiplied with {rate}"
            )),
            Record::Preview(record) if record.patch_grid.is_grid() && !self.has_named_grid => {
                self.has_named_grid = true;
                self.bar.note(grid_line(record));
            }
            Record::Preview(_) => {}
        }
        Ok(())
    }

    fn preview(&mut self, step: u64, _picture: &RgbImage) -> Result<()> {
        let file = self.folder.join(format!("previews/step-{step:08}.png"));
        if file.is_file() {
            self.bar.note(format_args!("step {step}: preview {}", file.display()));
        }
        Ok(())
    }

    fn note(&mut self, message: &str) {
        self.bar.note(message);
    }

    fn saved(&mut self, step: u64, checkpoint: &Path) -> Result<()> {
        self.bar.note(format_args!("step {step}: saved {}", checkpoint.display()));
        Ok(())
    }
}

/// `step 500: FD-EffLite0 123.46, KID-EffLite0 0.01235 ± 0.00041, of 500 drawn images`.
fn evaluation_line(record: &EvaluationRecord) -> String {
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
fn rejected_line(record: &RejectedRecord) -> String {
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
fn grid_line(PreviewRecord { step, patch_grid, .. }: &PreviewRecord) -> String {
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
fn training_line(record: &TrainingRecord, steps: u64, batch: usize) -> String {
    let means = &record.means;
    let images = (steps - record.step.min(steps)) as f64 * batch as f64;
    let seconds = (images / means.images_per_second).round();
    let left = Duration::from_secs(if seconds.is_finite() { seconds as u64 } else { 0 });
    format!(
        "loss {:.4} ({})  {:.0} images/s  {} left",
        means.loss,
        by_stage(&means.stage_losses),
        means.images_per_second,
        humantime::format_duration(left),
    )
}

/// `0.029 0.070 -`.
fn by_stage(losses: &[Option<f64>]) -> String {
    let text =
        |loss: &Option<f64>| loss.map_or_else(|| "-".to_owned(), |loss| format!("{loss:.3}"));
    losses.iter().map(text).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Mean;

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
    fn a_line_says_loss_speed_and_what_is_left() {
        let record = TrainingRecord {
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
            means: Mean {
                loss: 0.0812,
                stage_losses: vec![Some(0.029), None],
                gradient_norm: 0.1,
                images_per_second: 64.0,
            },
        };
        assert_eq!(
            training_line(&record, 100, 64),
            "loss 0.0812 (0.029 -)  64 images/s  1m 30s left"
        );
    }
}

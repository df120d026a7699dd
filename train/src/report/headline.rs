//! The top of a report: how far the run has come, its latest numbers, and what somebody should know.

use std::time::Duration;

use maud::{Markup, html};

use super::reference::Beside;
use crate::metrics::{PatchGridScore, Record, TrainingRecord, ValidationRecord};
use crate::page::{percent, shown};
use crate::run_folder::RunFolder;

/// How far the run has come, its latest numbers, and notices.
pub fn summary(run: &RunFolder, step: u64, beside: &Beside) -> Markup {
    let steps = run.config.train.steps;
    let share = percent(step as f64 / steps.max(1) as f64);
    let state = if step >= steps { "finished" } else { "not finished" };
    let notices = notices(run, beside);
    html! {
        p { "Step " (step) " of " (steps) " (" (share) "), " (state) " when this page was written." }
        @let numbers = numbers(run);
        @if !numbers.is_empty() {
            div.numbers {
                @for (name, value) in numbers { div.number { b { (value) } p { (name) } } }
            }
        }
        @if !notices.is_empty() {
            ul.notices {
                @for (is_warning, text) in notices { li.warning[is_warning] { (text) } }
            }
        }
    }
}

/// The last record of training, and those of validation.
fn last_training(run: &RunFolder) -> Option<&TrainingRecord> {
    run.records.iter().rev().find_map(|record| match record {
        Record::Training(training) => Some(training),
        _ => None,
    })
}

/// The validation with the smallest loss.
fn best_validation(run: &RunFolder) -> Option<&ValidationRecord> {
    let validations = run.records.iter().filter_map(|record| match record {
        Record::Validation(validation) => Some(validation),
        _ => None,
    });
    validations.min_by(|a, b| a.loss.total_cmp(&b.loss))
}

fn numbers(run: &RunFolder) -> Vec<(String, String)> {
    let mut numbers = Vec::new();
    let mut add = |name: &str, value: String| numbers.push((name.to_owned(), value));
    if let Some(training) = last_training(run) {
        add("loss, last record", shown(training.means.loss));
        add("images learned from", shown(training.images as f64));
        add("passes over the data", shown(training.epoch));
        add("images/s, last record", shown(training.means.images_per_second));
        add("time in training steps", duration(training.seconds));
        let steps = run.config.train.steps.saturating_sub(training.step) as f64;
        let left = steps * run.config.train.batch_size as f64 / training.means.images_per_second;
        if steps > 0.0 && left.is_finite() {
            add("left at this rate", duration(left));
        }
    }
    if let Some(best) = best_validation(run) {
        add(&format!("best validation loss, step {}", best.step), shown(best.loss));
    }
    numbers
}

/// What somebody should know; whether it is a warning.
fn notices(run: &RunFolder, beside: &Beside) -> Vec<(bool, String)> {
    let mut notices = vec![beside.notice()];
    if let Some(grid) = last_grid(run) {
        let PatchGridScore { ratio, .. } = grid;
        let (limit, text) = (PatchGridScore::THRESHOLD, shown(ratio));
        notices.push(if grid.is_grid() {
            (
                true,
                format!(
                    "The last preview shows a grid of patches: at their borders it changes {text} times as much as real \
                     images do (above {limit} a grid is seen)."
                ),
            )
        } else {
            (false, format!("No grid of patches in the last preview: {text} of at most {limit}."))
        });
    }
    let last = last_training(run);
    if let Some(rejected) = last.map(|training| training.rejected).filter(|count| *count > 0) {
        notices.push((true, format!("{rejected} steps were rejected: see below.")));
    }
    if let Some(skipped) = last.map(|training| training.skipped).filter(|count| *count > 0) {
        notices.push((true, format!("{skipped} records of the data could not be used.")));
    }
    if run.damaged > 0 {
        let text = format!("{} lines about sessions cannot be read and are left out.", run.damaged);
        notices.push((true, text));
    }
    notices
}

fn last_grid(run: &RunFolder) -> Option<PatchGridScore> {
    run.records.iter().rev().find_map(|record| match record {
        Record::Preview(preview) => Some(preview.patch_grid),
        _ => None,
    })
}

/// `1h 12m`, `35s`.
pub fn duration(seconds: f64) -> String {
    let whole = if seconds.is_finite() && seconds > 0.0 { seconds } else { 0.0 };
    if whole < 10.0 {
        return format!("{whole:.1}s");
    }
    let seconds = match whole {
        3600.0.. => (whole / 60.0).round() * 60.0,
        _ => whole.round(),
    };
    humantime::format_duration(Duration::from_secs(seconds as u64)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_as_exact_as_they_are_long() {
        assert_eq!(duration(34.6), "35s");
        assert_eq!(duration(3_725.0), "1h 2m");
        assert_eq!((duration(0.16), duration(f64::NAN)), ("0.2s".to_owned(), "0.0s".to_owned()));
    }
}

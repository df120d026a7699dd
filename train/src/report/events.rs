//! What did not go as it should: rejected steps, returns to earlier weights, spikes.

use maud::{Markup, html};

use crate::metrics::Record;
use crate::page::table;
use crate::run_folder::RunFolder;

/// Events that are listed, at most: the last ones.
const LISTED: usize = 100;

/// Rejected steps, rollbacks and the number of spikes.
pub fn section(run: &RunFolder) -> Markup {
    let events: Vec<Vec<String>> = run.records.iter().filter_map(event).collect();
    let left_out = events.len().saturating_sub(LISTED);
    let last = run.records.iter().rev().find_map(|record| match record {
        Record::Training(training) => Some(training),
        _ => None,
    });
    let spikes = last.map_or(0, |training| training.spikes);
    html! {
        @if events.is_empty() {
            p { "Nothing was rejected: every loss and every gradient was finite." }
        } @else {
            @if left_out > 0 { p { "The last " (LISTED) " of " (events.len()) "." } }
            div.words { (table("Rejected steps", &["step", "what", "what came of it"], &events[left_out..])) }
        }
        p { (spikes) " gradients were clipped as spikes." }
        @if let Some(factor) = last.and_then(|training| training.loss_scale) {
            p { "The loss is scaled by " (factor) " (f16)." }
        }
    }
}

fn event(record: &Record) -> Option<Vec<String>> {
    match record {
        Record::Rejected(rejected) => {
            let images = rejected.images.iter().take(2).map(String::as_str).collect::<Vec<_>>();
            let more = rejected.images.len().saturating_sub(2);
            let came = format!(
                "passed over, {} in a row; images {} and {more} more",
                rejected.in_a_row,
                images.join(", ")
            );
            Some(vec![rejected.step.to_string(), rejected.what.clone(), came])
        }
        Record::Rollback(rollback) => Some(vec![
            rollback.step.to_string(),
            "too many in a row".to_owned(),
            format!(
                "back to the weights of step {}; the learning rate is multiplied with {}",
                rollback.to, rollback.rate
            ),
        ]),
        _ => None,
    }
}

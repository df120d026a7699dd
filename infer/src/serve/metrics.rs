//! What Prometheus reads.

use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard};

use super::board::{Counts, Phase};

/// Upper bounds of the histogram of seconds.
const BOUNDS: [f64; 10] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];
/// Weight of the newest round in the seconds of an image.
const NEWEST: f64 = 0.3;

/// Numbers of the work that is done.
#[derive(Debug, Default)]
pub(super) struct Metrics(Mutex<Numbers>);

#[derive(Clone, Debug, Default)]
struct Numbers {
    images: u64,
    image_bytes: u64,
    rounds: u64,
    refused: u64,
    /// Jobs that took at most so many seconds, each counted once.
    buckets: [u64; BOUNDS.len() + 1],
    seconds: f64,
    seconds_per_image: Option<f64>,
}

impl Metrics {
    /// An image is finished.
    pub(super) fn image(&self, bytes: usize) {
        let mut numbers = self.numbers();
        numbers.images += 1;
        numbers.image_bytes += bytes as u64;
    }

    /// A round of so many images is drawn.
    pub(super) fn round(&self, images: usize, seconds: f64) {
        let mut numbers = self.numbers();
        numbers.rounds += 1;
        let each = seconds / images as f64;
        let before = numbers.seconds_per_image.unwrap_or(each);
        numbers.seconds_per_image = Some(before + NEWEST * (each - before));
    }

    /// A job is finished.
    pub(super) fn job(&self, seconds: f64) {
        let mut numbers = self.numbers();
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        numbers.buckets[bucket] += 1;
        numbers.seconds += seconds;
    }

    /// A request was refused.
    pub(super) fn refused(&self) {
        self.numbers().refused += 1;
    }

    /// Seconds that an image takes among others, as measured; 1 before there is one.
    pub(super) fn seconds_per_image(&self) -> f64 {
        self.numbers().seconds_per_image.unwrap_or(1.0)
    }

    /// The text that Prometheus reads.
    ///
    /// # Panics
    /// Never: a string takes all text.
    pub(super) fn text(&self, counts: Counts, phase: Phase) -> String {
        let numbers = self.numbers().clone();
        let mut text = String::new();
        let mut metric = |name: &str, kind: &str, help: &str, lines: &[(&str, f64)]| {
            writeln!(text, "# HELP pixelflow_{name} {help}\n# TYPE pixelflow_{name} {kind}")?;
            lines
                .iter()
                .try_for_each(|(label, value)| writeln!(text, "pixelflow_{name}{label} {value}"))
        };
        let Counts { queued, running, done, failed, cancelled, .. } = counts;
        let mut total = 0;
        let mut buckets = Vec::new();
        for (count, bound) in numbers.buckets.iter().zip(BOUNDS.map(Some).into_iter().chain([None]))
        {
            total += count;
            let bound = bound.map_or("+Inf".to_owned(), |bound| bound.to_string());
            buckets.push((format!("_bucket{{le=\"{bound}\"}}"), total as f64));
        }
        let mut histogram: Vec<(&str, f64)> =
            buckets.iter().map(|(label, value)| (label.as_str(), *value)).collect();
        histogram.extend([("_sum", numbers.seconds), ("_count", total as f64)]);
        let ended = [
            ("{state=\"done\"}", done as f64),
            ("{state=\"failed\"}", failed as f64),
            ("{state=\"cancelled\"}", cancelled as f64),
        ];
        let open = [("{state=\"queued\"}", queued as f64), ("{state=\"running\"}", running as f64)];
        let each = numbers.seconds_per_image.unwrap_or(0.0);
        let is_ready = f64::from(u8::from(phase == Phase::Ready));
        let one = |value: f64| [("", value)];
        let written: std::fmt::Result = (|| {
            metric(
                "ready",
                "gauge",
                "Whether the model is loaded and jobs are taken.",
                &one(is_ready),
            )?;
            metric("jobs", "gauge", "Jobs that are not ended.", &open)?;
            metric("jobs_ended_total", "counter", "Jobs that have ended.", &ended)?;
            metric(
                "refused_total",
                "counter",
                "Requests that were refused.",
                &one(numbers.refused as f64),
            )?;
            metric(
                "queue_images",
                "gauge",
                "Images that wait.",
                &one(counts.waiting_images as f64),
            )?;
            metric("images_total", "counter", "Images drawn.", &one(numbers.images as f64))?;
            metric(
                "image_bytes_total",
                "counter",
                "Bytes of their PNG files.",
                &one(numbers.image_bytes as f64),
            )?;
            metric("rounds_total", "counter", "Batches drawn.", &one(numbers.rounds as f64))?;
            metric("kept_images", "gauge", "Images in memory.", &one(counts.kept_images as f64))?;
            metric("kept_bytes", "gauge", "Their bytes.", &one(counts.kept_bytes as f64))?;
            metric(
                "image_seconds",
                "gauge",
                "Seconds an image takes in its batch, of late.",
                &one(each),
            )?;
            metric(
                "job_seconds",
                "histogram",
                "Seconds from a job's first step to its end.",
                &histogram,
            )
        })();
        written.expect("a string takes all text");
        text
    }

    /// A panic elsewhere leaves whole numbers behind.
    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::board::Board;

    #[test]
    fn buckets_count_up_to_all() {
        let metrics = Metrics::default();
        for seconds in [0.05, 0.3, 1e9] {
            metrics.job(seconds);
        }
        let board = Board::new(1, 1);
        let text = metrics.text(board.counts(), board.phase());
        for line in [
            "pixelflow_job_seconds_bucket{le=\"0.1\"} 1\n",
            "pixelflow_job_seconds_bucket{le=\"0.5\"} 2\n",
            "pixelflow_job_seconds_bucket{le=\"+Inf\"} 3\n",
            "pixelflow_job_seconds_count 3\n",
            "# TYPE pixelflow_ready gauge\npixelflow_ready 0\n",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
    }

    #[test]
    fn an_image_takes_as_long_as_the_newest_rounds_say() {
        let metrics = Metrics::default();
        assert_eq!(metrics.seconds_per_image(), 1.0);
        metrics.round(4, 2.0);
        assert_eq!(metrics.seconds_per_image(), 0.5);
        metrics.round(1, 1.5);
        assert_eq!(metrics.seconds_per_image(), 0.8);
    }
}

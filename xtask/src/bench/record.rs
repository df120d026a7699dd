//! What one measurement becomes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::measure::{Settings, peak_bytes};

/// One line of JSON, the same as `xtask/pytorch/bench.py` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `forward`, `forward.block`, `attention.backward` …
    pub job: String,
    /// Device by name.
    pub device: String,
    /// Format of weights and activations.
    pub dtype: String,
    /// Threads of the CPU.
    pub threads: usize,
    /// Seconds of each repetition.
    pub seconds: Vec<f64>,
    /// Their median.
    pub median: f64,
    /// 10^9 floating point operations of the matrix products and of attention.
    pub gflop: f64,
    /// `gflop / median`.
    pub gflops_per_s: f64,
    /// The most memory the process ever had.
    pub peak_bytes: Option<u64>,
    /// Tokens, batch, sides …
    pub case: BTreeMap<String, serde_json::Value>,
}

impl Record {
    /// A record of this process.
    pub fn new(
        settings: &Settings,
        job: &str,
        case: &[(&str, usize)],
        seconds: Vec<f64>,
        flop: u64,
    ) -> Self {
        let median = median(&seconds);
        let gflop = flop as f64 / 1e9;
        Self {
            job: job.to_owned(),
            device: settings.device.clone(),
            dtype: settings.dtype.name().to_owned(),
            threads: rayon_threads(),
            seconds,
            median,
            gflop,
            gflops_per_s: gflop / median,
            peak_bytes: peak_bytes(),
            case: case.iter().map(|&(name, value)| (name.to_owned(), value.into())).collect(),
        }
    }

    /// Adds the repetitions of another round of the same work.
    pub fn join(&mut self, other: &Self) {
        self.seconds.extend(&other.seconds);
        self.median = median(&self.seconds);
        self.gflops_per_s = self.gflop / self.median;
        self.peak_bytes = self.peak_bytes.max(other.peak_bytes);
    }

    /// Rows of the matrix products: tokens of all images.
    pub fn rows(&self) -> Option<u64> {
        let tokens = || Some(self.number("tokens")? * self.number("batch").unwrap_or(1));
        self.number("m").or_else(tokens)
    }

    /// A number of the case.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.case.get(name)?.as_u64()
    }
}

/// Threads that the CPU backend uses.
pub fn rayon_threads() -> usize {
    let set = std::env::var("RAYON_NUM_THREADS").ok();
    let set = set.and_then(|text| text.parse().ok());
    set.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
}

/// The middle of the sorted values, or the mean of the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use pixelflow::NumberFormat;

    use super::*;

    #[test]
    fn rounds_become_one_record() {
        let dtype = NumberFormat::F32;
        let settings =
            Settings { repeat: 2, dtype, device: "cpu".to_owned(), batch: None, depth: 2 };
        let round = |seconds| Record::new(&settings, "train", &[("m", 8)], seconds, 6_000_000_000);
        let mut record = round(vec![1.0, 5.0]);
        record.join(&round(vec![2.0]));
        assert_eq!((record.median, record.gflops_per_s), (2.0, 3.0));
        assert_eq!((record.seconds.len(), record.rows()), (3, Some(8)));
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }
}

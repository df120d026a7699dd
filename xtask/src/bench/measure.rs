//! Repetitions and peak memory.

use std::time::Instant;

use burn::tensor::backend::Backend;
use pixelflow::NumberFormat;

/// How jobs are measured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Counted repetitions.
    pub repeat: usize,
    /// Format of weights and activations.
    pub dtype: NumberFormat,
    /// The device by name.
    pub device: String,
    /// Images of a batch, where it is not the default.
    pub batch: Option<usize>,
    /// Blocks of the model.
    pub depth: usize,
}

impl Settings {
    /// Images of a batch; by default as many as in `xtask/pytorch`.
    pub fn images(&self, tokens: usize) -> usize {
        self.batch.unwrap_or_else(|| default_batch(tokens))
    }
}

/// Images of a batch in `xtask/pytorch`.
pub fn default_batch(tokens: usize) -> usize {
    if tokens <= 1024 { 2 } else { 1 }
}

/// Work shorter than this, in seconds, is repeated within a repetition.
const SHORTEST: f64 = 0.2;
const MOST_CALLS: usize = 1000;

/// Seconds of a call, for each repetition, after one that is not counted.
///
/// `work` must not return before the host has its result or [`Backend::sync`] will wait for it.
///
/// # Panics
/// If the device fails.
pub fn measure<B: Backend>(
    settings: &Settings,
    device: &B::Device,
    mut work: impl FnMut(),
) -> Vec<f64> {
    let mut timed = |calls: usize| {
        let started = Instant::now();
        for _ in 0..calls {
            work();
        }
        B::sync(device).expect("the device works");
        started.elapsed().as_secs_f64() / calls as f64
    };
    timed(1);
    let calls = (SHORTEST / timed(1)).ceil().clamp(1.0, MOST_CALLS as f64) as usize;
    (0..settings.repeat).map(|_| timed(calls)).collect()
}

/// The most memory this process ever had, where the system says.
pub fn peak_bytes() -> Option<u64> {
    status_bytes("VmHWM")
}

fn status_bytes(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes << 10)
}

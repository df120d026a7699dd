//! What can be timed.

use infer::device::OnBackend;
use pixelflow::ops::PixelFlowBackend;

use super::measure::Settings;
use super::record::Record;
use super::{attention, forward, gemm, sample, train_step};

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Job {
    /// The matrix products of a block alone: what the device reaches.
    Gemm,
    /// Attention alone, forward and backward.
    Attention,
    /// The XL model, and one of its blocks.
    Forward,
    /// A whole training step of 16 packed examples.
    Train,
    /// The demo model draws 64 images.
    Sample,
}

impl Job {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Gemm,
        Self::Attention,
        Self::Forward,
        Self::Train,
        Self::Sample,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gemm => "gemm",
            Self::Attention => "attention",
            Self::Forward => "forward",
            Self::Train => "train",
            Self::Sample => "sample",
        }
    }

    /// The numbers of tokens it is done with, each in a process of its own.
    pub fn token_counts(self, tokens: &[usize]) -> Vec<Option<usize>> {
        match self {
            Self::Gemm | Self::Attention | Self::Forward => {
                tokens.iter().copied().map(Some).collect()
            }
            Self::Train | Self::Sample => vec![None],
        }
    }
}

/// A job on a backend.
#[derive(Debug)]
pub struct Work<'a> {
    /// The job.
    pub job: Job,
    /// Tokens of an image.
    pub tokens: &'a [usize],
    /// How it is measured.
    pub settings: &'a Settings,
}

impl OnBackend for Work<'_> {
    type Output = Vec<Record>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Vec<Record> {
        let Self {
            job,
            tokens,
            settings,
        } = self;
        let each =
            |work: &dyn Fn(usize) -> Vec<Record>| tokens.iter().flat_map(|&n| work(n)).collect();
        match job {
            Job::Gemm => each(&|tokens| gemm::run::<B>(settings, tokens, &device)),
            Job::Attention => each(&|tokens| attention::run::<B>(settings, tokens, &device)),
            Job::Forward => each(&|tokens| forward::run::<B>(settings, tokens, &device)),
            Job::Train => train_step::run::<B>(settings, &device),
            Job::Sample => sample::run::<B>(settings, &device),
        }
    }
}

/// Images of a batch, as in `xtask/pytorch`.
pub fn batch(tokens: usize) -> usize {
    if tokens <= 1024 { 2 } else { 1 }
}

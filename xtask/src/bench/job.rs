//! What can be timed.

use pixelflow::ops::PixelFlowBackend;
use pixelflow_host::device::OnBackend;

use super::measure::Settings;
use super::record::Record;
use super::{attention, forward, gemm, load, sample, train_step};

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
    /// The demo model is read from its file.
    Load,
}

impl Job {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Gemm, Self::Attention, Self::Forward, Self::Train, Self::Sample, Self::Load];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gemm => "gemm",
            Self::Attention => "attention",
            Self::Forward => "forward",
            Self::Train => "train",
            Self::Sample => "sample",
            Self::Load => "load",
        }
    }

    /// The numbers of tokens it is done with, each in a process of its own.
    pub fn token_counts(self, tokens: &[usize]) -> Vec<Option<usize>> {
        match self {
            Self::Gemm | Self::Attention | Self::Forward => {
                tokens.iter().copied().map(Some).collect()
            }
            Self::Train | Self::Sample | Self::Load => vec![None],
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
        let Self { job, tokens, settings } = self;
        let each =
            |work: &dyn Fn(usize) -> Vec<Record>| tokens.iter().flat_map(|&n| work(n)).collect();
        match job {
            Job::Gemm => each(&|tokens| gemm::run::<B>(settings, tokens, &device)),
            Job::Attention => each(&|tokens| attention::run::<B>(settings, tokens, &device)),
            Job::Forward => each(&|tokens| forward::run::<B>(settings, tokens, &device)),
            Job::Train => train_step::run::<B>(settings, &device),
            Job::Sample => sample::run::<B>(settings, &device),
            Job::Load => load::run::<B>(settings, &device),
        }
    }
}

impl Job {
    /// Whether `xtask/pytorch` has it too.
    pub fn is_in_pytorch(self) -> bool {
        self != Self::Load
    }
}

//! A solver on the command line.

use clap::ValueEnum;
use pixelflow::sampler::SolverKind;

/// A solver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SolverArgument {
    /// First order, one evaluation a step.
    Euler,
    /// Second order, two evaluations a step, the last of them where it leaves noise: Euler draws better.
    Heun,
    /// Fifth order with adaptive steps.
    Dopri5,
    /// Second order, one evaluation a step (Adams and Bashforth).
    Ab2,
    /// Third order, one evaluation a step and one more in a stage's first.
    Ab3,
    /// DPM-Solver++ (2M): second order, one evaluation a step.
    Dpmpp2m,
    /// UniPC: second order, one evaluation a step.
    Unipc,
}

impl From<SolverArgument> for SolverKind {
    fn from(argument: SolverArgument) -> Self {
        match argument {
            SolverArgument::Euler => Self::Euler,
            SolverArgument::Heun => Self::Heun,
            SolverArgument::Dopri5 => Self::Dopri5,
            SolverArgument::Ab2 => Self::Ab2,
            SolverArgument::Ab3 => Self::Ab3,
            SolverArgument::Dpmpp2m => Self::Dpmpp2m,
            SolverArgument::Unipc => Self::Unipc,
        }
    }
}

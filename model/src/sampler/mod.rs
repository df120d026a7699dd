//! Sampling: solvers, guidance, and the run through the stages.
//!
//! Euler and Dopri5 have a `reference` behaviour, equal to the PyTorch implementation's numbers, and
//! our default, which repairs what that gets wrong (see [`SamplerConfig::reference`]).

mod conditions;
mod config;
mod dopri5;
mod editing;
#[cfg(all(test, feature = "flex"))]
mod editing_tests;
mod euler;
mod fixed_steps;
mod guidance;
mod guidance_rule;
mod halving;
mod heun;
mod initial_noise;
mod known;
mod multistep;
mod network_calls;
mod networks;
mod observer;
mod original;
mod path;
mod pixels;
mod read_back;
mod resume;
mod run;
mod saved_state;
mod solver;
mod stage_cache;
mod stepper;
#[cfg(all(test, feature = "flex"))]
mod stepper_tests;
mod velocity;

pub use conditions::Conditions;
pub use config::{Sampler, SamplerConfig, SolverKind};
pub use dopri5::{Dopri5, Tolerance, dopri5_reference};
pub use euler::{Times, euler_times};
pub use fixed_steps::solve_in_steps;
pub use guidance::Guidance;
pub use guidance_rule::GuidanceRule;
pub use initial_noise::{ImageKey, KeyedNoise, NoiseSource};
pub use networks::Networks;
pub(crate) use networks::check_guide;
pub use observer::{SampleObserver, Silent, StageStart};
pub use original::{MOST_REPETITIONS, Original, OriginalConfig};
pub(crate) use pixels::to_rgb8;
pub use run::Samples;
pub use saved_state::SavedState;
pub(crate) use stage_cache::MOST_MODULATIONS;
use stage_cache::StageCache;
pub use stepper::{Progress, Start, StepDone, Stepper};
use velocity::GuidedVelocity;
pub use velocity::{Rows, Velocity};

//! Sampling: solvers, guidance, and the run through the stages.
//!
//! Each solver has a `reference` behaviour, equal to the PyTorch implementation's numbers, and our
//! default, which repairs what that gets wrong (see [`SamplerConfig::reference`]).

mod conditions;
mod config;
mod dopri5;
mod euler;
mod guidance;
mod heun;
mod initial_noise;
mod observer;
mod pixels;
mod run;
mod stage_cache;
mod velocity;

pub use conditions::Conditions;
pub use config::{Sampler, SamplerConfig, SolverKind};
pub use dopri5::{Dopri5, Tolerance, dopri5_per_image, dopri5_reference};
pub use euler::{Times, euler, euler_times};
pub use guidance::Guidance;
pub use heun::heun;
pub use initial_noise::{ImageKey, KeyedNoise, NoiseSource};
pub use observer::{SampleObserver, Silent, StageStart};
pub use pixels::to_rgb8;
pub use run::Samples;
pub(crate) use stage_cache::MOST_MODULATIONS;
use stage_cache::StageCache;
pub use velocity::{GuidedVelocity, Rows, Velocity};

//! Faults that can be planted, to prove that the tests catch them.
//!
//! Without the feature `faults`, which only the conformance suite's self-test enables, nothing can be
//! planted and the compiler removes every trace.

use std::fmt;
use std::str::FromStr;

/// A mistake of the kind that the conformance suite exists for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The rotary embedding takes the row first and the column second.
    RotaryOrder,
    /// Self-attention's output projection forgets its bias.
    DroppedBias,
    /// Two strides are swapped where images are cut into tokens.
    TransposedStride,
    /// Norms add 1e-5 instead of 1e-6.
    Epsilon,
    /// The first two examples of a packed sequence see each other.
    AttentionLeak,
    /// The modulation of an earlier call is used again.
    StaleModulation,
    /// The sampler takes the timesteps of the next stage.
    StageOffByOne,
    /// The gradient of attention's keys is twice what it should be.
    KeyGradient,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::RotaryOrder,
        Self::DroppedBias,
        Self::TransposedStride,
        Self::Epsilon,
        Self::AttentionLeak,
        Self::StaleModulation,
        Self::StageOffByOne,
        Self::KeyGradient,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::RotaryOrder => "rotary-order",
            Self::DroppedBias => "dropped-bias",
            Self::TransposedStride => "transposed-stride",
            Self::Epsilon => "epsilon",
            Self::AttentionLeak => "attention-leak",
            Self::StaleModulation => "stale-modulation",
            Self::StageOffByOne => "stage-off-by-one",
            Self::KeyGradient => "key-gradient",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|fault| fault.name() == text);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("`{text}` is no fault; there are {names}")
        })
    }
}

#[cfg(feature = "faults")]
mod planted {
    use std::sync::{Mutex, OnceLock, PoisonError};

    use super::Fault;

    static PLANTED: OnceLock<Fault> = OnceLock::new();
    static STALE: Mutex<Vec<(usize, Vec<f32>)>> = Mutex::new(Vec::new());

    /// Plants a fault for the rest of the process; the first one stays.
    pub fn plant(fault: Fault) {
        let _ = PLANTED.set(fault);
    }

    pub(crate) fn is_planted(fault: Fault) -> bool {
        PLANTED.get() == Some(&fault)
    }

    /// The timesteps of the first call with as many examples.
    pub(crate) fn stale(timesteps: Vec<f32>) -> Vec<f32> {
        if !is_planted(Fault::StaleModulation) {
            return timesteps;
        }
        let mut seen = STALE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, old)) = seen.iter().find(|(count, _)| *count == timesteps.len()) {
            return old.clone();
        }
        seen.push((timesteps.len(), timesteps.clone()));
        timesteps
    }
}

#[cfg(feature = "faults")]
pub use planted::plant;
#[cfg(feature = "faults")]
pub(crate) use planted::{is_planted, stale};

/// Whether a fault is planted.
#[cfg(not(feature = "faults"))]
pub(crate) const fn is_planted(_: Fault) -> bool {
    false
}

/// The timesteps themselves.
#[cfg(not(feature = "faults"))]
pub(crate) fn stale(timesteps: Vec<f32>) -> Vec<f32> {
    timesteps
}

//! What the suite runs on.

use std::fmt;
use std::str::FromStr;

use pixelflow_host::device::DeviceKind;

use crate::Precision;

/// A backend in a precision, with or without kernel fusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The backend.
    pub backend: DeviceKind,
    /// The precision of weights and activations.
    pub precision: Precision,
    /// Whether Burn fuses operations into kernels; the CPU backend never does.
    pub fusion: bool,
}

/// Text that names no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no target: {reason}")]
pub struct TargetError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Target {
    /// The backend of a feature's name.
    pub fn backend_named(name: &str) -> Option<DeviceKind> {
        DeviceKind::ALL.into_iter().find(|kind| kind.feature() == name)
    }
}

/// `wgpu-f32-fusion`, `wgpu-f32`, `flex-f16`.
impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.backend.feature(), self.precision)?;
        formatter.write_str(if self.fusion { "-fusion" } else { "" })
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let error = |reason: String| TargetError { text: text.to_owned(), reason };
        let mut parts = text.split('-');
        let backend = parts.next().unwrap_or_default();
        let backend = Self::backend_named(backend)
            .ok_or_else(|| error(format!("there is no backend `{backend}`")))?;
        let precision = parts.next().unwrap_or_default().parse().map_err(error)?;
        let fusion = match parts.next() {
            None => false,
            Some("fusion") if backend != DeviceKind::Cpu => true,
            Some(other) => return Err(error(format!("`{other}` after the precision"))),
        };
        match parts.next() {
            None => Ok(Self { backend, precision, fusion }),
            Some(other) => Err(error(format!("`{other}` at the end"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_and_written_alike() {
        for text in ["flex-f32", "flex-bf16", "wgpu-f32", "vulkan-f16-fusion"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        for (text, reason) in [
            ("cpu-f32", "there is no backend `cpu`"),
            ("wgpu", "`` is no precision"),
            ("flex-f32-fusion", "`fusion` after the precision"),
            ("wgpu-f32-fusion-x", "`x` at the end"),
        ] {
            let message = text.parse::<Target>().unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
    }
}

//! The device that `--device` asks for, if it works.

use super::probe::probe;
use super::{Choice, Device, DeviceKind};

/// A device that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// No device has this name.
    #[error(
        "--device {name}: there is no such device; it is auto, cpu, wgpu, vulkan, metal, cuda or \
         rocm, or one of several such as cuda:1"
    )]
    Unknown {
        /// The name.
        name: String,
    },
    /// The program was compiled without it.
    #[error(
        "--device {name}: this program was compiled without it; \
         add --features {feature} to the cargo command (compiled in: {compiled})"
    )]
    NotCompiledIn {
        /// The device.
        name: String,
        /// The feature to add.
        feature: &'static str,
        /// What there is.
        compiled: String,
    },
    /// It is compiled in and does not work.
    #[error("--device {name} does not work here: {reason}; it needs {requirement}")]
    DoesNotWork {
        /// The device.
        name: String,
        /// What went wrong when it was tried.
        reason: String,
        /// What must be installed.
        requirement: &'static str,
    },
    /// `auto` found nothing.
    #[error("no device works here:{reasons}\nadd --features flex to the cargo command for the CPU")]
    Nothing {
        /// Why each did not, a line each.
        reasons: String,
    },
}

/// The device to compute on, tried out.
///
/// # Errors
/// [`DeviceError`] saying which feature to enable or what is missing.
pub fn select(name: &str) -> Result<Device, DeviceError> {
    match name.parse()? {
        Choice::Device(device) => {
            compiled_in(device)?;
            works(device)?;
            Ok(device)
        }
        Choice::Auto => {
            let mut reasons = Vec::new();
            for kind in DeviceKind::ALL.into_iter().filter(|kind| kind.is_compiled_in()) {
                let device = Device { kind, index: None };
                match works(device) {
                    Ok(()) => return Ok(device),
                    Err(error) => reasons.push(format!("\n  {error}")),
                }
            }
            Err(DeviceError::Nothing { reasons: reasons.concat() })
        }
    }
}

fn compiled_in(device: Device) -> Result<(), DeviceError> {
    if device.kind.is_compiled_in() {
        return Ok(());
    }
    let compiled = DeviceKind::ALL.into_iter().filter(|kind| kind.is_compiled_in());
    let compiled: Vec<&str> = compiled.map(DeviceKind::name).collect();
    Err(DeviceError::NotCompiledIn {
        name: device.to_string(),
        feature: device.kind.feature(),
        compiled: if compiled.is_empty() { "nothing".to_owned() } else { compiled.join(", ") },
    })
}

fn works(device: Device) -> Result<(), DeviceError> {
    // The processor always works, and starting a child costs time.
    if device.kind == DeviceKind::Cpu {
        return Ok(());
    }
    probe(device).map_err(|reason| DeviceError::DoesNotWork {
        name: device.to_string(),
        reason,
        requirement: device.kind.requirement(),
    })
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_always_works() {
        assert_eq!(select("cpu").unwrap().kind, DeviceKind::Cpu);
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_backend_that_is_not_compiled_in_is_named_with_its_feature() {
        let message = select("cuda:1").unwrap_err().to_string();
        assert!(message.contains("--device cuda:1"), "{message}");
        assert!(message.contains("add --features cuda"), "{message}");
        assert!(message.contains("compiled in: cpu"), "{message}");
    }
}

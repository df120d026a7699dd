//! The device that `--device` asks for, if it works.

use super::probe::probe;
use super::{Choice, Device, DeviceKind};
use crate::{Error, Result};

/// The device to compute on, tried out.
///
/// # Errors
/// [`Error::UnknownDevice`], [`Error::NotCompiledIn`], [`Error::DoesNotWork`] or [`Error::NoDevice`], saying
/// which feature to enable or what is missing.
pub fn select(name: &str) -> Result<Device> {
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
            Err(Error::NoDevice { reasons: reasons.concat() })
        }
    }
}

fn compiled_in(device: Device) -> Result<()> {
    if device.kind.is_compiled_in() {
        return Ok(());
    }
    let compiled = DeviceKind::ALL.into_iter().filter(|kind| kind.is_compiled_in());
    let compiled: Vec<&str> = compiled.map(DeviceKind::name).collect();
    Err(Error::NotCompiledIn {
        name: device.to_string(),
        feature: device.kind.feature(),
        compiled: if compiled.is_empty() { "nothing".to_owned() } else { compiled.join(", ") },
    })
}

fn works(device: Device) -> Result<()> {
    // The processor always works, and starting a child costs time.
    if device.kind == DeviceKind::Cpu {
        return Ok(());
    }
    probe(device).map_err(|reason| Error::DoesNotWork {
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

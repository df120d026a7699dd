//! Formats that a device computes in.

use pixelflow::ops::PixelFlowBackend;

use crate::arguments::NumberFormat;
use crate::{Error, Result};

/// Refuses a format, which the user has named with `argument`, that a device does not compute in.
///
/// # Errors
/// [`Error::Argument`].
pub fn refuse_unsupported<B: PixelFlowBackend>(
    argument: &'static str,
    format: NumberFormat,
    device: &B::Device,
) -> Result<()> {
    if B::supports_dtype(device, format.dtype()) {
        return Ok(());
    }
    Err(Error::Argument {
        argument,
        value: format!("{format:?}").to_lowercase(),
        reason: "this device does not compute in it; take another, or f32".to_owned(),
    })
}

//! Formats that a device computes in.

use burn::tensor::DType;
use pixelflow::ops::PixelFlowBackend;

use crate::{Error, Result};

/// Refuses a format, which the user has named with `argument`, that a device does not compute in.
///
/// # Errors
/// [`Error::UnsupportedFormat`].
pub fn refuse_unsupported<B: PixelFlowBackend>(
    argument: &'static str,
    format: DType,
    device: &B::Device,
) -> Result<()> {
    if B::supports_dtype(device, format) {
        return Ok(());
    }
    Err(Error::UnsupportedFormat { argument, format: format!("{format:?}").to_lowercase() })
}

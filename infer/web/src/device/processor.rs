//! The processor.

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;

/// Burn's backend for processors.
pub type Chosen = Flex;

/// The processor, which is always there, and its name.
// A graphics card has to be waited for.
#[allow(clippy::unused_async)]
pub async fn open() -> (FlexDevice, String) {
    let cores = if cfg!(feature = "threads") { "all cores of " } else { "" };
    (FlexDevice, format!("{cores}this browser's processor"))
}

//! The libraries CUDA and NCCL: loaded when they are asked for, and what they say in words.

use std::panic::catch_unwind;
use std::sync::{Arc, Once};

use cudarc::driver::{CudaContext, CudaStream, DriverError};
use cudarc::nccl::result::{NcclError, get_nccl_version};

use crate::two_ways::WIRE_THREAD;

/// A stream of the GPU with this number.
pub(super) fn stream_of(number: usize) -> Result<Arc<CudaStream>, String> {
    let context = catch_unwind(|| CudaContext::new(number))
        .map_err(|_| "CUDA's libcuda.so cannot be loaded; it comes with NVIDIA's driver")?
        .map_err(|error| cuda(&format!("GPU {number} cannot be used"), error))?;
    context.new_stream().map_err(|error| cuda("there is no stream", error))
}

/// Loads NCCL.
pub(super) fn look_for_nccl() -> Result<(), String> {
    let version = catch_unwind(get_nccl_version).map_err(|_| {
        "libnccl.so cannot be loaded; it comes with libnccl-dev, and LD_LIBRARY_PATH may say where it is (libnccl.so.2 \
         alone is not found: link libnccl.so to it)"
    })?;
    version.map(drop).map_err(|error| nccl("it does not say its version", error))
}

/// What NCCL says: it has only a name for it.
pub(super) fn nccl(what: &str, error: NcclError) -> String {
    format!("{what}: {:?}", error.0)
}

/// What CUDA says.
pub(super) fn cuda(what: &str, error: DriverError) -> String {
    format!("{what}: {:?}", error.0)
}

/// Prints no panic of the wire's thread: where a library or a function of it is missing, cudarc panics, and it becomes an
/// error like others.
pub(super) fn silence_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let printed = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().name() != Some(WIRE_THREAD) {
                printed(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_missing_is_named() {
        if let Err(error) = stream_of(0) {
            assert!(error.contains("libcuda.so") || error.contains("GPU 0"), "{error}");
        }
        if let Err(error) = look_for_nccl() {
            assert!(error.contains("libnccl.so"), "{error}");
        }
    }
}

//! From the name of a device to a backend's type.

#[cfg(any(feature = "wgpu", feature = "vulkan", feature = "metal"))]
use burn::backend::wgpu::WgpuDevice;
use pixelflow::ops::PixelFlowBackend;

use super::Device;
#[allow(unused_imports)] // Without any backend there is no kind to name.
use super::DeviceKind;

/// Work that can be done on any backend.
///
/// It is compiled once for each backend: keep it thin.
pub trait OnBackend {
    /// What it returns.
    type Output;

    /// Does it on `device`.
    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output;
}

impl Device {
    /// Does `work` on this device.
    ///
    /// # Panics
    /// If the device's kind is not compiled in, which [`select`](super::select) rules out.
    pub fn run<W: OnBackend>(self, work: W) -> W::Output {
        match self.kind {
            #[cfg(feature = "flex")]
            DeviceKind::Cpu => work.run::<burn::backend::Flex>(burn::backend::flex::FlexDevice),
            #[cfg(feature = "wgpu")]
            DeviceKind::Wgpu => work.run::<burn::backend::Wgpu>(wgpu_device(self.index)),
            #[cfg(feature = "vulkan")]
            DeviceKind::Vulkan => work.run::<burn::backend::Vulkan>(wgpu_device(self.index)),
            #[cfg(feature = "metal")]
            DeviceKind::Metal => work.run::<burn::backend::Metal>(wgpu_device(self.index)),
            #[cfg(feature = "cuda")]
            DeviceKind::Cuda => {
                let device = burn::backend::cuda::CudaDevice::new(self.index.unwrap_or(0));
                work.run::<burn::backend::Cuda>(device)
            }
            #[cfg(feature = "rocm")]
            DeviceKind::Rocm => {
                let device = burn::backend::rocm::RocmDevice::new(self.index.unwrap_or(0));
                work.run::<burn::backend::Rocm>(device)
            }
            #[allow(unreachable_patterns)] // Reachable unless all features are on.
            kind => {
                drop(work);
                panic!("{} is not compiled in", kind.name())
            }
        }
    }
}

#[cfg(any(feature = "wgpu", feature = "vulkan", feature = "metal"))]
fn wgpu_device(index: Option<usize>) -> WgpuDevice {
    index.map_or(WgpuDevice::DefaultDevice, WgpuDevice::DiscreteGpu)
}

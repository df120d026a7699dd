//! The graphics card, through WebGPU.

use burn::backend::Wgpu;
use burn::backend::wgpu::graphics::AutoGraphicsApi;
use burn::backend::wgpu::{RuntimeOptions, WgpuDevice, init_setup_async};

/// Burn's backend for WebGPU, without kernel fusion and autotuning, which would make the program larger.
pub type Chosen = Wgpu;

/// The graphics card that the browser gives, and its name. Ends the program if there is none: the page asks the
/// browser first.
pub async fn open() -> (WgpuDevice, String) {
    let device = WgpuDevice::DefaultDevice;
    let setup = init_setup_async::<AutoGraphicsApi>(&device, RuntimeOptions::default()).await;
    let name = setup.adapter.get_info().name;
    let name = if name.is_empty() { "graphics card".to_owned() } else { name };
    (device, format!("{name}, through WebGPU"))
}

//! What a backend says of its device.

use pixelflow::ops::PixelFlowBackend;
use pixelflow_host::device::DeviceKind;

use super::{DeviceInfo, Target};
use crate::Precision;

/// XL's head size.
const HEAD_DIM: usize = 72;

/// Asks the backend, and whoever else knows the device.
///
/// # Panics
/// If there is no such device: some backends have no other way to say so.
pub(super) fn device_info<B: PixelFlowBackend>(target: Target, device: &B::Device) -> DeviceInfo {
    // First: afterwards the runtime is set up, and there is nothing to ask any more.
    let hardware = hardware(target.backend);
    let precisions: Vec<Precision> = Precision::ALL
        .into_iter()
        .filter(|precision| B::supports_dtype(device, precision.dtype()))
        .collect();
    let attention = precisions
        .iter()
        .map(|precision| {
            let form = B::attention_form(HEAD_DIM, precision.dtype(), device);
            format!("{precision}: {form}")
        })
        .collect::<Vec<_>>()
        .join(", ");
    DeviceInfo {
        backend: B::name(device),
        precisions: precisions.iter().map(Precision::to_string).collect(),
        attention: format!("head_dim {HEAD_DIM}: {attention}"),
        ..hardware
    }
}

fn hardware(backend: DeviceKind) -> DeviceInfo {
    match backend {
        DeviceKind::Cpu => processor(),
        DeviceKind::Wgpu | DeviceKind::Vulkan | DeviceKind::Metal => graphics(),
        DeviceKind::Cuda => command("nvidia-smi", &NVIDIA_QUERY),
        DeviceKind::Rocm => command("rocminfo", &[]),
    }
}

fn processor() -> DeviceInfo {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let kibibytes = field(&read("/proc/meminfo"), "MemTotal")
        .and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    DeviceInfo {
        adapter: field(&read("/proc/cpuinfo"), "model name")
            .unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        memory: kibibytes.map(|count| count << 10),
        ..DeviceInfo::default()
    }
}

#[cfg(any(feature = "wgpu", feature = "vulkan", feature = "metal"))]
fn graphics() -> DeviceInfo {
    use burn::backend::wgpu::{RuntimeOptions, WgpuDevice, graphics::AutoGraphicsApi, init_setup};
    let options = RuntimeOptions::default();
    let setup = init_setup::<AutoGraphicsApi>(&WgpuDevice::DefaultDevice, options);
    let info = setup.adapter.get_info();
    DeviceInfo {
        adapter: format!("{} ({:?}, {:?})", info.name, info.device_type, info.backend),
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        largest_buffer: Some(setup.device.limits().max_buffer_size),
        ..DeviceInfo::default()
    }
}

#[cfg(not(any(feature = "wgpu", feature = "vulkan", feature = "metal")))]
fn graphics() -> DeviceInfo {
    DeviceInfo::default()
}

const NVIDIA_QUERY: [&str; 2] =
    ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader,nounits"];

/// From the first line of a vendor's tool: name, driver, memory in MiB.
fn command(program: &str, arguments: &[&str]) -> DeviceInfo {
    let output = std::process::Command::new(program).args(arguments).output();
    let text = output.map_or(String::new(), |o| String::from_utf8_lossy(&o.stdout).into_owned());
    let mut fields = text.lines().next().unwrap_or_default().split(',');
    let mut next = || fields.next().unwrap_or_default().trim().to_owned();
    DeviceInfo {
        adapter: next(),
        driver: next(),
        memory: next().parse::<u64>().ok().map(|count| count << 20),
        ..DeviceInfo::default()
    }
}

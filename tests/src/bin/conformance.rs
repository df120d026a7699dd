//! All cases of the conformance suite on one target, in a process that may die.
//!
//! `cargo xtask check-backends` starts it and reads the events it prints, one JSON object a line.

#![deny(clippy::print_stdout, clippy::print_stderr)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
#[cfg(any(
    feature = "wgpu",
    feature = "vulkan",
    feature = "metal",
    feature = "cuda",
    feature = "rocm"
))]
use pixelflow_host::device::OnBackend;
use pixelflow_host::device::{Device, DeviceKind};
use pixelflow_host::output::say;
use pixelflow_host::program;
use tests::conformance::{Event, Job, Run, RunResult, Target};

#[derive(Debug, Parser)]
#[command(about = "All cases of the conformance suite on one target; prints events as JSON lines")]
struct Arguments {
    /// Backend, precision and fusion: `wgpu-f32-fusion`
    #[arg(long)]
    target: Target,
    /// Folder of the fixtures
    #[arg(long, value_name = "DIR")]
    fixtures: PathBuf,
    /// An existing folder for what the target writes
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
    /// Only the cases whose name contains this
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Not the demo, and of the fixtures only the first file of each kind
    #[arg(long)]
    quick: bool,
    /// `NAME=DIR`: read the checkpoint that another target wrote to its folder
    #[arg(long, value_parser = named_folder)]
    read: Vec<(String, PathBuf)>,
    /// Only say what the device is
    #[arg(long)]
    probe: bool,
}

fn named_folder(text: &str) -> Result<(String, PathBuf), String> {
    let (name, folder) = text.split_once('=').ok_or("it is not NAME=DIR")?;
    Ok((name.to_owned(), folder.into()))
}

fn main() -> ExitCode {
    program::run(1, run)
}

fn run(arguments: Arguments) -> Result<ExitCode, String> {
    let job = Job {
        target: arguments.target,
        fixtures: arguments.fixtures,
        folder: arguments.folder,
        filter: arguments.filter,
        quick: arguments.quick,
        checkpoints: arguments.read,
        probe: arguments.probe,
    };
    // Each line at once: the process may die at any time.
    let mut listener = |event: &Event| {
        let _ = serde_json::to_string(event).map(say);
    };
    on_target(job.target, Run { job: &job, listener: &mut listener })?;
    Ok(ExitCode::SUCCESS)
}

/// Does the run on the target's backend: with kernel fusion it is another type.
fn on_target(target: Target, run: Run<'_>) -> RunResult {
    let device = Device { kind: target.backend, index: None };
    if !target.backend.is_compiled_in() {
        return Err(format!("{} is not compiled in", target.backend.feature()));
    }
    match target.backend {
        DeviceKind::Cpu => device.run(run),
        _ if target.fusion => device.run(run),
        #[cfg(any(feature = "wgpu", feature = "vulkan", feature = "metal"))]
        DeviceKind::Wgpu | DeviceKind::Vulkan | DeviceKind::Metal => {
            use burn::backend::wgpu::{CubeBackend, WgpuDevice, WgpuRuntime};
            // Booleans as in Burn's own type of each backend.
            let device = WgpuDevice::DefaultDevice;
            if target.backend == DeviceKind::Wgpu {
                run.run::<CubeBackend<WgpuRuntime, f32, i32, u32>>(device)
            } else {
                run.run::<CubeBackend<WgpuRuntime, f32, i32, u8>>(device)
            }
        }
        #[cfg(feature = "cuda")]
        DeviceKind::Cuda => {
            use burn_cubecl::{CubeBackend, cubecl::cuda::CudaRuntime};
            let device = burn::backend::cuda::CudaDevice::new(0);
            run.run::<CubeBackend<CudaRuntime, f32, i32, u8>>(device)
        }
        #[cfg(feature = "rocm")]
        DeviceKind::Rocm => {
            use burn_cubecl::{CubeBackend, cubecl::hip::HipRuntime};
            let device = burn::backend::rocm::RocmDevice::new(0);
            run.run::<CubeBackend<HipRuntime, f32, i32, u8>>(device)
        }
        #[allow(unreachable_patterns)] // Reachable unless all features are on.
        other => Err(format!("{} is not compiled in", other.feature())),
    }
}

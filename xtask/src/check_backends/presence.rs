//! Whether a backend can be here at all: looked up before minutes of compiling.
//!
//! This only rules backends out. What is not ruled out is compiled and tried out in a process.

use std::path::PathBuf;
use std::process::Command;

use pixelflow_host::device::DeviceKind;

/// Looks for what the backend cannot do without.
///
/// # Errors
/// What was not found, and where it was looked for.
pub fn presence(backend: DeviceKind) -> Result<(), String> {
    let on = |system: &str| std::env::consts::OS == system;
    match backend {
        DeviceKind::Metal if !on("macos") => {
            Err(format!("Metal is on macOS only; this is {}", std::env::consts::OS))
        }
        DeviceKind::Wgpu | DeviceKind::Vulkan if on("linux") => {
            library("libvulkan.so.1", "Vulkan loader")
        }
        DeviceKind::Cpu | DeviceKind::Wgpu | DeviceKind::Metal => Ok(()),
        DeviceKind::Vulkan if on("windows") => library("vulkan-1.dll", "Vulkan loader"),
        DeviceKind::Vulkan => Err(format!("no Vulkan on {}", std::env::consts::OS)),
        DeviceKind::Cuda if on("windows") => library("nvcuda.dll", "NVIDIA driver"),
        DeviceKind::Cuda => library("libcuda.so.1", "NVIDIA driver"),
        DeviceKind::Rocm => library("libamdhip64.so", "ROCm runtime"),
    }
}

/// The reason in the words of whoever looks at the table.
///
/// A backend without an adapter panics; its message names an implementation detail.
pub fn reason(backend: DeviceKind, message: &str) -> String {
    let is_graphics = matches!(backend, DeviceKind::Wgpu | DeviceKind::Vulkan | DeviceKind::Metal);
    if is_graphics && message.contains("No possible adapter available") {
        return match backend {
            DeviceKind::Metal => "no Metal adapter (0 devices)".to_owned(),
            _ if std::env::consts::OS == "linux" => {
                "no Vulkan adapter (loader found, 0 devices)".to_owned()
            }
            _ => "no graphics adapter (0 devices)".to_owned(),
        };
    }
    message.to_owned()
}

fn library(name: &str, what: &str) -> Result<(), String> {
    let folders = folders();
    let is_there = folders.iter().any(|folder| {
        let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
        names
            .filter_map(|entry| entry.file_name().into_string().ok())
            .any(|found| found == name || found.starts_with(&format!("{name}.")))
    });
    if is_there || linker_knows(name) {
        Ok(())
    } else {
        Err(format!(
            "no {what} ({name} is neither known to the dynamic linker nor in {} library folders)",
            folders.len()
        ))
    }
}

/// What `ldconfig` lists; nothing where there is no `ldconfig`.
fn linker_knows(name: &str) -> bool {
    ["ldconfig", "/sbin/ldconfig"].iter().any(|program| {
        let output = Command::new(program).arg("-p").output();
        output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(name))
    })
}

/// Where libraries are looked for besides.
fn folders() -> Vec<PathBuf> {
    const SYSTEM: [&str; 8] = [
        "/usr/lib",
        "/usr/lib64",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib/wsl/lib",
        "/usr/local/cuda/lib64",
        "/opt/rocm/lib",
        "C:\\Windows\\System32",
    ];
    let path = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let given: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let system = SYSTEM.iter().map(PathBuf::from);
    given.into_iter().chain(system).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_always_there_and_what_is_not_is_named() {
        assert_eq!(presence(DeviceKind::Cpu), Ok(()));
        let missing = library("libno-such-thing.so.7", "driver of nothing").unwrap_err();
        assert!(missing.starts_with("no driver of nothing (libno-such-thing.so.7"));
    }

    #[test]
    fn a_missing_adapter_is_said_in_plain_words() {
        let panic = "No possible adapter available for backend. Falling back to first: NotFound";
        assert!(reason(DeviceKind::Vulkan, panic).contains("0 devices"));
        assert_eq!(reason(DeviceKind::Cuda, "no driver"), "no driver");
    }
}

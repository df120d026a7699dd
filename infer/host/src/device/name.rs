//! The names that `--device` takes.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// A kind of device: each is a cargo feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// The processor: feature `flex`.
    Cpu,
    /// A GPU through WebGPU's shaders on Vulkan, Metal or DX12: feature `wgpu`.
    Wgpu,
    /// A GPU through Vulkan and SPIR-V: feature `vulkan`.
    Vulkan,
    /// An Apple GPU: feature `metal`.
    Metal,
    /// An NVIDIA GPU: feature `cuda`.
    Cuda,
    /// An AMD GPU: feature `rocm`.
    Rocm,
}

impl DeviceKind {
    /// All kinds, the fastest first: the order in which `auto` tries them.
    pub const ALL: [Self; 6] =
        [Self::Cuda, Self::Rocm, Self::Metal, Self::Vulkan, Self::Wgpu, Self::Cpu];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Wgpu => "wgpu",
            Self::Vulkan => "vulkan",
            Self::Metal => "metal",
            Self::Cuda => "cuda",
            Self::Rocm => "rocm",
        }
    }

    /// The cargo feature that compiles it in.
    pub fn feature(self) -> &'static str {
        match self {
            Self::Cpu => "flex",
            other => other.name(),
        }
    }

    /// Whether it is compiled in.
    pub fn is_compiled_in(self) -> bool {
        match self {
            Self::Cpu => cfg!(feature = "flex"),
            Self::Wgpu => cfg!(feature = "wgpu"),
            Self::Vulkan => cfg!(feature = "vulkan"),
            Self::Metal => cfg!(feature = "metal"),
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Rocm => cfg!(feature = "rocm"),
        }
    }

    /// What must be installed for it to work.
    pub(super) fn requirement(self) -> &'static str {
        match self {
            Self::Cpu => "nothing",
            Self::Wgpu => "a driver for Vulkan, Metal or DX12",
            Self::Vulkan => "a Vulkan driver (on Debian: mesa-vulkan-drivers, or your GPU's)",
            Self::Metal => "macOS on a machine with Metal",
            Self::Cuda => "the NVIDIA driver, and CUDA's headers where CUDA_PATH says",
            Self::Rocm => "the AMD driver and ROCm",
        }
    }
}

/// One device: a kind, and which one of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its kind.
    pub kind: DeviceKind,
    /// Which one; `None` for the backend's default. Of wgpu, vulkan and metal, the discrete GPUs are
    /// counted.
    pub index: Option<usize>,
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.kind.name())?;
        self.index.map_or(Ok(()), |index| write!(formatter, ":{index}"))
    }
}

/// What `--device` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The best device that is compiled in and works.
    Auto,
    /// This one.
    Device(Device),
}

impl FromStr for Choice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unknown = || Error::UnknownDevice { name: text.to_owned() };
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let (kind, index) = match text.split_once(':') {
            None => (text, None),
            Some((kind, index)) => (kind, Some(index.parse().map_err(|_| unknown())?)),
        };
        let kind = DeviceKind::ALL.into_iter().find(|known| known.name() == kind);
        let kind = kind.ok_or_else(unknown)?;
        if kind == DeviceKind::Cpu && index.is_some() {
            return Err(unknown());
        }
        Ok(Self::Device(Device { kind, index }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_alike() {
        for name in ["cpu", "wgpu", "vulkan", "metal", "cuda", "rocm", "cuda:1", "wgpu:0"] {
            let Ok(Choice::Device(device)) = name.parse() else { panic!("{name}") };
            assert_eq!(device.to_string(), name);
        }
        assert_eq!("auto".parse::<Choice>().unwrap(), Choice::Auto);
    }

    #[test]
    fn other_names_are_refused_with_the_known_ones() {
        for name in ["gpu", "cuda:", "cuda:x", "cuda:-1", "cpu:1", ""] {
            let message = name.parse::<Choice>().unwrap_err().to_string();
            assert!(message.contains(name) && message.contains("auto, cpu, wgpu"), "{message}");
        }
    }
}

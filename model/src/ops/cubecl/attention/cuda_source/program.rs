//! CUDA source as a program of the CPU.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A little of CUDA, in threads.
const CPU: &str = include_str!("cpu.hpp");
/// What the sources include; the first has all of it.
const HEADERS: [&str; 4] = ["cuda_runtime.h", "cuda_fp16.h", "cuda_bf16.h", "mma.h"];

/// What a program is watched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    Nothing,
    /// Units that read or write a place of memory without a barrier after another's write.
    Races,
}

/// A kernel, compiled by the system's C++ compiler.
pub struct Program {
    /// Is removed with it.
    _folder: TempDir,
    path: PathBuf,
}

impl Program {
    /// Of a kernel for planes of so many units.
    pub fn new(source: &str, plane: usize, watch: Watch) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        for (header, text) in HEADERS.into_iter().zip([CPU, "", "", ""]) {
            fs::write(place(header), text).unwrap();
        }
        let (file, path) = (place("kernel.cpp"), place("kernel"));
        fs::write(&file, format!("{source}\nint main() {{ return run(kernel); }}\n")).unwrap();
        let watching = match watch {
            Watch::Nothing => None,
            Watch::Races => Some("-fsanitize=thread"),
        };
        let compiled = Command::new("c++")
            .args(["-std=c++20", "-O1", "-w", "-pthread"])
            .args(watching)
            .arg(format!("-DPLANE={plane}"))
            .arg("-I")
            .arg(folder.path())
            .arg("-o")
            .args([&path, &file])
            .status()
            .expect("a C++ compiler, c++");
        assert!(compiled.success(), "c++ refuses the kernel");
        Self { _folder: folder, path }
    }

    /// The buffers after a run with so many cubes along three dimensions, and units of a cube along two.
    ///
    /// # Errors
    /// What it was watched for, if that was found.
    pub fn run(&self, buffers: Vec<Vec<u8>>, grid: [u32; 5]) -> Result<Vec<Vec<u8>>, String> {
        let header = grid.into_iter().chain([buffers.len() as u32]);
        let mut input: Vec<u8> = header.flat_map(u32::to_le_bytes).collect();
        for buffer in &buffers {
            input.extend((buffer.len() as u32).to_le_bytes());
            input.extend(buffer);
        }
        let mut running = Command::new(&self.path)
            .env("TSAN_OPTIONS", "halt_on_error=1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It reads everything before it does anything.
        running.stdin.take().unwrap().write_all(&input).unwrap();
        let output = running.wait_with_output().unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let mut rest = output.stdout.as_slice();
        let buffers = buffers.iter().map(|buffer| {
            let (own, others) = rest.split_at(buffer.len());
            rest = others;
            own.to_vec()
        });
        Ok(buffers.collect())
    }
}

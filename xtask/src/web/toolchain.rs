//! The compiler for browsers.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::cargo::without_our_package;

/// What is compiled for.
pub const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's compiler, which can make the standard library itself (packages rustc-web, rust-web-src, lld).
const DEBIAN: [&str; 2] = ["/usr/bin/cargo", "/usr/bin/rustc"];

/// Debian's linker.
const LINKER: &str = "/usr/bin/wasm-ld";

/// Has cargo compile the standard library, too.
const WITH_STD: &[&str] = &["-Zbuild-std=std,panic_abort"];

/// A cargo that compiles for browsers, and what it has to be told: rustup's where it has the target, else Debian's.
/// `with_std` asks for a standard library of our own, for memory that threads share.
///
/// # Errors
/// If there is neither, with what to install.
pub fn cargo(with_std: bool) -> Result<(Command, &'static [&'static str])> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output()?;
    let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let library = Path::new(&sysroot).join("lib/rustlib");
    if with_std && library.join("src/rust/library").is_dir() {
        let mut cargo = crate::cargo::cargo();
        // A stable compiler does it only if it is told that it may.
        cargo.env("RUSTC_BOOTSTRAP", "1");
        return Ok((cargo, WITH_STD));
    }
    if !with_std && library.join(TARGET).join("lib").is_dir() {
        return Ok((crate::cargo::cargo(), &[]));
    }
    let sources = Path::new("/usr/lib/rustlib/src/rust/library").exists()
        || Path::new("/usr/src").read_dir().is_ok_and(|mut entries| {
            entries.any(|entry| {
                entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("rustc-"))
            })
        });
    if !(DEBIAN.iter().all(|program| Path::new(program).exists()) && sources) {
        let fetch = if with_std {
            "component add rust-src".to_owned()
        } else {
            format!("target add {TARGET}")
        };
        bail!(
            "no compiler for {TARGET} is here; `rustup {fetch}` fetches what it needs (on Debian, \
             `apt-get install rustc-web cargo-web rust-web-src lld` has one too)"
        );
    }
    let mut cargo = without_our_package(Command::new(DEBIAN[0]));
    cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTC", DEBIAN[1]);
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", LINKER);
    Ok((cargo, WITH_STD))
}

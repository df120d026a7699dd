//! The compiler for browsers.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

/// What is compiled for.
pub const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's compiler, which can make the standard library itself (packages rustc-web, rust-web-src, lld).
const DEBIAN: [&str; 2] = ["/usr/bin/cargo", "/usr/bin/rustc"];

/// Debian's linker.
const LINKER: &str = "/usr/bin/wasm-ld";

/// A cargo that compiles for browsers: rustup's where it has the target, else Debian's.
///
/// # Errors
/// If there is neither, with what to install.
pub fn cargo() -> Result<(Command, &'static [&'static str])> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output()?;
    let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if Path::new(&sysroot).join("lib/rustlib").join(TARGET).join("lib").is_dir() {
        return Ok((Command::new(env!("CARGO")), &[]));
    }
    let sources = Path::new("/usr/lib/rustlib/src/rust/library").exists()
        || Path::new("/usr/src").read_dir().is_ok_and(|mut entries| {
            entries.any(|entry| {
                entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("rustc-"))
            })
        });
    if !(DEBIAN.iter().all(|program| Path::new(program).exists()) && sources) {
        bail!(
            "no compiler for {TARGET} is here; `rustup target add {TARGET}` fetches one (on Debian, \
             `apt-get install rustc-web cargo-web rust-web-src lld` has one too)"
        );
    }
    let mut cargo = Command::new(DEBIAN[0]);
    // The standard library is compiled too, which a stable compiler does only if it is told that it may.
    cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTC", DEBIAN[1]);
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", LINKER);
    Ok((cargo, &["-Zbuild-std=std,panic_abort"]))
}

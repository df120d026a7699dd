//! A library that disturbs the calls by which a program changes files.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The library, in a folder, compiled with the compiler that links Rust's programs, too; it is preloaded (`LD_PRELOAD`).
pub fn library(folder: &Path) -> PathBuf {
    let path = folder.join("faults.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/faults.c");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let status = Command::new(compiler)
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", source, "-ldl", "-o"])
        .arg(&path)
        .status()
        .expect("there is a C compiler");
    assert!(status.success());
    path
}

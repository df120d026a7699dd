//! The programs for browsers, as WebAssembly with JavaScript around them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::{BINDGEN, toolchain};

/// What all are compiled with: randomness, which nothing here needs, comes from JavaScript.
const FLAGS: [&str; 2] = ["--cfg", r#"getrandom_backend="wasm_js""#];

/// What memory that threads share asks of compiler and linker: at most a gigabyte of it, which JavaScript makes and
/// each thread is given, with what belongs to one thread alone.
const SHARED_MEMORY: [&str; 7] = [
    "-Clink-arg=--shared-memory",
    "-Clink-arg=--max-memory=1073741824",
    "-Clink-arg=--import-memory",
    "-Clink-arg=--export=__wasm_init_tls",
    "-Clink-arg=--export=__tls_size",
    "-Clink-arg=--export=__tls_align",
    "-Clink-arg=--export=__tls_base",
];

/// A program for browsers.
#[derive(Debug)]
pub struct Program {
    /// What the page calls it.
    kind: &'static str,
    /// What its files are called.
    name: &'static str,
    /// The feature of `pixelflow-web` that says where it computes.
    feature: &'static str,
    /// Whether its threads share memory.
    is_shared: bool,
}

/// All programs; the last is built on demand.
const ALL: [Program; 3] = [
    Program { kind: "cpu", name: "pixelflow_web", feature: "processor", is_shared: false },
    Program { kind: "gpu", name: "pixelflow_web_gpu", feature: "webgpu", is_shared: false },
    Program { kind: "threads", name: "pixelflow_web_threads", feature: "threads", is_shared: true },
];

impl Program {
    /// Those to build.
    pub fn all(with_threads: bool) -> &'static [Self] {
        if with_threads { &ALL } else { &ALL[..2] }
    }

    /// The page's table of programs, as JavaScript.
    pub fn table(programs: &[Self]) -> String {
        let line = |program: &Self| format!("  {}: \"./{}.js\",\n", program.kind, program.name);
        let lines: String = programs.iter().map(line).collect();
        format!("// Written by `cargo xtask web`.\nexport const PROGRAMS = {{\n{lines}}};\n")
    }

    /// Its files, of which the first is the larger.
    pub fn files(&self) -> [String; 2] {
        [format!("{}_bg.wasm", self.name), format!("{}.js", self.name)]
    }

    /// Compiles it, and writes its files to the folder `page`.
    ///
    /// # Errors
    /// If there is no compiler, or it does not compile.
    pub fn write(&self, root: &Path, page: &Path) -> Result<()> {
        let program = self.compile(root)?;
        // `wasm-opt` makes it no smaller after gzip.
        let status = Command::new(BINDGEN)
            .args(["--target", "web", "--no-typescript"])
            .args(["--remove-name-section", "--remove-producers-section"])
            .args(["--out-name", self.name, "--out-dir"])
            .arg(page)
            .arg(program)
            .status()?;
        if !status.success() {
            bail!("{BINDGEN} ended with {status}");
        }
        Ok(())
    }

    fn compile(&self, root: &Path) -> Result<PathBuf> {
        let (mut cargo, more) = toolchain::cargo(self.is_shared)?;
        // With other flags all is compiled anew, even the standard library.
        let target = root.join(if self.is_shared { "target/wasm-threads" } else { "target/wasm" });
        // Vectors are in all browsers since 2023.
        let (vectors, shared) =
            ("-Ctarget-feature=+simd128", "-Ctarget-feature=+simd128,+atomics,+bulk-memory");
        let mut flags = FLAGS.to_vec();
        flags.push(if self.is_shared { shared } else { vectors });
        flags.extend(SHARED_MEMORY.iter().filter(|_| self.is_shared));
        let status = cargo
            .current_dir(root)
            .args(["build", "-p", "pixelflow-web", "--profile", "web", "--locked"])
            .args(["--no-default-features", "--features", &format!("bindings,{}", self.feature)])
            .args(["--target", toolchain::TARGET])
            .args(more)
            .env("CARGO_TARGET_DIR", &target)
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
            .status()?;
        if !status.success() {
            bail!("the program for browsers does not compile: {status}");
        }
        Ok(target.join(toolchain::TARGET).join("web/pixelflow_web.wasm"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_knows_the_programs_that_are_built() {
        let table = Program::table(Program::all(false));
        assert!(table.contains(r#"cpu: "./pixelflow_web.js""#), "{table}");
        assert!(table.contains(r#"gpu: "./pixelflow_web_gpu.js""#), "{table}");
        assert!(!table.contains("threads"), "{table}");
        assert!(Program::table(Program::all(true)).contains("threads: "));
    }
}

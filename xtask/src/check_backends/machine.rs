//! Where and with what the suite ran.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// The crates that compute; their versions are in the report.
const CRATES: [&str; 10] = [
    "burn",
    "burn-flex",
    "burn-cubecl",
    "burn-fusion",
    "burn-wgpu",
    "burn-cuda",
    "cubecl",
    "cubek",
    "naga",
    "wgpu",
];

/// The time, as RFC 3339.
pub fn now() -> String {
    humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string()
}

/// How this program was called.
pub fn command_line() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("cargo xtask {}", arguments.join(" "))
}

/// Operating system, processor, memory.
pub fn machine() -> BTreeMap<String, String> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let threads = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let mut machine = BTreeMap::from([
        ("system".to_owned(), system),
        ("threads".to_owned(), threads.to_string()),
    ]);
    let processor = field(&read("/proc/cpuinfo"), "model name");
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let known = [("processor", processor), ("memory", memory)];
    for (name, value) in known {
        machine.extend(value.map(|value| (name.to_owned(), value)));
    }
    machine
}

/// Versions of this project, of the compiler, and of the crates that compute.
pub fn versions() -> BTreeMap<String, String> {
    let first_line = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().next()?.trim().to_owned();
        (!line.is_empty()).then_some(line)
    };
    let mut versions =
        BTreeMap::from([("pixelflow".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]);
    let commit = first_line("git", &["describe", "--always", "--dirty"]);
    let compiler = first_line("rustc", &["--version"]);
    for (name, version) in [("commit", commit), ("rustc", compiler)] {
        versions.extend(version.map(|version| (name.to_owned(), version)));
    }
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let lock = std::fs::read_to_string(lock).unwrap_or_default();
    versions.extend(locked(&lock));
    versions
}

/// Versions of [`CRATES`] in a lock file.
fn locked(lock: &str) -> BTreeMap<String, String> {
    let quoted = |line: &str, key: &str| {
        let value = line.strip_prefix(key)?.trim().strip_prefix("= \"")?;
        Some(value.trim_end_matches('"').to_owned())
    };
    let lines: Vec<&str> = lock.lines().collect();
    let package = |pair: &[&str]| {
        let (name, version) = (quoted(pair[0], "name")?, quoted(pair[1], "version")?);
        CRATES.contains(&name.as_str()).then_some((name, version))
    };
    lines.windows(2).filter_map(package).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_lock_file() {
        let lock = "[[package]]\nname = \"burn\"\nversion = \"0.21.0\"\n\n[[package]]\nname = \"x\"\nversion = \"1\"\n";
        let expected = BTreeMap::from([("burn".to_owned(), "0.21.0".to_owned())]);
        assert_eq!(locked(lock), expected);
        assert_eq!(versions()["burn"], "0.21.0");
    }
}

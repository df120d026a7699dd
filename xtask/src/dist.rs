//! `cargo xtask dist`: an archive with the programs and what belongs to them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use humantime::format_duration;
use pixelflow::durable;
use pixelflow_host::output::say;

use crate::cargo::cargo;
use crate::repository;

/// The programs, each built by the package of its name.
const PROGRAMS: [&str; 2] = ["infer", "train"];

/// Files and folders of the repository that go along.
const TEXTS: [&str; 5] =
    ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "docs/man", "docs/completions"];

/// The program of this repository's chores, which is of no use without it.
const OMITTED: &str = "xtask";

/// Packs the programs, built for speed and stripped, with licences, README, man pages and completions.
///
/// The models, images and recipes that come with them are inside the programs.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The archive. [default: target/pixelflow-VERSION-MACHINE.tar.gz]
    out: Option<PathBuf>,
    /// Backends to compile besides the CPU's, as `wgpu,cuda`.
    #[arg(long, value_name = "LIST", default_value = "")]
    features: String,
}

/// A file of the archive.
struct Entry {
    /// Its path in the archive's only folder.
    name: PathBuf,
    /// Where it is.
    source: PathBuf,
    is_program: bool,
}

/// Builds the programs and writes the archive.
///
/// # Errors
/// If a program does not compile, or the archive cannot be written.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let root = repository::root()?;
    let machine = machine()?;
    let folder = format!("pixelflow-{}-{machine}", env!("CARGO_PKG_VERSION"));
    let archive = root.join("target").join(format!("{folder}.tar.gz"));
    let archive = arguments.out.clone().unwrap_or(archive);
    let started = Instant::now();
    let programs = build(&root, &machine, &arguments.features)?;
    let seconds = std::time::Duration::from_secs(started.elapsed().as_secs());
    say(format_args!("built in {}", format_duration(seconds)))?;
    let mut entries = programs;
    entries.extend(texts(&root)?);
    durable::write(&archive, |file| pack(Path::new(&folder), &entries, file))
        .with_context(|| format!("cannot write {}", archive.display()))?;
    for entry in &entries {
        say(format_args!(
            "{:>12}  {}",
            std::fs::metadata(&entry.source)?.len(),
            entry.name.display()
        ))?;
    }
    say(format_args!("{:>12}  {}", std::fs::metadata(&archive)?.len(), archive.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// This machine as Rust names it, `x86_64-unknown-linux-gnu`.
fn machine() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().context("cannot start rustc")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not name its host")?.to_owned())
}

fn build(root: &Path, machine: &str, features: &str) -> Result<Vec<Entry>> {
    let mut command = cargo();
    // Named, so that the programs are in a folder of known name whatever cargo's configuration says.
    command.current_dir(root).args(["build", "--locked", "--profile", "dist", "--target", machine]);
    command.arg("--target-dir").arg(root.join("target"));
    for program in PROGRAMS {
        command.args(["--package", program, "--bin", program]);
        for feature in features.split(',').filter(|feature| !feature.is_empty()) {
            command.args(["--features", &format!("{program}/{feature}")]);
        }
    }
    if !command.status().context("cannot start cargo")?.success() {
        bail!("the programs do not compile");
    }
    let built = root.join("target").join(machine).join("dist");
    let entry = |program: &str| {
        let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
        Entry { name: Path::new("bin").join(&file), source: built.join(&file), is_program: true }
    };
    Ok(PROGRAMS.map(entry).into())
}

/// Files of [`TEXTS`], sorted.
fn texts(root: &Path) -> Result<Vec<Entry>> {
    let mut names = Vec::new();
    for text in TEXTS.map(Path::new) {
        if root.join(text).is_file() {
            names.push(text.to_owned());
            continue;
        }
        let entries = std::fs::read_dir(root.join(text));
        for entry in entries.with_context(|| format!("cannot read {}", text.display()))? {
            let name = entry?.file_name();
            if !name.to_string_lossy().contains(OMITTED) {
                names.push(text.join(name));
            }
        }
    }
    names.sort();
    let entry = |name: PathBuf| {
        let source = root.join(&name);
        let name = name.strip_prefix("docs").unwrap_or(&name).to_owned();
        Entry { name, source, is_program: false }
    };
    Ok(names.into_iter().map(entry).collect())
}

/// Writes a tar.gz of the entries in one folder; the same files give the same bytes.
fn pack(folder: &Path, entries: &[Entry], file: impl Write) -> io::Result<()> {
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::best()));
    for entry in entries {
        let mut source = std::fs::File::open(&entry.source)?;
        let mut header = tar::Header::new_gnu();
        header.set_size(source.metadata()?.len());
        header.set_mode(if entry.is_program { 0o755 } else { 0o644 });
        header.set_mtime(0);
        archive.append_data(&mut header, folder.join(&entry.name), &mut source)?;
    }
    archive.into_inner()?.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn an_archive_has_one_folder_with_all_files_and_programs_can_be_run() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["docs/man", "docs/completions"] {
            std::fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        let files = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "docs/man/infer.1"];
        for name in files.iter().chain(&["docs/completions/_xtask", "docs/other.md"]) {
            std::fs::write(root.path().join(name), name).unwrap();
        }
        let mut entries = texts(root.path()).unwrap();
        let program = root.path().join("README.md");
        entries.push(Entry { name: "bin/infer".into(), source: program, is_program: true });
        let mut packed = Vec::new();
        pack(Path::new("top"), &entries, &mut packed).unwrap();

        let mut archive = tar::Archive::new(GzDecoder::new(packed.as_slice()));
        let read = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let name = entry.path().unwrap().display().to_string();
            (name, text, entry.header().mode().unwrap())
        });
        let expected = [
            ("top/LICENSE-APACHE", "LICENSE-APACHE", 0o644),
            ("top/LICENSE-MIT", "LICENSE-MIT", 0o644),
            ("top/README.md", "README.md", 0o644),
            ("top/man/infer.1", "docs/man/infer.1", 0o644),
            ("top/bin/infer", "README.md", 0o755),
        ];
        let expected = expected.map(|(name, text, mode)| (name.to_owned(), text.to_owned(), mode));
        assert_eq!(read.collect::<Vec<_>>(), expected);
    }
}

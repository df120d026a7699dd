//! `cargo xtask web`: the page that draws in the browser itself.

mod program;
mod toolchain;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use pixelflow::weights::{
    DESCRIPTION_FILE, TEXT_ENCODER_FOLDER, TOKENIZER_FILE, WEIGHTS_FILE, file_hash,
};
use pixelflow_host::output::{note, say};
use serde_json::{Value, json};

use self::program::Program;
use crate::cargo::cargo;
use crate::repository;

/// The page of `infer serve`, whose engine is replaced.
const PAGE: &str = "infer/src/serve/page";
/// What takes its place.
const ENGINE: &str = "infer/web/page";
/// The file that a web server shows for the folder; all others are in `page`.
const INDEX: &str = "index.html";
/// What writes the JavaScript around a program.
const BINDGEN: &str = "wasm-bindgen";
/// Where the page finds which programs there are.
const PROGRAMS_FILE: &str = "programs.js";
/// What tells a folder of ours from others, even one that is half made.
const MARK: &str = ".pixelflow-web";
/// Models that are shipped, and what the page calls them.
const MODELS: [(&str, &str); 2] =
    [("demo", "Pixel heroes by class"), ("demo-text", "Pixel heroes from text")];

/// Where the folder goes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder: a new one, or one that this command made.
    out: PathBuf,
    /// Build a program for all cores of the processor, too. Pages use it that their server isolates from others (with
    /// `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`). The standard
    /// library is compiled for it: its sources must be here (`rustup component add rust-src`).
    #[arg(long)]
    threads: bool,
}

/// Builds the folder.
///
/// # Errors
/// If there is no compiler, something does not compile, or the folder holds something else.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let root = repository::root()?;
    let out = std::path::absolute(&arguments.out)?;
    check_folder(&out)?;
    check_bindgen(&root)?;
    let page = out.join("page");
    fs::create_dir_all(&page)?;
    fs::write(out.join(MARK), "Made by `cargo xtask web`, which may replace what is here.\n")?;
    let programs = Program::all(arguments.threads);
    for program in programs {
        program.write(&root, &page)?;
    }
    for folder in [PAGE, ENGINE] {
        copy_files(&root.join(folder), &page)?;
    }
    fs::rename(page.join(INDEX), out.join(INDEX))?;
    let models =
        MODELS.iter().map(|model| convert(&root, &out, *model)).collect::<Result<Vec<_>>>()?;
    fs::write(out.join("models.json"), serde_json::to_string_pretty(&models)?)?;
    fs::write(page.join(PROGRAMS_FILE), Program::table(programs))?;
    for name in programs.iter().flat_map(Program::files) {
        let bytes = fs::read(page.join(&name))?;
        note(format_args!("{name}: {} bytes, {} after gzip", bytes.len(), packed(&bytes)?));
    }
    say(format_args!(
        "{}: serve it, for example with `python3 -m http.server -d {0}`",
        out.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Refuses a folder with something else in it.
fn check_folder(out: &Path) -> Result<()> {
    let is_ours = out.join(MARK).is_file();
    let is_empty = !out.exists()
        || out
            .read_dir()
            .with_context(|| format!("cannot read {}", out.display()))?
            .next()
            .is_none();
    if is_ours || is_empty {
        return Ok(());
    }
    bail!("{} holds something else; give a new folder", out.display())
}

/// Checks, before minutes of compiling, that the program which writes the JavaScript is here, in the version that
/// `Cargo.toml` has.
fn check_bindgen(root: &Path) -> Result<()> {
    let manifest = repository::read(&root.join("Cargo.toml"))?;
    let wanted = manifest.lines().find_map(|line| line.strip_prefix("wasm-bindgen = \"="));
    let wanted = wanted.context("Cargo.toml has no wasm-bindgen")?.trim_end_matches('"');
    let found = Command::new(BINDGEN).arg("--version").output();
    let found = found.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    match found {
        Ok(found) if found == format!("{BINDGEN} {wanted}") => Ok(()),
        found => bail!(
            "{BINDGEN} {wanted} is needed, and here is {}; install it with `cargo install wasm-bindgen-cli \
             --version {wanted}`",
            found.unwrap_or_else(|_| "none".to_owned())
        ),
    }
}

/// Copies the files of a folder, not those below.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let path = entry?.path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().unwrap_or_default()))?;
        }
    }
    Ok(())
}

/// Writes a shipped model in eight bits, its text encoder as it is; what the page must know of it.
fn convert(root: &Path, out: &Path, (name, title): (&str, &str)) -> Result<Value> {
    let folder = out.join("models").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(out.join("models"))?;
    let shipped = format!("assets/{name}/model");
    let status = cargo()
        .current_dir(root)
        .args(["run", "--quiet", "-p", "infer", "--locked", "--", "convert"])
        .arg(&shipped)
        .arg(&folder)
        .args(["--dtype", "int8"])
        .status()?;
    if !status.success() {
        bail!("{shipped} cannot be converted: {status}");
    }
    let mut model = files(&folder, &format!("models/{name}"))?;
    model["name"] = name.into();
    model["title"] = title.into();
    let encoder = root.join(&shipped).join(TEXT_ENCODER_FOLDER);
    if encoder.is_dir() {
        let copied = folder.join(TEXT_ENCODER_FOLDER);
        let address = format!("models/{name}/{TEXT_ENCODER_FOLDER}");
        fs::create_dir_all(&copied)?;
        copy_files(&encoder, &copied)?;
        model["encoder"] = files(&copied, &address)?;
        model["encoder"]["tokenizer"] = format!("{address}/{TOKENIZER_FILE}").into();
    }
    Ok(model)
}

/// Where the page finds configuration and weights of a folder, and how many bytes of weights will come.
fn files(folder: &Path, address: &str) -> Result<Value> {
    let weights = folder.join(WEIGHTS_FILE);
    Ok(json!({
        "config": format!("{address}/{DESCRIPTION_FILE}"),
        "weights": format!("{address}/{WEIGHTS_FILE}"),
        "bytes": fs::metadata(&weights)?.len(),
        "hash": file_hash(&[weights])?,
    }))
}

/// Bytes after gzip.
fn packed(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

//! The program far from its repository: shipped files come from itself.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use program_tests::Program;
use tempfile::TempDir;

/// A copy of the program with no `assets` above it, an empty folder to start it in, and a cache.
struct Installed {
    root: TempDir,
}

impl Installed {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        Program(env!("CARGO_BIN_EXE_infer")).install(&root.path().join("infer"));
        fs::create_dir(root.path().join("empty")).unwrap();
        Self { root }
    }

    fn cache(&self) -> PathBuf {
        self.root.path().join("cache")
    }

    fn draw(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.root.path().join("infer"));
        command.current_dir(self.root.path().join("empty"));
        command.env("HOME", self.root.path()).env("PIXELFLOW_CACHE", self.cache());
        command.args(["--device", "cpu", "--steps", "1", "--out", "a.png"]).args(arguments);
        command.output().unwrap()
    }

    fn drawn(&self, arguments: &[&str]) {
        let output = self.draw(arguments);
        assert!(output.status.success(), "{}", message(&output));
        image::open(self.root.path().join("empty/a.png")).unwrap();
    }

    /// Unpacked weights, and those they are unpacked from.
    fn weights(&self, model: &str) -> (PathBuf, Vec<u8>) {
        let shipped = pixelflow_assets::files_of(&format!("{model}/model.safetensors")).next();
        let entries = fs::read_dir(self.cache()).unwrap();
        let folders = entries.map(|entry| entry.unwrap().path().join(model));
        let mut files = folders.map(|folder| folder.join("model.safetensors"));
        let unpacked = files.find(|file| file.is_file()).expect("the model is unpacked");
        (unpacked, shipped.unwrap().bytes.to_vec())
    }
}

fn message(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn in_an_empty_folder_the_demo_draws_and_a_damaged_model_is_replaced() {
    let installed = Installed::new();
    installed.drawn(&[]);
    let (unpacked, shipped) = installed.weights("demo/model");
    for damaged in [&shipped[..shipped.len() / 2], &vec![0; shipped.len()]] {
        fs::write(&unpacked, damaged).unwrap();
        installed.drawn(&[]);
        assert!(fs::read(&unpacked).unwrap() == shipped);
    }
}

#[test]
fn in_an_empty_folder_a_prompt_takes_the_text_demo() {
    let installed = Installed::new();
    installed.drawn(&["--prompt", "an elf in a red robe", "--count", "1"]);
    let (unpacked, shipped) = installed.weights("demo-text/model");
    assert!(fs::read(unpacked).unwrap() == shipped);
}

#[test]
fn in_an_empty_folder_without_a_cache_the_message_names_it_and_the_way_out() {
    let installed = Installed::new();
    fs::write(installed.cache(), "a file, no folder").unwrap();
    let output = installed.draw(&[]);
    let (message, cache) = (message(&output), installed.cache());
    assert!(!output.status.success());
    for part in ["demo/model", &cache.display().to_string(), "PIXELFLOW_CACHE"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_folder_that_is_near_wins_over_the_cache() {
    let installed = Installed::new();
    let near = installed.root.path().join("assets/demo/model");
    fs::create_dir_all(&near).unwrap();
    let output = installed.draw(&[]);
    assert!(!output.status.success());
    assert!(message(&output).contains(&near.display().to_string()), "{}", message(&output));
    assert!(!Path::exists(&installed.cache()));
}

//! The program on a machine of its own, and what is on the Hub.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use program_tests::{Program, Run, text};

pub const NAME: &str = "hf:owner/name";

/// The program in an environment of its own.
pub struct Machine {
    scratch: tempfile::TempDir,
    endpoint: String,
}

impl Machine {
    pub fn new(endpoint: &str) -> Self {
        Self { scratch: tempfile::tempdir().unwrap(), endpoint: endpoint.to_owned() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    pub fn repository(&self) -> PathBuf {
        self.path("home/hub/models--owner--name")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Program(env!("CARGO_BIN_EXE_infer")).command(arguments);
        command
            .env_remove("HF_TOKEN")
            .env_remove("HF_HUB_CACHE")
            .env_remove("HF_HUB_OFFLINE")
            .env("HF_HOME", self.path("home"))
            .env("HF_ENDPOINT", &self.endpoint);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// Draws two images into one picture.
    pub fn sample(&self, model: &str, picture: &str) -> Run {
        let path = self.path(picture);
        let arguments = ["sample", "--model", model, "--class", "1", "--count", "2"];
        self.run(&[&arguments[..], &["--device", "cpu", "--out", text(&path)]].concat())
    }
}

pub fn converted(machine: &Machine) -> Vec<PathBuf> {
    let folder = machine.repository().join("converted");
    let keys = fs::read_dir(folder).unwrap();
    keys.map(|key| key.unwrap().path()).collect()
}

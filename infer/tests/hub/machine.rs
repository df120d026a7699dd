//! The program on a machine of its own, and what is on the Hub.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

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
        let mut command = Command::new(env!("CARGO_BIN_EXE_infer"));
        command
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .env_remove("HF_TOKEN")
            .env_remove("HF_HUB_CACHE")
            .env_remove("HF_HUB_OFFLINE")
            .env("HF_HOME", self.path("home"))
            .env("HF_ENDPOINT", &self.endpoint)
            .args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Draws two images; returns the picture.
    pub fn sample(&self, model: &str, picture: &str) -> (Output, PathBuf) {
        let path = self.path(picture);
        let out = path.to_str().unwrap();
        let arguments = [
            "sample", "--model", model, "--class", "1", "--count", "2", "--out", out, "--device",
            "cpu",
        ];
        (self.run(&arguments), path)
    }
}

pub fn message(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", message(output));
}

/// The reference's files: a training checkpoint of the golden files, and its `config.yaml`.
pub fn reference_files() -> Vec<(&'static str, Vec<u8>)> {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/cls_a_train.pt");
    let yaml = "model:\n  params:\n    num_attention_heads: 2\n    attention_head_dim: 16\n    \
                in_channels: 3\n    out_channels: 3\n    depth: 2\n    num_classes: 10\n    \
                patch_size: 4\n    attention_bias: true\nscheduler:\n  num_train_timesteps: 1000\n  \
                num_stages: 2\ndata:\n  resolution: 16\n";
    vec![
        ("README.md", b"# A model".to_vec()),
        ("config.yaml", yaml.into()),
        ("model.pt", fs::read(golden).unwrap()),
    ]
}

/// The same files in a folder; returns the weights.
pub fn local(folder: &Path) -> String {
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in reference_files() {
        fs::write(folder.join(name), bytes).unwrap();
    }
    folder.join("model.pt").to_str().unwrap().to_owned()
}

pub fn converted(machine: &Machine) -> Vec<PathBuf> {
    let folder = machine.repository().join("converted");
    let keys = fs::read_dir(folder).unwrap();
    keys.map(|key| key.unwrap().path()).collect()
}

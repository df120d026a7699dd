//! A training checkpoint as the PyTorch implementation writes it, one of the golden files.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Program, text};

/// The reference's description of that model, `config.yaml`.
pub const CONFIG_YAML: &str = "\
model:
  params:
    num_attention_heads: 2
    attention_head_dim: 16
    in_channels: 3
    out_channels: 3
    depth: 2
    num_classes: 10
    patch_size: 4
    attention_bias: true
scheduler:
  num_train_timesteps: 1000
  num_stages: 2
data:
  resolution: 16
";

const WEIGHTS: &[u8] = include_bytes!("../../fixtures/cls_a_train.pt");

/// The files of its repository, by their names.
pub fn reference_files() -> [(&'static str, Vec<u8>); 3] {
    [
        ("README.md", b"# A model".to_vec()),
        ("config.yaml", CONFIG_YAML.into()),
        ("model.pt", WEIGHTS.to_vec()),
    ]
}

/// Writes weights and description into a folder, which is made; the path of the weights.
///
/// # Panics
/// If they cannot be written.
pub fn reference_model(folder: &Path) -> PathBuf {
    fs::create_dir_all(folder).expect("the folder can be made");
    for (name, bytes) in reference_files() {
        fs::write(folder.join(name), bytes).expect("the folder can be written to");
    }
    folder.join("model.pt")
}

/// That model as the program writes it, its average alone: a folder with `config.json` and
/// `model.safetensors`, in a folder that is made.
///
/// # Panics
/// If it cannot be written.
pub fn converted_model(infer: Program, folder: &Path) -> PathBuf {
    let reference = reference_model(&folder.join("reference"));
    let model = folder.join("model");
    infer.run(&["convert", text(&reference), text(&model)]).succeeded();
    model
}

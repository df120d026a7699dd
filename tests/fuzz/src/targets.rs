use std::fs;
use std::path::{Path, PathBuf};

use bolero::check;
use image::RgbImage;
use infer::Recipe;
use pixelflow::pipeline::{DrawingState, ModelFiles};
use pixelflow::text::{T5Config, TextTokenizer};
use pixelflow::weights::{
    ADAPTER_CONFIG_FILE, ADAPTER_FILE, Adapter, ModelDescription, TensorFile,
};
use pixelflow_dataset::source::{ParquetConfig, ParquetSource, WebDatasetConfig};
use pixelflow_dataset::{Source, SourceConfig, decode};
use tempfile::TempDir;

/// Largest file that is tried.
const MAX_LEN: usize = 1 << 16;

/// A file of these bytes, in a folder of its own.
fn file(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

#[test]
fn an_image() {
    check!().with_max_len(MAX_LEN).for_each(|bytes| {
        let _ = decode(bytes, "a");
    });
}

#[test]
fn a_tar() {
    check!().with_max_len(MAX_LEN).for_each(|bytes| {
        let (_folder, path) = file("a.tar", bytes);
        let config = SourceConfig::WebDataset(WebDatasetConfig::new([path]));
        let Ok(source) = config.open() else { return };
        for index in 0..source.len() {
            let _ = source.read(index);
        }
    });
}

/// Records of which all is read: a few bytes may announce millions.
const RECORDS: usize = 64;

#[test]
fn a_parquet_file() {
    check!().with_max_len(MAX_LEN).for_each(|bytes| {
        let (_folder, path) = file("a.parquet", bytes);
        for unlabelled in [false, true] {
            let config = ParquetConfig { path: path.clone(), unlabelled };
            let Ok(source) = ParquetSource::open(&config) else { continue };
            for index in (0..source.len()).take(RECORDS) {
                let _ = (source.read(index), source.beginning(index), source.captions(index));
            }
        }
    });
}

#[test]
fn a_picture_with_a_recipe() {
    check!().with_max_len(MAX_LEN).for_each(|bytes| {
        let (_folder, path) = file("a.png", bytes);
        let _ = infer::read_picture(&path);
    });
}

#[test]
fn a_recipe() {
    check!().with_max_len(MAX_LEN).for_each(|bytes| {
        let Ok(recipe) = serde_json::from_slice::<Recipe>(bytes) else { return };
        let (_folder, path) = file("a.png", &[]);
        if infer::write_picture(&RgbImage::new(8, 8), &recipe, &path).is_ok() {
            let _ = infer::read_picture(&path);
        }
    });
}

#[test]
fn a_certificate() {
    check!().with_max_len(MAX_LEN).for_each(|bytes| {
        let Ok(certificate) = infer::Certificate::parse(bytes) else { return };
        let _ = certificate.command("c.json");
    });
}

#[test]
fn a_description_of_a_model() {
    check!().with_max_len(MAX_LEN).for_each(|bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let Ok(description) = ModelDescription::parse(Path::new("config.json"), text) else {
            return;
        };
        description.check().unwrap();
    });
}

#[test]
fn a_tokenizer() {
    let config = T5Config::small(32, 1, 100);
    check!().with_max_len(MAX_LEN).for_each(|bytes| {
        let (_folder, path) = file("tokenizer.json", bytes);
        let Ok(tokenizer) = TextTokenizer::read(&path, &config) else { return };
        let _ = tokenizer.tokens("a red robe, on ice \u{0}\u{301}中");
    });
}

#[test]
fn weights_of_pytorch() {
    check!().with_max_len(MAX_LEN).for_each(|bytes| {
        let (_folder, path) = file("a.pt", bytes);
        let _ = TensorFile::open(&path);
    });
}

#[test]
fn weights_as_safetensors() {
    check!().with_max_len(MAX_LEN).for_each(|bytes| {
        let (_folder, path) = file("a.safetensors", bytes);
        let _ = TensorFile::open(&path);
    });
}

/// Both files of an adapter, one behind the other: a zero byte, which no JSON has, is between them.
#[test]
fn an_adapter() {
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/demo/model");
    let demo = ModelFiles::find(Path::new(demo)).unwrap();
    check!().with_max_len(MAX_LEN).for_each(|bytes| {
        let (config, tensors) = bytes.split_at(bytes.iter().position(|b| *b == 0).unwrap_or(0));
        let (folder, path) = file(ADAPTER_CONFIG_FILE, config);
        fs::write(path.with_file_name(ADAPTER_FILE), tensors.get(1..).unwrap_or_default()).unwrap();
        let Ok(adapter) = Adapter::open(folder.path()) else { return };
        let _ = (adapter.name(), adapter.describe(demo.description().clone()));
        let Ok(files) = demo.clone().with_adapters(vec![adapter]) else { return };
        let _ = files.on_another_base();
    });
}

#[test]
fn a_drawing_that_was_stopped() {
    check!().with_max_len(MAX_LEN).for_each(|bytes| {
        let _ = DrawingState::from_bytes(bytes);
    });
}

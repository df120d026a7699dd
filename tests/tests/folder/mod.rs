//! Folders of a few fixtures, to be damaged.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use tempfile::TempDir;

/// The shipped fixtures.
pub const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

const MANIFEST: &str = "manifest.json";

/// A temporary folder of fixtures with a manifest of its own.
pub struct Folder {
    folder: TempDir,
}

impl Folder {
    /// Copies of some of the shipped fixtures.
    pub fn with(files: &[&str]) -> Self {
        let empty = Self { folder: TempDir::new().unwrap() };
        empty.write(MANIFEST, r#"{"files": {}}"#);
        empty.and(files)
    }

    /// More of them; the manifest lists them in its own order. What is not shipped is only listed.
    pub fn and(self, files: &[&str]) -> Self {
        let read = |path: PathBuf| -> Value {
            serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
        };
        let all = read(Path::new(FIXTURES).join(MANIFEST));
        let mut manifest = read(self.file(MANIFEST));
        for file in files {
            let source = Path::new(FIXTURES).join(file);
            if source.exists() {
                fs::copy(source, self.file(file)).unwrap();
            }
            manifest["files"][file] = Value::Null;
        }
        let wanted = manifest["files"].as_object().unwrap();
        let entries: Map<String, Value> = all["files"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(file, _)| wanted.contains_key(*file))
            .map(|(file, entry)| (file.clone(), entry.clone()))
            .collect();
        assert_eq!(entries.len(), wanted.len(), "not all of {files:?} are shipped");
        manifest["files"] = Value::Object(entries);
        self.write(MANIFEST, &manifest.to_string());
        self
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, file: &str, text: &str) {
        fs::write(self.file(file), text).unwrap();
    }

    pub fn remove(&self, file: &str) {
        fs::remove_file(self.file(file)).unwrap();
    }

    pub fn truncate(&self, file: &str, length: usize) {
        self.change(file, |bytes| bytes.truncate(length));
    }

    /// Replaces every occurrence in a text file.
    pub fn replace(&self, file: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.file(file)).unwrap();
        assert!(text.contains(old));
        self.write(file, &text.replace(old, new));
    }

    /// Renames a file, also wherever the manifest names it.
    pub fn rename(&self, old: &str, new: &str) {
        fs::rename(self.file(old), self.file(new)).unwrap();
        self.replace(MANIFEST, old, new);
    }

    /// Adds to one value of a tensor of f32.
    pub fn add(&self, file: &str, tensor: &str, index: usize, what: f32) {
        self.change(file, |bytes| {
            let start = start_of(bytes, tensor, "F32") + 4 * index;
            let value: [u8; 4] = bytes[start..start + 4].try_into().unwrap();
            let value = f32::from_le_bytes(value) + what;
            bytes[start..start + 4].copy_from_slice(&value.to_le_bytes());
        });
    }

    /// Sets one value of a tensor of 64-bit integers.
    pub fn set_integer(&self, file: &str, tensor: &str, index: usize, value: i64) {
        self.change(file, |bytes| {
            let start = start_of(bytes, tensor, "I64") + 8 * index;
            bytes[start..start + 8].copy_from_slice(&value.to_le_bytes());
        });
    }

    /// Changes one value of a tensor of bytes by one.
    pub fn flip_bit(&self, file: &str, tensor: &str, index: usize) {
        self.change(file, |bytes| {
            let start = start_of(bytes, tensor, "U8");
            bytes[start + index] ^= 1;
        });
    }

    fn change(&self, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(self.file(file)).unwrap();
        change(&mut bytes);
        fs::write(self.file(file), bytes).unwrap();
    }
}

/// Where the values of a tensor start in a safetensors file.
fn start_of(bytes: &[u8], tensor: &str, dtype: &str) -> usize {
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let index: Value = serde_json::from_slice(&bytes[8..8 + header]).unwrap();
    assert_eq!(index[tensor]["dtype"], dtype, "{tensor}");
    let offset = index[tensor]["data_offsets"][0].as_u64().unwrap() as usize;
    8 + header + offset
}

//! A copy of the fixtures with something wrong in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ::tests::{Entry, Kind, MANIFEST_FILE, Manifest, kind};
use anyhow::{Context, Result, ensure};
use pixelflow::weights::{DType, SafetensorsWriter, TensorFile};
use serde_json::Value;

/// The f32 tensors of a file, by name.
pub type Values = BTreeMap<String, Vec<f32>>;

/// A folder of fixtures that may be changed.
pub struct WrongFixtures {
    manifest: Manifest,
}

impl WrongFixtures {
    /// Copies fixtures to `folder`, which is made.
    ///
    /// # Errors
    /// If they cannot be read, or the copy not written.
    pub fn copy(fixtures: &Path, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let files = Manifest::open(fixtures)?.entries.into_iter().map(|entry| entry.file);
        for file in files.chain([MANIFEST_FILE.to_owned()]) {
            let source = fixtures.join(&file);
            // A manifest may list more than there is.
            if source.exists() {
                fs::copy(&source, folder.join(&file))
                    .with_context(|| format!("cannot copy {}", source.display()))?;
            }
        }
        Ok(Self { manifest: Manifest::open(folder)? })
    }

    /// Changes numbers in all safetensors files of a kind.
    ///
    /// # Errors
    /// If a file cannot be read or written, or nothing changes in any.
    pub fn change(
        &self,
        of_kind: Kind,
        change: impl Fn(&mut Values, &Entry) -> Result<()>,
    ) -> Result<()> {
        let mut is_changed = false;
        for entry in &self.manifest.entries {
            if entry.ends_in("safetensors") && kind(&self.manifest, entry) == Some(of_kind) {
                let path = self.manifest.path(&entry.file);
                is_changed |= rewrite(&path, |values| change(values, entry))?;
            }
        }
        ensure!(is_changed, "the fixtures have nothing to be changed");
        Ok(())
    }

    /// Changes a count that the manifest has for some files.
    ///
    /// # Errors
    /// If the manifest cannot be read or written, or no file has such a count.
    pub fn change_counts(&self, key: &str, change: impl Fn(u64) -> u64) -> Result<()> {
        let path = self.manifest.path(MANIFEST_FILE);
        let mut manifest: Value = serde_json::from_slice(&fs::read(&path)?)?;
        let files = manifest["files"].as_object_mut().into_iter().flat_map(|f| f.values_mut());
        let mut is_changed = false;
        for value in files.filter_map(|file| file.get_mut(key)) {
            let count = value.as_u64().with_context(|| format!("`{key}` is no count"))?;
            *value = change(count).into();
            is_changed = true;
        }
        ensure!(is_changed, "the manifest has no `{key}`");
        Ok(fs::write(&path, serde_json::to_vec(&manifest)?)?)
    }
}

/// Writes a file with other numbers in its f32 tensors; whether anything is different.
fn rewrite(path: &Path, change: impl FnOnce(&mut Values) -> Result<()>) -> Result<bool> {
    let file = TensorFile::open(path)?;
    let mut values = Values::new();
    for (name, info) in file.tensors() {
        if info.dtype == DType::F32 {
            values.insert(name.clone(), file.read(name)?);
        }
    }
    let before = values.clone();
    change(&mut values)?;
    let tensors: Vec<_> = file.tensors().clone().into_iter().collect();
    let mut writer = SafetensorsWriter::create_as(path, &tensors, file.metadata())?;
    for (name, _) in &tensors {
        match values.get(name) {
            Some(values) => writer.push(name, values)?,
            None => writer.push_bytes(name, &file.read_bytes(name)?)?,
        }
    }
    writer.finish()?;
    Ok(values != before)
}

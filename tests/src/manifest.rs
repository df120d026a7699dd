//! The manifest: what each fixture is, and how exact the reference was.

use std::path::{Path, PathBuf};

use pixelflow::PixelFlowConfig;
use serde_json::{Map, Value};

use crate::{Error, Recorded, Result, Tensors};

/// Name of the manifest in its folder.
pub const MANIFEST_FILE: &str = "manifest.json";

/// All fixtures of a folder.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Where the fixtures are.
    pub folder: PathBuf,
    /// One entry a file, in the manifest's order.
    pub entries: Vec<Entry>,
}

/// What the manifest says of one file.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Name of the file.
    pub file: String,
    fields: Map<String, Value>,
}

impl Manifest {
    /// Reads the manifest of a folder; the fixtures themselves are not opened.
    ///
    /// # Errors
    /// [`Error::NoManifest`] and [`Error::InvalidManifest`].
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST_FILE);
        let text = std::fs::read_to_string(&path)
            .map_err(|source| Error::NoManifest { path: path.clone(), source })?;
        let invalid = |reason: String| Error::InvalidManifest { path: path.clone(), reason };
        let value: Value = serde_json::from_str(&text).map_err(|e| invalid(e.to_string()))?;
        let files = value
            .get("files")
            .and_then(Value::as_object)
            .ok_or_else(|| invalid("it has no object `files`".to_owned()))?;
        let entry = |(file, fields): (&String, &Value)| match fields.as_object() {
            _ if Path::new(file).components().count() != 1 || file.contains("..") => {
                Err(invalid(format!("`{file}` is no name of a file beside it")))
            }
            Some(fields) => Ok(Entry { file: file.clone(), fields: fields.clone() }),
            None => Err(invalid(format!("what it says of `{file}` is no object"))),
        };
        let entries: Vec<Entry> = files.iter().map(entry).collect::<Result<_>>()?;
        if entries.is_empty() {
            return Err(invalid("it lists no files".to_owned()));
        }
        Ok(Self { folder: folder.to_owned(), entries })
    }

    /// What it says of a file.
    pub fn entry(&self, file: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.file == file)
    }

    /// Path of a file of the folder.
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// Opens a file of tensors.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn tensors(&self, file: &str) -> Result<Tensors> {
        Tensors::open(&self.path(file))
    }

    /// The other files that an entry's description names, in the order it names them.
    pub fn named_by<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = &'a Entry> {
        let words =
            entry.description().split(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)));
        words
            .map(|word| word.trim_end_matches('.'))
            .filter_map(|word| self.entry(word))
            .filter(|other| other.file != entry.file)
    }
}

impl Entry {
    /// The file's name without its ending.
    pub fn stem(&self) -> &str {
        self.file.rsplit_once('.').map_or(&self.file, |(stem, _)| stem)
    }

    /// Whether the file's name has this ending.
    pub fn ends_in(&self, ending: &str) -> bool {
        Path::new(&self.file).extension().is_some_and(|e| e.eq_ignore_ascii_case(ending))
    }

    /// What the file is, in words; empty if the manifest does not say.
    pub fn description(&self) -> &str {
        self.text("description").unwrap_or_default()
    }

    /// A field.
    pub fn field(&self, key: &str) -> Option<&Value> {
        self.fields.get(key)
    }

    /// A field that is text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.field(key).and_then(Value::as_str)
    }

    /// A field that is a number.
    pub fn number(&self, key: &str) -> Option<f64> {
        self.field(key).and_then(Value::as_f64)
    }

    /// A field that is a count.
    pub fn count(&self, key: &str) -> Option<usize> {
        self.field(key).and_then(Value::as_u64).map(|n| n as usize)
    }

    /// A field that lists counts.
    pub fn counts(&self, key: &str) -> Option<Vec<usize>> {
        let list = self.field(key)?.as_array()?;
        list.iter().map(|n| n.as_u64().map(|n| n as usize)).collect()
    }

    /// A field deeper down: objects by key, arrays by number.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.field(first)?, |value, key| {
            value.get(key).or_else(|| value.get(key.parse::<usize>().ok()?))
        })
    }

    /// An error that the manifest records, and where it does.
    pub fn recorded(&self, path: &[&str]) -> Option<Recorded> {
        Recorded::parse(self.at(path)?, format!("{} {}", self.file, path.join(".")))
    }

    /// An error that must be recorded.
    ///
    /// # Errors
    /// [`Error::Fixture`] if it is not.
    pub fn must_record(&self, path: &[&str]) -> Result<Recorded> {
        self.recorded(path).ok_or_else(|| {
            self.problem(format!("the manifest records no error {}", path.join(".")))
        })
    }

    /// The names of its tensors.
    pub fn tensors(&self) -> impl Iterator<Item = &str> {
        let tensors = self.field("tensors").and_then(Value::as_object);
        tensors.into_iter().flat_map(|t| t.keys().map(String::as_str))
    }

    /// Whether it has this tensor.
    pub fn has(&self, tensor: &str) -> bool {
        self.tensors().any(|name| name == tensor)
    }

    /// Whether it has a tensor whose name ends so.
    pub fn has_ending(&self, ending: &str) -> bool {
        self.tensors().any(|name| name.ends_with(ending))
    }

    /// The distinct first parts (before `/`) of the names of its tensors, in their order.
    pub fn prefixes(&self) -> Vec<String> {
        let mut prefixes: Vec<String> = Vec::new();
        for (prefix, _) in self.tensors().filter_map(|name| name.split_once('/')) {
            if !prefixes.iter().any(|known| known == prefix) {
                prefixes.push(prefix.to_owned());
            }
        }
        prefixes
    }

    /// The configuration of the model it is about.
    ///
    /// # Errors
    /// [`Error::Fixture`] if there is none, or it describes no model.
    pub fn config(&self) -> Result<PixelFlowConfig> {
        let value = self
            .field("config")
            .ok_or_else(|| self.problem("the manifest has no `config` of it"))?;
        serde_json::from_value(value.clone())
            .map_err(|error| self.problem(format!("its `config`: {error}")))
    }

    /// Whether it is about a model that draws from text.
    pub fn is_about_text(&self) -> bool {
        self.at(&["config", "cross_attention_dim"]).is_some_and(|dim| !dim.is_null())
    }

    /// An error about this file.
    pub fn problem(&self, reason: impl Into<String>) -> Error {
        Error::Fixture { file: self.file.clone(), reason: reason.into() }
    }
}

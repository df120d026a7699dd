//! The configuration as it is written beside a run: all keys, with their documentation.

use std::path::Path;

use toml::{Table, Value};
use toml_edit::{DocumentMut, Item};

use super::keys::{self, CHOICES};
use super::{REFERENCE, TrainConfig};
use crate::error::read_error;
use crate::{Error, Result};

const HEADER: &str = "\
# The settings of this run, written by `train`: defaults, recipe and command line together.
# `train --resume` on the run's folder reads them.

";

impl TrainConfig {
    /// The configuration as TOML, every key with its documentation.
    ///
    /// # Panics
    /// If the shipped `reference.toml` is broken, which a test rules out.
    pub fn to_toml(&self) -> String {
        let mut document: DocumentMut = REFERENCE.parse().expect("reference.toml is valid TOML");
        let table = to_table(self);
        // The reference's kinds of choices are examples.
        for choice in CHOICES {
            clear(&mut document, choice);
        }
        for (key, value) in keys::leaves(&table) {
            if let Some(value) = item(value) {
                put(&mut document, &key, value);
            }
        }
        // The reference begins with a comment about itself, up to the first empty line.
        let text = document.to_string();
        let body = text.split_once("\n\n").map_or(text.as_str(), |(_, body)| body);
        format!("{HEADER}{body}")
    }

    /// Reads what [`to_toml`](Self::to_toml) has written to a file.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Syntax`], [`Error::UnknownKey`], [`Error::WrongType`] or
    /// [`Error::Unreadable`].
    pub fn read(path: &Path) -> Result<Self> {
        let place = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(read_error(path))?;
        let table: Table = text.parse().map_err(|error: toml::de::Error| Error::Syntax {
            place: place.clone(),
            reason: error.to_string(),
        })?;
        keys::check(&table, &place)?;
        from_table(table)
    }
}

/// The configuration as a table.
///
/// # Panics
/// Never: every field has a form in TOML.
pub(super) fn to_table(config: &TrainConfig) -> Table {
    Table::try_from(config).expect("every field has a form in TOML")
}

/// The configuration in a table in which empty choices stand for none.
pub(super) fn from_table(mut table: Table) -> Result<TrainConfig> {
    if table.get("text").is_some_and(|text| text.as_table().is_some_and(Table::is_empty)) {
        table.remove("text");
    }
    if let Some(Value::Table(data)) = table.get_mut("data") {
        data.retain(|_, value| !value.as_table().is_some_and(Table::is_empty));
        if !data.contains_key("source") {
            let reason = "data.source is missing: name a data set with --data PATH, \
                          or write data.source in the recipe"
                .to_owned();
            return Err(Error::Unreadable { reason });
        }
    }
    let unreadable = |error: toml::de::Error| {
        let reason = error.to_string().trim_end().replace('\n', " ");
        Error::Unreadable { reason }
    };
    table.try_into().map_err(unreadable)
}

/// Empties the table at `key`.
fn clear(document: &mut DocumentMut, key: &str) {
    let mut item = document.as_item_mut();
    for section in key.split('.') {
        item = &mut item[section];
    }
    if let Some(table) = item.as_table_mut() {
        table.clear();
    }
}

/// Sets the value at `key`, leaving the comments around it.
fn put(document: &mut DocumentMut, key: &str, new: toml_edit::Value) {
    let mut item = document.as_item_mut();
    for section in key.split('.') {
        item = &mut item[section];
    }
    match item.as_value_mut() {
        Some(old) => {
            let decor = old.decor().clone();
            *old = new;
            *old.decor_mut() = decor;
        }
        None => *item = Item::Value(new),
    }
}

/// The same value for the editing crate.
fn item(value: &Value) -> Option<toml_edit::Value> {
    value.to_string().parse().ok()
}

#[cfg(test)]
mod tests {
    use pixelflow::PixelFlowConfig;
    use pixelflow::Preset;
    use pixelflow_dataset::SourceConfig;
    use pixelflow_dataset::source::{FolderConfig, HeldOut, IdxConfig, WebDatasetConfig};

    use super::*;
    use crate::config::Layers;

    fn config(assignments: &[&str]) -> TrainConfig {
        let mut layers = Layers::default();
        layers.set(r#"data.source={ kind = "webdataset", paths = ["a b.tar", "ü.tar"] }"#).unwrap();
        for assignment in assignments {
            layers.set(assignment).unwrap();
        }
        layers.resolve().unwrap()
    }

    fn read_back(config: &TrainConfig) -> TrainConfig {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, config.to_toml()).unwrap();
        TrainConfig::read(&path).unwrap()
    }

    #[test]
    fn what_is_written_reads_back_equal() {
        let mut sources =
            config(&["train.lr=1.2345678901234567e-7", "preview.sampler.steps=[3, 4, 5, 6]"]);
        assert_eq!(read_back(&sources), sources);
        sources.data.source = SourceConfig::Folder(FolderConfig {
            classes: Some(vec!["a \"quoted\" one".to_owned(), "b\\c".to_owned()]),
            ..FolderConfig::new("images")
        });
        sources.data.validation = Some(SourceConfig::Idx(IdxConfig::new("i", "l")));
        assert_eq!(read_back(&sources), sources);
        sources.data.validation = Some(SourceConfig::WebDataset(WebDatasetConfig::new(["v.tar"])));
        sources.data.held_out = Some(HeldOut::Every { step: 20 });
        sources.model = PixelFlowConfig { cross_attention_dim: Some(64), ..Preset::Xl.config(0) };
        assert_eq!(read_back(&sources), sources);
    }

    #[test]
    fn every_choice_of_guidance_reads_back_equal() {
        for guidance in [
            r#"{ schedule = "constant", scale = 1.5 }"#,
            r#"{ schedule = "interval", scale = 3, from = 0.25, to = 0.5 }"#,
        ] {
            let mut layers = Layers::from(&config(&[]));
            layers.set("preview.sampler.guidance.schedule=constant").unwrap();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("recipe.toml");
            std::fs::write(&path, format!("[preview.sampler]\nguidance = {guidance}")).unwrap();
            layers.file(&path).unwrap();
            let config = layers.resolve().unwrap();
            assert_eq!(read_back(&config), config);
        }
    }

    #[test]
    fn every_key_is_written_below_its_documentation() {
        let text = config(&["train.lr=2e-4"]).to_toml();
        assert!(text.starts_with("# The settings of this run"), "{text}");
        assert!(!text.contains("extends"), "{text}");
        assert!(text.contains("# Peak learning rate.\nlr = 0.0002\n"), "{text}");
        assert!(text.contains("[data.source]\nkind = \"webdataset\"\n"), "{text}");
        for (key, _) in keys::leaves(&keys::reference()) {
            let name = key.rsplit('.').next().unwrap();
            assert!(text.contains(name), "{key} is missing in {text}");
        }
    }

    #[test]
    fn the_defaults_are_the_small_model_and_the_library_s_sampler() {
        let config = config(&[]);
        assert_eq!(config.model, Preset::Small.config(1000));
        assert_eq!(config.preview.sampler, pixelflow::sampler::SamplerConfig::default());
        assert_eq!(config.cascade, pixelflow::cascade::CascadeConfig::default());
        config.check().unwrap();
    }
}

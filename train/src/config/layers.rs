//! Defaults, recipe and command line, each over the one before.

use std::path::{Path, PathBuf};

use pixelflow::{PixelFlowConfig, Preset};
use toml::{Table, Value};

use super::keys;
use super::origin::Origin;
use super::settings::{TrainConfig, section};
use crate::error::read_error;
use crate::{Error, Result, recipe};

/// Most levels of recipes that extend one another.
const MAX_LEVELS: usize = 8;

/// Settings being put together; [`resolve`](Layers::resolve) makes a [`TrainConfig`] of them.
#[derive(Clone, Debug)]
pub struct Layers {
    table: Table,
}

impl Default for Layers {
    /// Only the defaults.
    fn default() -> Self {
        Self { table: keys::defaults() }
    }
}

impl From<&TrainConfig> for Layers {
    fn from(config: &TrainConfig) -> Self {
        let mut layers = Self::default();
        layers.merge(super::document::to_table(config));
        layers
    }
}

impl Layers {
    /// Puts a recipe over the settings, after the recipes it extends.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Setting`] naming file, line and key, or [`Error::UnknownRecipe`] for
    /// what it extends.
    pub fn file(&mut self, path: &Path) -> Result<()> {
        let mut layers = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            if layers.len() == MAX_LEVELS {
                let place = path.display().to_string();
                let reason = format!(
                    "recipes extend one another more than {MAX_LEVELS} levels deep; is there a circle?"
                );
                return Err(Error::Setting { place, reason });
            }
            let (layer, extends) = read_layer(&path)?;
            layers.push(layer);
            next = extends;
        }
        for layer in layers.into_iter().rev() {
            self.merge(layer);
        }
        Ok(())
    }

    /// Puts one `KEY=VALUE` of the command line over the settings.
    ///
    /// The value is TOML; what is not TOML is a string.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the argument and what is wrong with it.
    pub fn set(&mut self, assignment: &str) -> Result<()> {
        let origin = Origin { name: format!("--set {assignment}"), text: "" };
        let invalid = || origin.mistake("", "write KEY=VALUE, such as --set train.lr=2e-4");
        let (key, value) = assignment.split_once('=').ok_or_else(invalid)?;
        let key = key.trim();
        if key.split('.').any(str::is_empty) {
            return Err(invalid());
        }
        let nest = |inner, name: &str| Value::Table(Table::from_iter([(name.to_owned(), inner)]));
        let Value::Table(mut layer) = key.rsplit('.').fold(parse_value(value.trim()), nest) else {
            return Err(invalid());
        };
        expand_preset(&mut layer, &origin)?;
        keys::check(&layer, &origin)?;
        overlay(&mut self.table, layer, "", false);
        Ok(())
    }

    /// Replaces the training data, and drops the validation data that belonged to the old unless the
    /// data has only `moved`.
    ///
    /// What else is known about the source stays if the kind stays.
    ///
    /// # Errors
    /// [`Error::Setting`] if the source cannot be written as TOML.
    pub fn set_source(
        &mut self,
        source: &pixelflow_dataset::SourceConfig,
        moved: bool,
    ) -> Result<()> {
        let mut source = Table::try_from(source)
            .map_err(|error| Origin::together().mistake("", &error.to_string()))?;
        // A path says where the images are, and nothing else of them.
        source.retain(|key, _| ["kind", "path", "paths", "images", "labels"].contains(&key));
        let mut data = Table::from_iter([("source".to_owned(), Value::Table(source))]);
        if !moved {
            data.insert("validation".to_owned(), Value::Table(Table::new()));
        }
        self.merge(Table::from_iter([("data".to_owned(), Value::Table(data))]));
        Ok(())
    }

    /// All settings together.
    ///
    /// # Errors
    /// [`Error::Setting`], naming the key, when a value is missing or does not go with the others.
    pub fn resolve(self) -> Result<TrainConfig> {
        super::document::from_table(self.table)
    }

    fn merge(&mut self, layer: Table) {
        overlay(&mut self.table, layer, "", true);
    }
}

/// Reads a recipe and the path of the recipe it extends.
fn read_layer(path: &Path) -> Result<(Table, Option<PathBuf>)> {
    let text = std::fs::read_to_string(path).map_err(read_error(path))?;
    let origin = Origin { name: path.display().to_string(), text: &text };
    let mut layer = origin.parse()?;
    let extends = match layer.remove("extends") {
        None => None,
        Some(Value::String(name)) => {
            let mistake = |reason: String| origin.mistake("extends", &reason);
            let extends = recipe::find(&name).map_err(|error| mistake(error.to_string()))?;
            if !extends.is_file() {
                let place = std::path::absolute(&extends).unwrap_or(extends);
                return Err(mistake(format!(
                    "extends is {name:?}, but there is no file {}; a path begins where train is started",
                    place.display()
                )));
            }
            Some(extends)
        }
        Some(other) => {
            let reason = format!("extends is {other}, it must be the name of a recipe");
            return Err(origin.mistake("extends", &reason));
        }
    };
    expand_preset(&mut layer, &origin)?;
    keys::check_whole(&layer, &origin)?;
    Ok((layer, extends))
}

/// A TOML value, or a string if it is none.
fn parse_value(text: &str) -> Value {
    let parsed: Option<Table> = format!("value = {text}").parse().ok();
    match parsed {
        // One key: the text did not smuggle in a second line.
        Some(mut table) if table.len() == 1 => {
            table.remove("value").unwrap_or(Value::Boolean(false))
        }
        _ => Value::String(text.to_owned()),
    }
}

/// Replaces `model.preset` by the keys it stands for; keys written beside it win.
fn expand_preset(layer: &mut Table, origin: &Origin<'_>) -> Result<()> {
    let Some(Value::Table(model)) = layer.get_mut("model") else {
        return Ok(());
    };
    let Some(preset) = model.remove("preset") else {
        return Ok(());
    };
    let name = preset.as_str().map_or_else(|| preset.to_string(), ToOwned::to_owned);
    let PixelFlowConfig { num_attention_heads, attention_head_dim, depth, patch_size, .. } = name
        .parse::<Preset>()
        .map_err(|error| origin.mistake("model.preset", &format!("model.preset: {error}")))?
        .config(1);
    for (key, value) in [
        ("num_attention_heads", num_attention_heads),
        ("attention_head_dim", attention_head_dim),
        ("depth", depth),
        ("patch_size", patch_size),
    ] {
        model.entry(key).or_insert(Value::Integer(value as i64));
    }
    Ok(())
}

/// Puts `upper` over `lower`; with `whole_choices`, a choice replaces the one below entirely.
fn overlay(lower: &mut Table, upper: Table, prefix: &str, whole_choices: bool) {
    for (name, value) in upper {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        let is_choice = || section(&key).is_some_and(|section| section.choice.is_some());
        let replaces = whole_choices && is_choice();
        match (lower.get_mut(&name), value) {
            (Some(Value::Table(below)), Value::Table(above)) if !replaces => {
                overlay(below, above, &key, whole_choices);
            }
            (_, value) => {
                lower.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
impl TrainConfig {
    /// The defaults with a folder of images, and settings over them.
    pub fn of(assignments: &[&str]) -> Self {
        let mut layers = Layers::default();
        layers.set(r#"data.source={ kind = "folder", path = "images" }"#).unwrap();
        for assignment in assignments {
            layers.set(assignment).unwrap();
        }
        layers.resolve().unwrap()
    }
}

#[cfg(test)]
mod tests {
    use pixelflow::sampler::Guidance;
    use pixelflow_dataset::SourceConfig;
    use pixelflow_dataset::source::FolderConfig;

    use super::*;

    fn set_error(assignment: &str) -> String {
        Layers::default().set(assignment).unwrap_err().to_string()
    }

    #[test]
    fn the_command_line_wins_and_its_last_word_counts() {
        let config = TrainConfig::of(&["train.lr=2e-4", "train.steps = 7", "train.lr=3e-4"]);
        assert_eq!(config.train.steps, 7);
        assert!((config.train.lr - 3e-4).abs() < 1e-18);
        assert_eq!(config.data.source, SourceConfig::Folder(FolderConfig::new("images")));
    }

    #[test]
    fn strings_need_no_quotes_and_numbers_no_point() {
        let config = TrainConfig::of(&[
            "train.schedule=cosine",
            "data.source.path=else/where",
            "train.lr=1",
        ]);
        assert_eq!(config.train.schedule, crate::learning_rate::Schedule::Cosine);
        assert_eq!(config.data.source, SourceConfig::Folder(FolderConfig::new("else/where")));
        assert!((config.train.lr - 1.0).abs() < 1e-18);
    }

    #[test]
    fn a_value_cannot_smuggle_in_another_key() {
        let message = set_error("train.lr=1\nsteps=2");
        assert!(message.contains("it must be a number"), "{message}");
    }

    #[test]
    fn a_preset_sets_the_shape_and_later_keys_win() {
        let config =
            TrainConfig::of(&["model.num_classes=10", "model.preset=tiny", "model.depth=2"]);
        assert_eq!(config.model, PixelFlowConfig { depth: 2, ..Preset::Tiny.config(10) });
        let message = set_error("model.preset=huge");
        assert!(message.contains("no preset `huge`"), "{message}");
    }

    #[test]
    fn one_key_of_a_choice_can_be_changed() {
        let config = TrainConfig::of(&["preview.sampler.guidance.schedule=constant"]);
        assert_eq!(config.preview.sampler.guidance, Guidance::Constant { scale: 2.4 });
    }

    #[test]
    fn arguments_that_are_no_assignments_are_refused() {
        for argument in ["train.lr", "=3", "train..lr=1", ".lr=1"] {
            let message = set_error(argument);
            assert!(message.contains("write KEY=VALUE"), "{message}");
        }
        assert_eq!(
            set_error("train.lrr=1"),
            "--set train.lrr=1: there is no key `train.lrr`; did you mean `train.lr`?"
        );
    }

    #[test]
    fn recipes_extend_one_another_and_replace_choices_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (base, top) = (folder.path().join("base.toml"), folder.path().join("top.toml"));
        let source = "[data.source]\nkind = 'idx'\nimages = 'i'\nlabels = 'l'\n";
        std::fs::write(&base, format!("[train]\nsteps = 5\nseed = 1\n{source}")).unwrap();
        let extends = format!("extends = '{}'\n", base.display());
        let top_source = "[data.source]\nkind = 'folder'\npath = 'p'\n";
        std::fs::write(&top, format!("{extends}[train]\nseed = 2\n{top_source}")).unwrap();

        let mut layers = Layers::default();
        layers.file(&top).unwrap();
        let config = layers.resolve().unwrap();
        assert_eq!((config.train.steps, config.train.seed), (5, 2));
        assert_eq!(config.data.source, SourceConfig::Folder(FolderConfig::new("p")));
    }

    #[test]
    fn broken_recipes_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recipe.toml");
        let message = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Layers::default().file(&path).unwrap_err().to_string()
        };
        let circle = message(&format!("extends = '{}'", path.display()));
        assert!(circle.contains("is there a circle?"), "{circle}");
        let syntax = message("[train\nlr = 1");
        assert!(
            syntax.contains("recipe.toml, line 1, column 7: this is not valid TOML"),
            "{syntax}"
        );
        let key = message("[trian]\nlr = 1");
        assert!(
            key.contains(
                "recipe.toml, line 2: there is no key `trian.lr`; did you mean `train.lr`?"
            ),
            "{key}"
        );
        let number = message("extends = 3");
        assert!(number.contains("extends is 3, it must be the name of a recipe"), "{number}");
    }

    #[test]
    fn what_the_layers_lack_together_is_named() {
        let unresolved = |assignments: &[&str]| {
            let mut layers = Layers::default();
            for assignment in assignments {
                layers.set(assignment).unwrap();
            }
            layers.resolve().unwrap_err().to_string()
        };
        let none = unresolved(&[]);
        assert!(none.starts_with("the configuration: data.source is missing"), "{none}");
        assert_eq!(
            unresolved(&["data.source.kind=folder"]),
            "the configuration: data.source.path is missing: it must be a string"
        );
        assert_eq!(
            unresolved(&["data.source.path=images"]),
            "the configuration: data.source.kind is missing: it must be \"webdataset\", \"folder\" or \
             \"idx\""
        );
        assert_eq!(
            unresolved(&[
                "data.source={ kind = 'folder', path = 'images' }",
                "data.source.kind=idx"
            ]),
            "the configuration: there is no key `data.source.path`; kind = \"idx\" has images, labels, \
             grey and classes"
        );
    }
}

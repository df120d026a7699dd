//! The configuration as it is written beside a run: all keys, with their documentation.

use std::path::Path;

use toml::{Table, Value};

use super::origin::Origin;
use super::settings::{SECTIONS, Section, Setting, TrainConfig};
use super::{dotted, keys};
use crate::Result;
use crate::error::read_error;

const HEADER: &str = "\
# The settings of this run, written by `train`: defaults, recipe and command line together.
# `train --resume` on the run's folder reads them.";

impl TrainConfig {
    /// The configuration as TOML, every key with its documentation.
    pub fn to_toml(&self) -> String {
        let table = to_table(self);
        let mut lines = vec![HEADER.to_owned()];
        for section in SECTIONS {
            lines.push(String::new());
            lines.extend(comment(section));
            lines.push(format!("[{}]", section.name));
            if section.choice.is_some() {
                let chosen = dotted::get(&table, section.name).and_then(Value::as_table);
                let chosen = chosen.into_iter().flatten();
                lines.extend(chosen.map(|(name, value)| format!("{name} = {value}")));
            }
            for setting in section.settings {
                if let Some(value) = dotted::get(&table, &section.key(setting)) {
                    lines.extend(commented(setting.documentation));
                    lines.push(format!("{} = {value}", setting.name));
                }
            }
        }
        lines.join("\n") + "\n"
    }

    /// Every setting by its dotted key, such as `train.lr`; what is none is not there.
    pub fn by_key(&self) -> Vec<(String, Value)> {
        let table = to_table(self);
        let is_none = |value: &Value| value.as_table().is_some_and(Table::is_empty);
        let leaves = dotted::leaves(&table).into_iter().filter(|(_, value)| !is_none(value));
        leaves.map(|(key, value)| (key, value.clone())).collect()
    }

    /// Reads what [`to_toml`](Self::to_toml) has written to a file.
    ///
    /// # Errors
    /// [`Error::Read`](crate::Error::Read), or [`Error::Setting`](crate::Error::Setting) naming file,
    /// line and key.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(read_error(path))?;
        Self::parse(&text, path.display().to_string())
    }

    /// Reads what [`to_toml`](Self::to_toml) has written, and what is called `name`.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) naming it, line and key.
    pub fn parse(text: &str, name: String) -> Result<Self> {
        let origin = Origin { name, text };
        let table = origin.parse()?;
        keys::check_whole(&table, &origin)?;
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
    let is_none = |value: &Value| value.as_table().is_some_and(Table::is_empty);
    let origin = Origin::together();
    keys::check_whole(&table, &origin)?;
    table.retain(|name, value| name != "text" || !is_none(value));
    if let Some(Value::Table(evaluation)) = table.get_mut("evaluation")
        && let Some(Value::Table(sampler)) = evaluation.get_mut("sampler")
    {
        sampler.retain(|_, value| !is_none(value));
    }
    if let Some(Value::Table(data)) = table.get_mut("data") {
        data.retain(|_, value| !is_none(value));
        if !data.contains_key("source") {
            let reason = "data.source is missing: name a data set with --data PATH, or write \
                          data.source in the recipe";
            return Err(origin.mistake("", reason));
        }
    }
    let unreadable =
        |error: toml::de::Error| origin.mistake("", &error.message().trim_end().replace('\n', " "));
    table.try_into().map_err(unreadable)
}

/// Lines as comments of TOML.
fn commented(lines: &str) -> impl Iterator<Item = String> {
    lines.lines().map(|line| format!("#{line}"))
}

/// What is written above a section: its documentation, and how its kinds are written.
fn comment(section: &Section) -> Vec<String> {
    let mut lines: Vec<String> = commented(section.documentation).collect();
    for (tag, kind) in section.listed_kinds() {
        let written = |optional: bool| -> Vec<String> {
            let settings = kind.settings.iter().filter(|setting| setting.optional == optional);
            settings.map(Setting::example).collect()
        };
        let needed = [vec![format!("{tag} = \"{}\"", kind.name)], written(false)].concat();
        lines.push(format!("#   {}", needed.join(", ")));
        lines.push(format!("#       {}", kind.documentation.trim()));
        let optional = written(true);
        if !optional.is_empty() {
            lines.push(format!("#       Also {}", optional.join(", ")));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use pixelflow::PixelFlowConfig;
    use pixelflow::Preset;
    use pixelflow_dataset::SourceConfig;
    use pixelflow_dataset::source::{FolderConfig, HeldOut, IdxConfig, WebDatasetConfig};

    use super::*;
    use crate::config::layers::Layers;

    fn config(assignments: &[&str]) -> TrainConfig {
        let mut config = TrainConfig::of(assignments);
        let source = WebDatasetConfig::new(["a b.tar", "ü.tar"]);
        config.data.source = SourceConfig::WebDataset(source);
        config
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
        let own =
            "evaluation.sampler={ shift = 2.0, guidance = { schedule = 'constant', scale = 3.0 } }";
        let measured = config(&["evaluation.every=5", own]);
        assert_eq!(
            (read_back(&measured), measured.evaluation.sampler.shift),
            (measured.clone(), Some(2.0))
        );
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
        for (key, _) in dotted::leaves(&keys::defaults()) {
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

//! The reference's `config.yaml`: what its weights do not say about their model.

use std::path::Path;

use serde::Deserialize;
use serde_yaml_ng::Value;

use super::{ModelDescription, TextDescription, WeightsError};
use crate::cascade::CascadeConfig;
use crate::plain_text;
use crate::text::MAX_TOKENS;
use crate::{PixelFlowConfig, Prediction};

/// Longest configuration that is read, in bytes; the reference's has 600.
const MAX_LENGTH: u64 = 1 << 20;

/// Side of the images of a model that does not say.
const RESOLUTION: usize = 256;

/// The text encoder of the authors' text model.
const TEXT_ENCODER: &str = "hf:google/flan-t5-xl";

/// Keys of `model.params` that are known here.
const MODEL_KEYS: [&str; 10] = [
    "in_channels",
    "out_channels",
    "num_attention_heads",
    "attention_head_dim",
    "depth",
    "patch_size",
    "dropout",
    "cross_attention_dim",
    "attention_bias",
    "num_classes",
];

/// The parts of the file that are read; the others say how it was trained.
#[derive(Deserialize)]
struct Sections {
    model: Model,
    scheduler: Scheduler,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Model {
    params: serde_yaml_ng::Mapping,
}

/// `model.params` as the reference's constructor takes them, with its defaults.
#[derive(Deserialize)]
struct Parameters {
    in_channels: usize,
    out_channels: usize,
    num_attention_heads: usize,
    attention_head_dim: usize,
    depth: usize,
    patch_size: usize,
    #[serde(default)]
    dropout: f64,
    cross_attention_dim: Option<usize>,
    #[serde(default = "yes")]
    attention_bias: bool,
    #[serde(default)]
    num_classes: usize,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct Scheduler {
    num_train_timesteps: usize,
    num_stages: usize,
}

#[derive(Deserialize)]
struct Data {
    resolution: Option<usize>,
}

/// Reads the `config.yaml` beside weights of the reference, with its own values for what the file
/// does not say.
///
/// # Errors
/// [`WeightsError::Open`], or [`WeightsError::Config`] naming the key that does not fit.
pub fn read_reference_config(path: &Path) -> Result<ModelDescription, WeightsError> {
    let text = plain_text::read(path, MAX_LENGTH)
        .map_err(|source| WeightsError::Open { path: path.to_owned(), source })?;
    parse(&text).map_err(|reason| WeightsError::Config { path: path.to_owned(), reason })
}

/// Parses and checks the text of a `config.yaml`; an error says why not.
fn parse(text: &str) -> Result<ModelDescription, String> {
    let sections: Sections = serde_yaml_ng::from_str(text).map_err(|error| error.to_string())?;
    let model = model(sections.model.params)?;
    let cascade = CascadeConfig {
        stages: sections.scheduler.num_stages,
        train_timesteps: sections.scheduler.num_train_timesteps,
    };
    cascade.build().map_err(|error| format!("scheduler: {error}"))?;
    let resolution = sections.data.and_then(|data| data.resolution);
    let text = model
        .cross_attention_dim
        .map(|_| TextDescription { encoder: TEXT_ENCODER.to_owned(), max_tokens: MAX_TOKENS });
    let description = ModelDescription {
        text,
        model,
        cascade,
        resolution: resolution.unwrap_or(RESOLUTION),
        class_names: None,
        sampler: None,
    };
    description.check().map_err(|error| match resolution {
        Some(_) => format!("data.resolution: {error}"),
        None => error.to_string(),
    })?;
    Ok(description)
}

fn model(parameters: serde_yaml_ng::Mapping) -> Result<PixelFlowConfig, String> {
    let unknown: Vec<String> = parameters
        .keys()
        .filter(|key| !key.as_str().is_some_and(|key| MODEL_KEYS.contains(&key)))
        .map(|key| match key {
            Value::String(key) => key.clone(),
            other => format!("{other:?}"),
        })
        .collect();
    if !unknown.is_empty() {
        return Err(format!(
            "model.params has the unknown keys {}; known are {}",
            unknown.join(", "),
            MODEL_KEYS.join(", ")
        ));
    }
    let Parameters {
        in_channels,
        out_channels,
        num_attention_heads,
        attention_head_dim,
        depth,
        patch_size,
        dropout,
        cross_attention_dim,
        attention_bias,
        num_classes,
    } = serde_yaml_ng::from_value(Value::Mapping(parameters))
        .map_err(|error| format!("model.params: {error}"))?;
    // It acts in training only: weights that were trained with it are as good as any.
    if !(0.0..=1.0).contains(&dropout) {
        return Err(format!("model.params.dropout is {dropout}, it must be 0 to 1"));
    }
    let config = PixelFlowConfig {
        num_attention_heads,
        attention_head_dim,
        in_channels,
        out_channels,
        depth,
        num_classes,
        patch_size,
        attention_bias,
        cross_attention_dim,
        prediction: Prediction::Velocity,
    };
    config.check().map_err(|error| format!("model.params: {error}"))?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::Preset;

    const CLASSES: &str = "\
model:
  target: pixelflow.model.PixelFlowModel
  params:
    num_attention_heads: 16
    attention_head_dim: 72
    in_channels: 3
    out_channels: 3
    depth: 28
    num_classes: 1000
    patch_size: 4
    attention_bias: true
scheduler:
  num_train_timesteps: 1000
  num_stages: 4
  pyramid_shift: false
train:
  lr: 1e-4
data:
  root: /somewhere/train
  resolution: 256
  expand_ratio: 1.125
seed: 42
";

    #[test]
    fn the_class_model_is_the_preset() {
        let config = parse(CLASSES).unwrap();
        assert_eq!(config.model, Preset::Xl.config(1000));
        assert_eq!(config.cascade, CascadeConfig::default());
        assert_eq!(config.resolution, 256);
    }

    #[test]
    fn what_is_left_out_is_as_in_the_reference() {
        let text = "\
model: {params: {num_attention_heads: 2, attention_head_dim: 8, in_channels: 3, out_channels: 3,
  depth: 1, patch_size: 2, dropout: 0.1, cross_attention_dim: 64}}
scheduler: {num_train_timesteps: 100, num_stages: 2}
";
        let config = parse(text).unwrap();
        assert_eq!((config.model.num_classes, config.model.cross_attention_dim), (0, Some(64)));
        assert!(config.model.attention_bias);
        assert_eq!(config.cascade, CascadeConfig { stages: 2, train_timesteps: 100 });
        assert_eq!((config.resolution, config.text.unwrap().max_tokens), (256, MAX_TOKENS));
    }

    #[test]
    fn errors_name_what_does_not_fit() {
        let changed = |from: &str, to: &str| {
            assert!(CLASSES.contains(from));
            CLASSES.replace(from, to)
        };
        let cases = [
            (changed("    depth: 28", "    dept: 28\n    rope: 2d"), "unknown keys dept, rope"),
            (changed("    depth: 28\n", ""), "missing field `depth`"),
            (changed("depth: 28", "depth: many"), "many"),
            (changed("depth: 28", "depth: 0"), "depth is 0"),
            (changed("depth: 28", "depth: 28\n    dropout: 2"), "dropout is 2"),
            (changed("scheduler:", "schedule:"), "`scheduler`"),
            (changed("num_stages: 4", "num_stages: 0"), "scheduler: "),
            (changed("resolution: 256", "resolution: 200"), "data.resolution: "),
            ("model: [".to_owned(), "line 1"),
            (String::new(), "`model`"),
            (changed("resolution: 256", "resolution: 1099511627776"), "it must be 1 to 16384"),
        ];
        for (text, expected) in cases {
            let message = parse(&text).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn aliases_cannot_multiply() {
        let mut lines = vec!["a0: &a0 [x, x, x, x, x, x, x, x, x, x]".to_owned()];
        for level in 1..40 {
            let below = format!("*a{}", level - 1);
            let items = [below.as_str(); 10].join(", ");
            lines.push(format!("a{level}: &a{level} [{items}]"));
        }
        lines.push(CLASSES.replace("depth: 28", "depth: *a39"));
        let message = parse(&lines.join("\n")).unwrap_err();
        assert!(message.contains("repetition limit"), "{message}");
    }

    #[test]
    fn errors_name_the_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"model: 3").unwrap();
        let error = read_reference_config(file.path()).unwrap_err();
        assert!(matches!(&error, WeightsError::Config { path, .. } if path == file.path()));
        let gone = read_reference_config(Path::new("no such config.yaml")).unwrap_err();
        assert!(gone.to_string().contains("no such config.yaml"), "{gone}");
    }
}

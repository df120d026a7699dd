//! Weights of another model to begin with.

use std::path::Path;

use burn::tensor::DType;
use burn::tensor::backend::Backend;
use infer::ModelSource;
use pixelflow::pipeline::ModelFiles;
use pixelflow::text::{T5Config, T5Encoder, TextTokenizer};
use pixelflow::weights::{
    TextEncoderFiles, WeightSet, load_class_as_text, load_model, load_with_classes,
};
use pixelflow::{NumberFormat, PixelFlow, PixelFlowConfig};
use serde::{Deserialize, Serialize};

use crate::config::{TrainConfig, UpdateConfig};
use crate::{Error, Result};

/// Which classes a model has that begins with the weights of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitialClasses {
    /// The same as that one.
    #[default]
    Same,
    /// Those of the data: what has the same name is known already.
    ByName,
    /// That one's, and what the data have besides.
    Add,
}

/// A model of shape `config`, whose classes are `class_names`, with the weights that `settings` name: of a model of
/// the same shape, of one [with other classes](load_with_classes), or of the class model of the same shape for
/// [a text model](load_class_as_text).
///
/// # Errors
/// [`Error::InitialWeights`] if it has another shape, and what reading says.
pub fn begin_with<B: Backend>(
    settings: &UpdateConfig,
    config: &PixelFlowConfig,
    class_names: &[String],
    device: &B::Device,
) -> Result<PixelFlow<B>> {
    let source = find(settings, config)?;
    let theirs = &source.description.model;
    let file = source.files()?.open()?;
    if config.is_text_form_of(theirs) {
        return Ok(load_class_as_text(&file, theirs, config, settings.seed, device)?);
    }
    match &source.description.class_names {
        Some(known) if settings.initial_classes != InitialClasses::Same => {
            Ok(load_with_classes(&file, (theirs, known), class_names, device)?)
        }
        _ => Ok(load_model(&file, config, NumberFormat::F32, device)?),
    }
}

/// The text encoder of the model that `settings` name, where that is a text model whose encoder was trained with it; `None`
/// where it is a class model, whose text form begins with a new encoder.
///
/// # Errors
/// [`Error::InitialWeights`] for an encoder that is not there, or reads other words than the captions have:
/// the model would be told what it has never heard.
pub fn text_encoder<B: Backend>(
    settings: &UpdateConfig,
    model: &PixelFlowConfig,
    (config, tokenizer): (&T5Config, &TextTokenizer),
    device: &B::Device,
) -> Result<Option<T5Encoder<B>>> {
    let (path, source) = (Path::new(&settings.initial_weights), find(settings, model)?);
    if source.description.model != *model {
        return Ok(None);
    }
    let misfit = |reason: String| Error::InitialWeights { path: path.to_owned(), reason };
    let files = source.files()?;
    let text = source.description.text.as_ref();
    let folder = files.path().zip(text).map(|(file, text)| file.with_file_name(&text.encoder));
    let Some(folder) = folder.filter(|folder| folder.is_dir()) else {
        return Err(misfit(
            "it is a text model without its text encoder beside it; begin with a class model, or with the \
             folder that has both"
                .to_owned(),
        ));
    };
    let files =
        TextEncoderFiles::open(&folder, files.set()).map_err(|error| misfit(error.to_string()))?;
    let max_tokens = tokenizer.max_tokens();
    if files.config != *config
        || !files.tokenizer.clone().with_max_tokens(max_tokens).is_same(tokenizer)
    {
        return Err(misfit(format!(
            "its text encoder in {} has another shape or other words than these captions make; train on the \
             captions that it was trained on, with its [text] settings, or begin with a class model",
            folder.display()
        )));
    }
    Ok(Some(files.load(DType::F32, device)?))
}

/// The model that `settings` name, whose shape is `config`, or that with other classes where these may be others, or
/// that of the class model for a text model.
///
/// # Errors
/// [`Error::InitialWeights`], for another prediction too; [`Error::MissingAsset`].
pub fn find(settings: &UpdateConfig, config: &PixelFlowConfig) -> Result<ModelSource> {
    let path = Path::new(&settings.initial_weights);
    let misfit = |reason: String| Error::InitialWeights { path: path.to_owned(), reason };
    let resolved = infer::assets::resolve(path)?;
    let source =
        ModelSource::find(&resolved, WeightSet::Ema).map_err(|error| misfit(error.to_string()))?;
    let theirs = &source.description.model;
    if theirs.prediction != config.prediction {
        let [theirs, ours] = [theirs, config].map(|of| of.prediction.name());
        return Err(misfit(format!(
            "its output is read as the {theirs}, that of the new model as the {ours}, and weights that have learned the \
             one do not know the other; set model.prediction = \"{theirs}\", or leave train.initial_weights out"
        )));
    }
    if config.is_text_form_of(theirs) {
        return Ok(source);
    }
    let is_class = config.num_classes > 0 && theirs.num_classes > 0;
    let is_but_for_classes = is_class
        && *theirs == PixelFlowConfig { num_classes: theirs.num_classes, ..config.clone() };
    match settings.initial_classes {
        InitialClasses::Same if theirs == config => return Ok(source),
        InitialClasses::Same => {}
        _ if !is_class => {
            return Err(misfit(
                "it has no classes that could be others; leave train.initial_classes out"
                    .to_owned(),
            ));
        }
        _ if is_but_for_classes && source.description.class_names.is_none() => {
            return Err(misfit(
                "it does not name its classes, so that none is known by its name; add class_names to its \
                 config.json, or leave train.initial_classes out"
                    .to_owned(),
            ));
        }
        _ if is_but_for_classes => return Ok(source),
        _ => {}
    }
    let advice = if is_but_for_classes {
        "; train.initial_classes = \"by-name\" or \"add\" gives it other classes"
    } else {
        ""
    };
    Err(misfit(format!("it is {}, the new model is {}{advice}", shape(theirs), shape(config))))
}

/// As [`find`], for a run with these settings.
///
/// # Errors
/// As [`find`]; [`Error::InitialWeights`] for adapters on what would be new weights, which no other model has.
pub fn find_for(settings: &TrainConfig) -> Result<ModelSource> {
    let source = find(&settings.train, &settings.model)?;
    if settings.lora.is_on() && settings.model.is_text_form_of(&source.description.model) {
        return Err(Error::InitialWeights {
            path: Path::new(&settings.train.initial_weights).to_owned(),
            reason: "it is a class model, whose text form has new weights that adapters would leave as they are; \
                     begin with a text model, or set lora.rank to 0"
                .to_owned(),
        });
    }
    Ok(source)
}

/// The weights that adapters learn on; `None` where all weights learn.
///
/// # Errors
/// As [`find`].
pub fn adapted(settings: &TrainConfig) -> Result<Option<ModelFiles>> {
    if !settings.lora.is_on() {
        return Ok(None);
    }
    Ok(Some(find(&settings.train, &settings.model)?.files()?))
}

/// `6 blocks of 4 x 64, patch 4, 16 classes`.
fn shape(config: &PixelFlowConfig) -> String {
    let condition = match config.cross_attention_dim {
        Some(width) => format!("text of width {width}"),
        None => format!("{} classes", config.num_classes),
    };
    format!(
        "{} blocks of {} x {}, patch {}, {} channels, {condition}",
        config.depth,
        config.num_attention_heads,
        config.attention_head_dim,
        config.patch_size,
        config.in_channels
    )
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use std::collections::BTreeMap;

    use burn::backend::Flex;
    use burn::backend::flex::FlexDevice;
    use pixelflow::cascade::CascadeConfig;
    use pixelflow::weights::{
        DESCRIPTION_FILE, DType as WeightFormat, ModelDescription, WEIGHTS_FILE,
        for_each_parameter, save_model,
    };
    use pixelflow::{Prediction, Preset};

    use super::*;

    fn class_config() -> PixelFlowConfig {
        PixelFlowConfig { depth: 2, ..Preset::Tiny.config(3) }
    }

    /// A class model, saved in `folder`.
    fn saved(folder: &Path) -> PixelFlow<Flex> {
        let model = class_config().init(1, &FlexDevice).unwrap();
        let description = ModelDescription {
            model: class_config(),
            cascade: CascadeConfig::default(),
            resolution: 32,
            class_names: None,
            text: None,
            sampler: None,
        };
        description.write(&folder.join(DESCRIPTION_FILE)).unwrap();
        let path = folder.join(WEIGHTS_FILE);
        save_model(&model, &path, WeightFormat::F32, &BTreeMap::new()).unwrap();
        model
    }

    fn settings(folder: &Path, initial_classes: InitialClasses) -> UpdateConfig {
        let path = format!("train.initial_weights={:?}", folder.to_str().unwrap());
        let settings = TrainConfig::of(&[&path]);
        UpdateConfig { initial_classes, ..settings.train }
    }

    fn parameters(model: &PixelFlow<Flex>) -> BTreeMap<String, Vec<f32>> {
        let mut all = BTreeMap::new();
        for_each_parameter(model, |name, _, values| {
            all.insert(name.to_owned(), values);
        });
        all
    }

    #[test]
    fn the_same_shape_and_its_text_form_are_taken_and_another_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let model = saved(folder.path());
        let settings = settings(folder.path(), InitialClasses::Same);
        let begin =
            |config: &PixelFlowConfig| begin_with::<Flex>(&settings, config, &[], &FlexDevice);
        let again = begin(&class_config()).unwrap();
        assert_eq!(parameters(&again), parameters(&model));
        let (num_classes, cross_attention_dim) = (0, Some(8));
        let text = PixelFlowConfig { num_classes, cross_attention_dim, ..class_config() };
        let text_model = begin(&text).unwrap();
        let name = "transformer_blocks.1.mlp.fc2.weight";
        assert_eq!(parameters(&text_model)[name], parameters(&model)[name]);
        let deeper = PixelFlowConfig { depth: 3, ..text };
        let error = begin(&deeper).unwrap_err();
        assert!(error.to_string().contains("2 blocks of 4 x 32"), "{error}");
        let more = PixelFlowConfig { num_classes: 4, ..class_config() };
        let error = begin(&more).unwrap_err().to_string();
        assert!(error.contains("train.initial_classes = \"by-name\""), "{error}");
    }

    #[test]
    fn another_prediction_is_refused_whatever_else_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        saved(folder.path());
        let class = PixelFlowConfig { prediction: Prediction::End, ..class_config() };
        let text =
            PixelFlowConfig { num_classes: 0, cross_attention_dim: Some(8), ..class.clone() };
        for classes in [InitialClasses::Same, InitialClasses::ByName] {
            for config in [&class, &text] {
                let error = find(&settings(folder.path(), classes), config).unwrap_err();
                let error = error.to_string();
                assert!(error.contains("is read as the velocity, that of the new"), "{error}");
                assert!(error.contains("set model.prediction = \"velocity\""), "{error}");
            }
        }
    }

    #[test]
    fn classes_without_names_cannot_become_others() {
        let folder = tempfile::tempdir().unwrap();
        saved(folder.path());
        let settings = settings(folder.path(), InitialClasses::Add);
        let more = PixelFlowConfig { num_classes: 4, ..class_config() };
        let error = find(&settings, &more).unwrap_err().to_string();
        assert!(error.contains("add class_names to its config.json"), "{error}");
    }
}

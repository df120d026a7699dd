//! Weights of another model to begin with.

use std::path::Path;

use burn::tensor::DType;
use burn::tensor::backend::Backend;
use infer::ModelSource;
use pixelflow::text::{T5Config, T5Encoder, TextTokenizer};
use pixelflow::weights::{TextEncoderFiles, WeightSet, load_class_as_text, load_model};
use pixelflow::{NumberFormat, PixelFlow, PixelFlowConfig};

use crate::{Error, Result};

/// A model of shape `config` with the weights at `path`, a model of the same shape, or the class
/// model of the same shape for [a text model](load_class_as_text).
///
/// # Errors
/// [`Error::InitialWeights`] if it has another shape, and what reading says.
pub fn begin_with<B: Backend>(
    path: &Path,
    config: &PixelFlowConfig,
    seed: u64,
    device: &B::Device,
) -> Result<PixelFlow<B>> {
    let source = find(path, config)?;
    let theirs = &source.description.model;
    let file = source.files()?.open()?;
    if theirs == config {
        return Ok(load_model(&file, config, NumberFormat::F32, device)?);
    }
    Ok(load_class_as_text(&file, theirs, config, seed, device)?)
}

/// The text encoder of the model at `path`, where that is a text model whose encoder was trained with it; `None`
/// where it is a class model, whose text form begins with a new encoder.
///
/// # Errors
/// [`Error::InitialWeights`] for an encoder that is not there, or reads other words than the captions have:
/// the model would be told what it has never heard.
pub fn text_encoder<B: Backend>(
    path: &Path,
    model: &PixelFlowConfig,
    (config, tokenizer): (&T5Config, &TextTokenizer),
    device: &B::Device,
) -> Result<Option<T5Encoder<B>>> {
    let source = find(path, model)?;
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

/// The model at `path`, whose shape is `config` or that of the class model for a text model.
///
/// # Errors
/// [`Error::InitialWeights`], [`Error::MissingAsset`].
pub fn find(path: &Path, config: &PixelFlowConfig) -> Result<ModelSource> {
    let misfit = |reason: String| Error::InitialWeights { path: path.to_owned(), reason };
    let resolved = infer::assets::resolve(path)?;
    let source =
        ModelSource::find(&resolved, WeightSet::Ema).map_err(|error| misfit(error.to_string()))?;
    let theirs = &source.description.model;
    if theirs == config || config.is_text_form_of(theirs) {
        return Ok(source);
    }
    Err(misfit(format!("it is {}, the new model is {}", shape(theirs), shape(config))))
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
    use pixelflow::Preset;
    use pixelflow::cascade::CascadeConfig;
    use pixelflow::weights::{
        DESCRIPTION_FILE, DType as WeightFormat, ModelDescription, WEIGHTS_FILE,
        for_each_parameter, save_model,
    };

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
        let again = begin_with::<Flex>(folder.path(), &class_config(), 2, &FlexDevice).unwrap();
        assert_eq!(parameters(&again), parameters(&model));
        let (num_classes, cross_attention_dim) = (0, Some(8));
        let text = PixelFlowConfig { num_classes, cross_attention_dim, ..class_config() };
        let text_model = begin_with::<Flex>(folder.path(), &text, 2, &FlexDevice).unwrap();
        let name = "transformer_blocks.1.mlp.fc2.weight";
        assert_eq!(parameters(&text_model)[name], parameters(&model)[name]);
        let deeper = PixelFlowConfig { depth: 3, ..text };
        let error = begin_with::<Flex>(folder.path(), &deeper, 1, &FlexDevice).unwrap_err();
        assert!(error.to_string().contains("2 blocks of 4 x 32"), "{error}");
    }
}

//! Weights of another model to begin with.

use std::path::Path;

use burn::tensor::backend::Backend;
use infer::model_source::ModelSource;
use pixelflow::weights::{WeightSet, load_class_as_text, load_model};
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
    use burn::tensor::{Tensor, TensorData};
    use pixelflow::cascade::CascadeConfig;
    use pixelflow::noise::{Key, Purpose};
    use pixelflow::weights::{
        DESCRIPTION_FILE, DType, ModelDescription, WEIGHTS_FILE, model_from, save_model,
    };
    use pixelflow::{Context, Preset};

    use super::*;

    fn class_config() -> PixelFlowConfig {
        PixelFlowConfig { depth: 2, ..Preset::Tiny.config(3) }
    }

    fn text_config() -> PixelFlowConfig {
        PixelFlowConfig { num_classes: 0, cross_attention_dim: Some(8), ..class_config() }
    }

    fn normals(index: u64, count: usize) -> Vec<f32> {
        Key::new(3, index, Purpose::Testing).normals(count)
    }

    /// A class model with weights, saved in `folder`.
    fn saved(folder: &Path) -> PixelFlow<Flex> {
        let mut index = 0;
        let model = model_from::<Flex, ()>(&class_config(), &FlexDevice, |_, shape| {
            index += 1;
            let values = normals(index, shape.iter().product());
            Ok(values.into_iter().map(|x| 0.2 * x).collect())
        })
        .unwrap();
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
        save_model(&model, &path, DType::F32, &BTreeMap::new()).unwrap();
        model
    }

    fn velocity(model: &PixelFlow<Flex>, context: &Context<Flex>) -> Vec<f32> {
        let images = TensorData::new(normals(99, 2 * 3 * 64), [2, 3, 8, 8]);
        let images = Tensor::from_data(images, &FlexDevice);
        let velocity = model.forward(images, &[10.0, 700.0], context);
        velocity.into_data().to_vec().unwrap()
    }

    #[test]
    fn the_same_shape_is_taken_as_it_is_and_another_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let model = saved(folder.path());
        let again = begin_with::<Flex>(folder.path(), &class_config(), 1, &FlexDevice).unwrap();
        let context = Context::Class(vec![0, 2]);
        assert_eq!(velocity(&again, &context), velocity(&model, &context));
        let deeper = PixelFlowConfig { depth: 3, ..text_config() };
        let error = begin_with::<Flex>(folder.path(), &deeper, 1, &FlexDevice).unwrap_err();
        assert!(error.to_string().contains("2 blocks of 4 x 32"), "{error}");
    }
}

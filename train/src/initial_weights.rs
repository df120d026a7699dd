//! Weights of another model to begin with.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::backend::Backend;
use infer::model_source::ModelSource;
use pixelflow::weights::{
    TensorFile, WeightSet, WeightsError, for_each_parameter, load_model, model_from,
};
use pixelflow::{PixelFlow, PixelFlowConfig};

use crate::{Error, Result};

/// A model of shape `config` with the weights at `path`, a model of the same shape, or the class
/// model of the same shape for a text model.
///
/// From classes to text: the embedding of "no class" is added to every condition for good, and the
/// new cross-attention begins with a projection of zero. So the first step is exactly that of the
/// class model without a class.
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
        return Ok(load_model(&file, config, device)?);
    }
    let mut new = BTreeMap::new();
    for_each_parameter(&config.init::<B>(seed, device)?, |name, _, values| {
        if !file.tensors().contains_key(name) {
            new.insert(name.to_owned(), values);
        }
    });
    let null = null_class(&file, theirs)?;
    let model = model_from(config, device, |name, _| {
        if let Some(values) = new.remove(name) {
            let is_projection = name.contains(".attn2.o_proj.");
            return Ok::<_, WeightsError>(if is_projection {
                vec![0.0; values.len()]
            } else {
                values
            });
        }
        let mut values = file.read(name)?;
        if name == "timestep_embedder.linear_2.bias" {
            for (value, null) in values.iter_mut().zip(&null) {
                *value += null;
            }
        }
        Ok(values)
    })?;
    Ok(model)
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
    let as_text = PixelFlowConfig {
        num_classes: 0,
        cross_attention_dim: config.cross_attention_dim,
        ..theirs.clone()
    };
    if theirs == config || (as_text == *config && theirs.num_classes > 0) {
        return Ok(source);
    }
    Err(misfit(format!("it is {}, the new model is {}", shape(theirs), shape(config))))
}

/// The embedding of "no class".
fn null_class(file: &TensorFile, config: &PixelFlowConfig) -> Result<Vec<f32>, WeightsError> {
    let table = file.read("class_embedder.embedding_table.weight")?;
    let width = config.width();
    Ok(table[config.num_classes * width..].to_vec())
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
    use burn::backend::Flex;
    use burn::backend::flex::FlexDevice;
    use burn::tensor::{Tensor, TensorData};
    use pixelflow::cascade::CascadeConfig;
    use pixelflow::noise::{Key, Purpose};
    use pixelflow::weights::{DESCRIPTION_FILE, DType, ModelDescription, WEIGHTS_FILE, save_model};
    use pixelflow::{Context, Preset, Segments, TextStates};

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
    fn the_first_step_of_a_text_model_is_the_class_models_without_a_class() {
        let folder = tempfile::tempdir().unwrap();
        let class_model = saved(folder.path());
        let text_model = begin_with::<Flex>(folder.path(), &text_config(), 1, &FlexDevice).unwrap();
        let states = TensorData::new(normals(7, 5 * 8), [5, 8]);
        let text = TextStates {
            states: Tensor::from_data(states, &FlexDevice),
            segments: Segments::new(vec![2, 3]),
            bias: None,
        };
        let expected = velocity(&class_model, &Context::Class(vec![3, 3]));
        let found = velocity(&text_model, &Context::Text(text));
        let size = expected.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        assert!(size > 0.1, "nothing is compared");
        for (found, expected) in found.iter().zip(&expected) {
            // One addition is made in another order.
            assert!((found - expected).abs() < 1e-5 * size, "{found} for {expected}");
        }
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

//! A text model that begins as a class model.

use burn::tensor::backend::Backend;

use super::{TensorFile, load_model};
use crate::layers::{Linear, MatrixFormat};
use crate::{Error, NumberFormat, PixelFlow, PixelFlowConfig, Result};

/// A text model of shape `text` with the weights of a file of shape `class`.
///
/// The embedding of "no class" is added to every condition for good, in the bias of the timestep's
/// embedding; the new cross-attention is drawn from `seed`, but its output projection is zero. So
/// the first velocity is that of the class model without a class.
///
/// # Errors
/// [`Error::InvalidModel`] if `text` is not the [text form](PixelFlowConfig::is_text_form_of) of
/// `class`, and as [`load_model`].
pub fn load_class_as_text<B: Backend>(
    file: &TensorFile,
    class: &PixelFlowConfig,
    text: &PixelFlowConfig,
    seed: u64,
    device: &B::Device,
) -> Result<PixelFlow<B>> {
    if !text.is_text_form_of(class) {
        let reason = "a class model becomes a text model of the same shape only".to_owned();
        return Err(Error::InvalidModel { reason });
    }
    let mut model = load_model::<B>(file, class, NumberFormat::F32, device)?;
    let bias = &mut model.timestep_embedder.linear_2.bias;
    if let (Some(bias), Some(embedder)) = (bias, model.class_embedder.take()) {
        let table = embedder.embedding_table.weight.val();
        let null = table.narrow(0, class.null_class(), 1).reshape([text.width()]);
        // Detached: the sum is a parameter, not the result of two.
        let sum = (bias.val() + null).detach();
        *bias = bias.clone().transform_for_load(sum, bias.id);
    }
    let new = text.init::<B>(seed, device)?.transformer_blocks;
    for (block, new) in model.transformer_blocks.iter_mut().zip(new) {
        (block.norm2, block.attn2) = (new.norm2, new.attn2);
        if let Some(attention) = &mut block.attn2 {
            let (width, bias) = (text.width(), text.attention_bias);
            attention.o_proj =
                Linear::uninitialised(width, width, bias, MatrixFormat::Float, device);
        }
    }
    Ok(model)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use burn::backend::Autodiff;
    use burn::optim::GradientsParams;
    use burn::tensor::{Tensor, TensorData};
    use burn_flex::{Flex, FlexDevice};

    use super::*;
    use crate::noise::{Key, Purpose};
    use crate::weights::{DType, keyed_model, parameter_shapes, save_model};
    use crate::{Context, Preset, Segments, TextStates};

    fn class_config() -> PixelFlowConfig {
        PixelFlowConfig { depth: 2, ..Preset::Tiny.config(3) }
    }

    fn text_config() -> PixelFlowConfig {
        PixelFlowConfig { num_classes: 0, cross_attention_dim: Some(8), ..class_config() }
    }

    fn normals<const D: usize>(index: u64, shape: [usize; D]) -> Tensor<Flex, D> {
        let values = Key::new(3, index, Purpose::Testing).normals(shape.iter().product());
        Tensor::from_data(TensorData::new(values, shape), &FlexDevice)
    }

    /// A class model with weights, and its file.
    fn saved(folder: &Path) -> (PixelFlow<Flex>, TensorFile) {
        let model = keyed_model(&class_config(), 0.2, &FlexDevice);
        let path = folder.join("model.safetensors");
        save_model(&model, &path, DType::F32, &BTreeMap::new()).unwrap();
        (model, TensorFile::open(&path).unwrap())
    }

    fn load<B: Backend<Device = FlexDevice>>(
        file: &TensorFile,
        text: &PixelFlowConfig,
    ) -> Result<PixelFlow<B>> {
        load_class_as_text(file, &class_config(), text, 1, &FlexDevice)
    }

    fn states() -> TextStates<Flex> {
        let segments = Segments::new(vec![2, 3]);
        TextStates { states: normals(7, [5, 8]), segments, bias: None }
    }

    #[test]
    fn the_first_step_of_a_text_model_is_the_class_models_without_a_class() {
        let folder = tempfile::tempdir().unwrap();
        let (class_model, file) = saved(folder.path());
        let text_model = load::<Flex>(&file, &text_config()).unwrap();
        let (images, times) = (normals(0, [2, 3, 8, 8]), [10.0, 700.0]);
        let expected = class_model.forward(images.clone(), &times, &Context::Class(vec![3, 3]));
        let found = text_model.forward(images, &times, &Context::Text(states()));
        let size = expected.clone().abs().max().into_scalar();
        assert!(size > 0.1, "nothing is compared");
        // One addition is made in another order.
        let error = (found - expected).abs().max().into_scalar();
        assert!(error < 1e-5 * size, "{error} of {size}");
    }

    #[test]
    fn all_its_parameters_learn() {
        let folder = tempfile::tempdir().unwrap();
        let (_, file) = saved(folder.path());
        let model = load::<Autodiff<Flex>>(&file, &text_config()).unwrap();
        let text = states();
        let text = TextStates {
            states: Tensor::from_inner(text.states),
            segments: text.segments,
            bias: None,
        };
        let images = Tensor::from_inner(normals(0, [2, 3, 8, 8]));
        let velocity = model.forward(images, &[10.0, 700.0], &Context::Text(text));
        let gradients = GradientsParams::from_grads(velocity.sum().backward(), &model);
        let parameters = parameter_shapes::<Flex>(&text_config(), &FlexDevice);
        assert_eq!(gradients.len(), parameters.len());
    }

    #[test]
    fn another_shape_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (_, file) = saved(folder.path());
        let deeper = PixelFlowConfig { depth: 3, ..text_config() };
        let error = load::<Flex>(&file, &deeper).unwrap_err();
        assert!(error.to_string().contains("same shape"), "{error}");
    }
}

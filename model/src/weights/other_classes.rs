//! A class model that begins as one with other classes.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor, TensorData};

use super::{TensorFile, load_model};
use crate::layers::ClassEmbedder;
use crate::{Error, NumberFormat, PixelFlow, PixelFlowConfig, Result};

/// A model of the classes `names` with the weights of a file of shape `model`, whose classes are `known`.
///
/// A class keeps its row of the table by its name. One that is new begins with the row of "no class": what the model
/// draws of it is at first of any class.
///
/// # Errors
/// [`Error::InvalidModel`] for a text model, or one that has not as many classes as names; those of [`load_model`].
pub fn load_with_classes<B: Backend>(
    file: &TensorFile,
    (model, known): (&PixelFlowConfig, &[String]),
    names: &[String],
    device: &B::Device,
) -> Result<PixelFlow<B>> {
    let mut network = load_model::<B>(file, model, NumberFormat::F32, device)?;
    let embedder = network.class_embedder.take().filter(|_| known.len() == model.num_classes);
    let Some(embedder) = embedder else {
        let reason = "only a class model whose classes all have names can get others".to_owned();
        return Err(Error::InvalidModel { reason });
    };
    let null = model.null_class();
    let row = |name: &String| known.iter().position(|known| known == name).unwrap_or(null);
    let rows: Vec<i64> = names.iter().map(row).chain([null]).map(|row| row as i64).collect();
    let rows = Tensor::<B, 1, Int>::from_data(TensorData::from(rows.as_slice()), device);
    // Detached: the rows are a parameter, not what was chosen of another.
    let table = embedder.embedding_table.weight.val().select(0, rows).detach();
    let mut new = ClassEmbedder::uninitialised(names.len(), model.width(), device);
    let weight = new.embedding_table.weight.clone();
    new.embedding_table.weight = weight.clone().transform_for_load(table, weight.id);
    network.class_embedder = Some(new);
    Ok(network)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use std::collections::BTreeMap;

    use burn::backend::Autodiff;
    use burn::optim::GradientsParams;
    use burn_flex::{Flex, FlexDevice};

    use super::*;
    use crate::weights::{DType, keyed_model, save_model};
    use crate::{Context, Preset};

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_class_keeps_its_row_by_its_name_and_a_new_one_begins_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let config = PixelFlowConfig { depth: 1, ..Preset::Tiny.config(3) };
        let model = keyed_model::<Flex>(&config, 0.1, &FlexDevice);
        let path = folder.path().join("model.safetensors");
        save_model(&model, &path, DType::F32, &BTreeMap::new()).unwrap();
        let file = TensorFile::open(&path).unwrap();
        let known = names(&["ant", "cat", "dog"]);
        let load = |new: &[&str]| {
            let new = names(new);
            load_with_classes::<Flex>(&file, (&config, &known), &new, &FlexDevice).unwrap()
        };
        let images = Tensor::<Flex, 4>::ones([1, 3, 8, 8], &FlexDevice);
        let velocity = |model: &PixelFlow<Flex>, class| {
            model.forward(images.clone(), &[300.0], &Context::Class(vec![class])).into_data()
        };
        // Grown and in another order, shrunk, replaced: the index of each class before, or 3 of none.
        for (new, before) in [
            (&["eel", "dog", "ant", "cat"][..], &[3, 2, 0, 1, 3][..]),
            (&["cat"], &[1, 3]),
            (&["x", "y"], &[3, 3, 3]),
        ] {
            let changed = load(new);
            assert_eq!(changed.classes(), new.len());
            for (class, &before) in before.iter().enumerate() {
                assert_eq!(velocity(&changed, class), velocity(&model, before), "{new:?} {class}");
            }
        }
        assert_ne!(velocity(&model, 0), velocity(&model, 3), "nothing is compared");
        let two = names(&["ant", "cat"]);
        let load = load_with_classes::<Flex>(&file, (&config, &two), &known, &FlexDevice);
        assert!(load.unwrap_err().to_string().contains("names"));
    }

    #[test]
    fn new_rows_learn() {
        let folder = tempfile::tempdir().unwrap();
        let config = PixelFlowConfig { depth: 1, ..Preset::Tiny.config(1) };
        let model = keyed_model::<Flex>(&config, 0.1, &FlexDevice);
        let path = folder.path().join("model.safetensors");
        save_model(&model, &path, DType::F32, &BTreeMap::new()).unwrap();
        let file = TensorFile::open(&path).unwrap();
        let (known, new) = (names(&["ant"]), names(&["ant", "bee"]));
        let model =
            load_with_classes::<Autodiff<Flex>>(&file, (&config, &known), &new, &FlexDevice);
        let model = model.unwrap();
        let images = Tensor::ones([1, 3, 8, 8], &FlexDevice);
        let velocity = model.forward(images, &[300.0], &Context::Class(vec![1]));
        let gradients = GradientsParams::from_grads(velocity.sum().backward(), &model);
        let table = &model.class_embedder.as_ref().unwrap().embedding_table.weight;
        let gradient = gradients.get::<Flex, 2>(table.id).unwrap();
        let size = |row| gradient.clone().narrow(0, row, 1).abs().sum().into_scalar();
        assert!(size(1) > 0.0 && size(0) == 0.0 && size(2) == 0.0);
    }
}

//! Adapters as a folder that `--lora` and PEFT read.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::Param;
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::weights::{AdapterConfig, LowRank, WeightsError, save_adapter};

use super::{Adapters, Lora};
use crate::config::LoraConfig;

/// Writes adapters of the shapes of `lora` into a folder that exists. `class_names` are those of their table, if they
/// have one.
///
/// # Errors
/// [`WeightsError::Write`].
pub fn save_peft<A>(
    folder: &Path,
    lora: &Lora<A>,
    adapters: &Adapters<A::InnerBackend>,
    config: &LoraConfig,
    class_names: Option<&[String]>,
) -> Result<(), WeightsError>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let named = lora.names.iter().zip(&adapters.products);
    let products: BTreeMap<String, LowRank> = named
        .map(|(name, product)| {
            let (a, b) = (values(&product.a), values(&product.b));
            (name.clone(), LowRank { a, b, rank: config.rank })
        })
        .collect();
    let modules = lora.names.iter().map(|name| name.trim_end_matches(".weight").to_owned());
    let mut described = AdapterConfig::new(config.rank, config.alpha, &modules.collect::<Vec<_>>());
    if let Some(base) = &lora.trained_on {
        described = described.trained_on(base.clone());
    }
    let table = adapters.classes.as_ref().map(|table| (values(table), table.val().dims()[1]));
    if table.is_some() {
        described.modules_to_save = Some(vec!["embedding_table".to_owned()]);
        described.class_names = class_names.map(<[String]>::to_vec);
    }
    let table = table.as_ref().map(|(table, width)| (&table[..], *width));
    save_adapter(folder, &described, &products, table)
}

fn values<B: Backend>(param: &Param<Tensor<B, 2>>) -> Vec<f32> {
    param.val().into_data().iter::<f32>().collect()
}

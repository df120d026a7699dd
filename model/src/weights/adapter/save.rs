//! Adapters are written as PEFT reads them.

use std::collections::BTreeMap;
use std::path::Path;

use super::{
    ADAPTER_CONFIG_FILE, ADAPTER_FILE, AdapterBase, AdapterConfig, CLASS_TABLE, LowRank, PREFIX,
};
use crate::durable::write_text;
use crate::weights::{DType, SafetensorsWriter, WeightsError};

/// Writes an adapter into a folder that exists: its products by the names of their matrices, and the table of
/// classes, `[classes + 1, width]`, if it has one.
///
/// # Errors
/// [`WeightsError::Write`].
///
/// # Panics
/// If a name is not that of a weight.
pub fn save_adapter(
    folder: &Path,
    config: &AdapterConfig,
    products: &BTreeMap<String, LowRank>,
    classes: Option<(&[f32], usize)>,
) -> Result<(), WeightsError> {
    let mut tensors = BTreeMap::new();
    for (name, product) in products {
        let module = name.strip_suffix(".weight").expect("it is the name of a weight");
        let ([outputs, inputs], rank) = (product.shape(), product.rank);
        let half = |half: &str| format!("{PREFIX}{module}.lora_{half}.weight");
        tensors.insert(half("A"), (vec![rank, inputs], &product.a[..]));
        tensors.insert(half("B"), (vec![outputs, rank], &product.b[..]));
    }
    if let Some((table, width)) = classes {
        tensors.insert(format!("{PREFIX}{CLASS_TABLE}"), (vec![table.len() / width, width], table));
    }
    let shapes: Vec<(String, Vec<usize>)> =
        tensors.iter().map(|(name, (shape, _))| (name.clone(), shape.clone())).collect();
    let mut metadata = BTreeMap::from([("format".to_owned(), "pt".to_owned())]);
    metadata.extend(config.base.iter().flat_map(AdapterBase::metadata));
    let path = folder.join(ADAPTER_FILE);
    let mut writer = SafetensorsWriter::create(&path, &shapes, DType::F32, &metadata)?;
    for (name, (_, values)) in &tensors {
        writer.push(name, values)?;
    }
    writer.finish()?;
    let path = folder.join(ADAPTER_CONFIG_FILE);
    let text = serde_json::to_string_pretty(config).expect("it is plain data");
    write_text(&path, &text).map_err(|source| WeightsError::Write { path, source })
}

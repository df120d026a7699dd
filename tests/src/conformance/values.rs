//! What a target found, kept for comparison with other targets.

use std::collections::BTreeMap;
use std::path::Path;

use pixelflow::weights::{DType, SafetensorsWriter, TensorFile};

/// Found values by case.
pub type Values = BTreeMap<String, Vec<f32>>;

/// The file in a target's folder.
const FILE: &str = "values.safetensors";

/// Writes the values to a target's folder.
pub(super) fn write_values(folder: &Path, values: &Values) -> Result<(), String> {
    let shapes: Vec<(String, Vec<usize>)> =
        values.iter().map(|(case, found)| (case.clone(), vec![found.len()])).collect();
    let write = || {
        let path = folder.join(FILE);
        let mut writer = SafetensorsWriter::create(&path, &shapes, DType::F32, &BTreeMap::new())?;
        for (case, found) in values {
            writer.push(case, found)?;
        }
        writer.finish()
    };
    write().map_err(|error| error.to_string())
}

/// The values that a target wrote; none if it did not get so far.
pub fn read_values(folder: &Path) -> Values {
    let Ok(file) = TensorFile::open(&folder.join(FILE)) else {
        return Values::new();
    };
    let read = |case: &String| Some((case.clone(), file.read(case).ok()?));
    file.tensors().keys().filter_map(read).collect()
}

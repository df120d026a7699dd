//! FID, sFID and IS come with the user's weights of Inception, here random ones of the right shapes.

use std::collections::BTreeMap;
use std::path::Path;

use pixelflow::weights::{DType, SafetensorsWriter};
use serde_json::Value;

use super::sides::{shipped, write};
use super::{at, evaluate, json, value};

/// The shapes of the network, as the manifest of its golden numbers lists them.
fn shapes() -> Vec<(String, Vec<usize>)> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/manifest.json");
    let manifest: Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    let shapes = manifest["files"]["inception.safetensors"]["weight_shapes"].clone();
    let shapes: BTreeMap<String, Vec<usize>> = serde_json::from_value(shapes).unwrap();
    shapes.into_iter().collect()
}

/// Values that keep the size of what goes through the network.
fn write_weights(path: &Path) {
    let shapes = shapes();
    let mut writer =
        SafetensorsWriter::create(path, &shapes, DType::F32, &BTreeMap::new()).unwrap();
    let mut state = 1_u32;
    for (name, shape) in shapes {
        let limit = (6.0 / shape[1..].iter().product::<usize>() as f32).sqrt();
        let mut value = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            match name.as_str() {
                _ if name.ends_with("running_var") || name.ends_with("bn.weight") => 1.0,
                _ if name.ends_with("running_mean") || name.ends_with("bias") => 0.0,
                _ => ((state >> 8) as f32 / (1 << 23) as f32 - 1.0) * limit,
            }
        };
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| value()).collect();
        writer.push(&name, &values).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn inception_s_numbers_are_called_fid_and_its_statistics_have_places() {
    let scratch = tempfile::tempdir().unwrap();
    let (cache, weights) =
        (scratch.path().join("cache"), at(scratch.path(), "inception.safetensors"));
    write_weights(weights.as_ref());
    for (name, places) in [("a", 0..3), ("b", 3..6)] {
        let records = shipped("heroes-heldout.tar", places);
        write(&scratch.path().join(name), records.into_iter().map(|record| record.image));
    }
    let [a, b, npz] = ["a", "b", "b.npz"].map(|name| at(scratch.path(), name));
    let network = ["--inception", weights.as_str(), "--device", "cpu"];
    evaluate(&cache, &[&["reference", &b, &npz][..], &network].concat()).succeeded();
    let found = json(&cache, &[&["images", &a, &npz][..], &network[..2]].concat());
    for metric in ["fid", "sfid", "is"] {
        assert!(value(&found, metric) > 0.0, "{metric}");
    }
    assert_eq!(found["extractor"]["name"], "Inception-v3");
    assert!(found["metrics"]["fd_efflite0"].is_null() && found["left_out"]["kid"].is_string());
    // torch-fidelity splits into ten parts, has no sFID, and its statistics are others.
    let other = ["--metrics", "score", "--protocol", "torch-fidelity"];
    let other = [&network[..2], &other[..]].concat();
    let found = json(&cache, &[&["images", &a, &b][..], &other].concat());
    assert!(found["left_out"]["is"].as_str().unwrap().contains("needs 10 images"), "{found}");
    let refused = evaluate(&cache, &[&["images", &a, &npz][..], &other].concat());
    refused.refused(&["b.npz was made with protocol adm and Inception-v3"]);
    // A weight that is no number would make features that are none.
    let mut bytes = std::fs::read(&weights).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    bytes[8 + header..][..4].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&weights, bytes).unwrap();
    let refused = evaluate(&cache, &[&["images", &a, &b][..], &network].concat());
    refused.refused(&["bn.bias` has 1 values that are not finite", "the file is damaged"]);
}

//! What a model's files promise: nothing is lost, and nothing wrong gets in.

use std::collections::BTreeMap;
use std::path::Path;

use burn_flex::{Flex, FlexDevice};

use super::*;
use crate::{NumberFormat, PixelFlow, PixelFlowConfig, Preset};

fn config() -> PixelFlowConfig {
    PixelFlowConfig {
        depth: 1,
        num_attention_heads: 2,
        attention_head_dim: 8,
        ..Preset::Tiny.config(3)
    }
}

fn parameters(model: &PixelFlow<Flex>) -> BTreeMap<String, Vec<f32>> {
    let mut all = BTreeMap::new();
    for_each_parameter(model, |name, _, values| {
        all.insert(name.to_owned(), values);
    });
    all
}

/// Writes a file with the tensors of a model after `change`.
fn write(path: &Path, change: impl FnOnce(&mut BTreeMap<String, (Vec<usize>, Vec<f32>)>)) {
    let model = config().init::<Flex>(1, &FlexDevice).unwrap();
    let mut all = BTreeMap::new();
    for_each_parameter(&model, |name, shape, values| {
        all.insert(name.to_owned(), (shape, values));
    });
    change(&mut all);
    let shapes: Vec<_> =
        all.iter().map(|(name, (shape, _))| (name.clone(), shape.clone())).collect();
    let mut writer =
        SafetensorsWriter::create(path, &shapes, DType::F32, &BTreeMap::new()).unwrap();
    for (name, (_, values)) in &all {
        writer.push(name, values).unwrap();
    }
    writer.finish().unwrap();
}

fn load(path: &Path) -> crate::Result<PixelFlow<Flex>> {
    load_model(&TensorFile::open(path)?, &config(), NumberFormat::F32, &FlexDevice)
}

#[test]
fn weights_survive_the_disk_exactly_in_f32_and_nearly_in_f16() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let model = config().init::<Flex>(1, &FlexDevice).unwrap();
    let before = parameters(&model);
    let metadata = BTreeMap::from([("step".to_owned(), "7".to_owned())]);
    save_model(&model, &path, DType::F32, &metadata).unwrap();
    assert_eq!(parameters(&load(&path).unwrap()), before);
    assert_eq!(TensorFile::open(&path).unwrap().metadata(), &metadata);

    save_model(&model, &path, DType::F16, &metadata).unwrap();
    for (name, values) in parameters(&load(&path).unwrap()) {
        for (half, full) in values.iter().zip(&before[&name]) {
            assert!((half - full).abs() <= full.abs() / 1024.0 + 1e-7, "{name}: {half} {full}");
        }
    }
}

#[test]
fn the_safetensors_crate_reads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    write(&path, |_| {});
    let bytes = std::fs::read(&path).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(tensors.tensor("patch_embed.proj.weight").unwrap().shape(), [16, 3, 4, 4]);
}

#[test]
fn every_tensor_that_does_not_fit_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    write(&path, |all| {
        all.remove("proj_out_2.bias");
        all.remove("patch_embed.proj.bias");
        all.insert("head.weight".to_owned(), (vec![2], vec![0.0; 2]));
        all.insert("proj_out_2.weight".to_owned(), (vec![16, 48], vec![0.0; 768]));
    });
    let message = load(&path).unwrap_err().to_string();
    for line in [
        "missing: proj_out_2.bias [48]",
        "missing: patch_embed.proj.bias [16]",
        "surplus: head.weight",
        "wrong shape: proj_out_2.weight is [16, 48], the model has [48, 16]",
    ] {
        assert!(message.contains(line), "{message}");
    }
}

#[test]
fn one_line_says_that_a_prefix_is_all_that_differs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let renamed = |prefix: &str| {
        write(&path, |all| {
            *all = std::mem::take(all)
                .into_iter()
                .map(|(name, tensor)| (format!("{prefix}{name}"), tensor))
                .collect();
        });
        load(&path).map(|_| ()).map_err(|error| error.to_string())
    };
    for known in ["module.", "_orig_mod.", "model.module._fsdp_wrapped_module.", "ema."] {
        assert_eq!(renamed(known), Ok(()), "{known}");
    }
    let message = renamed("unet.").unwrap_err();
    assert!(
        message.contains("names begin with `unet.` where the model's begin with ``"),
        "{message}"
    );
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn floats_of_eight_bits_are_named_with_the_way_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let header = r#"{"x":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}"#;
    let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &[0; 2]].concat();
    std::fs::write(&path, bytes).unwrap();
    let message = TensorFile::open(&path).unwrap_err().to_string();
    assert!(message.contains("`x` is in F8_E4M3") && message.contains(".to(torch."), "{message}");
}

#[test]
fn the_length_of_a_header_is_not_taken_for_the_start_of_another_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    // In bytes: a pickle of protocol 2, a zip archive, the bracket of a text, a map of msgpack.
    for length in [0x280, 0x4b50, 0x7b0, 0x07b, 0xa188] {
        let header = r#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        let header = format!("{header:length$}");
        let bytes = [&(length as u64).to_le_bytes(), header.as_bytes(), &[0; 4]].concat();
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(TensorFile::open(&path).unwrap().read("x").unwrap(), [0.0], "{length:#x}");
    }
}

#[test]
fn weights_that_are_not_finite_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    write(&path, |all| {
        let (_, values) = all.get_mut("proj_out_2.bias").unwrap();
        values[3] = f32::NAN;
        values[5] = f32::INFINITY;
    });
    let message = load(&path).unwrap_err().to_string();
    assert!(
        message.contains("`proj_out_2.bias` has 2 values that are not finite, the first at 3"),
        "{message}"
    );
}

#[test]
fn a_value_too_large_for_the_format_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    write(&path, |all| {
        let (_, values) = all.get_mut("proj_out_2.bias").unwrap();
        values[3] = -70_000.0;
    });
    let file = TensorFile::open(&path).unwrap();
    let load_in = |format| load_model::<Flex>(&file, &config(), format, &FlexDevice);
    let message = load_in(NumberFormat::F16).unwrap_err().to_string();
    assert!(
        message.contains("`proj_out_2.bias` has values up to 7e4, too large for F16; take bf16"),
        "{message}"
    );
    assert!(load_in(NumberFormat::Bf16).is_ok());
}

#[test]
fn a_vector_is_not_transposed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    write(&path, |_| {});
    let file = TensorFile::open(&path).unwrap();
    let error = file.read_in("proj_out_2.bias", burn::tensor::DType::F32, true);
    let message = error.unwrap_err().to_string();
    assert!(message.contains("`proj_out_2.bias` is [48], the layer needs a matrix"), "{message}");
}

#[test]
fn a_file_that_lies_is_refused_without_trusting_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    write(&path, |_| {});
    let whole = std::fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        TensorFile::open(&path).unwrap_err().to_string()
    };
    assert!(refused(&[1, 2]).contains("it has 2 bytes"));
    let mut huge = whole.clone();
    huge[..8].copy_from_slice(&(1u64 << 60).to_le_bytes());
    let message = refused(&huge);
    assert!(message.contains("its header claims 1152921504606846976 bytes"), "{message}");
    assert!(refused(&whole[..whole.len() - 1]).contains("is damaged"));
    let header = r#"{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,16]}}"#;
    let mut overflow = (header.len() as u64).to_le_bytes().to_vec();
    overflow.extend(header.as_bytes());
    overflow.extend([0; 16]);
    assert!(refused(&overflow).contains("its header is invalid"));
}

#[test]
fn no_damage_makes_the_reader_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    write(&path, |_| {});
    let whole = std::fs::read(&path).unwrap();
    let header = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    for length in (0..header).step_by(7) {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(TensorFile::open(&path).is_err(), "cut at {length}");
    }
    let key = crate::noise::Key::new(5, 0, crate::noise::Purpose::InitialNoise);
    for (trial, draw) in key.uniforms(1000).into_iter().enumerate() {
        let mut damaged = whole.clone();
        damaged[(draw * header as f64) as usize] ^= 1 << (trial % 8);
        std::fs::write(&path, &damaged).unwrap();
        // Some flips are harmless, in a tensor's name for instance: then the names differ.
        let _ = load(&path);
    }
}

#[test]
fn a_failed_write_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::write(&path, "before").unwrap();
    let shapes = [("x".to_owned(), vec![2])];
    let mut writer =
        SafetensorsWriter::create(&path, &shapes, DType::F32, &BTreeMap::new()).unwrap();
    writer.push("x", &[1.0, 2.0]).unwrap();
    drop(writer);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

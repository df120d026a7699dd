use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn_flex::{Flex, FlexDevice};

use super::*;
use crate::cascade::CascadeConfig;
use crate::noise::{Key, Purpose};
use crate::pipeline::ModelFiles;
use crate::weights::{
    DESCRIPTION_FILE, DType, WEIGHTS_FILE, convert_to_int8, for_each_parameter, keyed_model,
    load_adapted, save_model,
};
use crate::{Error, NumberFormat, PixelFlow, PixelFlowConfig, Preset};

const FC1: &str = "transformer_blocks.0.mlp.fc1.weight";

fn config() -> PixelFlowConfig {
    PixelFlowConfig { depth: 1, ..Preset::Tiny.config(3) }
}

fn normals(index: u64, count: usize) -> Vec<f32> {
    Key::new(5, index, Purpose::Testing).normals(count)
}

/// A class model in `folder`.
fn model(folder: &Path) -> ModelFiles {
    let model = keyed_model::<Flex>(&config(), 0.1, &FlexDevice);
    save_model(&model, &folder.join(WEIGHTS_FILE), DType::F32, &BTreeMap::new()).unwrap();
    let description = ModelDescription {
        model: config(),
        cascade: CascadeConfig { stages: 2, train_timesteps: 1000 },
        resolution: 16,
        class_names: Some(["ant", "cat", "dog"].map(str::to_owned).to_vec()),
        text: None,
        sampler: None,
    };
    description.write(&folder.join(DESCRIPTION_FILE)).unwrap();
    ModelFiles::find(folder).unwrap()
}

/// An adapter of `FC1` in a folder of its own, and its product.
fn adapter(folder: &Path, index: u64) -> (PathBuf, LowRank) {
    let folder = folder.join(format!("adapter-{index}"));
    fs::create_dir(&folder).unwrap();
    let (a, b) = (normals(index, 2 * 128), normals(index + 100, 512 * 2));
    let product = LowRank { a, b, rank: 2 };
    let products = BTreeMap::from([(FC1.to_owned(), product.clone())]);
    let config = AdapterConfig::new(2, 6.0, &["fc1".to_owned()]);
    save_adapter(&folder, &config, &products, None).unwrap();
    (folder, product)
}

fn parameters(model: &PixelFlow<Flex>) -> BTreeMap<String, Vec<f32>> {
    let mut all = BTreeMap::new();
    for_each_parameter(model, |name, _, values| {
        all.insert(name.to_owned(), values);
    });
    all
}

fn loaded(files: &ModelFiles, format: NumberFormat) -> BTreeMap<String, Vec<f32>> {
    parameters(&files.load::<Flex>(format, &FlexDevice).unwrap())
}

fn adapted(files: &ModelFiles, adapters: Vec<Adapter>) -> BTreeMap<String, Vec<f32>> {
    loaded(&files.clone().with_adapters(adapters).unwrap(), NumberFormat::F32)
}

#[test]
fn adapters_add_their_products_to_their_matrices_alone() {
    let folder = tempfile::tempdir().unwrap();
    let files = model(folder.path());
    let before = loaded(&files, NumberFormat::F32);
    let [(first, one), (second, two)] = [1, 2].map(|index| adapter(folder.path(), index));
    let opened = [(&first, 1.0), (&second, -0.5)]
        .map(|(path, scale)| Adapter::open(path).unwrap().with_scale(scale));
    let after = adapted(&files, opened.into());
    for (name, values) in &before {
        if name != FC1 {
            assert_eq!(values, &after[name], "{name}");
            continue;
        }
        // W + alpha / rank B A, in f64.
        let product = |of: &LowRank, row: usize, column: usize| {
            let (a, b) = (|k: usize| of.a[k * 128 + column], |k: usize| of.b[row * 2 + k]);
            (0..2).map(|k| f64::from(a(k)) * f64::from(b(k))).sum::<f64>() * 6.0 / 2.0
        };
        for (place, (before, after)) in values.iter().zip(&after[name]).enumerate() {
            let (row, column) = (place / 128, place % 128);
            let sum = product(&one, row, column) - 0.5 * product(&two, row, column);
            let error = (f64::from(*before) + sum - f64::from(*after)).abs();
            assert!(error < 1e-5, "{error} at {row}, {column}");
        }
    }
    let none = Adapter::open(&first).unwrap().with_scale(0.0);
    assert_eq!(adapted(&files, vec![none]), before);
}

#[test]
fn in_other_formats_it_is_the_sum_that_is_rounded() {
    let folder = tempfile::tempdir().unwrap();
    let files = model(folder.path());
    let (path, _) = adapter(folder.path(), 1);
    let exact = adapted(&files, vec![Adapter::open(&path).unwrap()]);
    let files = files.with_adapters(vec![Adapter::open(&path).unwrap()]).unwrap();
    for (format, most) in
        [(NumberFormat::F16, 1e-3), (NumberFormat::Bf16, 8e-3), (NumberFormat::Int8, 8e-3)]
    {
        let rounded = loaded(&files, format);
        let size = exact[FC1].iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        let off = exact[FC1].iter().zip(&rounded[FC1]).map(|(a, b)| (a - b).abs());
        let off = off.fold(0.0_f32, f32::max) / size;
        assert!(off > 0.0 && off < most, "{format:?}: {off}");
    }
}

#[test]
fn an_adapter_may_bring_classes() {
    let folder = tempfile::tempdir().unwrap();
    let files = model(folder.path());
    let path = folder.path().join("classes");
    fs::create_dir(&path).unwrap();
    let names = ["ant", "cat", "dog", "eel"].map(str::to_owned).to_vec();
    let config = AdapterConfig {
        class_names: Some(names.clone()),
        ..AdapterConfig::new(1, 1.0, &["fc1".to_owned()])
    };
    let table = normals(7, 5 * 128);
    save_adapter(&path, &config, &BTreeMap::new(), Some((&table, 128))).unwrap();
    let open = || Adapter::open(&path).unwrap();
    let with = files.clone().with_adapters(vec![open()]).unwrap();
    assert_eq!(with.description().model.num_classes, 4);
    assert_eq!(with.description().class_names, Some(names));
    assert_eq!(loaded(&with, NumberFormat::F32)[CLASS_TABLE], table);
    let error = files.with_adapters(vec![open(), open()]).unwrap_err().to_string();
    assert!(error.contains("take one of them"), "{error}");
}

#[test]
fn what_does_not_fit_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let files = model(folder.path());
    let (path, product) = adapter(folder.path(), 1);
    let mut number = 10;
    let mut refused = |edit: &dyn Fn(&Path), expected: &str| {
        number += 1;
        let (copy, _) = adapter(folder.path(), number);
        edit(&copy);
        let found = Adapter::open(&copy).map_err(Error::from);
        let error = found
            .and_then(|found| files.clone().with_adapters(vec![found]))
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected) && error.contains("adapter-"), "{error}");
    };
    let config = |key: &str, value: &str| {
        let (key, value) = (key.to_owned(), value.to_owned());
        move |path: &Path| {
            let path = path.join(ADAPTER_CONFIG_FILE);
            let text = fs::read_to_string(&path).unwrap();
            let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
            json[&key] = serde_json::from_str(&value).unwrap();
            fs::write(path, json.to_string()).unwrap();
        }
    };
    refused(&config("peft_type", "\"IA3\""), "peft_type is IA3");
    refused(&config("use_dora", "true"), "use_dora is true");
    refused(&config("fan_in_fan_out", "true"), "fan_in_fan_out is true");
    refused(&config("alpha_pattern", "{\"fc1\": 3}"), "alpha_pattern");
    refused(&config("bias", "\"all\""), "bias is all");
    refused(&config("r", "\"x\""), "adapter_config.json");
    refused(&config("r", "3"), "is of rank 2, and r is 3");
    refused(&|path| fs::remove_file(path.join(ADAPTER_CONFIG_FILE)).unwrap(), "says what it is");
    refused(&|path| fs::remove_file(path.join(ADAPTER_FILE)).unwrap(), "the folder has no");
    refused(&|path| fs::write(path.join(ADAPTER_FILE), "x").unwrap(), "");
    let with = |name: &str, product: LowRank| {
        let products = BTreeMap::from([(name.to_owned(), product)]);
        let config = AdapterConfig::new(2, 6.0, &[]);
        move |path: &Path| save_adapter(path, &config, &products, None).unwrap()
    };
    refused(&with("elsewhere.weight", product.clone()), "`elsewhere.weight`, which the model does");
    let small = LowRank { a: vec![1.0; 4], b: vec![1.0; 4], rank: 2 };
    refused(&with(FC1, small), "[2, 2], which is [512, 128]");
    let damaged = LowRank { a: vec![f32::NAN; 256], ..product };
    refused(&with(FC1, damaged), "not finite");
    // What is finite by itself, and not as a product.
    let huge = LowRank { a: vec![1e30; 256], b: vec![1e30; 1024], rank: 2 };
    let (copy, _) = adapter(folder.path(), 99);
    with(FC1, huge)(&copy);
    let opened = Adapter::open(&copy).unwrap();
    let adapted = files.clone().with_adapters(vec![opened]).unwrap();
    let error = adapted.load::<Flex>(NumberFormat::F32, &FlexDevice).unwrap_err().to_string();
    assert!(error.contains("adapter-99") && error.contains("smaller scale"), "{error}");
    // Eight bits cannot be changed by so little.
    let int8 = folder.path().join("int8");
    fs::create_dir(&int8).unwrap();
    let file = files.open().unwrap();
    let (path_int8, none) = (int8.join(WEIGHTS_FILE), BTreeMap::new());
    convert_to_int8::<Flex>(&file, &self::config(), &path_int8, &none, &FlexDevice, &mut |_| {})
        .unwrap();
    files.description().write(&int8.join(DESCRIPTION_FILE)).unwrap();
    let adapter = Adapter::open(&path).unwrap();
    let error =
        ModelFiles::find(&int8).unwrap().with_adapters(vec![adapter]).unwrap_err().to_string();
    assert!(error.contains("int8"), "{error}");
}

#[test]
fn names_without_peft_s_prefix_and_roots_of_ranks_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let (path, product) = adapter(folder.path(), 1);
    let text = fs::read_to_string(path.join(ADAPTER_CONFIG_FILE)).unwrap();
    let rooted = text.replace("\"use_rslora\": false", "\"use_rslora\": true");
    assert_ne!(text, rooted);
    fs::write(path.join(ADAPTER_CONFIG_FILE), rooted).unwrap();
    let adapter = Adapter::open(&path.join(ADAPTER_FILE)).unwrap();
    let mut values = vec![0.0; 512 * 128];
    adapter.apply(FC1, &mut values);
    let expected = f64::from(product.a[0] * product.b[0] + product.a[128] * product.b[1]);
    let error = (f64::from(values[0]) - expected * 6.0 / 2.0_f64.sqrt()).abs();
    assert!(error < 1e-5, "{error}");
    assert_eq!(adapter.name(), "adapter-1");
    let file = files_without_prefix(&path);
    assert_eq!(Adapter::open(&file).unwrap().products()[FC1], product);
    let model = model(folder.path());
    load_adapted::<Flex>(
        &model.open().unwrap(),
        &[adapter],
        &config(),
        NumberFormat::F32,
        &FlexDevice,
    )
    .unwrap();
}

/// The same adapter in a file of its own name, as other programs name its tensors.
fn files_without_prefix(folder: &Path) -> PathBuf {
    let bytes = fs::read(folder.join(ADAPTER_FILE)).unwrap();
    let from: [u8; 8] = bytes[..8].try_into().unwrap();
    let header = usize::try_from(u64::from_le_bytes(from)).unwrap();
    let text = std::str::from_utf8(&bytes[8..8 + header]).unwrap();
    // As long as before: names are shorter, the end is filled with spaces.
    let plain = format!("{:header$}", text.replace(PREFIX, ""));
    let path = folder.join("plain.safetensors");
    fs::write(&path, [&from[..], plain.as_bytes(), &bytes[8 + header..]].concat()).unwrap();
    path
}

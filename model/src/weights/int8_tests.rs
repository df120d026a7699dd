//! What eight bits promise: only the matrices are rounded, and what that costs.

use std::collections::BTreeMap;
use std::path::Path;

use burn::backend::Autodiff;
use burn::tensor::{DType as Format, Tensor, TensorData};
use burn_flex::{Flex, FlexDevice};

use super::assemble::model_in;
use super::assemble_int8::model_in_int8;
use super::*;
use crate::int8::Int8Rows;
use crate::noise::{Key, Purpose};
use crate::{Context, NumberFormat, PixelFlow, PixelFlowConfig, Preset};

const DEVICE: FlexDevice = FlexDevice;

fn config() -> PixelFlowConfig {
    PixelFlowConfig { depth: 3, ..Preset::Tiny.config(3) }
}

fn is_matrix(name: &str, shape: &[usize]) -> bool {
    shape.len() == 2 && !name.starts_with("class_embedder")
}

/// Weights with which every layer matters: the initial ones have gates and a head of zeros.
fn weights(name: &str, shape: &[usize]) -> Vec<f32> {
    let fan_in: usize = shape[1..].iter().product();
    let deviation = if shape.len() == 1 { 0.2 } else { (1.0 / fan_in as f64).sqrt() };
    let mean = if name.ends_with("weight") && shape.len() == 1 { 1.0 } else { 0.0 };
    // A stream of its own for every name.
    let seed = name.bytes().fold(7, |seed, byte| seed * 31 + u64::from(byte) % 1_000_003);
    let normals = Key::new(seed, 0, Purpose::Initialisation).normals(shape.iter().product());
    normals.into_iter().map(|z| (mean + deviation * f64::from(z)) as f32).collect()
}

fn float_model(config: &PixelFlowConfig) -> PixelFlow<Flex> {
    let read = |name: &str, shape: &[usize]| Ok::<_, WeightsError>(weights(name, shape));
    model_from(config, &DEVICE, read).unwrap()
}

fn int8_model(config: &PixelFlowConfig, dtype: Format) -> PixelFlow<Flex> {
    let read =
        |name: &str, shape: &[usize]| Ok::<_, WeightsError>(Values::Float(weights(name, shape)));
    model_in_int8(config, dtype, &DEVICE, read).unwrap()
}

/// The velocity of two images of different classes.
fn velocity(model: &PixelFlow<Flex>) -> Vec<f32> {
    let normals = Key::new(1, 0, Purpose::InitialNoise).normals(2 * 3 * 16 * 16);
    let images = TensorData::new(normals, [2, 3, 16, 16]);
    let images = Tensor::from_data(images, (&DEVICE, Format::F32));
    let context = Context::Class(vec![0, 2]);
    let velocity = model.forward(images, &[100.0, 700.0], &context);
    velocity.into_data().to_vec().unwrap()
}

fn all_values(model: &PixelFlow<Flex>) -> BTreeMap<String, Values> {
    let mut all = BTreeMap::new();
    for_each_value(model, |name, _, values| {
        all.insert(name.to_owned(), values);
    });
    all
}

/// `|a - b| / |b|`, over all numbers.
fn relative_error(a: &[f32], b: &[f32]) -> f64 {
    let square = |x: f32| f64::from(x) * f64::from(x);
    let difference: f64 = a.iter().zip(b).map(|(a, b)| square(a - b)).sum();
    let whole: f64 = b.iter().map(|&b| square(b)).sum();
    (difference / whole).sqrt()
}

#[test]
fn the_matrices_of_all_linear_layers_are_in_eight_bits_and_nothing_else() {
    let text = PixelFlowConfig {
        cross_attention_dim: Some(24),
        attention_bias: false,
        ..Preset::Tiny.config(0)
    };
    for config in [config(), text] {
        let shapes = parameter_shapes::<Flex>(&config, &DEVICE);
        let values = all_values(&int8_model(&config, Format::F32));
        assert!(shapes.keys().eq(values.keys()));
        for (name, values) in values {
            let shape = &shapes[&name];
            let expected = if is_matrix(&name, shape) {
                Values::Int8(Int8Rows::quantise(&weights(&name, shape), shape[1]))
            } else {
                Values::Float(weights(&name, shape))
            };
            assert!(values == expected, "{name}");
        }
    }
}

#[test]
fn a_model_in_eight_bits_computes_what_its_rounded_weights_say() {
    let rounded = |name: &str, shape: &[usize]| {
        let values = weights(name, shape);
        Ok::<_, WeightsError>(if is_matrix(name, shape) {
            Int8Rows::quantise(&values, shape[1]).weights()
        } else {
            values
        })
    };
    // Not bf16: there the host and burn-flex round numbers close to a tie to different sides.
    for dtype in [Format::F32, Format::F16] {
        let model = model_in(&config(), dtype, &DEVICE, rounded).unwrap();
        let same = velocity(&int8_model(&config(), dtype)) == velocity(&model);
        assert!(same, "in {dtype:?}");
    }
}

/// Rounding changes a matrix by `e = |dW| / |W|`, in the norm over all its numbers, and the products of
/// inputs without a preferred direction by as much. The errors of different matrices are independent,
/// so that their squares add up; no layer after them makes them larger in relation, for each is
/// normalised, and added to a sum.
#[test]
fn the_velocity_is_off_by_no_more_than_all_matrices_together() {
    let float = float_model(&config());
    let mut together = 0.0;
    for_each_parameter(&float, |name, shape, values| {
        if is_matrix(name, &shape) {
            let rounded = Int8Rows::quantise(&values, shape[1]).weights();
            together += relative_error(&rounded, &values).powi(2);
        }
    });
    let limit = together.sqrt();
    let error = relative_error(&velocity(&int8_model(&config(), Format::F32)), &velocity(&float));
    println!("relative L2 error of the velocity {error:.2e}, limit {limit:.2e}");
    assert!(error < limit, "{error} of {limit}");
    // Nothing is that exact: then nothing would have been rounded.
    assert!(error > limit / 100.0, "{error} of {limit}");
}

/// A file of floats, of the model in eight bits that a path is given for.
fn save_float(path: &Path) {
    save_model(&float_model(&config()), path, DType::F32, &BTreeMap::new()).unwrap();
}

#[test]
fn all_ways_to_a_file_in_eight_bits_lead_to_the_same_bytes_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let metadata = BTreeMap::from([("step".to_owned(), "7".to_owned())]);
    save_float(&path("float"));
    let float = TensorFile::open(&path("float")).unwrap();
    assert!(!is_int8(&float));
    let model = load_model::<Flex>(&float, &config(), NumberFormat::Int8, &DEVICE).unwrap();

    save_model_int8(&float_model(&config()), &path("of_floats"), &metadata).unwrap();
    save_model_int8(&model, &path("of_int8"), &metadata).unwrap();
    let convert = |from: &str, to: &str| {
        let file = TensorFile::open(&path(from)).unwrap();
        convert_to_int8::<Flex>(&file, &config(), &path(to), &metadata, &DEVICE, &mut |_| {})
            .unwrap();
        std::fs::read(path(to)).unwrap()
    };
    let converted = convert("float", "converted");
    assert_eq!(convert("converted", "again"), converted);
    for other in ["of_floats", "of_int8"] {
        // The order of the tensors is the model's here, that of their names there.
        let (found, expected) = (path(other), path("converted"));
        let (found, expected) = (TensorFile::open(&found), TensorFile::open(&expected));
        let (found, expected) = (found.unwrap(), expected.unwrap());
        assert_eq!(found.tensors(), expected.tensors());
        assert_eq!(found.metadata(), &metadata);
        for name in expected.tensors().keys() {
            let bytes = |file: &TensorFile| file.read_bytes(name).unwrap();
            assert!(bytes(&found) == bytes(&expected), "{name} in {other}");
        }
    }
    let file = TensorFile::open(&path("converted")).unwrap();
    assert!(is_int8(&file));
    let again = load_model::<Flex>(&file, &config(), NumberFormat::F32, &DEVICE).unwrap();
    assert!(all_values(&again) == all_values(&model));
    let bytes = |name: &str| std::fs::metadata(path(name)).unwrap().len();
    assert!(bytes("converted") < bytes("float") * 3 / 10);
}

#[test]
fn nothing_is_trained_from_eight_bits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    save_model_int8(&float_model(&config()), &path, &BTreeMap::new()).unwrap();
    let file = TensorFile::open(&path).unwrap();
    let trained = load_model::<Autodiff<Flex>>(&file, &config(), NumberFormat::F32, &DEVICE);
    let message = trained.unwrap_err().to_string();
    assert!(message.contains("matrices in int8"), "{message}");
    assert!(message.contains("the weights that it was made of"), "{message}");
}

/// The tensors of a file in eight bits after `change`, loaded.
fn load_changed(change: impl FnOnce(&mut BTreeMap<String, (TensorInfo, Vec<u8>)>)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    save_model_int8(&float_model(&config()), &path, &BTreeMap::new()).unwrap();
    let file = TensorFile::open(&path).unwrap();
    let tensor = |(name, info): (&String, &TensorInfo)| {
        (name.clone(), (info.clone(), file.read_bytes(name).unwrap()))
    };
    let mut tensors = file.tensors().iter().map(tensor).collect();
    change(&mut tensors);
    let infos: Vec<_> =
        tensors.iter().map(|(name, (info, _))| (name.clone(), info.clone())).collect();
    let mut writer = SafetensorsWriter::create_as(&path, &infos, &BTreeMap::new()).unwrap();
    for (name, (_, bytes)) in &tensors {
        writer.push_bytes(name, bytes).unwrap();
    }
    writer.finish().unwrap();
    let file = TensorFile::open(&path).unwrap();
    match load_model::<Flex>(&file, &config(), NumberFormat::F32, &DEVICE) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn files_in_eight_bits_that_do_not_fit_are_refused() {
    assert_eq!(load_changed(|_| ()), "");
    let message = load_changed(|tensors| {
        tensors.remove("proj_out_2.weight.scale");
        let (scale, _) = tensors["proj_out_1.weight.scale"].clone();
        let long = TensorInfo { shape: vec![2], ..scale };
        tensors.insert("proj_out_1.weight.scale".to_owned(), (long, vec![0; 8]));
        let (bias, bytes) = tensors["proj_out_1.bias"].clone();
        tensors.insert("proj_out_1.bias.scale".to_owned(), (bias, bytes));
    });
    for line in [
        "missing: proj_out_2.weight.scale [48]",
        "wrong shape: proj_out_1.weight.scale is [2], the model has [256]",
        "surplus: proj_out_1.bias.scale",
    ] {
        assert!(message.contains(line), "{message}");
    }
    let message = load_changed(|tensors| {
        let (_, bytes) = tensors.get_mut("proj_out_2.weight.scale").unwrap();
        bytes[4..8].copy_from_slice(&f32::NAN.to_le_bytes());
    });
    assert!(
        message
            .contains("`proj_out_2.weight.scale` has 1 values that are not finite, the first at 1"),
        "{message}"
    );
    let message = load_changed(|tensors| {
        let (info, bytes) = tensors.get_mut("proj_out_1.bias").unwrap();
        info.dtype = DType::I8;
        bytes.truncate(info.shape[0]);
    });
    assert!(!message.is_empty(), "a bias in eight bits");
}

#[test]
fn texts_whose_features_do_not_fill_words_are_refused() {
    let text = PixelFlowConfig { cross_attention_dim: Some(30), ..Preset::Tiny.config(0) };
    let message = text.check_int8().unwrap_err().to_string();
    assert!(message.contains("cross_attention_dim is 30"), "{message}");
    assert!(message.contains("multiple of 4"), "{message}");
    assert!(config().check_int8().is_ok());
}

#[test]
#[should_panic(expected = "cannot be trained")]
fn a_backend_that_differentiates_is_refused() {
    let read =
        |name: &str, shape: &[usize]| Ok::<_, WeightsError>(Values::Float(weights(name, shape)));
    let model = model_in_int8::<Autodiff<Flex>, _>(&config(), Format::F32, &DEVICE, read);
    drop(model);
}

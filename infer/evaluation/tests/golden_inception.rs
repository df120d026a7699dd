//! Inception's numbers are the reference's, and a wrong variant of each is outside of its tolerance.

mod fixture;

use burn::backend::flex::FlexDevice;
use burn::backend::{Autodiff, Flex};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use fixture::{Fixture, procedural};
use pixelflow_evaluation::Protocol;
use pixelflow_evaluation::extractor::inception::{CLASSES, FEATURES, Inception, Maps};
use pixelflow_evaluation::extractor::{Extractor, Range, Resize};

/// The fixture's network.
fn network<B: Backend<Device = FlexDevice>>(fixture: &Fixture, protocol: Protocol) -> Inception<B> {
    let file = procedural::weights(&fixture.manifest["weight_shapes"], |_, _| ());
    Inception::load(&file, protocol, &FlexDevice).unwrap()
}

/// Image `number` of the fixture, scaled in a way and brought to -1..1.
fn input<B: Backend<Device = FlexDevice>>(
    fixture: &Fixture,
    number: usize,
    resize: Resize,
) -> Tensor<B, 4> {
    let name = format!("x{number}");
    let shape = &fixture.tensors.tensors()[&name].shape;
    let image = fixture.floats(&name);
    let mut planes = resize.scale(&image, [shape[2], shape[3]], [299; 2], 1.0);
    Range::MINUS_ONE_TO_ONE.apply(&mut planes);
    Tensor::from_data(TensorData::new(planes, [1, 3, 299, 299]), &FlexDevice)
}

fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Largest difference, and the relative one in the l2 norm.
fn difference(found: &[f32], expected: &[f32]) -> [f64; 2] {
    assert_eq!(found.len(), expected.len());
    let pairs =
        found.iter().zip(expected).map(|(&a, &b)| (f64::from(a) - f64::from(b), f64::from(b)));
    let most = pairs.clone().map(|(d, _)| d.abs()).fold(0.0, f64::max);
    let (error, norm) = pairs.fold((0.0, 0.0), |(e, n), (d, b)| (e + d * d, n + b * b));
    [most, (error / norm).sqrt()]
}

/// Ten times the error that the manifest records of a part of image `number`.
fn limits(fixture: &Fixture, number: usize, part: &str) -> [f64; 2] {
    let recorded = |measure| format!("/err_f32_vs_f64/x{number}/{part}/{measure}");
    ["max_abs", "rel_l2"].map(|measure| 10.0 * fixture.number(&recorded(measure)))
}

fn assert_close(fixture: &Fixture, number: usize, part: &str, found: &[f32], name: &str) {
    let expected = fixture.floats(name);
    let (found, limits) = (difference(found, &expected), limits(fixture, number, part));
    println!("{name}: {found:?} of {limits:?}");
    assert!(found[0] <= limits[0] && found[1] <= limits[1], "{name}: {found:?} of {limits:?}");
}

/// The means of a map over its places.
fn means<B: Backend>(map: &Tensor<B, 4>) -> Vec<f32> {
    values(map.clone().mean_dim(3).mean_dim(2))
}

/// Logits with the bias, which the fixture has.
fn logits<B: Backend>(network: &Inception<B>, maps: &Maps<B>) -> Vec<f32> {
    let logits = values(network.logits(maps.pool3.clone()));
    logits.iter().zip(network.bias()).map(|(logit, bias)| logit + bias).collect()
}

#[test]
fn procedural_weights_are_the_manifest_s() {
    let fixture = Fixture::open("inception.safetensors");
    let file = procedural::weights(&fixture.manifest["weight_shapes"], |_, _| ());
    for (name, expected) in fixture.manifest["check"].as_object().unwrap() {
        let found = file.read(name).unwrap();
        for (found, expected) in found.iter().zip(expected.as_array().unwrap()) {
            assert_eq!(f64::from(*found), expected.as_f64().unwrap(), "{name}");
        }
    }
}

#[test]
fn half_pixel_resize_is_pytorch_s() {
    let fixture = Fixture::open("inception.safetensors");
    let image = fixture.floats("resize_in");
    let scaled = |resize: Resize| {
        let scaled = resize.scale(&image, [20, 30], [299; 2], f32::MAX);
        let every = |c: usize, y: usize, x: usize| scaled[(c * 299 + 23 * y) * 299 + 23 * x];
        (0..3 * 13 * 13).map(|i| every(i / 169, i / 13 % 13, i % 13)).collect::<Vec<f32>>()
    };
    let expected = fixture.floats("resize_out");
    let [most, _] = difference(&scaled(Resize::HalfPixel), &expected);
    // f32 rounds places of up to 30 pixels to 2^-20, and slopes are up to a few units.
    assert!(most < 1e-5, "{most}");
    let [fault, _] = difference(&scaled(Resize::TensorFlow1), &expected);
    assert!(fault > 1e-2, "{fault}");
}

#[test]
fn features_on_the_way_and_logits_are_the_reference_s() {
    compare_with_the_reference::<Flex>(&[0, 1]);
}

/// What no backend of its own computes in memory are tensors.
#[test]
fn as_tensors_they_are_the_reference_s() {
    compare_with_the_reference::<Autodiff<Flex>>(&[0]);
}

fn compare_with_the_reference<B: Backend<Device = FlexDevice>>(images: &[usize]) {
    let fixture = Fixture::open("inception.safetensors");
    let network = network::<B>(&fixture, Protocol::PytorchFid);
    for &number in images {
        let maps = network.maps(input(&fixture, number, Resize::HalfPixel));
        // The error of the first two maps is not recorded: that of the third holds for them all the more.
        for (map, name) in
            [(&maps.block0, "block0"), (&maps.block1, "block1"), (&maps.block2, "block2")]
        {
            let name = format!("{name}_mean_{number}");
            assert_close(&fixture, number, "block2", &means(map), &name);
        }
        let place = maps.block2.clone().slice([0..1, 0..768, 3..4, 5..6]);
        assert_close(
            &fixture,
            number,
            "block2",
            &values(place),
            &format!("block2_sample_{number}"),
        );
        let pool3 = values(maps.pool3.clone());
        for name in ["pool3", "pool3_f64"] {
            assert_close(&fixture, number, "pool3", &pool3, &format!("{name}_{number}"));
        }
        let logits = logits(&network, &maps);
        assert_close(&fixture, number, "logits", &logits, &format!("logits_{number}"));
    }
}

#[test]
fn adm_s_outputs_are_features_the_first_seven_channels_and_logits_without_bias() {
    adm_s_outputs_on::<Flex>();
    adm_s_outputs_on::<Autodiff<Flex>>();
}

fn adm_s_outputs_on<B: Backend<Device = FlexDevice>>() {
    let fixture = Fixture::open("inception.safetensors");
    let network = network::<B>(&fixture, Protocol::Adm);
    let x = input(&fixture, 0, Resize::HalfPixel);
    let (maps, outputs) = (network.maps(x.clone()), network.forward(x));
    assert_eq!(values(outputs.features), values(maps.pool3.clone()));
    assert_eq!(values(outputs.logits.unwrap()), values(network.logits(maps.pool3)));
    let spatial = values(outputs.spatial.unwrap());
    assert_eq!(Some(spatial.len()), network.spatial_columns());
    let map = values(maps.mixed_6_conv);
    for (i, &value) in spatial.iter().enumerate() {
        let (place, channel) = (i / 7, i % 7);
        assert_eq!(value, map[channel * 17 * 17 + place]);
    }
}

/// Planted faults: each moves a golden number beyond its tolerance.
mod faults {
    use super::*;

    /// How far pool3 of image 0 is off, relative to what it may be.
    fn pool3_off(network: &Inception<Flex>, fixture: &Fixture, resize: Resize) -> f64 {
        let maps = network.maps(input(fixture, 0, resize));
        let found = difference(&values(maps.pool3), &fixture.floats("pool3_0"));
        found[1] / limits(fixture, 0, "pool3")[1]
    }

    #[test]
    fn another_resize() {
        let fixture = Fixture::open("inception.safetensors");
        let network = network::<Flex>(&fixture, Protocol::PytorchFid);
        assert!(pool3_off(&network, &fixture, Resize::HalfPixel) < 1.0);
        for fault in [Resize::TensorFlow1, Resize::PillowFloat] {
            assert!(pool3_off(&network, &fixture, fault) > 100.0, "{fault:?}");
        }
    }

    #[test]
    fn the_bias_of_the_classifier() {
        let fixture = Fixture::open("inception.safetensors");
        let network = network::<Flex>(&fixture, Protocol::PytorchFid);
        let maps = network.maps(input(&fixture, 0, Resize::HalfPixel));
        let without = values(network.logits(maps.pool3.clone()));
        let [_, off] = difference(&without, &fixture.floats("logits_0"));
        assert!(off > 100.0 * limits(&fixture, 0, "logits")[1], "{off}");
    }

    #[test]
    fn a_wrong_slice_of_channels() {
        let fixture = Fixture::open("inception.safetensors");
        let network = network::<Flex>(&fixture, Protocol::Adm);
        let maps = network.maps(input(&fixture, 0, Resize::HalfPixel));
        let map = |first: usize| values(maps.mixed_6_conv.clone().narrow(1, first, 7));
        let [_, off] = difference(&map(1), &map(0));
        assert!(off > 100.0 * limits(&fixture, 0, "block2")[1], "{off}");
        // Nor is it what the concatenated block begins with at another place.
        let [_, off] = difference(&values(maps.block2.narrow(1, 0, 7)), &map(0));
        assert!(off > 100.0 * limits(&fixture, 0, "block2")[1], "{off}");
    }

    #[test]
    fn another_epsilon_and_a_swapped_branch() {
        let fixture = Fixture::open("inception.safetensors");
        let load = |edit: &dyn Fn(&str, &mut Vec<f32>)| {
            let file = procedural::weights(&fixture.manifest["weight_shapes"], edit);
            Inception::<Flex>::load(&file, Protocol::PytorchFid, &FlexDevice).unwrap()
        };
        // 1e-5 is the default of PyTorch's normalisation, the network has 1e-3.
        let epsilon = load(&|name, values| {
            if name.ends_with("running_var") {
                for value in values {
                    *value -= 1e-3 - 1e-5;
                }
            }
        });
        assert!(pool3_off(&epsilon, &fixture, Resize::HalfPixel) > 100.0);
        let swapped = load(&|name, values| {
            if name == "Mixed_7c.branch3x3_2a.conv.weight" {
                values.reverse();
            }
        });
        assert!(pool3_off(&swapped, &fixture, Resize::HalfPixel) > 100.0);
    }
}

#[test]
fn weights_that_do_not_fit_are_named_and_missing_ones_say_from_where() {
    let fixture = Fixture::open("inception.safetensors");
    let mut shapes = fixture.manifest["weight_shapes"].clone();
    let all = shapes.as_object_mut().unwrap();
    all.remove("Mixed_7c.branch_pool.bn.bias").unwrap();
    all.insert("fc.weight".to_owned(), serde_json::json!([1000, FEATURES]));
    all.insert("fc.scale".to_owned(), serde_json::json!([CLASSES]));
    all.insert("AuxLogits.fc.bias".to_owned(), serde_json::json!([1000]));
    let file = procedural::weights(&shapes, |_, _| ());
    let message =
        Inception::<Flex>::load(&file, Protocol::Adm, &FlexDevice).unwrap_err().to_string();
    for part in [
        "missing: Mixed_7c.branch_pool.bn.bias [192]",
        "surplus: fc.scale",
        "wrong shape: fc.weight is [1000, 2048], the model has [1008, 2048]",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!message.contains("AuxLogits"), "{message}");

    let missing =
        |path| Inception::<Flex>::open(path, Protocol::Adm, &FlexDevice).unwrap_err().to_string();
    let message = missing(Some(std::path::Path::new("nowhere/inception.pth")));
    for part in
        ["there is no nowhere/inception.pth", "pt_inception-2015-12-05-6726825d.pth", "FD-EffLite0"]
    {
        assert!(message.contains(part), "{message}");
    }
    assert!(missing(None).contains("no file was given"));
}

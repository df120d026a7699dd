//! Networks, resizes and metrics against the packages that others measure with; `fixtures/make.py` made the
//! numbers.

use std::path::Path;

use burn::backend::flex::FlexDevice;
use burn::backend::{Autodiff, Flex};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use pixelflow::weights::TensorFile;
use pixelflow_dataset::Raster;
use pixelflow_evaluation::Features;
use pixelflow_evaluation::extractor::{
    DinoV2, DinoV2Config, EfficientNetLite0, Extractor, Outputs, Resize, dinov2, efficientnet_lite0,
};
use pixelflow_evaluation::metrics::{KernelConfig, Splits, inception_score, kernel_distance};

fn open(path: &str) -> TensorFile {
    TensorFile::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn fixture(name: &str) -> TensorFile {
    open(&format!("tests/fixtures/{name}.safetensors"))
}

/// The images of a fixture, `[images, height, width, 3]`, or the one without the first dimension.
fn images(file: &TensorFile, name: &str) -> Vec<Raster> {
    let shape = &file.tensors()[name].shape;
    let &[height, width, 3] = &shape[shape.len() - 3..] else { panic!("{shape:?}") };
    let bytes = file.read_bytes(name).unwrap();
    let image = |bytes: &[u8]| Raster::new(width, height, 3, bytes.to_vec()).unwrap();
    bytes.chunks_exact(3 * height * width).map(image).collect()
}

fn outputs<B: Backend<Device = FlexDevice>>(
    network: &impl Extractor<B>,
    images: &[Raster],
) -> Outputs<B> {
    let preparation = network.preparation();
    let values: Vec<f32> = images.iter().flat_map(|image| preparation.apply(image)).collect();
    let shape = [images.len(), 3, preparation.side, preparation.side];
    network.forward(Tensor::from_data(TensorData::new(values, shape), &FlexDevice))
}

/// Ten times the package's own error in f32 is allowed.
fn assert_close<B: Backend>(file: &TensorFile, name: &str, found: Tensor<B, 2>) {
    let expected = file.read(name).unwrap();
    let found: Vec<f32> = found.into_data().iter::<f32>().collect();
    assert_eq!(found.len(), expected.len());
    let pairs = found.iter().zip(&expected).map(|(&a, &b)| (f64::from(a - b), f64::from(b)));
    let most = pairs.clone().map(|(d, _)| d.abs()).fold(0.0, f64::max);
    let (error, norm) = pairs.fold((0.0, 0.0), |(e, n), (d, b)| (e + d * d, n + b * b));
    let found = [most, (error / norm).sqrt()];
    let limit =
        |measure| 10.0 * file.metadata()[&format!("{name}/{measure}")].parse::<f64>().unwrap();
    let limits = ["max_abs", "rel_l2"].map(limit);
    println!("{name}: {found:?} of {limits:?}");
    assert!(found[0] <= limits[0] && found[1] <= limits[1], "{name}: {found:?} of {limits:?}");
}

#[test]
fn efficientnet_lite0_is_the_package_s() {
    efficientnet_lite0_on::<Flex>();
}

/// What no backend of its own computes in memory are tensors.
#[test]
fn efficientnet_lite0_is_the_package_s_as_tensors() {
    efficientnet_lite0_on::<Autodiff<Flex>>();
}

fn efficientnet_lite0_on<B: Backend<Device = FlexDevice>>() {
    let weights = open("../../assets/efficientnet-lite0/model.safetensors");
    let network = EfficientNetLite0::<B>::load(&weights, &FlexDevice).unwrap();
    let fixture = fixture("efficientnet_lite0");
    let outputs = outputs(&network, &images(&fixture, "images"));
    assert_close(&fixture, "features", outputs.features);
    assert_close(&fixture, "logits", outputs.logits.unwrap());
}

/// Which weights: those of the published network do not fit into a repository.
const SMALL: DinoV2Config = DinoV2Config { width: 24, depth: 2, heads: 3, learned: 37, side: 224 };

#[test]
fn dinov2_is_facebookresearch_s() {
    let network = DinoV2::<Flex>::load(&fixture("dinov2_small"), &SMALL, &FlexDevice).unwrap();
    let fixture = fixture("dinov2_small_features");
    assert_close(&fixture, "features", outputs(&network, &images(&fixture, "images")).features);
}

#[test]
fn weights_of_other_shapes_are_named_and_missing_ones_say_from_where() {
    let load = |config: &DinoV2Config| {
        DinoV2::<Flex>::load(&fixture("dinov2_small"), config, &FlexDevice).unwrap_err().to_string()
    };
    let deeper = load(&DinoV2Config { depth: 3, ..SMALL });
    assert!(deeper.contains("missing: blocks.2.norm1.weight [24]"), "{deeper}");
    let published = load(&DinoV2Config::default());
    assert!(published.contains("wrong shape: cls_token is [1, 1, 24], the model has [1, 1, 1024]"));
    assert!(load(&DinoV2Config { side: 220, ..SMALL }).contains("side is 220: "));
    assert!(load(&DinoV2Config { heads: 5, ..SMALL }).contains("width is 24: "));
    let weights = fixture("dinov2_small");
    let error = EfficientNetLite0::<Flex>::load(&weights, &FlexDevice).unwrap_err().to_string();
    assert!(error.contains("missing: _conv_stem.weight [32, 3, 3, 3]"), "{error}");

    let nowhere = Path::new("nowhere.pth");
    for (message, source) in [
        (DinoV2::<Flex>::open(Some(nowhere), &FlexDevice).unwrap_err(), dinov2::WEIGHTS),
        (
            EfficientNetLite0::<Flex>::open(Some(nowhere), &FlexDevice).unwrap_err(),
            efficientnet_lite0::WEIGHTS,
        ),
    ] {
        let message = message.to_string();
        for part in [source.network, "there is no nowhere.pth", source.source, source.alternative] {
            assert!(message.contains(part), "{message}");
        }
    }
}

#[test]
fn resizes_are_those_of_tensorflow_1_and_of_clean_fid() {
    for (name, resize) in
        [("tensorflow1_resize", Resize::TensorFlow1), ("clean_resize", Resize::PillowFloat)]
    {
        let fixture = fixture(name);
        let image = &images(&fixture, "image")[0];
        for side in [29, 64] {
            let expected = fixture.read(&format!("to_{side}")).unwrap();
            let found = resize.apply(image, side, 1.0);
            let off = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            // TensorFlow's to the last bit; Pillow's order of passes rounds floats of up to 255 otherwise.
            let limit = if resize == Resize::TensorFlow1 { 0.0 } else { 3e-5 };
            assert!(off <= limit && found.len() == expected.len(), "{name} {side}: {off}");
        }
    }
}

#[test]
fn the_inception_score_and_kid_are_torch_fidelity_s() {
    let fixture = fixture("torch_fidelity");
    let features = |name| Features::new(8, fixture.read(name).unwrap()).unwrap();
    let expected = |name: &str| fixture.metadata()[name].parse::<f64>().unwrap();
    let close = |found: f64, name| {
        let expected = expected(name);
        assert!((found / expected - 1.0).abs() < 1e-10, "{name}: {found} {expected}");
    };
    let score = inception_score(&features("one"), Splits::Shuffled(10)).unwrap();
    close(score.mean, "inception_score_mean");
    close(score.standard_deviation, "inception_score_std");
    let config = KernelConfig { subsets: 12, subset_size: 50, ..KernelConfig::default() };
    let distance = kernel_distance(&features("one"), &features("other"), &config).unwrap();
    close(distance.mean, "kernel_inception_distance_mean");
    close(distance.standard_deviation, "kernel_inception_distance_std");
    // In their own order both are others.
    let unshuffled = inception_score(&features("one"), Splits::Equal(10)).unwrap();
    assert!((unshuffled.mean / expected("inception_score_mean") - 1.0).abs() > 1e-4);
}

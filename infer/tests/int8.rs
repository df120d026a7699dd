//! Matrices in eight bits: what drawing the demo with them costs in accuracy, and that all ways to
//! ask for them are one.
//!
//! `cargo test -p infer --test int8 -- --nocapture` prints the errors that were measured.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::{Tensor, TensorData};
use image::RgbImage;
use infer::ModelSource;
use infer::read_picture;
use infer::rgb_image;
use pixelflow::int8::Int8Rows;
use pixelflow::noise::{Key, Purpose};
use pixelflow::pipeline::{Drawing, ImageRequest, Request, Subject, Subjects};
use pixelflow::sampler::{SamplerConfig, SolverKind};
use pixelflow::weights::{Values, convert_to_int8, for_each_value};
use pixelflow::{Context, NumberFormat, PixelFlow};
use program_tests::{Program, text};

const DEVICE: FlexDevice = FlexDevice;

/// The demo with its matrices as they are, and in eight bits.
fn demo() -> (ModelSource, PixelFlow<Flex>, PixelFlow<Flex>) {
    let source = ModelSource::demo().unwrap();
    let load = |format| source.files().unwrap().load::<Flex>(format, &DEVICE).unwrap();
    let (float, int8) = (load(NumberFormat::F32), load(NumberFormat::Int8));
    (source, float, int8)
}

/// `|a - b|^2` and `|b|^2`, over all numbers.
fn squares(a: &[f32], b: &[f32]) -> [f64; 2] {
    let square = |x: f32| f64::from(x) * f64::from(x);
    let difference = a.iter().zip(b).map(|(a, b)| square(a - b)).sum();
    [difference, b.iter().map(|&b| square(b)).sum()]
}

fn relative_error(a: &[f32], b: &[f32]) -> f64 {
    let [difference, whole] = squares(a, b);
    (difference / whole).sqrt()
}

/// One image of each class.
fn images(source: &ModelSource, model: &PixelFlow<Flex>) -> Vec<RgbImage> {
    let image = |class| ImageRequest { subject: Subject::Class(class), seed: 0, number: 0 };
    let classes = source.description.model.num_classes;
    // What BENCHMARKS.md has the time of.
    let config = SamplerConfig { solver: SolverKind::Euler, steps: vec![16], ..source.sampler() };
    let request = Request::new((0..classes).map(image).collect()).sampler(config).batch(16);
    let request = request.check(&source.description).unwrap();
    let started = Instant::now();
    let drawing = Drawing::new(model, request, Subjects::Classes).unwrap();
    let images: Vec<RgbImage> = drawing.map(|image| rgb_image(image.unwrap())).collect();
    println!("{classes} images in {:.2} s", started.elapsed().as_secs_f64());
    images
}

/// Root of the mean square of the differences, in levels of 255.
fn rms_difference(a: &[RgbImage], b: &[RgbImage]) -> f64 {
    let bytes = |images: &[RgbImage]| images.iter().flat_map(|i| i.to_vec()).collect::<Vec<u8>>();
    let (a, b) = (bytes(a), bytes(b));
    let square = |(a, b): (&u8, &u8)| (f64::from(*a) - f64::from(*b)).powi(2);
    (a.iter().zip(&b).map(square).sum::<f64>() / a.len() as f64).sqrt()
}

/// The velocity at images of all classes that are half noise, at a timestep.
fn velocity(model: &PixelFlow<Flex>, images: &[RgbImage], timestep: f32) -> Vec<f32> {
    let part = timestep / 1000.0;
    let mut values = Vec::new();
    for (number, image) in images.iter().enumerate() {
        let noise = Key::new(number as u64, 0, Purpose::InitialNoise);
        let noise = noise.normals(image.len());
        for channel in 0..3 {
            let pixels = image.pixels().map(|pixel| f32::from(pixel[channel]) / 127.5 - 1.0);
            values.extend(pixels);
        }
        let start = values.len() - image.len();
        for (value, noise) in values[start..].iter_mut().zip(noise) {
            *value = *value * part + noise * (1.0 - part);
        }
    }
    let side = images[0].width() as usize;
    let data = TensorData::new(values, [images.len(), 3, side, side]);
    let images_on_device = Tensor::from_data(data, &DEVICE);
    let context = Context::Class((0..images.len()).collect());
    let velocity = model.forward(images_on_device, &vec![timestep; images.len()], &context);
    velocity.into_data().to_vec().unwrap()
}

/// The limit is the one that `pixelflow::weights` derives for a small model: the squares of the
/// matrices' relative errors add up.
#[test]
fn the_demo_in_eight_bits_draws_the_same_images() {
    let (source, float, int8) = demo();
    let mut rounded = BTreeMap::new();
    for_each_value(&int8, |name, _, values| {
        if let Values::Int8(rows) = values {
            rounded.insert(name.to_owned(), rows);
        }
    });
    let mut together = 0.0;
    for_each_value(&float, |name, _, values| {
        if let Some(rows) = rounded.get(name).map(Int8Rows::weights) {
            together += relative_error(&rows, &values.into_floats()).powi(2);
        }
    });
    let limit = together.sqrt();

    let exact = images(&source, &float);
    let mut all = [0.0; 2];
    for timestep in [100.0, 500.0, 900.0] {
        let found = velocity(&int8, &exact, timestep);
        let expected = velocity(&float, &exact, timestep);
        let [difference, whole] = squares(&found, &expected);
        all = [all[0] + difference, all[1] + whole];
        let error = (difference / whole).sqrt();
        println!("velocity at timestep {timestep}: relative L2 error {error:.2e}");
    }
    let error = (all[0] / all[1]).sqrt();
    println!("velocity: relative L2 error {error:.2e}, limit {limit:.2e}");
    assert!(error < limit && error > limit / 100.0, "{error} of {limit}");

    let difference = rms_difference(&images(&source, &int8), &exact);
    let mut others = exact.clone();
    others.rotate_left(1);
    let other = rms_difference(&others, &exact);
    let psnr = |difference: f64| 20.0 * (255.0 / difference).log10();
    println!(
        "images: PSNR {:.1} dB; those of other classes {:.1} dB",
        psnr(difference),
        psnr(other)
    );
    assert!(difference > 0.0);
    assert!(difference < other / 4.0, "{difference}, of others {other}");
}

fn infer(arguments: &[&str]) -> String {
    Program(env!("CARGO_BIN_EXE_infer")).run(arguments).succeeded().printed
}

/// A folder with the demo in eight bits.
fn demo_in_int8(folder: &Path) -> String {
    let source = ModelSource::demo().unwrap();
    let file = source.files().unwrap().open().unwrap();
    let weights = folder.join("model.safetensors");
    let config = &source.description.model;
    convert_to_int8::<Flex>(&file, config, &weights, file.metadata(), &DEVICE, &mut |_| {})
        .unwrap();
    source.description.write(&folder.join("config.json")).unwrap();
    text(folder).to_owned()
}

#[test]
fn a_file_in_eight_bits_draws_what_its_floats_draw_with_dtype_int8() {
    let folder = tempfile::tempdir().unwrap();
    let model = demo_in_int8(folder.path());
    let picture = |name: &str| text(&folder.path().join(name)).to_owned();
    let common = ["sample", "--device", "cpu", "--class", "3", "--count", "1", "--steps", "2"];
    let drawn = |arguments: &[&str], name: &str| {
        let out = picture(name);
        infer(&[&common, arguments, &["--out", &out]].concat());
        read_picture(Path::new(&out)).unwrap().0
    };
    let of_file = drawn(&["--model", &model], "file.png");
    assert!(of_file == drawn(&["--dtype", "int8"], "int8.png"));
    assert!(of_file != drawn(&[], "f32.png"));
    let replayed = infer(&["replay", &picture("int8.png"), "--device", "cpu"]);
    assert!(replayed.contains("pixels equal"), "{replayed}");

    let needed = |arguments: &[&str]| {
        let text = infer(&[&common, arguments, &["--dry-run"]].concat());
        text.split(';').next().unwrap().to_owned()
    };
    let of_file = needed(&["--model", &model]);
    assert_eq!(of_file, needed(&["--dtype", "int8"]));
    assert_ne!(of_file, needed(&[]));
    let said = infer(&["info", "--model", &model]);
    assert!(said.contains("matrices in int8"), "{said}");
    let bytes = |path: &Path| fs::metadata(path).unwrap().len();
    let demo = ModelSource::demo().unwrap();
    println!(
        "file: {} bytes, of {}",
        bytes(&folder.path().join("model.safetensors")),
        bytes(demo.files().unwrap().path().unwrap())
    );
}

//! What cannot be measured is refused before anything is computed, with what helps.

use std::fs;
use std::path::{Path, PathBuf};

use image::imageops::{FilterType, resize};
use npyz::WriterBuilder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::sides::{shipped, write};
use super::{at, evaluate};

/// An `.npz` with arrays of zeros: name, shape, and whether they are bytes.
fn npz(path: &Path, arrays: &[(&str, &[u64], bool)]) {
    let mut archive = ZipWriter::new(fs::File::create(path).unwrap());
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, shape, is_bytes) in arrays {
        archive.start_file(format!("{name}.npy"), stored).unwrap();
        let count = shape.iter().product::<u64>() as usize;
        if *is_bytes {
            let array = npyz::WriteOptions::new().default_dtype().shape(shape);
            let mut array = array.writer(&mut archive).begin_nd().unwrap();
            array.extend(vec![0_u8; count]).unwrap();
            array.finish().unwrap();
        } else {
            let array = npyz::WriteOptions::new().default_dtype().shape(shape);
            let mut array = array.writer(&mut archive).begin_nd().unwrap();
            array.extend(vec![0.0_f64; count]).unwrap();
            array.finish().unwrap();
        }
    }
    archive.finish().unwrap();
}

/// An `.npz` of two images, the second of which has a label.
fn labelled(path: &Path, label: i64) {
    let mut archive = ZipWriter::new(fs::File::create(path).unwrap());
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    archive.start_file("arr_0.npy", stored).unwrap();
    let array = npyz::WriteOptions::new().default_dtype().shape(&[2, 4, 4, 3]);
    let mut array = array.writer(&mut archive).begin_nd().unwrap();
    array.extend(vec![0_u8; 96]).unwrap();
    array.finish().unwrap();
    archive.start_file("arr_1.npy", stored).unwrap();
    let array = npyz::WriteOptions::new().default_dtype().shape(&[2]);
    let mut array = array.writer(&mut archive).begin_nd().unwrap();
    array.extend([0, label]).unwrap();
    array.finish().unwrap();
    archive.finish().unwrap();
}

/// Every kind of side that cannot be measured, and `real`, which can.
fn write_sides(folder: &Path) {
    let file = |name: &str| folder.join(name);
    let images: Vec<_> =
        shipped("heroes-heldout.tar", 0..4).into_iter().map(|record| record.image).collect();
    write(&file("real"), images.clone());
    write(&file("one"), images[..1].to_vec());
    let small = resize(&images[0], 16, 16, FilterType::Triangle);
    write(&file("mixed"), [images[0].clone(), small]);
    fs::create_dir(file("empty")).unwrap();
    write(&file("broken"), images);
    fs::write(file("broken/002.png"), "no picture").unwrap();
    npz(&file("key.npz"), &[("images", &[2, 4, 4, 3], true)]);
    npz(&file("dtype.npz"), &[("arr_0", &[2, 4, 4, 3], false)]);
    labelled(&file("label.npz"), 1_000_000);
    labelled(&file("last.npz"), 999_999);
    npz(&file("inception.npz"), &[("mu", &[2048], false), ("sigma", &[2048, 2048], false)]);
    npz(&file("strange.npz"), &[("mu", &[3], false), ("sigma", &[3, 3], false)]);
    fs::write(file("cut.npz"), &fs::read(file("inception.npz")).unwrap()[..5000]).unwrap();
    let weights = fs::read(weights()).unwrap();
    fs::write(file("cut.safetensors"), &weights[..weights.len() / 2]).unwrap();
}

/// The shipped network.
fn weights() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/efficientnet-lite0/model.safetensors")
}

#[test]
fn bad_sides_are_refused_with_what_helps() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| at(scratch.path(), name);
    write_sides(scratch.path());
    let (cache, real) = (scratch.path().join("cache"), at("real"));
    let clean = ["reference", &real, &at("clean.npz"), "--protocol", "clean", "--device", "cpu"];
    evaluate(&cache, &clean).succeeded();
    let refused: &[(&str, &str, &[&str])] = &[
        ("mixed", "real", &["16x16 pixels", "32x32", "protocol `clean`"]),
        ("empty", "real", &["empty holds no images", "give a folder of PNG"]),
        ("nowhere", "real", &["nowhere holds no images", "does not exist"]),
        ("one", "real", &["SAMPLES", "one: it has one image"]),
        ("real", "one", &["REFERENCE", "needs two or more"]),
        ("broken", "real", &["002.png is not a readable image"]),
        ("key.npz", "real", &["images are in `arr_0`, and it has images"]),
        ("dtype.npz", "real", &["has the type '<f8', and images are uint8"]),
        ("label.npz", "real", &["`arr_1` does not hold 2 labels from 0 to 999999"]),
        ("real", "cut.npz", &["cut.npz", "no .npz that is whole"]),
        (
            "real",
            "clean.npz",
            &["made with protocol clean", "this measurement is with protocol adm"],
        ),
        ("real", "inception.npz", &["2048 features, as Inception-v3 makes", "--inception FILE"]),
        ("strange.npz", "strange.npz", &["statistics of 3 features are of no network"]),
        (
            "clean.npz",
            "strange.npz",
            &["statistics of 3 features", "EfficientNet-Lite0 makes 1280"],
        ),
    ];
    for (samples, reference, parts) in refused {
        let run = evaluate(&cache, &["images", &at(samples), &at(reference), "--device", "cpu"]);
        run.refused(parts);
        assert_eq!((run.status.code(), run.printed.as_str()), (Some(1), ""), "{samples}");
    }
    // Where images may have different sizes, they are measured.
    let mixed = ["images", &at("mixed"), &at("clean.npz"), "--protocol", "clean"];
    evaluate(&cache, &[&mixed[..], &["--device", "cpu"]].concat()).succeeded();
    evaluate(&cache, &["images", &at("last.npz"), &real, "--device", "cpu"]).succeeded();
    // Too few for some metrics: the others are given, and it is said.
    let few = evaluate(&cache, &["images", &real, &real, "--device", "cpu"]).succeeded();
    let reason = "not measured: density, coverage: the radius of a neighbourhood needs 6 images";
    assert!(few.printed.contains(reason), "{}", few.printed);
}

#[test]
fn bad_arguments_are_refused_and_nothing_is_written_over() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| at(scratch.path(), name);
    write_sides(scratch.path());
    let (cache, real, statistics) = (scratch.path().join("cache"), at("real"), at("inception.npz"));
    let before = fs::read(&statistics).unwrap();
    let weights = weights();
    let (model, text_model) = ("assets/demo/model", "assets/demo-text/model");
    // Of `images` unless another command is named.
    let refused: &[(&[&str], i32, &[&str])] = &[
        (&[&real, &real, "--images", "5"], 1, &["--images 5", "real has 4 images", "draw more"]),
        (&[&statistics, &real, "--images", "4"], 1, &["do not say of how many images"]),
        (&[&real, &real, "--inception", &at("cut.safetensors")], 1, &["cut.safetensors"]),
        (
            &[&real, &real, "--inception", weights.to_str().unwrap()],
            1,
            &["missing: ", "surplus: ", "_conv_stem.weight"],
        ),
        (
            &[&real, &real, "--dinov2", &at("none.pth")],
            1,
            &["there is no ", "take dinov2_vitl14_pretrain.pth", "FD-EffLite0"],
        ),
        (
            &[&real, &real, "--train", &statistics, "--held-out", &real],
            1,
            &["--train", "it has statistics, and this needs the images"],
        ),
        (&[&real, &statistics, "--json", &statistics], 1, &["--json", "another file of this call"]),
        (&[&real, &real, "--train", &real], 2, &["--held-out"]),
        (&[&real, &real, "--protocol", "fid"], 2, &["adm", "torch-fidelity", "clean"]),
        (&[&real, &real, "--inception", "a", "--dinov2", "b"], 2, &["cannot be used with"]),
        (&[&real], 2, &["<REFERENCE>"]),
        (&[&real, &real, "--images", "1"], 2, &["--images"]),
        (&["reference", &real, &at("real.json")], 1, &["OUT", "give FILE.npz"]),
        (&["reference", &statistics, &at("new.npz")], 1, &["DATA", "it has statistics"]),
        (&["reference", &real, &statistics], 1, &["OUT", "it exists already"]),
        (&["model", &real, "--prompts", "README.md", "--model", model], 1, &["--prompts", "leave"]),
        (&["model", &real, "--model", text_model], 1, &["say with --prompts FILE"]),
        (&["model", &real, "--repeats", "0"], 2, &["--repeats"]),
    ];
    for (arguments, code, parts) in refused {
        let is_named = ["reference", "model"].contains(&arguments[0]);
        let command: &[&str] = if is_named { &[] } else { &["images"] };
        let run = evaluate(&cache, &[command, arguments].concat());
        run.refused(parts);
        assert_eq!(run.status.code(), Some(*code), "{arguments:?}: {}", run.message);
        assert_eq!(run.printed, "", "{arguments:?}");
    }
    assert_eq!(fs::read(&statistics).unwrap(), before);
    assert!(!scratch.path().join("new.npz").exists());
}

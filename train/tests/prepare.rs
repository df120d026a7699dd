//! `train prepare`: images as they were found become a data set that training has nothing to say about.
#![cfg(unix)]

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use image::{ImageEncoder, ImageFormat, Rgb, RgbImage};
use pixelflow::cascade::CascadeConfig;
use pixelflow_dataset::source::{FolderConfig, SourceConfig, WebDatasetConfig};
use pixelflow_dataset::{Batch, Loader, LoaderConfig, Source, TransformConfig};
use program_tests::{Program, Run, listing, text};
use serde_json::Value;

const TRAIN: Program = Program(env!("CARGO_BIN_EXE_train"));

fn prepare(data: &Path, out: &Path, more: &[&str]) -> Run {
    TRAIN.run(&[&["prepare", text(data), text(out)], more].concat())
}

fn picture(seed: u32, width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let value = |k: u32| (127.0 + 120.0 * f64::from(x * k + y * seed).sin()) as u8;
        Rgb([value(seed), value(seed + 1), value(3)])
    })
}

fn png(image: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A photograph whose metadata say: turn me by 90 degrees.
fn turned(image: &RgbImage) -> Vec<u8> {
    let entry = [0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0];
    let exif = [&b"II*\0\x08\0\0\0\x01\0"[..], &entry, &[0; 4]].concat();
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
    encoder.set_exif_metadata(exif).unwrap();
    let (width, height) = image.dimensions();
    encoder.write_image(image, width, height, image::ExtendedColorType::Rgb8).unwrap();
    bytes
}

/// Two classes as they are found: seven images, of which one is a copy, one is broken and one lies on its side.
fn found(folder: &Path) {
    for class in ["ant", "bee"] {
        fs::create_dir_all(folder.join(class)).unwrap();
    }
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    for seed in 1..4 {
        write(&format!("ant/{seed}.png"), &png(&picture(seed, 40, 30)));
    }
    write("bee/4.png", &png(&picture(1, 40, 30)));
    let whole = png(&picture(5, 40, 30));
    write("bee/5.png", &whole);
    write("bee/6.png", &whole[..whole.len() / 2]);
    write("bee/7.jpg", &turned(&picture(7, 40, 20)));
}

fn manifest(out: &Path) -> Value {
    serde_json::from_slice(&fs::read(out.join("manifest.json")).unwrap()).unwrap()
}

fn opened(out: &Path) -> std::sync::Arc<dyn Source> {
    SourceConfig::WebDataset(WebDatasetConfig::new([out.to_owned()])).open().unwrap()
}

#[test]
fn what_is_kept_is_whole_and_what_is_not_is_named() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    found(&at("found"));
    let said = prepare(&at("found"), &at("out"), &[]).succeeded().printed;
    assert!(said.contains("5 of 7 records in 2 classes"), "{said}");
    assert!(said.contains("1 cannot be used, 1 copies"), "{said}");
    let files = ["contact-sheet.png", "images-000000.tar", "manifest.json"];
    assert_eq!(listing(&at("out")), files);
    let manifest = manifest(&at("out"));
    assert_eq!(manifest["classes"], serde_json::json!({"ant": 3, "bee": 2}));
    assert_eq!((&manifest["turned"], &manifest["fitted"]), (&1.into(), &0.into()));
    let left_out = &manifest["left_out"];
    assert!(left_out["first_unusable"][0].as_str().unwrap().contains("6.png"), "{left_out}");
    let copy = &left_out["copies"]["first"][0];
    assert!(copy[0].as_str().unwrap().ends_with("4.png"), "{copy}");
    assert!(copy[1].as_str().unwrap().ends_with("1.png"), "{copy}");
    // A file with nothing to be done to it is the same file; one on its side stands now.
    let source = opened(&at("out"));
    let original = image::open(at("found/ant/2.png")).unwrap().into_rgb8();
    assert_eq!(source.read(1).unwrap().image.data(), &original.into_raw()[..]);
    let standing = source.read(4).unwrap().image;
    assert_eq!((standing.height(), standing.width()), (40, 20));
    // Training has nothing to say about it.
    let inspected = TRAIN.run(&["inspect", text(&at("out")), "--strict"]).succeeded().printed;
    assert!(inspected.contains("nothing was found"), "{inspected}");
    let sheet = image::open(at("out/contact-sheet.png")).unwrap();
    assert!(sheet.width() > 3 * 64 && sheet.height() >= 2 * 64);
}

#[test]
fn images_are_brought_to_size_as_training_brings_them() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    found(&at("found"));
    prepare(&at("found"), &at("out"), &["--size", "16"]).succeeded();
    let (source, manifest) = (opened(&at("out")), manifest(&at("out")));
    assert_eq!((&manifest["fitted"], &manifest["size"]), (&5.into(), &16.into()));
    let transform = pixelflow_dataset::TransformConfig { size: 16, ..Default::default() };
    let original =
        pixelflow_dataset::decode(&fs::read(at("found/ant/2.png")).unwrap(), "x").unwrap();
    let expected = transform.build().unwrap().fit(&original, "x").unwrap();
    assert_eq!(source.read(1).unwrap().image, expected);
}

/// Images of three aspect ratios and several sizes, in two classes, as PNG.
fn of_all_shapes(folder: &Path) {
    for (number, [width, height]) in
        [[40, 30], [20, 48], [64, 24], [16, 16], [33, 50], [90, 31], [24, 16], [70, 70]]
            .into_iter()
            .enumerate()
    {
        let class = folder.join(["ant", "bee"][number % 2]);
        fs::create_dir_all(&class).unwrap();
        let image = picture(number as u32 + 1, width, height);
        fs::write(class.join(format!("{number}.png")), png(&image)).unwrap();
    }
}

const BUCKETS: &str = "[[16, 16], [16, 24], [24, 16]]";

/// Batches as training makes them of a data set with these buckets.
fn batches(source: SourceConfig) -> Vec<Batch> {
    let config = LoaderConfig {
        batch: 12,
        buckets: vec![[16, 16], [16, 24], [24, 16]],
        strict: true,
        threads: 1,
        ..LoaderConfig::default()
    };
    let transform = TransformConfig { size: 16, ..TransformConfig::default() }.build().unwrap();
    let cascade = CascadeConfig { stages: 2, ..CascadeConfig::default() }.build().unwrap();
    let loader = Loader::new(source.open().unwrap(), transform, cascade, 2, 5, config).unwrap();
    (0..4).map(|step| loader.batch(step).unwrap()).collect()
}

#[test]
fn training_on_images_in_their_buckets_sees_the_pixels_that_it_makes_of_the_originals() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    of_all_shapes(&at("found"));
    let said = prepare(&at("found"), &at("out"), &["--buckets", BUCKETS]).succeeded().printed;
    let counts = "2 of 16x16, 4 of 16x24, 2 of 24x16 (height x width)";
    assert!(said.contains(counts), "{said}");
    let manifest = manifest(&at("out"));
    let count = |height: u32, width: u32, images: u32| serde_json::json!({"size": [height, width], "images": images});
    assert_eq!(
        manifest["buckets"],
        serde_json::json!([count(16, 16, 2), count(16, 24, 4), count(24, 16, 2)])
    );
    // Two of them had the size of their bucket.
    assert_eq!((&manifest["fitted"], &manifest["size"]), (&6.into(), &Value::Null));
    let source = opened(&at("out"));
    let sizes = |number| {
        let image = source.read(number).unwrap().image;
        [image.height(), image.width()]
    };
    let mut found: Vec<[usize; 2]> = (0..8).map(sizes).collect();
    found.sort_unstable();
    let expected = [[[16, 16]; 2].as_slice(), &[[16, 24]; 4], &[[24, 16]; 2]].concat();
    assert_eq!(found, expected);
    let originals = batches(SourceConfig::Folder(FolderConfig::new(at("found"))));
    let prepared = batches(SourceConfig::WebDataset(WebDatasetConfig::new([at("out")])));
    assert!(originals == prepared, "other pixels, sizes, classes or order");
}

#[test]
fn images_in_buckets_come_out_the_same_however_often_it_was_stopped() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    of_all_shapes(&at("found"));
    let options = ["--buckets", BUCKETS, "--shard-images", "3"];
    prepare(&at("found"), &at("whole"), &options).succeeded();
    fs::create_dir(at("stopped")).unwrap();
    let whole = manifest(&at("whole"));
    let plan = |hash: &Value| {
        serde_json::json!({"hash": hash, "shards": [whole["shards"][0]]}).to_string()
    };
    fs::write(at("stopped/plan.json"), plan(&whole["plan"])).unwrap();
    let first = "images-000000.tar";
    fs::copy(at("whole").join(first), at("stopped").join(first)).unwrap();
    let said = prepare(&at("found"), &at("stopped"), &options).succeeded().message;
    assert!(said.contains("going on with"), "{said}");
    for name in listing(&at("whole")) {
        let read = |folder: &str| fs::read(at(folder).join(&name)).unwrap();
        assert!(read("whole") == read("stopped"), "{name} differs");
    }
    // With other buckets it is another data set.
    fs::create_dir(at("other")).unwrap();
    fs::write(at("other/plan.json"), plan(&whole["plan"])).unwrap();
    let others = ["--buckets", "[[16, 16], [24, 16]]", "--shard-images", "3"];
    prepare(&at("found"), &at("other"), &others).refused(&["begun with other images or settings"]);
}

#[test]
fn buckets_that_cannot_be_prepared_for_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    found(&at("found"));
    for (buckets, said) in [
        ("[[16, 16], [32, 32]]", "16x16 and 32x32 have one aspect ratio"),
        ("[[16, 16], [16, 16]]", "it is there twice"),
        ("[[16, 0]]", "images can be 1 to 4096 pixels a side"),
        ("[]", "give at least one size"),
        ("256", "write heights and widths as"),
        ("[[16, 16]]\nsize = 3", "write heights and widths as"),
    ] {
        prepare(&at("found"), &at("out"), &["--buckets", buckets]).refused(&[said]);
    }
    prepare(&at("found"), &at("out"), &["--buckets", BUCKETS, "--size", "16"])
        .refused(&["cannot be used with"]);
    assert!(!at("out").exists());
}

#[test]
fn captions_and_the_same_bytes_come_out_however_often_it_was_stopped() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    let data = PathBuf::from("assets/demo/heroes-heldout.tar");
    let small = ["--shard-images", "40"];
    prepare(&data, &at("whole"), &small).succeeded();
    let shards: Vec<String> =
        listing(&at("whole")).into_iter().filter(|name| name.contains(".tar")).collect();
    assert!(shards.len() > 2, "{shards:?}");
    // As it is left when it is killed: some files, and what they are to become.
    fs::create_dir(at("stopped")).unwrap();
    let whole = manifest(&at("whole"));
    let plan = serde_json::json!({
        "hash": whole["plan"],
        "shards": [whole["shards"][0], whole["shards"][1]],
    });
    fs::write(at("stopped/plan.json"), plan.to_string()).unwrap();
    // One of them is cut off, one is of somebody else's hand.
    let bytes = fs::read(at("whole").join(&shards[0])).unwrap();
    fs::write(at("stopped").join(&shards[0]), &bytes[..bytes.len() / 2]).unwrap();
    fs::copy(at("whole").join(&shards[1]), at("stopped").join(&shards[1])).unwrap();
    fs::write(at("stopped").join(&shards[2]), "strange").unwrap();
    let said = prepare(&data, &at("stopped"), &small).succeeded().message;
    assert!(said.contains("going on with"), "{said}");
    for name in listing(&at("whole")) {
        let read = |folder: &str| fs::read(at(folder).join(&name)).unwrap();
        assert!(read("whole") == read("stopped"), "{name} differs");
    }
    let (before, after) = (
        SourceConfig::WebDataset(WebDatasetConfig::new([repository(&data)])).open().unwrap(),
        opened(&at("whole")),
    );
    assert_eq!(before.classes(), after.classes());
    for number in [0, after.len() - 1] {
        assert_eq!(before.captions(number).unwrap(), after.captions(number).unwrap());
        assert_eq!(before.read(number).unwrap().image, after.read(number).unwrap().image);
    }
    // Something else was begun there.
    fs::create_dir(at("other")).unwrap();
    fs::write(at("other/plan.json"), r#"{"hash": "0123", "shards": []}"#).unwrap();
    prepare(&data, &at("other"), &small).refused(&["it was begun with other images or settings"]);
}

fn repository(path: &Path) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

#[test]
fn what_looks_alike_or_is_held_out_is_left_out_when_that_is_asked_for() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    let smooth = |shift: u32, side: u32| {
        RgbImage::from_fn(side, side, |x, y| {
            let (x, y) = (f64::from(x) / f64::from(side), f64::from(y) / f64::from(side));
            let wave = (7.0 * x + f64::from(shift)).sin() * (5.0 * y + f64::from(shift)).cos();
            Rgb([(127.0 + 100.0 * wave) as u8; 3])
        })
    };
    for class in ["photos/one", "held/one"] {
        fs::create_dir_all(at(class)).unwrap();
    }
    smooth(1, 64).save(at("photos/one/large.png")).unwrap();
    smooth(1, 48).save(at("photos/one/small.png")).unwrap();
    smooth(2, 64).save(at("photos/one/other.png")).unwrap();
    smooth(2, 64).save(at("held/one/a.png")).unwrap();
    let images = |out: &str, more: &[&str]| {
        prepare(&at("photos"), &at(out), more).succeeded();
        manifest(&at(out))["images"].clone()
    };
    assert_eq!(images("all", &[]), 3);
    assert_eq!(images("near", &["--near", "3"]), 2);
    let pair = manifest(&at("near"))["left_out"]["alike"]["first"][0].clone();
    assert!(pair[0].as_str().unwrap().ends_with("small.png"), "{pair}");
    assert!(pair[1].as_str().unwrap().ends_with("large.png"), "{pair}");
    assert_eq!(images("without", &["--not-in", text(&at("held"))]), 2);
}

#[test]
fn nothing_is_written_where_something_else_is() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    found(&at("found"));
    let found = at("found");
    fs::create_dir(at("full")).unwrap();
    fs::write(at("full/thesis.txt"), "mine").unwrap();
    prepare(&at("found"), &at("full"), &[]).refused(&["full", "has not made"]);
    assert_eq!(listing(&at("full")), ["thesis.txt"]);
    prepare(&at("found"), &at("out"), &[]).succeeded();
    prepare(&at("found"), &at("out"), &[]).refused(&["a prepared data set already"]);
    prepare(&found, &at("found/out"), &[]).refused(&["it lies in the images"]);
    prepare(&at("nowhere"), &at("new"), &[]).refused(&["nowhere"]);
    prepare(&found, &at("new"), &["--not-in", text(&found)]).refused(&["no image of it is left"]);
    assert!(!at("new").exists());
}

//! What a data set is, told by the real program before training.

use std::fs;
use std::path::Path;

use image::{GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use program_tests::{Program, Run, text};
use serde_json::{Value, json};

fn inspect(arguments: &[&str]) -> Run {
    Program(env!("CARGO_BIN_EXE_train")).run(&[&["inspect"], arguments].concat())
}

fn report(arguments: &[&str]) -> Value {
    let run = inspect(&[arguments, &["--json", "-"]].concat());
    serde_json::from_str(&run.succeeded().printed).unwrap()
}

fn picture(seed: u32, [height, width]: [u32; 2]) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x * 7 + seed) as u8, (y * 5) as u8, (seed * 31) as u8])
    })
}

/// A data set with something of everything: two classes, copies, and files that cannot be used.
fn mixed(folder: &Path) {
    for class in ["cat", "dog"] {
        fs::create_dir_all(folder.join(class)).unwrap();
    }
    picture(1, [40, 60]).save(folder.join("cat/one.png")).unwrap();
    picture(1, [40, 60]).save(folder.join("cat/one-again.webp")).unwrap();
    picture(2, [300, 200]).save(folder.join("cat/two.png")).unwrap();
    GrayImage::from_fn(20, 20, |x, _| Luma([x as u8])).save(folder.join("dog/grey.png")).unwrap();
    let through = RgbaImage::from_fn(40, 60, |x, _| Rgba([x as u8, 0, 9, 100]));
    through.save(folder.join("dog/through.png")).unwrap();
    let bytes = fs::read(folder.join("cat/two.png")).unwrap();
    fs::write(folder.join("dog/cut.png"), &bytes[..bytes.len() / 2]).unwrap();
    fs::write(folder.join("dog/camera.heic"), b"?").unwrap();
}

#[test]
fn everything_is_counted_and_named() {
    let scratch = tempfile::tempdir().unwrap();
    let data = scratch.path().join("photos");
    mixed(&data);
    let found = report(&[text(&data)]);
    let expected = json!({
        "records": 6, "is_whole": true, "usable": 5, "unusable": 1, "left_out": 1,
        "grey": 1, "transparent": 1, "turned": 0, "captions": null, "in_training_too": null,
        "classes": [{"name": "cat", "images": 3}, {"name": "dog", "images": 3}],
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&found[key], value, "{key}");
    }
    assert!(found["first_unusable"][0].as_str().unwrap().contains("cut.png"), "{found}");
    assert!(found["first_left_out"].as_str().unwrap().contains("camera.heic"), "{found}");
    assert_eq!(found["copies"]["images"], 1);
    let names = found["copies"]["first"][0].as_array().unwrap();
    let named = |part: &str| names.iter().any(|name| name.as_str().unwrap().contains(part));
    assert!(named("one.png") && named("one-again.webp"), "{names:?}");
    assert_eq!(found["sizes"]["shorter_side"], json!([20, 40, 200]));
    assert_eq!(found["sizes"]["smaller_than"]["32"], 1);
}

#[test]
fn a_validation_image_that_is_trained_on_is_found_and_strict_refuses() {
    let scratch = tempfile::tempdir().unwrap();
    let [data, held_out] = ["train", "held-out"].map(|name| scratch.path().join(name));
    for (folder, seeds) in [(&data, [1, 2]), (&held_out, [2, 3])] {
        fs::create_dir_all(folder.join("all")).unwrap();
        for seed in seeds {
            picture(seed, [9, 9]).save(folder.join(format!("all/{seed}-here.png"))).unwrap();
        }
    }
    let clean = inspect(&[text(&data), "--strict"]).succeeded();
    assert!(clean.printed.contains("nothing was found"), "{}", clean.printed);
    // A file that is left out is something that was found, too.
    let camera = data.join("all/camera.heic");
    fs::write(&camera, b"?").unwrap();
    assert_eq!(inspect(&[text(&data), "--strict"]).status.code(), Some(1));
    fs::remove_file(camera).unwrap();
    let json = scratch.path().join("found.json");
    let shared =
        inspect(&[text(&data), "--validation", text(&held_out), "--strict", "--json", text(&json)]);
    assert_eq!(shared.status.code(), Some(1), "{}", shared.message);
    assert!(shared.printed.contains("validation images are training images"), "{}", shared.printed);
    let found: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    assert_eq!(found["in_training_too"]["images"], 1);
}

#[test]
fn captions_are_counted_and_labels_need_not_be_there() {
    let found = report(&["assets/demo/heroes-heldout.tar"]);
    assert_eq!(found["captions"]["count"], 192);
    assert_eq!(found["captions"]["images_without"], 0);
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("captioned.tar");
    let mut tar = tar::Builder::new(fs::File::create(&path).unwrap());
    let image = scratch.path().join("image.png");
    picture(1, [8, 8]).save(&image).unwrap();
    tar.append_path_with_name(&image, "0.png").unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_size(9);
    header.set_mode(0o644);
    tar.append_data(&mut header, "0.txt", &b"two words"[..]).unwrap();
    tar.into_inner().unwrap();
    let found = report(&[text(&path)]);
    assert_eq!(found["classes"], Value::Null);
    assert!(found["without_labels"].as_str().unwrap().contains("label"), "{found}");
    assert_eq!(found["captions"]["words"], json!([2, 2, 2]));
}

#[test]
fn what_is_no_data_set_is_refused_before_anything_is_written() {
    let scratch = tempfile::tempdir().unwrap();
    let json = scratch.path().join("nowhere/found.json");
    inspect(&["assets/demo/heroes-heldout.tar", "--json", text(&json)]).refused(&["nowhere"]);
    inspect(&["Cargo.toml"]).refused(&["Cargo.toml", ".tar"]);
}

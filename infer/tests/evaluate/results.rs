//! What is written and printed, and that a measurement says what it was made with.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use program_tests::{converted_model, listing};

use super::sides::{Record, shipped, write};
use super::{INFER, at, evaluate, json, value};

/// Two folders of ten images, `a` and `b`.
fn two_sides(folder: &std::path::Path) -> [String; 2] {
    for (name, places) in [("a", 0..10), ("b", 10..20)] {
        let records: Vec<Record> = shipped("heroes-heldout.tar", places);
        write(&folder.join(name), records.into_iter().map(|record| record.image));
    }
    ["a", "b"].map(|name| at(folder, name))
}

#[test]
fn statistics_stand_for_their_images_and_are_found_in_the_cache() {
    let scratch = tempfile::tempdir().unwrap();
    let (cache, npz) = (scratch.path().join("cache"), at(scratch.path(), "made/b.npz"));
    let [a, b] = two_sides(scratch.path());
    let of_images = json(&cache, &["images", &a, &b]);
    let make = ["reference", &b, &npz, "--device", "cpu"];
    let made = evaluate(&cache, &make).succeeded();
    assert!(made.printed.contains("statistics of 10 images of "), "{}", made.printed);
    assert!(made.message.contains("is in the cache"), "{}", made.message);
    let of_statistics = json(&cache, &["images", &a, &npz]);
    let fd = |json| value(json, "fd_efflite0");
    assert_eq!(fd(&of_statistics), fd(&of_images));
    assert_eq!(of_statistics["reference"]["hash"], of_images["reference"]["hash"]);
    for metric in ["kid_efflite0", "precision", "coverage"] {
        let reason = of_statistics["left_out"][metric].as_str().unwrap();
        assert!(reason.contains("REFERENCE has statistics"), "{reason}");
    }
    // Of statistics alone no network is needed, and the result is the same without the cache.
    let a_npz = at(scratch.path(), "made/a.npz");
    let other_cache = scratch.path().join("other-cache");
    evaluate(&other_cache, &["reference", &a, &a_npz, "--device", "cpu"]).succeeded();
    let both = json(&other_cache, &["images", &a_npz, &npz]);
    assert_eq!((fd(&both), &both["device"]), (fd(&of_images), &serde_json::Value::Null));
    evaluate(&cache, &make).refused(&["OUT", "it exists already"]);
    assert_eq!(listing(&scratch.path().join("made")), ["a.npz", "b.npz"]);
}

#[test]
fn the_table_has_the_protocol_beside_every_number_and_json_goes_to_a_file() {
    let scratch = tempfile::tempdir().unwrap();
    let (cache, file) = (scratch.path().join("cache"), at(scratch.path(), "new/scores.json"));
    let [a, b] = two_sides(scratch.path());
    let line = ["images", &a, &b, "--json", &file, "--images", "8", "--protocol", "clean"];
    let run = evaluate(&cache, &line).succeeded();
    let mut lines = run.printed.lines();
    assert!(lines.next().unwrap().ends_with("protocol"), "{}", run.printed);
    let mut names = Vec::new();
    for line in lines.by_ref().take(6) {
        let mut words = line.split_whitespace();
        names.push(words.next().unwrap());
        assert_eq!(words.nth(2), Some("clean"), "{line}");
    }
    let expected = ["FD-EffLite0", "KID-EffLite0", "precision", "recall", "density", "coverage"];
    assert_eq!(names, expected);
    assert!(lines.next().unwrap().starts_with("8 images of "), "{}", run.printed);
    assert!(run.message.contains("the first 8 of 10 images"), "{}", run.message);
    let json: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!((&json["protocol"], &json["images"]), (&"clean".into(), &8.into()));
    assert_eq!(json["extractor"]["name"], "EfficientNet-Lite0");
    assert_eq!(json["extractor"]["hash"].as_str().unwrap().len(), 16);
    assert!(json["metrics"]["kid_efflite0"]["standard_error"].is_number());
}

#[test]
fn a_model_is_measured_by_the_images_that_it_would_write() {
    let scratch = tempfile::tempdir().unwrap();
    let cache = scratch.path().join("cache");
    let model = converted_model(INFER, scratch.path());
    let model = model.to_str().unwrap();
    let [a, _] = two_sides(scratch.path());
    let drawing = ["--model", model, "--steps", "1", "--seed", "5"];
    let npz = at(scratch.path(), "samples.npz");
    // Ten classes: one image of each has the numbers that balanced labels give.
    let sample = [&["sample", "--count", "1", "--device", "cpu", "--out", &npz], &drawing[..]];
    INFER.run(&sample.concat()).succeeded();
    let written = json(&cache, &["images", &npz, &a]);
    let drawn = |more: &[&str]| {
        json(&cache, &[&["model", &a, "--images", "10"], &drawing[..], more].concat())
    };
    let once = drawn(&[]);
    for metric in ["fd_efflite0", "precision"] {
        assert_eq!(value(&once, metric), value(&written, metric), "{metric}");
    }
    assert_eq!(once["samples"]["classes"]["least"], 1);
    let thrice = drawn(&["--repeats", "3", "--labels", "random"]);
    assert_eq!(thrice["seeds"], serde_json::json!([5, 6, 7]));
    assert_eq!(
        (&thrice["labels"], &thrice["drawn_with"]["height"]),
        (&"random".into(), &16.into())
    );
    let fd = &thrice["metrics"]["fd_efflite0"];
    let repeats: Vec<f64> = serde_json::from_value(fd["repeats"].clone()).unwrap();
    let mean = repeats.iter().sum::<f64>() / 3.0;
    assert!((fd["value"].as_f64().unwrap() - mean).abs() < 1e-9 * mean);
    assert!(fd["standard_error"].as_f64().unwrap() > 0.0);
}

#[test]
fn ctrl_c_ends_with_130_and_leaves_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("new");
    let out = at(&folder, "heroes.npz");
    let arguments = [
        "evaluate",
        "reference",
        "assets/demo/heroes.tar",
        &out,
        "--device",
        "cpu",
        "--batch",
        "2",
    ];
    // How soon it listens hangs on the machine: a later stop, if it came too soon.
    let is_stopped = |seconds| {
        let mut command = INFER.command(&arguments);
        command.env("PIXELFLOW_CACHE", scratch.path().join("cache")).stderr(Stdio::null());
        let mut running = command.spawn().unwrap();
        std::thread::sleep(Duration::from_secs(seconds));
        let id = running.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        running.wait().unwrap().code() == Some(130)
    };
    assert!([2, 5, 10, 20].into_iter().any(is_stopped), "it did not end with 130");
    assert!(!folder.exists() && !scratch.path().join("cache/statistics").exists());
}

#[test]
fn edits_of_real_images_are_measured_and_shown() {
    let scratch = tempfile::tempdir().unwrap();
    let [report, grid] = ["a.json", "a.png"].map(|name| at(scratch.path(), name));
    let data = "assets/demo/heroes-heldout.tar";
    let line =
        ["captions", "--train", data, "--heldout", data, "--edit", "background", "--count", "3"];
    let more = ["--steps", "1", "--device", "cpu", "--json", &report, "--grid", &grid];
    let run = evaluate(scratch.path(), &[&line[..], &more].concat()).succeeded();
    assert!(run.printed.contains("background is given another value in "), "{}", run.printed);
    let report: serde_json::Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    assert_eq!(report["changed_outside"], 0);
    assert!(report["drawn_anew"].as_f64().unwrap() > 0.3, "{report}");
    assert!(image::open(&grid).unwrap().width() > 2 * 96);
}

#[test]
fn captions_are_measured_under_both_names() {
    for name in [&["evaluate", "captions"][..], &["evaluate-captions"]] {
        let help = INFER.run(&[name, &["--help"]].concat()).succeeded().printed;
        assert!(help.contains("--heldout"), "{help}");
    }
    let help = INFER.run(&["--help"]).succeeded().printed;
    assert!(help.contains("evaluate ") && !help.contains("evaluate-captions"), "{help}");
}

//! Parquet files, as the Hugging Face Hub keeps data sets: looked at, and made tar files of.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};

use pixelflow_dataset::source::{SourceConfig, WebDatasetConfig};
use program_tests::{Program, Run, listing, text};
use serde_json::{Value, json};

const TRAIN: Program = Program(env!("CARGO_BIN_EXE_train"));

/// Files that pyarrow has written.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../dataset/tests/parquet").join(name)
}

fn prepare(data: &Path, out: &Path) -> Run {
    TRAIN.run(&["prepare", text(data), text(out), "--shard-images", "1"])
}

fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn classes_captions_and_names_are_kept_and_what_is_no_image_is_named() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    fs::create_dir(at("hub")).unwrap();
    fs::copy(golden("hub.parquet"), at("hub/train-00000-of-00001.parquet")).unwrap();
    fs::write(at("hub/README.md"), "about it").unwrap();
    let said = prepare(&at("hub"), &at("out")).succeeded().printed;
    assert!(said.contains("4 of 7 records in 3 classes, 3 with captions"), "{said}");
    let manifest = json_of(&at("out/manifest.json"));
    assert_eq!(manifest["classes"], json!({"ant": 2, "bee": 1, "zebra": 1}));
    // A label that stands for none, and the README.
    assert_eq!((&manifest["beside"], &manifest["left_out"]["unusable"]), (&2.into(), &3.into()));
    let first = manifest["left_out"]["first_unusable"].to_string();
    for part in
        ["parquet:3 (3.png)", "has no image (null)", "parquet:5 is not a readable image", ":7 "]
    {
        assert!(first.contains(part), "{first}");
    }
    let source = SourceConfig::WebDataset(WebDatasetConfig::new([at("out")])).open().unwrap();
    let expected = [("zebra", "0.png"), ("ant", "1.png"), ("bee", "2.png"), ("ant", "4.png")];
    for (index, (class, name)) in expected.into_iter().enumerate() {
        assert_eq!(source.classes()[source.identity(index).1], class);
        let caption = (index != 2).then(|| format!("picture {}", &name[..1]));
        assert_eq!(source.caption(index).unwrap(), caption);
        let shard = fs::read(at("out").join(format!("images-{index:06}.tar"))).unwrap();
        assert!(String::from_utf8_lossy(&shard).contains(&format!("({name})")), "{name}");
    }
    assert_eq!(source.read(0).unwrap().image.data()[..3], [0, 0, 0]);
    assert_eq!(source.read(1).unwrap().image.data()[3..6], [20, 30, 8]);
    // A photograph stays the file that it was.
    let bytes = source.beginning(3).unwrap();
    assert!(bytes.starts_with(&[0xff, 0xd8]), "it is no JPEG any more");
}

#[test]
fn it_goes_on_where_it_stopped_with_the_same_bytes() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    prepare(&golden("hub-index.parquet"), &at("whole")).succeeded();
    let whole = json_of(&at("whole/manifest.json"));
    // As it is left when it is killed after the first file.
    fs::create_dir(at("stopped")).unwrap();
    let plan = json!({"hash": whole["plan"], "shards": [whole["shards"][0]]});
    fs::write(at("stopped/plan.json"), plan.to_string()).unwrap();
    fs::copy(at("whole/images-000000.tar"), at("stopped/images-000000.tar")).unwrap();
    let said = prepare(&golden("hub-index.parquet"), &at("stopped")).succeeded().message;
    assert!(said.contains("going on with"), "{said}");
    assert_eq!(listing(&at("whole")).len(), 6);
    for name in listing(&at("whole")) {
        let read = |folder: &str| fs::read(at(folder).join(&name)).unwrap();
        assert!(read("whole") == read("stopped"), "{name} differs");
    }
}

#[test]
fn inspect_counts_it_and_labels_need_not_be_there() {
    let report = |path: &Path| -> Value {
        let run = TRAIN.run(&["inspect", text(path), "--json", "-"]).succeeded();
        serde_json::from_str(&run.printed).unwrap()
    };
    let found = report(&golden("hub.parquet"));
    assert_eq!(found["usable"], 4);
    assert_eq!(found["classes"][1], json!({"name": "ant", "images": 3}));
    assert_eq!(found["captions"]["count"], 6);
    let found = report(&golden("plain-zstd.parquet"));
    assert_eq!(
        (&found["usable"], &found["left_out"], &found["captions"]),
        (&4.into(), &1.into(), &Value::Null)
    );
    // Without a column of labels it is a data set of captions.
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("a.parquet");
    let mut bytes = fs::read(golden("hub.parquet")).unwrap();
    for (from, to) in [(&b"label"[..], &b"class"[..]), (b"ClassLabel", b"Classified")] {
        while let Some(at) = bytes.windows(from.len()).position(|part| part == from) {
            bytes[at..at + from.len()].copy_from_slice(to);
        }
    }
    fs::write(&path, bytes).unwrap();
    let found = report(&path);
    assert_eq!(found["records"], 8);
    assert!(found["without_labels"].as_str().unwrap().contains("no column of labels"), "{found}");
}

#[test]
fn what_cannot_be_read_is_refused_before_anything_is_written() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    let whole = fs::read(golden("hub.parquet")).unwrap();
    fs::write(at("cut.parquet"), &whole[..whole.len() / 2]).unwrap();
    fs::write(at("strange.parquet"), "a web page that says: not found").unwrap();
    let refused = |data: &Path, parts: &[&str]| prepare(data, &at("out")).refused(parts);
    refused(&at("cut.parquet"), &["cut.parquet is damaged", "its end is missing"]);
    refused(&at("strange.parquet"), &["strange.parquet", "neither begins nor ends as one"]);
    refused(&golden("plain-gzip.parquet"), &["compressed with GZIP"]);
    fs::create_dir(at("both")).unwrap();
    for part in ["train", "test"] {
        let name = format!("both/{part}-00000-of-00001.parquet");
        fs::copy(golden("hub.parquet"), at(&name)).unwrap();
    }
    refused(&at("both"), &["(test, train)", "a folder of its own"]);
    assert!(!at("out").exists());
    // Training reads in any order.
    let golden = golden("hub.parquet");
    let out = at("out");
    let run = ["--recipe", "smoke", "--data", text(&golden), "--out", text(&out)];
    TRAIN.run(&run).refused(&["hub.parquet", "train prepare IN OUT"]);
    assert!(!at("out").exists());
}

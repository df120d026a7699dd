//! `infer convert`: what is written is what was read, or nothing is written.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pixelflow::weights::{DType, SafetensorsWriter, TensorFile, TensorInfo};
use program_tests::{Program, Run, listing, reference_model, text};

const INFER: Program = Program(env!("CARGO_BIN_EXE_infer"));

fn convert(arguments: &[&str]) -> Run {
    INFER.run(&[&["convert"], arguments].concat())
}

/// A file of the tensors `a`, with these values, and `ids`, which has integers.
fn small(path: &Path, values: &[f32]) {
    let info = |shape: usize, dtype| TensorInfo { shape: vec![shape], dtype };
    let tensors =
        [("ids".to_owned(), info(2, DType::I64)), ("a".to_owned(), info(values.len(), DType::F32))];
    let mut writer = SafetensorsWriter::create_as(path, &tensors, &BTreeMap::new()).unwrap();
    writer.push_bytes("ids", &[7; 16]).unwrap();
    writer.push("a", values).unwrap();
    writer.finish().unwrap();
}

#[test]
fn a_pt_becomes_a_folder_that_draws_the_same() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    let model = reference_model(&at("reference"));
    let said = convert(&[text(&model), text(&at("one"))]).succeeded().printed;
    assert!(said.contains("all values as they were") && said.contains("read back"), "{said}");
    assert_eq!(listing(&at("one")), ["config.json", "model.safetensors"]);
    let (several, again) = (at("several"), at("again"));
    convert(&[text(&model), text(&several), "--max-shard-size", "20KB"]).succeeded();
    let files = listing(&several);
    assert!(
        files.len() > 4 && files.contains(&"model.safetensors.index.json".to_owned()),
        "{files:?}"
    );
    for file in files.iter().filter(|file| file.ends_with(".safetensors")) {
        let one = TensorFile::open(&several.join(file)).unwrap();
        let bytes: u64 = one.tensors().values().map(TensorInfo::size_in_bytes).sum();
        assert!(bytes <= 20_000 || one.tensors().len() == 1, "{file} has {bytes} bytes");
    }
    // Several files become one again.
    convert(&[text(&several), text(&again)]).succeeded();
    assert_eq!(
        fs::read(again.join("model.safetensors")).unwrap(),
        fs::read(at("one/model.safetensors")).unwrap()
    );
    let mut pictures = Vec::new();
    for (number, model) in [&model, &at("one"), &several].into_iter().enumerate() {
        let picture = at(&format!("{number}.png"));
        let sample = ["sample", "--device", "cpu", "--class", "1", "--model"];
        INFER.run(&[&sample[..], &[text(model), "--out", text(&picture)]].concat()).succeeded();
        let replay = ["replay", text(&picture), "--device", "cpu", "--model", text(model)];
        INFER.run(&replay).succeeded();
        pictures.push(image::open(&picture).unwrap().to_rgb8());
    }
    assert!(pictures.iter().all(|picture| *picture == pictures[0]));
}

#[test]
fn the_report_says_what_rounding_has_changed() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    small(&at("a.safetensors"), &[1.0, 2049.0, 0.0]);
    let (from, to, report) = (at("a.safetensors"), at("half.safetensors"), at("report.tsv"));
    let arguments = [text(&from), text(&to), "--dtype", "f16", "--report", text(&report)];
    let said = convert(&arguments).succeeded().printed;
    assert!(said.contains("at most 1.0e0 (a)"), "{said}");
    assert!(said.contains("at most 4.9e-4 of the value (a)"), "{said}");
    let lines = fs::read_to_string(&report).unwrap();
    let relative = 1.0_f64 / 2049.0;
    assert!(lines.contains(&format!("a\t[3]\tF32\tF16\t1e0\t{relative:e}")), "{lines}");
    assert!(lines.contains("ids\t[2]\tI64\tI64\t0e0\t0e0"), "{lines}");
    let file = TensorFile::open(&to).unwrap();
    assert_eq!(file.read("a").unwrap(), [1.0, 2048.0, 0.0]);
    assert_eq!(file.read_bytes("ids").unwrap(), [7; 16]);
}

#[test]
fn bad_input_is_refused_and_nothing_is_written() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    let named = |name: &str| text(&at(name)).to_owned();
    let (good, large) = (named("good.safetensors"), named("large.safetensors"));
    small(Path::new(&good), &[1.0, 2.0]);
    small(Path::new(&large), &[1.0, -70_000.0]);
    let nan = named("nan.safetensors");
    small(Path::new(&nan), &[f32::NAN, 2.0, f32::INFINITY]);
    let junk = named("junk.safetensors");
    fs::write(&junk, "junk").unwrap();
    let empty = named("empty");
    fs::create_dir(&empty).unwrap();
    let shards = at("shards");
    small(&at("b.safetensors"), &[3.0; 100]);
    let from = named("b.safetensors");
    convert(&[&from, text(&shards), "--max-shard-size", "1B"]).succeeded();
    fs::remove_file(shards.join("model-00002-of-00002.safetensors")).unwrap();
    let shards = named("shards");
    let taken = at("taken");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("model.safetensors.index.json"), "earlier").unwrap();
    let taken = named("taken");
    let described = at("described");
    fs::create_dir(&described).unwrap();
    fs::write(described.join("config.json"), "earlier").unwrap();
    let described = named("described");
    let model = text(&reference_model(&at("reference"))).to_owned();
    let broken = at("broken");
    fs::create_dir(&broken).unwrap();
    small(&broken.join("model.safetensors"), &[1.0]);
    fs::write(broken.join("config.json"), "{").unwrap();
    let broken = named("broken");
    let out = named("out");

    // Arguments → what the message says.
    let cases: &[(&[&str], &[&str])] = &[
        (&["nowhere.pt", &out], &["cannot read nowhere.pt"]),
        (&[&empty, &out], &["the folder has no model.safetensors"]),
        (&[&junk, &out], &["junk.safetensors is damaged"]),
        (
            &[&shards, &out],
            &["names the shard model-00002-of-00002.safetensors, which is not beside it"],
        ),
        (
            &[&large, &out, "--dtype", "f16"],
            &["tensor `a` has values up to 7e4, too large for F16", "take bf16"],
        ),
        (&[&nan, &out], &["tensor `a` has 2 values that are not finite, the first at 0"]),
        (&[&broken, &out], &["cannot use", "config.json"]),
        (&[&good, "out.pt"], &["OUTPUT out.pt: only safetensors are written"]),
        (&[&good, &good], &["good.safetensors: it exists already", "choose another OUTPUT"]),
        (&[&good, &taken], &["model.safetensors.index.json: it exists already"]),
        (&[&model, &described], &["config.json: it exists already"]),
        (&[&good, "/dev/null/x.safetensors"], &["cannot write /dev/null"]),
        (&[&good, &out, "--report", "/dev/null/all.tsv"], &["cannot write /dev/null/all.tsv"]),
        (&[&good, &out, "--report", &empty], &["it is a folder; give the path of a file"]),
        (&[&good, &out, "--max-shard-size", "2gb"], &["`2gb` is no size", "write 2GB"]),
        (&[&good, &out, "--dtype", "int3"], &["int3", "bf16"]),
        (&["hf:owner", &out], &["INPUT hf:owner", "write hf:owner/name"]),
    ];
    let before = listing(scratch.path());
    let contents = fs::read(&good).unwrap();
    for (arguments, expected) in cases {
        convert(arguments).refused(expected);
        assert_eq!(listing(scratch.path()), before, "{arguments:?}");
        assert_eq!(listing(Path::new(&taken)).len(), 1);
        assert_eq!(listing(Path::new(&described)).len(), 1);
    }
    assert_eq!(fs::read(&good).unwrap(), contents);
}

#[test]
fn a_full_disk_leaves_nothing_behind() {
    let scratch = tempfile::tempdir().unwrap();
    let from = scratch.path().join("a.safetensors");
    small(&from, &vec![0.5; 100_000]);
    let demo = "assets/demo/model";
    // Input, output and format → what cannot be written.
    for (from, to, more, file) in [
        (text(&from), "half.safetensors", &["--dtype", "f16"][..], "half.safetensors"),
        (text(&from), "new/deep", &[], "new/deep/model.safetensors"),
        (
            text(&from),
            "new/x.safetensors",
            &["--max-shard-size", "1B"],
            "new/x-00002-of-00002.safetensors",
        ),
        (demo, "new", &["--dtype", "int8"], "new/model.safetensors"),
    ] {
        let to = scratch.path().join(to);
        let run = INFER.run_on_a_full_disk(8, &[&["convert", from, text(&to)], more].concat());
        let file = format!("cannot write {}: File too large", text(&scratch.path().join(file)));
        run.refused(&[&file, "free some space"]);
        assert_eq!(listing(scratch.path()), ["a.safetensors"]);
    }
}

#[test]
fn a_model_in_eight_bits_is_a_quarter_and_draws_almost_the_same() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("int8");
    let demo = |to: &Path, more: &[&str]| {
        convert(&[&["assets/demo/model", text(to), "--dtype", "int8"], more].concat())
    };
    let said = demo(&out, &[]).succeeded().printed;
    assert!(said.contains("within half a step"), "{said}");
    let size = |path: &Path| fs::metadata(path).unwrap().len();
    let halves = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/demo/model");
    // Halves became bytes, but for biases, norms, tables and a factor an output.
    let ratio = size(&out.join("model.safetensors")) as f64
        / size(&halves.join("model.safetensors")) as f64;
    assert!((0.5..0.52).contains(&ratio), "{ratio}");
    let info = INFER.run(&["info", "--model", text(&out)]).succeeded().printed;
    assert!(info.contains("16 classes") || info.contains("minotaur"), "{info}");
    let back = scratch.path().join("back");
    convert(&[text(&out), text(&back), "--dtype", "f16"]).refused(&["no way back"]);
    let shards = demo(&scratch.path().join("shards"), &["--max-shard-size", "5MB"]);
    shards.refused(&["leave out --max-shard-size"]);
}

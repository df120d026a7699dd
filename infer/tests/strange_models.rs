//! Models of strangers: read whatever their names and marks, or refused by file, key, value and bound.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pixelflow::weights::{DType, SafetensorsWriter, TensorFile};
use program_tests::{Program, reference_model, text};

const INFER: Program = Program(env!("CARGO_BIN_EXE_infer"));

/// A small model of classes, its description as a text.
fn described(folder: &Path) -> (PathBuf, String) {
    let reference = reference_model(&folder.join("reference"));
    let model = folder.join("model");
    INFER.run(&["convert", text(&reference), text(&model)]).succeeded();
    let description = fs::read_to_string(model.join("config.json")).unwrap();
    (model, description)
}

/// What a wrapper makes of a tensor's name.
type Rename = fn(&str) -> String;

/// Arguments that draw one image of a model, into a file.
fn sample<'a>(model: &'a Path, out: &'a Path) -> Vec<&'a str> {
    let fixed = ["sample", "--device", "cpu", "--class", "1", "--count", "1", "--steps", "1"];
    [&fixed[..], &["--model", text(model), "--out", text(out)]].concat()
}

#[test]
fn weights_draw_the_same_under_any_wrappers_names() {
    let scratch = tempfile::tempdir().unwrap();
    let (model, _) = described(scratch.path());
    let drawn = |name: &str| {
        let out = scratch.path().join(name);
        INFER.run(&sample(&model, &out)).succeeded();
        image::open(&out).unwrap().to_rgb8()
    };
    let expected = drawn("plain.png");
    let weights = model.join("model.safetensors");
    let file = TensorFile::open(&weights).unwrap();
    let read = |name: &String| {
        (name.clone(), file.tensors()[name].shape.clone(), file.read(name).unwrap())
    };
    let tensors: Vec<_> = file.tensors().keys().map(read).collect();
    let renames: [Rename; 4] = [
        |name| format!("module.{name}"),
        |name| format!("model.module._orig_mod.{name}"),
        |name| name.replace("transformer_blocks.", "transformer_blocks._fsdp_wrapped_module."),
        |name| format!("ema_model.{}", name.replace(".attn1.", ".attn1._orig_mod.")),
    ];
    for (number, rename) in renames.into_iter().enumerate() {
        let renamed = tensors.iter().map(|(name, shape, _)| (rename(name), shape.clone()));
        let none = BTreeMap::new();
        let mut writer =
            SafetensorsWriter::create(&weights, &renamed.collect::<Vec<_>>(), DType::F32, &none)
                .unwrap();
        for (name, _, values) in &tensors {
            writer.push(&rename(name), values).unwrap();
        }
        writer.finish().unwrap();
        assert!(drawn(&format!("{number}.png")) == expected, "{}", rename("NAME"));
    }
    let converted = scratch.path().join("converted");
    let said = INFER.run(&["convert", text(&model), text(&converted)]).succeeded().printed;
    assert!(said.contains("without what wrappers had put into them"), "{said}");
}

#[test]
fn files_that_are_no_weights_are_named_for_what_they_are() {
    let scratch = tempfile::tempdir().unwrap();
    let (model, _) = described(scratch.path());
    let out = scratch.path().join("out.png");
    let mut tar = vec![0; 600];
    tar[..10].copy_from_slice(b"model/a.pt");
    tar[257..262].copy_from_slice(b"ustar");
    let cases: [(&[u8], &str); 18] = [
        (b"", "it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "run `git lfs pull`"),
        (b"<!DOCTYPE html>\n<html>", "a web page that was saved in the place of the file"),
        (b"\xef\xbb\xbf\n<HTML>", "/resolve/ instead of /blob/"),
        (b"{\"error\": \"not found\"}", "it is a text"),
        (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "before 1.6"),
        (b"\x80\x04\x95\x10\0\0\0\0\0\0\0}\x94", "torch.save did not write"),
        (b"GGUF\x03\0\0\0\x10\0\0\0", "a GGUF file"),
        (b"\x89HDF\r\n\x1a\n\0\0", "an HDF5 file"),
        (b"\x08\x07\x12\x07pytorch", "an ONNX graph"),
        (b"\x81\xa6params\x82\xa7encoder", "the format of Flax"),
        (b"\xde\x00\x20\xd9\x21transformer", "the format of Flax"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "run gunzip"),
        (b"\x93NUMPY\x01\0v\0", "one array of NumPy"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "a 7z archive"),
        (b"\x28\xb5\x2f\xfd\x04\x00\x01", "run unzstd"),
        (b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "a zip archive"),
        (&tar, "a tar archive"),
    ];
    for (bytes, expected) in cases {
        fs::write(model.join("model.safetensors"), bytes).unwrap();
        INFER
            .run(&sample(&model, &out))
            .refused(&["model.safetensors holds no weights: it", expected]);
    }
    // A folder without weights says what it has instead.
    fs::remove_file(model.join("model.safetensors")).unwrap();
    for (name, expected) in [
        ("model.pt", "give model.pt in it"),
        ("__0_0.distcp", "dcp_to_torch"),
        ("data.pkl", "zip -0r"),
    ] {
        fs::write(model.join(name), "").unwrap();
        INFER
            .run(&sample(&model, &out))
            .refused(&["the folder has no model.safetensors", expected]);
    }
}

#[test]
fn a_description_with_a_mark_is_read_and_impossible_sizes_are_refused_at_once() {
    let scratch = tempfile::tempdir().unwrap();
    let (model, description) = described(scratch.path());
    let (config, out) = (model.join("config.json"), scratch.path().join("out.png"));
    fs::write(&config, format!("\u{feff}{description}")).unwrap();
    INFER.run(&sample(&model, &out)).succeeded();
    let converted = scratch.path().join("converted");
    INFER.run(&["convert", text(&model), text(&converted), "--dtype", "int8"]).succeeded();

    for (from, to, expected) in [
        ("\"resolution\": 16", "\"resolution\": 1099511627776", "it must be 1 to 16384 pixels"),
        ("\"resolution\": 16", "\"resolution\": 0", "resolution is 0"),
        ("\"depth\": 2", "\"depth\": -1", "depth: invalid value: integer `-1`"),
        ("\"depth\": 2", "\"depth\": 1000000000", "depth is 1000000000, it must be 1 to 1024"),
        (
            "\"in_channels\": 3",
            "\"in_channels\": 2",
            "out_channels is 3, it must equal in_channels",
        ),
        ("_channels\": 3", "_channels\": 2", "in_channels is 2, images have 1 or 3"),
        ("\"patch_size\": 4", "\"patch_size\": 0", "patch_size is 0"),
        ("\"stages\": 2", "\"stages\": 60", "stages is 60, it must be 1 to 16"),
        ("\"num_attention_heads\": 2", "\"num_attention_heads\": 1024", "it must be at most 65536"),
        ("\"num_classes\": 10", "\"num_classes\": 9000000000", "it must be at most 1000000"),
        ("\"stages\": 2", "\"stages\": 0", "stages is 0, it must be 1 to 16"),
        ("\"depth\": 2", "\"depth\": \"2\"", "depth: invalid type: string"),
        (
            "_timesteps\": 1000",
            "_timesteps\": 1000000000",
            "train_timesteps is 1000000000, it must",
        ),
        (
            "\"num_classes\": 10",
            "\"num_classes\": 0, \"cross_attention_dim\": 4611686018427387904",
            "cross_attention_dim is 4611686018427387904, it must be 1 to 65536",
        ),
    ] {
        let head_dim = ("\"attention_head_dim\": 16", "\"attention_head_dim\": 4096");
        let mut changed = description.replace(from, to);
        if from.contains("heads") {
            changed = changed.replace(head_dim.0, head_dim.1);
        }
        assert!(changed != description, "{from}");
        fs::write(&config, changed).unwrap();
        INFER.run(&["info", "--model", text(&model)]).refused(&["config.json", expected]);
    }
}

#[test]
fn a_tokenizer_that_would_hang_or_fill_the_memory_is_refused_by_its_part() {
    let scratch = tempfile::tempdir().unwrap();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/demo-text/model");
    let encoder = scratch.path().join("encoder");
    fs::create_dir(&encoder).unwrap();
    for entry in fs::read_dir(Path::new(model).join("text_encoder")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, encoder.join(path.file_name().unwrap())).unwrap();
    }
    let file = encoder.join("tokenizer.json");
    let sound: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let out = scratch.path().join("out.png");
    let run = |part: &str, value: serde_json::Value| {
        let mut changed = sound.clone();
        changed[part] = value;
        fs::write(&file, format!("\u{feff}{changed}")).unwrap();
        let draw = ["sample", "--device", "cpu", "--count", "1", "--steps", "1", "--model", model];
        let text_of =
            ["--text-encoder", text(&encoder), "--prompt", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"];
        INFER.run(&[&draw[..], &text_of, &["--out", text(&out)]].concat())
    };
    let padding = serde_json::json!({"strategy": {"Fixed": 1_000_000_000}, "direction": "Right",
        "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "<pad>"});
    run("padding", padding).succeeded();
    let replace =
        serde_json::json!({"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": ""});
    run("normalizer", replace).refused(&["tokenizer.json", "normalizer.pattern is `(a+)+$`"]);
    let garbage = serde_json::json!({"type": "Precompiled", "precompiled_charsmap": "////////"});
    run("normalizer", garbage).refused(&["tokenizer.json", "precompiled_charsmap"]);
    let mut template = sound["post_processor"].clone();
    template["special_tokens"] = serde_json::json!({});
    run("post_processor", template).refused(&["tokenizer.json", "`</s>` has no ids"]);
    let model = serde_json::json!({"type": "Unigram", "unk_id": 7, "vocab": [["a", 0.0]]});
    run("model", model).refused(&["tokenizer.json", "unk_id is 7"]);
}

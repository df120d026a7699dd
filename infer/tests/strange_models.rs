//! Models of strangers: read whatever their names and marks, or refused by file, key, value and bound.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pixelflow::weights::{DType, SafetensorsWriter, TensorFile};
use program_tests::{Program, Run, converted_model, text};

const INFER: Program = Program(env!("CARGO_BIN_EXE_infer"));

const TEXT_DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/demo-text/model");

/// A small model of classes, its description as a text.
fn described(folder: &Path) -> (PathBuf, String) {
    let model = converted_model(INFER, folder);
    let description = fs::read_to_string(model.join("config.json")).unwrap();
    (model, description)
}

/// What reads a file of this path.
type Reads<'a> = &'a dyn Fn(&Path) -> Run;

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
    // A prefix that not all names have is none of a wrapper's; what it is takes one line all the same.
    let out = scratch.path().join("out.png");
    let all = tensors.len();
    for (prefix, extra, lines) in [
        ("model.", &["logit_scale"][..], 2),
        ("unet.", &["a.x", "b"], 3),
        ("unet.", &[], 1),
        ("ema.", &["patch_embed"], 2),
    ] {
        let renamed = |name: &str| format!("{prefix}{name}");
        let shapes = tensors.iter().map(|(name, shape, _)| (renamed(name), shape.clone()));
        let extras = extra.iter().map(|name| ((*name).to_owned(), vec![1]));
        let none = BTreeMap::new();
        let shapes: Vec<_> = extras.chain(shapes).collect();
        let mut writer = SafetensorsWriter::create(&weights, &shapes, DType::F32, &none).unwrap();
        for name in extra {
            writer.push(name, &[0.0]).unwrap();
        }
        for (name, _, values) in &tensors {
            writer.push(&renamed(name), values).unwrap();
        }
        writer.finish().unwrap();
        let run = INFER.run(&sample(&model, &out));
        let said =
            format!("does not fit the model: {all} names begin with `{prefix}` where the model's");
        run.refused(&[&said, "save the tensors under the model's names"]);
        assert_eq!(run.message.lines().count(), lines, "{}", run.message);
        assert!(extra.iter().all(|name| run.message.contains(&format!("\n  surplus: {name}\n"))));
    }
}

#[test]
fn files_that_were_never_fetched_are_named_for_what_they_are() {
    let scratch = tempfile::tempdir().unwrap();
    let (model, _) = described(scratch.path());
    let at = |name: &str| scratch.path().join(name);
    let text_model = at("text");
    copy_folder(Path::new(TEXT_DEMO), &text_model);
    let out = at("out.png");
    let sampled = |model: &Path, more: &[&str]| {
        let start = ["sample", "--device", "cpu", "--out", text(&out), "--model", text(model)];
        INFER.run(&[&start[..], more].concat())
    };
    let prompt = |more: &[&str]| sampled(&text_model, more);
    let index = |_: &Path| {
        fs::rename(model.join("model.safetensors"), at("weights")).unwrap();
        sampled(&model, &["--class", "1"])
    };
    let pointer: &[u8] = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n";
    let page: &[u8] = b"<!DOCTYPE html>\n<html lang=\"en\">";
    // The file, and what reads it.
    let cases: [(PathBuf, Reads<'_>); 8] = [
        (model.join("config.json"), &|_| sampled(&model, &["--class", "1"])),
        (model.join("config.json"), &|_| INFER.run(&["convert", text(&model), text(&at("new"))])),
        (at("reference/config.yaml"), &|_| {
            INFER.run(&["info", "--model", text(&at("reference/model.pt"))])
        }),
        (text_model.join("config.json"), &|_| prompt(&["--prompt", "a hat"])),
        (text_model.join("text_encoder/config.json"), &|_| prompt(&["--prompt", "a hat"])),
        (text_model.join("text_encoder/tokenizer.json"), &|_| prompt(&["--prompt", "a hat"])),
        (at("picture.png"), &|picture| INFER.run(&["replay", text(picture)])),
        (model.join("model.safetensors.index.json"), &index),
    ];
    for (file, run) in cases {
        let before = fs::read(&file).ok();
        for (content, way_on) in
            [(pointer, "run `git lfs pull` beside it"), (page, "it is a web page")]
        {
            fs::write(&file, content).unwrap();
            run(&file).refused(&[text(&file), way_on]);
            if at("weights").exists() {
                fs::rename(at("weights"), model.join("model.safetensors")).unwrap();
            }
        }
        before.map_or_else(|| fs::remove_file(&file), |before| fs::write(&file, before)).unwrap();
    }
    // Any text may be a prompt, but for the pointer.
    let list = at("list.txt");
    fs::write(&list, pointer).unwrap();
    prompt(&["--prompts", text(&list)]).refused(&["list.txt: it is the pointer", "git lfs pull"]);
    fs::write(&list, "<head of a lion>").unwrap();
    prompt(&["--prompts", text(&list), "--count", "1", "--steps", "1"]).succeeded();
}

/// Copies a folder and what is in it.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &to);
        } else {
            fs::copy(&path, to).unwrap();
        }
    }
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
fn an_error_in_a_description_names_the_key_that_is_wrong_and_no_other() {
    let scratch = tempfile::tempdir().unwrap();
    let (model, description) = described(scratch.path());
    for (from, to, expected) in [
        ("\"depth\": 2", "\"depth\": \"2\"", "config.json: depth: invalid type: string \"2\""),
        ("\"depth\": 2,", "", "config.json: missing field `depth` at line"),
        (
            "\"resolution\": 16",
            "\"resolutoin\": 16",
            "config.json: unknown field `resolutoin`, expected",
        ),
        (
            "\"resolution\": 16",
            "\"resolution\": null",
            "config.json: resolution: invalid type: null",
        ),
        (
            "\"resolution\": 16",
            "\"resolution\": 16, \"text\": {}",
            "config.json: missing field `encoder`",
        ),
        ("\"resolution\": 16", "\"resolution\": 16,,", "config.json: key must be a string at line"),
        (
            "\"resolution\": 16",
            "\"class_names\": [7], \"resolution\": 16",
            "config.json: class_names: invalid",
        ),
    ] {
        assert!(description.contains(from), "{from} is not in {description}");
        fs::write(model.join("config.json"), description.replacen(from, to, 1)).unwrap();
        INFER.run(&["info", "--model", text(&model)]).refused(&[expected]);
    }
}

#[test]
fn a_tokenizer_that_would_hang_or_fill_the_memory_is_refused_by_its_part() {
    let scratch = tempfile::tempdir().unwrap();
    let encoder = scratch.path().join("encoder");
    copy_folder(&Path::new(TEXT_DEMO).join("text_encoder"), &encoder);
    let file = encoder.join("tokenizer.json");
    let sound: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let out = scratch.path().join("out.png");
    let run = |part: &str, value: serde_json::Value| {
        let mut changed = sound.clone();
        changed[part] = value;
        fs::write(&file, format!("\u{feff}{changed}")).unwrap();
        let draw =
            ["sample", "--device", "cpu", "--count", "1", "--steps", "1", "--model", TEXT_DEMO];
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
    // Each letter becomes eight, and each of them eight again.
    let eight =
        serde_json::json!({"type": "Replace", "pattern": {"String": "a"}, "content": "aaaaaaaa"});
    let twice = serde_json::json!({"type": "Sequence", "normalizers": [eight, eight]});
    run("normalizer", twice).refused(&["tokenizer.json", "may make a prompt 16 times as long"]);
    run("normalizer", eight).succeeded();
    // Numbers beyond the table of embeddings, in the vocabulary and around every text.
    let mut template = sound["post_processor"].clone();
    template["special_tokens"]["</s>"]["ids"] = serde_json::json!([4_000_000]);
    let expected =
        ["it numbers 4000001 tokens, the encoder embeds ", "take the tokenizer.json of the same"];
    run("post_processor", template).refused(&expected);
    let mut added = sound["added_tokens"].clone();
    let token = serde_json::json!({"id": 4_000_000, "content": "<more>", "single_word": false,
        "lstrip": false, "rstrip": false, "normalized": false, "special": true});
    added.as_array_mut().unwrap().push(token);
    run("added_tokens", added).refused(&["the tokenizer does not belong to the text encoder"]);
}

//! Bad input is refused with a message that says what, where, and what to do; nothing is written.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use infer::{Arrangement, Recipe};
use infer::{read_picture, write_picture};
use pixelflow::cascade::CascadeConfig;
use pixelflow::weights::{DType, ModelDescription, SafetensorsWriter, TensorFile, save_model};
use pixelflow::{PixelFlowConfig, Preset};
use program_tests::{CONFIG_YAML, Program, listing, reference_model, text};

const INFER: Program = Program(env!("CARGO_BIN_EXE_infer"));

/// A model's folder: 2 stages, patches of 4, 16 x 16 pixels, classes ant, cat and dog.
fn model_folder(folder: &Path) -> String {
    fs::create_dir_all(folder).unwrap();
    let model = PixelFlowConfig {
        depth: 1,
        num_attention_heads: 2,
        attention_head_dim: 8,
        ..Preset::Tiny.config(3)
    };
    let weights = model.init::<Flex>(1, &FlexDevice).unwrap();
    let none = BTreeMap::new();
    save_model(&weights, &folder.join("model.safetensors"), DType::F32, &none).unwrap();
    let names = ["ant", "cat", "dog"].map(str::to_owned).to_vec();
    let description = ModelDescription {
        model,
        cascade: CascadeConfig { stages: 2, train_timesteps: 1000 },
        resolution: 16,
        class_names: Some(names),
        text: None,
        sampler: None,
    };
    description.write(&folder.join("config.json")).unwrap();
    text(folder).to_owned()
}

/// A copy of the model whose weights went through `change`.
fn damaged(folder: &Path, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let path = model_folder(folder);
    let weights = folder.join("model.safetensors");
    fs::write(&weights, change(fs::read(&weights).unwrap())).unwrap();
    path
}

/// A copy of the model whose description has `from` replaced by `to`.
fn redescribed(folder: &Path, from: &str, to: &str) -> String {
    let path = model_folder(folder);
    let file = folder.join("config.json");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    fs::write(&file, text.replace(from, to)).unwrap();
    path
}

/// A copy of the model with a tensor that is not finite.
fn with_nan(folder: &Path) -> String {
    let path = model_folder(folder);
    let weights = folder.join("model.safetensors");
    let file = TensorFile::open(&weights).unwrap();
    let tensors: Vec<_> = file
        .tensors()
        .iter()
        .map(|(name, info)| (name.clone(), info.shape.clone(), file.read(name).unwrap()))
        .collect();
    let shapes: Vec<_> =
        tensors.iter().map(|(name, shape, _)| (name.clone(), shape.clone())).collect();
    let mut writer =
        SafetensorsWriter::create(&weights, &shapes, DType::F32, &BTreeMap::new()).unwrap();
    for (name, _, mut values) in tensors {
        if name == "proj_out_2.bias" {
            values[0] = f32::NAN;
        }
        writer.push(&name, &values).unwrap();
    }
    writer.finish().unwrap();
    path
}

/// A `.pt` that asks for `os.system` to be run, with its `config.yaml`.
fn evil_pt(folder: &Path) -> String {
    use std::io::Write;
    fs::create_dir_all(folder).unwrap();
    let path = folder.join("model.pt");
    let mut archive = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    archive.start_file("archive/data.pkl", options).unwrap();
    archive.write_all(b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R.").unwrap();
    archive.start_file("archive/version", options).unwrap();
    archive.write_all(b"3\n").unwrap();
    archive.finish().unwrap();
    fs::write(folder.join("config.yaml"), CONFIG_YAML).unwrap();
    text(&path).to_owned()
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let mut running = INFER.command(&["info"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(running.stdout.take());
    assert!(running.wait().unwrap().success());
}

#[test]
// A table: one line a case.
#[expect(clippy::too_many_lines)]
fn bad_input_is_refused_with_a_message_that_helps() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    let named = |name: &str| text(&at(name)).to_owned();
    let good = model_folder(&at("good"));
    let half = damaged(&at("half"), |bytes| bytes[..bytes.len() / 2].to_vec());
    let empty = damaged(&at("empty"), |_| Vec::new());
    let huge = damaged(&at("huge"), |mut bytes| {
        bytes[..8].copy_from_slice(&(1_u64 << 60).to_le_bytes());
        bytes
    });
    let noise = damaged(&at("noise"), |_| b"these are no weights at all".to_vec());
    let nan = with_nan(&at("nan"));
    let evil = evil_pt(&at("evil"));
    let other = redescribed(&at("other"), "\"depth\": 1", "\"depth\": 2");
    let zero = redescribed(&at("zero"), "\"depth\": 1", "\"depth\": 0");
    let names = redescribed(&at("names"), "\"dog\"", "\"dog\", \"eel\"");
    let key = redescribed(&at("key"), "\"resolution\"", "\"resolutoin\"");
    let grey = redescribed(&at("grey"), "_channels\": 3", "_channels\": 1");
    let wide = redescribed(&at("wide"), "\"resolution\": 16", "\"resolution\": 1099511627776");
    let too_long = named(&format!("{}.png", "x".repeat(252)));
    let json = redescribed(&at("json"), "{", "[");
    let lonely = named("lonely.safetensors");
    fs::copy(at("good").join("model.safetensors"), &lonely).unwrap();
    let nothing = named("nothing");
    fs::create_dir(&nothing).unwrap();
    fs::create_dir_all(at("run/checkpoints")).unwrap();
    let run = named("run");
    let plain = named("plain.png");
    image::RgbImage::new(2, 2).save(&plain).unwrap();
    let zero_byte = named("zero.png");
    fs::write(&zero_byte, "").unwrap();

    let folder_png = named("folder.png");
    fs::create_dir(&folder_png).unwrap();
    let drawn = named("drawn.png");
    INFER.run(&["sample", "--model", &good, "--count", "1", "--out", &drawn]).succeeded();
    let edited = |name: &str, edit: &dyn Fn(&mut Recipe)| {
        let (picture, mut recipe) = read_picture(Path::new(&drawn)).unwrap();
        edit(&mut recipe);
        write_picture(&picture, &recipe, &at(name)).unwrap();
        named(name)
    };
    let endless = edited("endless.png", &|recipe| recipe.rows[0].first = u64::MAX);
    let enormous = edited("enormous.png", &|recipe| {
        recipe.layout = Arrangement::Grid { scale: u32::MAX, numbered: true, any_script: true };
    });
    // The weights are the picture's, and are described as some that no machine has room for.
    let vast = redescribed(&at("vast"), "\"depth\": 1", "\"depth\": 1024");
    let heads = fs::read_to_string(at("vast/config.json")).unwrap();
    let heads = heads.replace("_heads\": 2", "_heads\": 1024").replace("_dim\": 8", "_dim\": 64");
    fs::write(at("vast/config.json"), heads).unwrap();
    let moved = edited("moved.png", &|recipe| {
        recipe.model = "nowhere/model.safetensors".to_owned();
    });

    for path in ["/etc/model", "//host/share", r"\\host\share", r"C:\model", "../model", "~/model"]
    {
        let picture = edited("foreign.png", &|recipe| path.clone_into(&mut recipe.model));
        let expected = ["foreign.png names", path, "not looked for", "--model"];
        INFER.run(&["replay", &picture]).refused(&expected);
    }

    // Arguments → what the message says.
    let cases: &[(&[&str], &[&str])] = &[
        (&["--model", "nowhere"], &["cannot read nowhere"]),
        (
            &["--model", &nothing],
            &["is no model: the folder has no model.safetensors", "give a run"],
        ),
        (&["--model", &run], &["the run has no checkpoint yet"]),
        (&["--model", &lonely], &["neither config.json nor config.yaml beside it"]),
        (&["--model", &half], &["model.safetensors is damaged", "fetch or write it again"]),
        (&["--model", &empty], &["holds no weights: it is empty"]),
        (&["--model", &huge], &["its header claims 1152921504606846976 bytes"]),
        (&["--model", &noise], &["is damaged"]),
        (&["--model", &nan], &["`proj_out_2.bias` has 1 values that are not finite"]),
        (&["--model", &evil], &["asks to run `os.system`", "nothing was run"]),
        (&["--model", &other], &["missing: transformer_blocks.1.attn1.q_proj.weight [16, 16]"]),
        (&["--model", &zero], &["config.json", "depth is 0, it must be 1 to 1024"]),
        (&["--model", &names], &["it names 4 classes, the model has 3"]),
        (&["--model", &key], &["config.json", "unknown field `resolutoin`"]),
        (&["--model", &json], &["cannot use", "config.json"]),
        (&["--class", "cta"], &["--class cta", "did you mean cat?", "ant, cat, dog"]),
        (&["--class", "3"], &["--class 3", "classes are 0 to 2"]),
        // Any name is near a very short one.
        (&["--class", "*"], &["--class *: the model has no such class; classes are"]),
        (&["--class", "co"], &["--class co: the model has no such class; classes are"]),
        (&["--class", "-1"], &["tip: a value that begins with a dash", "--class=-1"]),
        (&["--class=-1"], &["--class -1: the model has no such class", "classes are 0 to 2"]),
        (&["--class", "cat,,dog"], &["--class \"\": the model has no such class"]),
        (&["--class", "cat", "--prompt", "a cat"], &["--class", "cannot be used with '--prompt"]),
        (&["--text-encoder", "t5"], &["--text-encoder t5", "reads no texts", "leave it out"]),
        (&["--negative=-x"], &["--negative -x: this model draws classes"]),
        (&["--model", &grey], &["1 channels", "3"]),
        (&["--model", &wide], &["1099511627776", "1 to 16384"]),
        (&["--size", "16384x16392"], &["no side in pixels, 1 to 16384"]),
        (&["--size", "20"], &["size 20x20 does not fit", "multiples of 8", "16x16"]),
        (&["--size", "big"], &["`big` is no side in pixels"]),
        (&["--steps", "1,2,3"], &["steps has 3 numbers", "each of the 2 stages"]),
        (&["--steps", "0"], &["steps contains 0"]),
        (&["--guidance", "strong"], &["`strong` is no number", "interval:1.5@0.2-0.8"]),
        (&["--guidance", "interval:2@0.8-0.2"], &["0.8", "0.2"]),
        (&["--shift", "0"], &["shift is 0, it must be positive"]),
        (&["--solver", "dopri5", "--rtol", "5"], &["rtol is 5"]),
        (&["--solver", "heun", "--reference"], &["the reference has no Heun solver"]),
        (&["--count", "0"], &["0", "1..=1000000"]),
        (&["--batch", "0"], &["0", "1..=65536"]),
        (&["--device", "toaster"], &["--device toaster: there is no such device"]),
        (
            &["--out", "/sys/grid.png"],
            &["cannot write /sys", "name a place that can be written to"],
        ),
        (
            &["--out", "/dev/null/grid.png"],
            &["cannot write /dev/null", "name a place that can be written to"],
        ),
        (&["--out", &folder_png], &["cannot write", "it is a folder; give the path of a file"]),
        (&["--out", &too_long], &["cannot write", "too long"]),
        (&["--out", &nothing, "--scale", "2"], &["--scale 2: only grids are enlarged"]),
        (&["--out", "grid.jpg"], &["--out grid.jpg: .jpg cannot be written", "FILE.npz"]),
        (&["--count", "1000000"], &["--count 1000000", "the picture would have", "--out FOLDER"]),
        (
            &["replay", &endless],
            &["text cannot be used: 1 images from number 18446744073709551615"],
        ),
        (&["replay", &enormous], &["text cannot be used: the picture would have"]),
        (
            &["replay", &moved],
            &["moved.png was drawn with nowhere/model.safetensors", "say with --model"],
        ),
        (
            &["replay", &drawn, "--device", "cpu", "--model", &vast],
            &["one image of 16x16 needs ", " GB are free; take a machine that has as much"],
        ),
        (&["replay", &drawn, "--out", "again.jpg"], &["--out again.jpg", "give FILE.png"]),
        (&["replay", &drawn, "--out", &drawn], &["it is a picture that is read"]),
        (&["replay", &plain], &["has no recipe: it has no `pixelflow` text"]),
        (&["replay", &zero_byte], &["zero.png has no recipe: it is no sound PNG"]),
        (&["replay", "nowhere.png"], &["cannot read nowhere.png"]),
    ];
    let out = named("new/out.png");
    for (arguments, expected) in cases {
        let mut all: Vec<&str> = Vec::new();
        if arguments[0] != "replay" {
            all.push("sample");
            if arguments[0] != "--model" {
                all.extend(["--model", &good]);
            }
            if arguments[0] != "--out" {
                all.extend(["--out", &out]);
            }
        }
        all.extend(*arguments);
        INFER.run(&all).refused(expected);
        assert!(!Path::new(&out).parent().unwrap().exists(), "{arguments:?} left something");
    }
}

#[test]
fn a_full_disk_leaves_the_earlier_picture() {
    let scratch = tempfile::tempdir().unwrap();
    let model = model_folder(&scratch.path().join("model"));
    let out = scratch.path().join("grid.png");
    fs::write(&out, "an earlier result").unwrap();
    let arguments = ["sample", "--model", &model, "--out", text(&out), "--scale", "8"];
    let full = INFER.run_on_a_full_disk(1, &arguments);
    full.refused(&["cannot write", "free some space"]);
    assert_eq!(fs::read_to_string(&out).unwrap(), "an earlier result");
    assert_eq!(listing(scratch.path()), ["grid.png", "model"]);
}

#[test]
fn every_layout_can_be_replayed_and_another_model_is_noticed() {
    let scratch = tempfile::tempdir().unwrap();
    let model = model_folder(&scratch.path().join("model"));
    let (grid, folder) = (scratch.path().join("grid.png"), scratch.path().join("files"));
    for out in [&grid, &folder] {
        let start = ["sample", "--model", &model, "--class", "cat,2", "--count", "2", "--out"];
        INFER.run(&[&start[..], &[text(out)]].concat()).succeeded();
    }
    assert_eq!(
        listing(&folder),
        [
            "001-cat-seed0-00000.png",
            "001-cat-seed0-00001.png",
            "002-dog-seed0-00000.png",
            "002-dog-seed0-00001.png"
        ]
    );
    let replay = |picture: &Path| INFER.run(&["replay", text(picture), "--model", &model]);
    for picture in [&grid, &folder.join("002-dog-seed0-00001.png")] {
        assert_eq!(replay(picture).succeeded().printed.trim(), "pixels equal");
    }

    // One pixel changed by hand.
    let first = folder.join("001-cat-seed0-00000.png");
    let (mut edited, recipe) = read_picture(&first).unwrap();
    edited.get_pixel_mut(1, 1).0[0] ^= 4;
    write_picture(&edited, &recipe, &first).unwrap();
    let differs = replay(&first);
    assert_eq!(differs.status.code(), Some(1));
    assert_eq!(differs.printed.trim(), "1 pixels differ, by at most 4 of 255");

    // Other weights at the same place.
    let weights = scratch.path().join("model/model.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&weights, bytes).unwrap();
    replay(&grid).refused(&["was drawn with a model whose hash is"]);
}

#[test]
fn a_replay_takes_the_weights_that_the_picture_was_drawn_with() {
    let scratch = tempfile::tempdir().unwrap();
    let model = reference_model(&scratch.path().join("reference"));
    let model = text(&model);
    let mut pictures = Vec::new();
    for weights in ["ema", "model"] {
        let path = scratch.path().join(format!("{weights}.png"));
        let out = text(&path);
        let start = ["sample", "--model", model, "--weights", weights, "--class", "1,7", "--out"];
        INFER.run(&[&start[..], &[out]].concat()).succeeded();
        INFER.run(&["replay", out, "--model", model]).succeeded();
        INFER.run(&["replay", out]).refused(&["which is not there; say with --model"]);
        pictures.push(read_picture(&path).unwrap().0);
    }
    assert!(pictures[0] != pictures[1], "both weights draw the same");
}

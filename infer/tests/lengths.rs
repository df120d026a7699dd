//! What is long is cut in what the program says; the file, the place in it and the way on are not.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pixelflow::weights::{DType, SafetensorsWriter};
use program_tests::{Program, Run, converted_model, text};

const INFER: Program = Program(env!("CARGO_BIN_EXE_infer"));

/// Letters of what a stranger made long.
const MANY: usize = 100_000;

/// Asserts that input is refused with these parts, and not by a page.
fn refused_shortly(run: &Run, parts: &[&str]) {
    run.refused(parts);
    assert!(run.message.len() < 1600, "{} bytes: {:.2000}", run.message.len(), run.message);
}

#[test]
fn a_message_quotes_no_page_of_a_file() {
    let scratch = tempfile::tempdir().unwrap();
    let (model, long) = (converted_model(INFER, scratch.path()), "x".repeat(MANY));
    let info = |path: &Path| INFER.run(&["info", "--model", text(path)]);
    let quoted = format!("\"{long}\"");
    let reference = scratch.path().join("reference");
    let many = ["1", "2", "3"].map(|key| format!("\n    {}{key}: 2", &long[..900])).concat();
    // File of a model, what is in it, what is there instead, and what the message says.
    for (file, from, to, expected) in [
        (
            model.join("config.json"),
            "\"resolution\"",
            format!("{quoted}: 1, \"resolution\""),
            ["config.json: unknown field `xxx", "(99", "`sampler` at line "],
        ),
        (
            model.join("config.json"),
            "\"depth\": 2",
            format!("\"depth\": {quoted}"),
            ["config.json: depth: invalid type: string \"xxx", "(99", "expected usize at line "],
        ),
        (
            model.join("config.json"),
            "\"resolution\"",
            format!("\"class_names\": [1, {quoted}], \"resolution\""),
            ["config.json: class_names: invalid type", "expected a string", "at line "],
        ),
        (
            reference.join("config.yaml"),
            "depth: 2",
            format!("depth: {quoted}"),
            ["config.yaml: model.params", "more letters)", "expected usize"],
        ),
        (
            reference.join("config.yaml"),
            "depth: 2",
            ["depth: 2".to_owned(), many.clone()].concat(),
            ["config.yaml: model.params", "xxx", "more letters)"],
        ),
    ] {
        let sound = fs::read_to_string(&file).unwrap();
        assert!(sound.contains(from), "{from}");
        fs::write(&file, sound.replacen(from, &to, 1)).unwrap();
        let weights = if file.ends_with("config.yaml") { "model.pt" } else { "model.safetensors" };
        refused_shortly(&info(&file.with_file_name(weights)), &expected);
        fs::write(&file, sound).unwrap();
    }
    // Indices, and names of tensors.
    fs::rename(model.join("model.safetensors"), scratch.path().join("sound")).unwrap();
    for (index, expected) in [
        (
            format!("{{\"weight_map\": {{\"a\": \"{long}.safetensors\"}}}}"),
            ["names the shard xxx", "more letters), which is not beside it"],
        ),
        (
            format!("{{\"weight_map\": {quoted}}}"),
            ["no index of shards: invalid", "a map at line 1"],
        ),
        (
            format!("{{\"weight_map\": {{\"a\": \"/{long}\"}}}}"),
            ["the shard `/xxx", "no name of a"],
        ),
    ] {
        let file = model.join("model.safetensors.index.json");
        fs::write(&file, index).unwrap();
        refused_shortly(&INFER.run(&["info", "--model", text(&model)]), &expected);
        fs::remove_file(file).unwrap();
    }
    let (weights, shapes) = (model.join("model.safetensors"), [(long.clone(), vec![1])]);
    let none = BTreeMap::new();
    let mut writer = SafetensorsWriter::create(&weights, &shapes, DType::F32, &none).unwrap();
    writer.push(&long, &[0.0]).unwrap();
    writer.finish().unwrap();
    let picture = scratch.path().join("out.png");
    let sample = ["sample", "--class", "1", "--out", text(&picture)];
    let run = INFER.run(&[&sample[..], &["--model", text(&model)]].concat());
    run.refused(&["surplus: xxx", "... (99920 more letters)\n"]);
    assert!(run.message.len() < 10_000, "{} bytes", run.message.len());
    // What this program itself keeps.
    let out = scratch.path().join("out");
    fs::create_dir_all(out.join(".pixelflow")).unwrap();
    fs::write(out.join(".pixelflow/recipe.json"), format!("{{{quoted}: 1}}")).unwrap();
    let prompts = scratch.path().join("a.txt");
    fs::write(&prompts, "a cat\n").unwrap();
    let generate =
        ["generate", "--layout", "coco", "--prompts", text(&prompts), "--out", text(&out)];
    refused_shortly(
        &INFER.run(&generate),
        &["recipe.json cannot be used: unknown field `xxx", "line 1", "another --out"],
    );
}

#[test]
fn info_cuts_long_names_and_says_how_many() {
    let scratch = tempfile::tempdir().unwrap();
    let model = converted_model(INFER, scratch.path());
    let config = model.join("config.json");
    let mut description: serde_json::Value =
        serde_json::from_slice(&fs::read(&config).unwrap()).unwrap();
    let names: Vec<String> = (0..10_usize).map(|class| "猫".repeat(class * class * 2)).collect();
    let info = |names: &[String], description: &mut serde_json::Value| {
        description["class_names"] = names.into();
        fs::write(&config, description.to_string()).unwrap();
        INFER.run(&["info", "--model", text(&model)]).succeeded().printed
    };
    let said = info(&names, &mut description);
    assert!(said.contains("猫... (18 more letters), 猫") && said.len() < 3000, "{said}");
    assert!(said.contains("\n            3 names are cut here; config.json has all"), "{said}");
    let short: Vec<String> = (0..10).map(|class| format!("cat, no. {class}")).collect();
    let said = info(&short, &mut description);
    assert!(
        said.contains("classes     0 cat, no. 0, 1 cat, no. 1, ") && !said.contains("cut"),
        "{said}"
    );
}

#[test]
fn a_prompt_that_is_too_long_is_refused_by_file_and_line() {
    let scratch = tempfile::tempdir().unwrap();
    let most = 1 << 16;
    let (fits, long) = ("x".repeat(most), "x".repeat(most + 1));
    let reason = "it has 65537 bytes, at most 65536 are read; shorten it";
    let annotations = serde_json::json!({"annotations": [
        {"id": 3, "image_id": 1, "caption": fits}, {"id": 7, "image_id": 2, "caption": long}]});
    // Command and layout, file, content, and where in it.
    for (layout, name, content, place) in [
        ("", "list.txt", format!("{fits}\n\n{long}\n"), "list.txt, line 3: "),
        ("coco", "list.txt", format!("{fits}\n{long}\n"), "list.txt, line 2: "),
        ("coco", "list.tsv", format!("1\t{fits}\n2\t{long}\n"), "list.tsv, line 2: "),
        ("coco", "list.json", annotations.to_string(), "list.json, annotation 7: "),
        ("geneval", "list.jsonl", format!("{{\"prompt\": \"{long}\"}}\n"), "list.jsonl, line 1: "),
        ("dpg", "dpg/1.txt", long.clone(), "1.txt: "),
    ] {
        let (path, out) = (scratch.path().join(name), scratch.path().join("out"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        let prompts = if layout == "dpg" { path.parent().unwrap() } else { &path };
        let start = ["sample", "generate"][usize::from(!layout.is_empty())];
        let layout = if layout.is_empty() { vec![] } else { vec!["--layout", layout] };
        let rest = ["--prompts", text(prompts), "--out", text(&out)];
        let run = INFER.run(&[&[start], &layout[..], &rest].concat());
        refused_shortly(&run, &[place, reason]);
        assert!(!out.exists(), "{place}");
    }
    refused_shortly(
        &INFER.run(&["sample", "--prompt", "a", "--prompt", &long]),
        &["--prompt xxx", reason],
    );
    let negative = INFER.run(&["sample", "--prompt", "a", "--negative", &long]);
    refused_shortly(&negative, &["a negative has 65537 bytes, at most 65536"]);
}

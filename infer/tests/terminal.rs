//! What reaches the terminal: nothing that commands it, and nothing that a full one could end.
#![cfg(unix)]

use std::fs;
use std::path::Path;

use infer::{read_picture, write_picture};
use program_tests::{Program, Run, converted_model, reference_model, text};
use serde_json::{Value, json};

const INFER: Program = Program(env!("CARGO_BIN_EXE_infer"));

/// What a stranger writes into a file: colours, a title, what deletes a line, a line of ours, letters
/// that are read backwards.
const EVIL: &str = "x\u{1b}[31m\u{1b}]0;t\u{7}\u{9b}2K\r\nerror: forged\u{202e}";

/// Runs the program and asserts that nothing it says commands the terminal or is forged.
fn harmless(arguments: &[&str]) -> Run {
    let run = INFER.run(arguments);
    for said in [&run.printed, &run.message] {
        let commands = |letter: char| letter.is_control() && letter != '\n' || letter == '\u{202e}';
        assert!(!said.contains(commands), "{arguments:?}: {said:?}");
        let mut lines = said.lines();
        assert!(!lines.any(|line| line.starts_with("error: forged")), "{arguments:?}: {said:?}");
        assert!(said.is_empty() || said.ends_with('\n'));
    }
    run
}

/// A model whose description was changed.
fn described(folder: &Path, change: impl FnOnce(&mut Value)) -> String {
    let model = converted_model(INFER, folder);
    let path = model.join("config.json");
    let mut description = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut description);
    fs::write(path, description.to_string()).unwrap();
    text(&model).to_owned()
}

#[test]
fn what_a_stranger_wrote_does_not_command_the_terminal() {
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| text(&scratch.path().join(name)).to_owned();
    let classes: Vec<String> = (0..10).map(|class| format!("{class}{EVIL}")).collect();
    let model = described(&scratch.path().join("classes"), |description| {
        description["class_names"] = json!(classes);
    });
    let unknown_field = described(&scratch.path().join("field"), |description| {
        description[EVIL] = json!(EVIL);
        description["model"] = json!(EVIL);
    });
    let (evil_folder, prompts, picture) = (path(EVIL), path("prompts.txt"), path("picture.png"));
    fs::create_dir(&evil_folder).unwrap();
    fs::write(&prompts, EVIL.replace('\n', "")).unwrap();

    let info = harmless(&["info", "--model", &model]).succeeded().printed;
    assert!(info.contains(r"classes     0x\u{1b}[31m"), "{info}");
    assert_eq!(info.lines().count(), 6, "{info}");
    let draw = ["--device", "cpu", "--steps", "1", "--count", "1", "--out", &picture];
    harmless(&[&["--model", &model, "--class", "1"], &draw[..]].concat()).succeeded();

    let (image, mut recipe) = read_picture(picture.as_ref()).unwrap();
    recipe.model = EVIL.into();
    let evil_picture = path("evil.png");
    write_picture(&image, &recipe, evil_picture.as_ref()).unwrap();
    let refused: &[&[&str]] = &[
        &["--model", &model, "--class", "unknown"],
        &["--model", &unknown_field],
        &["--model", &evil_folder],
        &["--model", EVIL],
        &["--model", &format!("hf:{EVIL}")],
        &["--count", EVIL],
        &[EVIL],
        &["--device", EVIL],
        &["--class", EVIL],
        &["replay", &evil_picture],
        &["convert", EVIL, EVIL],
        &["generate", "--layout", "geneval", "--prompts", &prompts, "--out", &evil_folder],
    ];
    for arguments in refused {
        harmless(arguments).refused(&[]);
    }
    // The words that the demo's encoder does not know are a note.
    let prompted = harmless(&[&["sample", "--prompts", &prompts], &draw[..]].concat()).succeeded();
    assert!(prompted.message.starts_with("note: "), "{}", prompted.message);
}

#[test]
fn a_terminal_that_takes_no_more_ends_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let model = reference_model(&scratch.path().join("reference"));
    let by_shell = |line: &str, arguments: &[&str]| {
        let mut command = Program("sh").command(&["-c", line, INFER.0]);
        Run::of(command.args(arguments))
    };
    let picture = scratch.path().join("picture.png");
    let draw = ["--prompt", "qwx", "--count", "1", "--steps", "1", "--device", "cpu", "--out"];
    let draw = [&draw[..], &[text(&picture)]].concat();
    for line in [r#""$0" "$@" 2>/dev/full"#, r#""$0" "$@" 2>&-"#, r#""$0" "$@" >&- 2>&-"#] {
        by_shell(line, &draw).succeeded();
        fs::remove_file(&picture).unwrap();
    }
    let product = ["info", "--model", text(&model)];
    let full = by_shell(r#""$0" "$@" >/dev/full"#, &product);
    full.refused(&["error: cannot write standard output"]);
    assert_eq!(full.status.code(), Some(1));
    let head = by_shell(r#""$0" "$@" | head -1"#, &product).succeeded();
    assert_eq!((head.message.as_str(), head.printed.lines().count()), ("", 1));
    // The exit code says what nobody can read.
    for (arguments, code) in [(&["--no-such"][..], 2), (&["info", "--model", "nowhere"], 1)] {
        let run = by_shell(r#"exec "$0" "$@" 2>/dev/full"#, arguments);
        assert_eq!(run.status.code(), Some(code), "{arguments:?}");
    }
}

#[test]
fn what_takes_long_shows_how_far_it_is() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&scratch.path().join(name)).to_owned();
    let (picture, prompts, folder) = (at("picture.png"), at("prompts.txt"), at("folder"));
    let (encoder, converted) = ("assets/demo-text/model/text_encoder", at("converted"));
    fs::write(&prompts, "a hat\n").unwrap();
    let draw = ["--device", "cpu", "--steps", "9", "--out"];
    let cases: [(&[&str], &str); 4] = [
        (&[&["sample", "--class", "3"], &draw[..], &[&picture]].concat(), "stage 2 of"),
        (&["replay", &picture, "--device", "cpu"], "stage 2 of"),
        (
            &[&["generate", "--layout", "coco", "--prompts", &prompts], &draw[..], &[&folder]]
                .concat(),
            "drawing, stage",
        ),
        (&["convert", encoder, &converted], "converting"),
    ];
    for (arguments, shown) in cases {
        let run = INFER.run_on_a_terminal(arguments).succeeded();
        assert!(run.message.contains(shown), "{arguments:?}: {:?}", run.message);
    }
}

#[test]
fn letters_that_nobody_sees_are_shown() {
    let scratch = tempfile::tempdir().unwrap();
    // Beside them the joiners that scripts and emoji need, which stay.
    let names =
        ["c\u{200b}at", "c\u{ad}at", "ca\u{3164}t", "cat\u{e0020}", "👩\u{200d}🚒", "ca\u{2061}t"];
    let escaped = r"c\u{200b}at, c\u{ad}at, ca\u{3164}t, cat\u{e0020}, 👩‍🚒, ca\u{2061}t, cat 6";
    let model = described(&scratch.path().join("classes"), |description| {
        let rest = (names.len()..10).map(|class| format!("cat {class}"));
        description["class_names"] = names.map(str::to_owned).into_iter().chain(rest).collect();
    });
    let said = INFER.run(&["info", "--model", &model]).succeeded().printed;
    assert!(said.contains(escaped), "{said}");
    let unknown = ["sample", "--model", &model, "--class", "do\u{2060}g"];
    INFER.run(&unknown).refused(&[r"--class do\u{2060}g: the model has no such class", escaped]);
    let picture = scratch.path().join("picture.png");
    let prompt = ["sample", "--prompt", "a h\u{feff}at", "--count", "1", "--steps", "1", "--out"];
    let said = INFER.run(&[&prompt[..], &[text(&picture)]].concat()).succeeded().message;
    assert!(said.contains(r"never seen h\u{feff}at"), "{said}");
}

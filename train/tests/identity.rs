//! Labels are identity: a run goes on, or begins with weights, only with the classes that were learned.
#![cfg(unix)]

use std::fs;
use std::path::Path;

use program_tests::{Program, Run, text};

/// Trains on class folders of `images` up to `steps`; `from` are arguments, `settings` go over the smoke recipe.
fn train(images: &Path, from: &[&str], settings: &[&str]) -> Run {
    let start = ["--device", "cpu", "--data", text(images)];
    let settings = settings.iter().flat_map(|setting| ["--set", setting]);
    Program(env!("CARGO_BIN_EXE_train"))
        .run(&start.iter().chain(from).copied().chain(settings).collect::<Vec<_>>())
}

fn new_run(images: &Path, out: &Path, settings: &[&str]) -> Run {
    let small = ["model.num_classes=3", "train.steps=2", "preview.every=0", "train.batch_size=4"];
    train(images, &["--recipe", "smoke", "--out", text(out)], &[&small, settings].concat())
}

/// Paths and what they are renamed to, one after the other.
type Renames<'a> = &'a [(&'a str, &'a str)];

/// Three classes of four plain images, all of the same names and sizes.
fn images(folder: &Path) {
    for (shade, class) in [(0, "ant"), (100, "bee"), (200, "cat")] {
        fs::create_dir_all(folder.join(class)).unwrap();
        for number in 0..4 {
            let colour = image::Rgb([shade + number, shade, 9]);
            let picture = image::RgbImage::from_pixel(32, 32, colour);
            picture.save(folder.join(class).join(format!("{number}.png"))).unwrap();
        }
    }
}

#[test]
fn data_in_which_labels_mean_something_else_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    images(&at("learned"));
    new_run(&at("learned"), &at("run"), &[]).succeeded();
    let state = at("run/checkpoints/step-00000002/state.json");
    let (saved, config) = (fs::read(&state).unwrap(), fs::read(at("run/config.toml")).unwrap());
    let changes: [(&str, Renames<'_>, &str); 5] = [
        (
            "renamed",
            &[("cat", "dog")],
            "missing in the data are \"cat\"; not known to it are \"dog\"",
        ),
        ("gone", &[("cat", ".cat")], "missing in the data are \"cat\""),
        ("added", &[("ant/0.png", "dog/0.png")], "not known to it are \"dog\""),
        (
            "swapped",
            &[("ant", "x"), ("bee", "ant"), ("x", "bee")],
            "content of the images have changed",
        ),
        ("moved", &[("ant/0.png", "bee/9.png")], "names, order, classes or content of the images"),
    ];
    for (name, renames, expected) in changes {
        let data = at(name);
        images(&data);
        for (from, to) in renames {
            fs::create_dir_all(data.join(to).parent().unwrap()).unwrap();
            fs::rename(data.join(from), data.join(to)).unwrap();
        }
        train(&data, &["--resume", text(&at("run"))], &["train.steps=3"]).refused(&[expected]);
        if name != "swapped" && name != "moved" {
            let initial = format!("train.initial_weights={:?}", at("run"));
            new_run(&data, &at("other"), &[&initial]).refused(&[expected]);
            assert!(!at("other").exists());
        }
    }
    assert!(fs::read(at("run/config.toml")).unwrap() == config);
    // The same images elsewhere; and a checkpoint from before any of this was kept.
    images(&at("elsewhere"));
    train(&at("elsewhere"), &["--resume", text(&at("run"))], &["train.steps=3"]).succeeded();
    fs::remove_dir_all(at("run/checkpoints/step-00000003")).unwrap();
    let saved: serde_json::Value = serde_json::from_slice(&saved).unwrap();
    let known = ["step", "images", "seconds", "records"].map(|key| (key, saved[key].clone()));
    fs::write(&state, serde_json::to_vec(&std::collections::BTreeMap::from(known)).unwrap())
        .unwrap();
    let said = train(&at("learned"), &["--resume", text(&at("run"))], &["train.steps=3"]);
    let note = "does not say which images it has learned from";
    assert!(said.succeeded().message.contains(note));
}

#[test]
fn a_class_keeps_its_label_by_name_and_the_advice_for_other_classes_works() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    images(&at("images"));
    new_run(&at("images"), &at("run"), &[]).succeeded();
    let initial = format!("train.initial_weights={:?}", at("run"));
    let reversed = "data.source.classes=[\"cat\", \"bee\", \"ant\"]";
    let said = new_run(&at("images"), &at("mapped"), &[&initial, reversed]).succeeded().message;
    assert!(said.contains("in another order than in"), "{said}");
    let description = fs::read(at("mapped/checkpoints/step-00000002/config.json")).unwrap();
    let description: serde_json::Value = serde_json::from_slice(&description).unwrap();
    assert_eq!(description["class_names"], serde_json::json!(["ant", "bee", "cat"]));

    fs::rename(at("images/cat"), at("images/dog")).unwrap();
    let advice =
        "set train.initial_classes to \"by-name\", or to \"add\" to keep those classes too";
    new_run(&at("images"), &at("other"), &[&initial]).refused(&[advice]);
    let by_name = "train.initial_classes=by-name";
    new_run(&at("images"), &at("other"), &[&initial, by_name]).succeeded();
    let add = ["train.initial_classes=add", "model.num_classes=4"];
    new_run(&at("images"), &at("more"), &[&initial, add[0], add[1]]).succeeded();
    // Without names nothing can be compared, which is said.
    Program(env!("CARGO_BIN_EXE_train"))
        .run(&["export", text(&at("run")), text(&at("copy"))])
        .succeeded();
    let path = at("copy/config.json");
    let mut description: serde_json::Value =
        serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    description.as_object_mut().unwrap().remove("class_names");
    fs::write(&path, serde_json::to_vec(&description).unwrap()).unwrap();
    let initial = format!("train.initial_weights={:?}", at("copy"));
    let said = new_run(&at("images"), &at("nameless"), &[&initial]).succeeded().message;
    assert!(said.contains("does not name its classes"), "{said}");
}

#[test]
fn no_class_may_be_held_out_entirely() {
    let scratch = tempfile::tempdir().unwrap();
    images(scratch.path());
    let all = "data.held_out={ rule = \"last\", count = 4 }";
    let out = scratch.path().join(".run");
    new_run(scratch.path(), &out, &[all]).refused(&["no image of the class \"cat\" would be left"]);
}

//! What is written where: nothing is lost, nothing is replaced unasked, names are known before drawing.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use infer::read_picture;
use program_tests::{Program, Run, listing, text};

const INFER: Program = Program(env!("CARGO_BIN_EXE_infer"));
const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/demo/model");

fn sample(more: &[&str]) -> Command {
    let mut command = INFER.command(&["sample", "--device", "cpu", "--steps", "1"]);
    command.args(more);
    command
}

#[test]
fn a_folder_keeps_pictures_that_were_drawn_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let out = text(folder.path());
    let draw = |more: &[&str]| {
        let common = ["--class", "3", "--count", "2", "--out", out];
        Run::of(&mut sample(&[&common, more].concat()))
    };
    draw(&[]).succeeded();
    let files = listing(folder.path());
    let first = folder.path().join(&files[0]);
    let before = fs::read(&first).unwrap();
    // The same again is no loss; with other classes and seeds beside it, neither.
    draw(&["--batch", "1"]).succeeded();
    draw(&["--seed", "1"]).succeeded();
    let expected =
        ["was drawn otherwise: sampler.guidance.scale was 2.4 and is 3.0", "another --out"];
    draw(&["--guidance", "3"]).refused(&expected);
    draw(&["--size", "16"]).refused(&["height was 32 and is 16"]);
    assert!(fs::read(&first).unwrap() == before && listing(folder.path()).len() == 4);
    fs::write(&first, "a letter").unwrap();
    draw(&[]).refused(&[&files[0], "is in the way", "no sound PNG"]);
    assert_eq!(fs::read_to_string(&first).unwrap(), "a letter");
}

#[test]
fn runs_at_once_take_names_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let start = |class: usize| {
        let mut command = sample(&["--class", &class.to_string(), "--count", "1"]);
        command.current_dir(folder.path()).stdout(Stdio::piped()).spawn().unwrap()
    };
    let said = (0..6).map(start).collect::<Vec<_>>().into_iter().map(|running| {
        let output = running.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    });
    let mut said: Vec<_> =
        said.map(|line| line.rsplit(": ").next().unwrap().trim().to_owned()).collect();
    said.sort();
    assert_eq!(said, (1..=6).map(|n| format!("samples/grid-{n}.png")).collect::<Vec<_>>());
    let class = |path: &String| read_picture(&folder.path().join(path)).unwrap().1.rows[0].class;
    let mut classes: Vec<usize> = said.iter().map(class).collect();
    classes.sort_unstable();
    assert_eq!(classes, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn folders_that_nothing_was_written_into_are_not_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    fs::create_dir(&model).unwrap();
    fs::copy(Path::new(DEMO).join("config.json"), model.join("config.json")).unwrap();
    fs::write(model.join("model.safetensors"), "damaged weights").unwrap();
    for out in ["new/deep/a.png", "new/a.npz", "new/deep"] {
        let out = folder.path().join(out);
        let arguments = ["--model", text(&model), "--class", "1", "--out", text(&out)];
        Run::of(&mut sample(&arguments)).refused(&["is damaged"]);
        assert_eq!(listing(folder.path()), ["model"]);
    }
    // What was there before stays.
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let arguments = ["--model", text(&model), "--class", "1", "--out", text(&empty)];
    Run::of(&mut sample(&arguments)).refused(&["is damaged"]);
    assert!(empty.is_dir());
}

#[test]
fn prompts_of_long_letters_make_names_that_fit() {
    let folder = tempfile::tempdir().unwrap();
    let prompts = folder.path().join("prompts.txt");
    let letters = ["\u{10400}", "猫", "é", "a"].map(|letter| letter.repeat(300));
    fs::write(&prompts, letters.join("\n")).unwrap();
    let out = folder.path().join("out");
    let arguments = ["--prompts", text(&prompts), "--count", "1", "--out", text(&out)];
    Run::of(sample(&arguments).env("PIXELFLOW_CACHE", folder.path())).succeeded();
    assert!(listing(&out).iter().all(|name| name.len() <= 143), "{:?}", listing(&out));
    assert_eq!(listing(&out).len(), 4);
}

#[test]
fn links_are_written_through_and_a_full_device_is_one_error() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("old.png"), "before").unwrap();
    for (link, target) in [("a.png", "old.png"), ("b.png", "new.png"), ("c.npz", "new.npz")] {
        symlink(target, at(link)).unwrap();
        let link = at(link);
        Run::of(&mut sample(&["--class", "3", "--count", "1", "--out", text(&link)])).succeeded();
        assert!(link.is_symlink() && at(target).metadata().unwrap().len() > 1000, "{target}");
    }
    symlink("/dev/full", at("full.npz")).unwrap();
    let full = at("full.npz");
    let arguments = ["--class", "3", "--count", "9", "--out", text(&full)];
    let device = Run::of(&mut sample(&arguments));
    let small = INFER.run_on_a_full_disk(
        2,
        &["sample", "--device", "cpu", "--steps", "1", "--out", text(&at("disk.npz"))],
    );
    for run in [device, small] {
        run.refused(&["cannot write", "free some space"]);
        assert_eq!(run.message.lines().count(), 1, "{}", run.message);
    }
    assert!(!at("disk.npz").exists());
}

#[test]
fn classes_in_any_script_are_found_drawn_and_numbered() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    fs::create_dir(&model).unwrap();
    fs::copy(Path::new(DEMO).join("model.safetensors"), model.join("model.safetensors")).unwrap();
    let config = fs::read(Path::new(DEMO).join("config.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    let names = ["tench, Tinca tinca", "猫", "고양이", "Кошка", "γάτα", "قطة", "cafe\u{301}", "1"];
    for (class, name) in names.into_iter().enumerate() {
        config["class_names"][class] = name.into();
    }
    fs::write(model.join("config.json"), config.to_string()).unwrap();
    let draw = |classes: &str, out: &Path| {
        let common = ["--model", text(&model), "--class", classes, "--count", "1"];
        Run::of(&mut sample(&[&common[..], &["--out", text(out)]].concat())).succeeded()
    };
    let (grid, array) = (folder.path().join("grid.png"), folder.path().join("array.npz"));
    draw("tench, Tinca tinca, КОШКА, 猫, caf\u{e9}, 고양이, γάτα,قطة", &grid);
    let rows = read_picture(&grid).unwrap().1.rows;
    assert_eq!(rows.iter().map(|row| row.class).collect::<Vec<_>>(), [0, 3, 1, 6, 2, 4, 5]);
    let replayed = INFER.run(&["replay", text(&grid), "--device", "cpu", "--model", text(&model)]);
    assert!(replayed.succeeded().printed.contains("pixels equal"));
    // As people write it, or copy it from where there are no spaces.
    draw("TENCH ,Tinca tinca", &grid);
    assert_eq!(read_picture(&grid).unwrap().1.rows[0].class, 0);
    let common = ["--model", text(&model), "--count", "1", "--out", text(&grid), "--class"];
    let refuse = |classes: &str, expected: &[&str]| {
        Run::of(&mut sample(&[&common[..], &[classes]].concat())).refused(expected);
    };
    let advice = "give several classes by their numbers, or each with a --class of its own";
    refuse("tench, Tinca tinka, 猫", &["did you mean tench, Tinca tinca?", advice]);
    refuse(
        "猫, tench",
        &["--class tench: the", advice, "classes are 0 to 15: 0 tench, Tinca tinca, 1 猫"],
    );
    for followed in [&["0,2"][..], &["tench, Tinca tinca", "--class", "고양이"]] {
        Run::of(&mut sample(&[&common[..], followed].concat())).succeeded();
        let classes: Vec<_> =
            read_picture(&grid).unwrap().1.rows.iter().map(|row| row.class).collect();
        assert_eq!(classes, [0, 2]);
    }
    let said = draw("1,猫", &array).message;
    assert!(said.contains("note: --class 1 is the class of that name, number 7"), "{said}");
    let mut archive = zip::ZipArchive::new(fs::File::open(&array).unwrap()).unwrap();
    let labels = npyz::NpyFile::new(archive.by_name("arr_1.npy").unwrap()).unwrap();
    assert_eq!(labels.into_vec::<i64>().unwrap(), [7, 1]);
}

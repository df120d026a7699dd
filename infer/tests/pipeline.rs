//! The programs stand on the library's pipeline: same pixels, images as they come, pictures of earlier
//! versions.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use infer::read_picture;
use pixelflow::{Pipeline, Request};
use program_tests::{Program, listing, text};

const INFER: Program = Program(env!("CARGO_BIN_EXE_infer"));
const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/demo/model");

#[test]
fn ten_lines_of_library_draw_what_the_program_draws() {
    let folder = tempfile::tempdir().unwrap();
    let out = text(folder.path());
    INFER
        .run(&[
            "sample", "--device", "cpu", "--class", "3", "--seed", "7", "--count", "2", "--out",
            out,
        ])
        .succeeded();
    let files = listing(folder.path());
    let mut pipeline = Pipeline::<Flex>::open(DEMO, &FlexDevice).unwrap();
    let request = Request::class(3).seed(7).count(2);
    for (image, file) in pipeline.draw(&request).unwrap().zip(&files) {
        let (picture, _) = read_picture(&folder.path().join(file)).unwrap();
        assert!(image.unwrap().rgb == picture.into_raw(), "{file}");
    }
    assert_eq!(files.len(), 2);
}

#[test]
fn the_composition_is_that_of_seed_and_number_whatever_is_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| text(&folder.path().join(name)).to_owned();
    let draw = |more: &[&str]| {
        let common = ["sample", "--device", "cpu", "--steps", "2", "--seed", "5"];
        INFER.run(&[&common, more].concat()).succeeded();
    };
    draw(&["--class", "3", "--count", "2", "--out", &out("alone")]);
    draw(&["--class", "9,3", "--count", "2", "--batch", "3", "--out", &out("beside")]);
    let pixels = |folder: &str, file: &String| {
        image::open(Path::new(folder).join(file)).unwrap().into_rgb8().into_raw()
    };
    let alone = listing(Path::new(&out("alone")));
    for file in &alone {
        assert!(pixels(&out("alone"), file) == pixels(&out("beside"), file), "{file}");
    }
    assert_eq!(alone.len(), 2);
}

/// Drawing that takes long enough to be stopped: one image at a time into a folder, or into a grid.
fn long_drawing(out: &str) -> Command {
    let mut command = INFER.command(&["sample", "--device", "cpu", "--class", "3", "--batch", "1"]);
    command.args(["--steps", "20", "--count", "500", "--out", out]).stderr(Stdio::null());
    command
}

/// Waits until a folder has so many pictures.
fn wait_for(folder: &Path, pictures: usize) {
    let deadline = Instant::now() + Duration::from_secs(120);
    let is_picture = |name: &String| Path::new(name).extension().is_some_and(|e| e == "png");
    let count = || {
        if folder.is_dir() { listing(folder).iter().filter(|f| is_picture(f)).count() } else { 0 }
    };
    while count() < pictures {
        assert!(Instant::now() < deadline, "no pictures in two minutes");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn images_are_on_disk_as_they_come_and_stay_when_the_program_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let mut running = long_drawing(text(&out)).stdout(Stdio::null()).spawn().unwrap();
    wait_for(&out, 3);
    running.kill().unwrap();
    running.wait().unwrap();
    let pictures: Vec<String> =
        listing(&out).into_iter().filter(|name| name.starts_with("003")).collect();
    assert!((3..500).contains(&pictures.len()), "{} pictures", pictures.len());
    let newest = out.join(pictures.last().unwrap());
    let said = INFER.run(&["replay", text(&newest), "--device", "cpu"]).succeeded().printed;
    assert!(said.contains("pixels equal"), "{said}");
}

#[test]
fn ctrl_c_ends_a_drawing_between_two_steps_and_says_how_far_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let running = long_drawing(text(&out)).stdout(Stdio::piped()).spawn().unwrap();
    wait_for(&out, 2);
    let interrupted = Command::new("kill").args(["-INT", &running.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let said = String::from_utf8(output.stdout).unwrap();
    let done: usize = said.split(' ').next().unwrap().parse().unwrap();
    assert!(said.contains(" of 500 images in "), "{said}");
    assert_eq!(listing(&out).len(), done);
}

#[test]
fn a_grid_that_was_stopped_has_the_images_that_were_done_and_replays() {
    let folder = tempfile::tempdir().unwrap();
    let grid = folder.path().join("grid.png");
    // How soon the first image is done hangs on the machine: a later stop, if it came too soon.
    let is_stopped = |seconds| {
        let mut running = long_drawing(text(&grid)).stdout(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_secs(seconds));
        let interrupted = Command::new("kill").args(["-INT", &running.id().to_string()]).status();
        assert!(interrupted.unwrap().success());
        running.wait().unwrap().code() == Some(130) && grid.is_file()
    };
    assert!([2, 5, 10, 20, 40].into_iter().any(is_stopped), "no grid after 40 seconds");
    let (_, recipe) = read_picture(&grid).unwrap();
    assert!((1..500).contains(&recipe.rows[0].count), "{} images", recipe.rows[0].count);
    let said = INFER.run(&["replay", text(&grid), "--device", "cpu"]).succeeded().printed;
    assert!(said.contains("pixels equal"), "{said}");
}

#[test]
fn pictures_of_the_first_noise_rule_still_replay() {
    let cache = tempfile::tempdir().unwrap();
    for name in ["rule-1-classes.png", "rule-1-prompt.png"] {
        let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures").join(name);
        assert_eq!(
            read_picture(&picture).unwrap().1.noise,
            pixelflow::pipeline::NoiseRule::SubjectToo
        );
        let mut replay = INFER.command(&["replay", text(&picture), "--device", "cpu"]);
        let run = program_tests::Run::of(replay.env("PIXELFLOW_CACHE", cache.path()));
        assert!(run.printed.contains("pixels equal"), "{name}: {}{}", run.printed, run.message);
    }
}

#[test]
fn a_recipe_computes_no_more_than_its_picture_has() {
    let folder = tempfile::tempdir().unwrap();
    let [drawn, edited] = ["drawn.png", "edited.png"].map(|name| folder.path().join(name));
    let sample = ["sample", "--device", "cpu", "--steps", "1", "--class", "3", "--count", "1"];
    INFER.run(&[&sample[..], &["--out", text(&drawn)]].concat()).succeeded();
    let (picture, mut recipe) = read_picture(&drawn).unwrap();
    recipe.rows[0].count = 30;
    infer::write_picture(&picture, &recipe, &edited).unwrap();
    let run = INFER.run(&["replay", text(&edited), "--device", "cpu"]);
    assert!(!run.status.success() && run.message.contains("was it edited?"), "{}", run.message);
}

#[test]
fn a_picture_does_not_tell_where_the_model_lies() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("secret/xl");
    fs::create_dir_all(&model).unwrap();
    for file in ["config.json", "model.safetensors"] {
        fs::copy(Path::new(DEMO).join(file), model.join(file)).unwrap();
    }
    let picture = folder.path().join("a.png");
    let sample = ["sample", "--device", "cpu", "--steps", "1", "--class", "3", "--count", "1"];
    INFER
        .run(&[&sample[..], &["--model", text(&model), "--out", text(&picture)]].concat())
        .succeeded();
    let bytes = String::from_utf8_lossy(&fs::read(&picture).unwrap()).into_owned();
    assert!(bytes.contains("\"model\":\"xl\"") && !bytes.contains("secret"), "the path is in it");
    let lost = INFER.run(&["replay", text(&picture), "--device", "cpu"]);
    assert!(lost.message.contains("--model"), "{}", lost.message);
    let found = INFER.run(&["replay", text(&picture), "--device", "cpu", "--model", text(&model)]);
    assert!(found.succeeded().printed.contains("pixels equal"));
}

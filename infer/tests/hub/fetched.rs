//! What is fetched, and when.

use std::fs;
use std::path::Path;

use super::machine::{Machine, NAME, converted, local, message, reference_files, succeeded};
use super::server::{COMMIT, Flaws, Server};

#[test]
fn a_model_is_fetched_and_converted_once_and_draws_as_its_files_do() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    let (output, first) = machine.sample(NAME, "first.png");
    succeeded(&output);
    let asked = server.requests();
    assert!(asked.iter().any(|request| request.contains("model.pt")), "{asked:?}");
    assert!(!asked.iter().any(|request| request.contains("README")), "{asked:?}");

    let keys = converted(&machine);
    assert_eq!(keys.len(), 1);
    let weights = keys[0].join("model.safetensors");
    let written = fs::metadata(&weights).unwrap().modified().unwrap();
    let (output, second) = machine.sample(NAME, "second.png");
    succeeded(&output);
    assert_eq!(server.requests(), asked, "the second time, nothing is asked");
    assert_eq!(fs::metadata(&weights).unwrap().modified().unwrap(), written);

    let (output, third) = machine.sample(&local(&machine.path("local")), "third.png");
    succeeded(&output);
    let pixels = |path: &Path| image::open(path).unwrap().to_rgb8();
    assert_eq!(pixels(&first), pixels(&second));
    assert_eq!(pixels(&first), pixels(&third));

    // `--weights model` is another conversion of the same file.
    succeeded(&machine.run(&["info", "--model", NAME, "--weights", "model"]));
    assert_eq!(converted(&machine).len(), 2);
    // The picture knows the name, and a replay asks no network.
    let replay = machine.run(&["replay", first.to_str().unwrap(), "--device", "cpu"]);
    succeeded(&replay);
    assert_eq!(server.requests(), asked);
}

#[test]
fn a_picture_of_a_stranger_fetches_nothing() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    let (output, picture) = machine.sample(NAME, "picture.png");
    succeeded(&output);
    let stranger = Machine::new(&server.endpoint);
    let asked = server.requests();
    let picture = picture.to_str().unwrap();
    let output = stranger.run(&["replay", picture, "--device", "cpu"]);
    assert!(message(&output).contains("say with --model where it is now"), "{}", message(&output));
    assert_eq!(server.requests(), asked);
    succeeded(&stranger.run(&["replay", picture, "--device", "cpu", "--model", NAME]));
}

#[test]
fn a_revision_is_kept_apart() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    succeeded(&machine.run(&["info", "--model", "hf:owner/name@v1"]));
    let reference = |name: &str| machine.repository().join("refs").join(name);
    assert_eq!(fs::read_to_string(reference("v1")).unwrap(), COMMIT);
    assert!(!reference("main").exists());
    let output = machine.run(&["info", "--model", "hf:owner/name@v2"]);
    assert!(
        message(&output).contains("has no repository hf:owner/name@v2"),
        "{}",
        message(&output)
    );
}

#[test]
fn without_a_network_what_was_fetched_before_is_enough() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    let offline = |machine: &Machine| {
        let mut command = machine.command(&["info", "--model", NAME]);
        command.env("HF_HUB_OFFLINE", "1").output().unwrap()
    };
    let said = message(&offline(&machine));
    assert!(said.contains("hf:owner/name is not in") && said.contains("HF_HUB_OFFLINE"), "{said}");
    assert!(server.requests().is_empty());
    succeeded(&machine.run(&["info", "--model", NAME]));
    let asked = server.requests();
    succeeded(&offline(&machine));
    assert_eq!(server.requests(), asked);
}

/// Everything else is checked first: weights may be many gigabytes.
#[test]
fn weights_are_fetched_last() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    let file = machine.path("file");
    fs::write(&file, "no folder").unwrap();
    let inside_file = file.join("x.png");
    let mistakes: [&[&str]; 5] = [
        &["--class", "10"],
        &["--prompt", "an elf"],
        &["--size", "17"],
        &["--device", "cpu:7"],
        &["--out", inside_file.to_str().unwrap(), "--class", "1"],
    ];
    for mistake in mistakes {
        let arguments = [&["sample", "--model", NAME], mistake].concat();
        let output = machine.run(&arguments);
        assert!(!output.status.success(), "{mistake:?}");
    }
    let arguments = ["sample", "--model", NAME, "--class", "1", "--dry-run"];
    let output = machine.run(&arguments);
    succeeded(&output);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("million parameters"), "{said}");
    let asked = server.requests();
    assert!(!asked.iter().any(|line| line.contains("model.pt")), "{asked:?}");
}

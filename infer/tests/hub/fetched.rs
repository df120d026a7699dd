//! What is fetched, and when.

use std::fs;

use program_tests::{Run, reference_files, reference_model, text};

use super::machine::{Machine, NAME, converted};
use super::server::{COMMIT, Flaws, Server};

#[test]
fn a_model_is_fetched_and_converted_once_and_draws_as_its_files_do() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    machine.sample(NAME, "first.png").succeeded();
    let asked = server.requests();
    assert!(asked.iter().any(|request| request.contains("model.pt")), "{asked:?}");
    assert!(!asked.iter().any(|request| request.contains("README")), "{asked:?}");

    let keys = converted(&machine);
    assert_eq!(keys.len(), 1);
    let weights = keys[0].join("model.safetensors");
    let written = fs::metadata(&weights).unwrap().modified().unwrap();
    machine.sample(NAME, "second.png").succeeded();
    assert_eq!(server.requests(), asked, "the second time, nothing is asked");
    assert_eq!(fs::metadata(&weights).unwrap().modified().unwrap(), written);

    let local = reference_model(&machine.path("local"));
    machine.sample(text(&local), "third.png").succeeded();
    let pixels = |picture: &str| image::open(machine.path(picture)).unwrap().to_rgb8();
    assert_eq!(pixels("first.png"), pixels("second.png"));
    assert_eq!(pixels("first.png"), pixels("third.png"));

    // `--weights model` is another conversion of the same file.
    machine.run(&["info", "--model", NAME, "--weights", "model"]).succeeded();
    assert_eq!(converted(&machine).len(), 2);
    // The picture knows the name, and a replay asks no network.
    let first = machine.path("first.png");
    machine.run(&["replay", text(&first), "--device", "cpu"]).succeeded();
    assert_eq!(server.requests(), asked);
}

#[test]
fn the_token_is_for_the_server_that_was_named() {
    let elsewhere = Server::start(&reference_files(), Flaws::default());
    let flaws = Flaws { elsewhere: Some(elsewhere.endpoint.clone()), ..Flaws::default() };
    let server = Server::start(&reference_files(), flaws);
    let machine = Machine::new(&server.endpoint);
    let mut command = machine.command(&["info", "--model", NAME]);
    Run::of(command.env("HF_TOKEN", "secret")).succeeded();
    let tokens = server.tokens.lock().unwrap().clone();
    assert_eq!(tokens, vec!["Bearer secret"; server.requests().len()]);
    assert!(!elsewhere.requests().is_empty());
    assert!(elsewhere.tokens.lock().unwrap().is_empty(), "the other server was told the token");
}

#[test]
fn a_picture_of_a_stranger_fetches_nothing() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    machine.sample(NAME, "picture.png").succeeded();
    let stranger = Machine::new(&server.endpoint);
    let asked = server.requests();
    let picture = machine.path("picture.png");
    let replay = ["replay", text(&picture), "--device", "cpu"];
    stranger.run(&replay).refused(&["say with --model where it is now"]);
    assert_eq!(server.requests(), asked);
    stranger.run(&[&replay[..], &["--model", NAME]].concat()).succeeded();
}

#[test]
fn a_revision_is_kept_apart() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    machine.run(&["info", "--model", "hf:owner/name@v1"]).succeeded();
    let reference = |name: &str| machine.repository().join("refs").join(name);
    assert_eq!(fs::read_to_string(reference("v1")).unwrap(), COMMIT);
    assert!(!reference("main").exists());
    let missing = machine.run(&["info", "--model", "hf:owner/name@v2"]);
    missing.refused(&["has no repository hf:owner/name@v2"]);
}

#[test]
fn without_a_network_what_was_fetched_before_is_enough() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    let offline = |machine: &Machine| {
        let mut command = machine.command(&["info", "--model", NAME]);
        Run::of(command.env("HF_HUB_OFFLINE", "1"))
    };
    offline(&machine).refused(&["hf:owner/name is not in", "HF_HUB_OFFLINE"]);
    assert!(server.requests().is_empty());
    machine.run(&["info", "--model", NAME]).succeeded();
    let asked = server.requests();
    offline(&machine).succeeded();
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
        &["--out", text(&inside_file), "--class", "1"],
    ];
    for mistake in mistakes {
        machine.run(&[&["sample", "--model", NAME], mistake].concat()).refused(&[]);
    }
    let arguments = ["sample", "--model", NAME, "--class", "1", "--dry-run"];
    let said = machine.run(&arguments).succeeded().printed;
    assert!(said.contains("million parameters"), "{said}");
    let asked = server.requests();
    assert!(!asked.iter().any(|line| line.contains("model.pt")), "{asked:?}");
}

//! Models by their name on the Hub: fetched once, converted once, and never without being asked.
#![cfg(unix)]

mod server;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use pixelflow::text::{T5Config, TextTokenizer};
use pixelflow::weights::{DType, WeightSet, save_text_encoder};
use server::{COMMIT, Flaws, Server};

const NAME: &str = "hf:owner/name";

/// The program in an environment of its own.
struct Machine {
    scratch: tempfile::TempDir,
    endpoint: String,
}

impl Machine {
    fn new(endpoint: &str) -> Self {
        Self {
            scratch: tempfile::tempdir().unwrap(),
            endpoint: endpoint.to_owned(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn repository(&self) -> PathBuf {
        self.path("home/hub/models--owner--name")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_infer"));
        command
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .env_remove("HF_TOKEN")
            .env_remove("HF_HUB_CACHE")
            .env_remove("HF_HUB_OFFLINE")
            .env("HF_HOME", self.path("home"))
            .env("HF_ENDPOINT", &self.endpoint)
            .args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Draws two images; returns the picture.
    fn sample(&self, model: &str, picture: &str) -> (Output, PathBuf) {
        let path = self.path(picture);
        let out = path.to_str().unwrap();
        let arguments = [
            "sample", "--model", model, "--class", "1", "--count", "2", "--out", out, "--device",
            "cpu",
        ];
        (self.run(&arguments), path)
    }
}

fn message(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", message(output));
}

/// The reference's files: a training checkpoint of the golden files, and its `config.yaml`.
fn reference_files() -> Vec<(&'static str, Vec<u8>)> {
    let golden = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/fixtures/cls_a_train.pt"
    );
    let yaml = "model:\n  params:\n    num_attention_heads: 2\n    attention_head_dim: 16\n    \
                in_channels: 3\n    out_channels: 3\n    depth: 2\n    num_classes: 10\n    \
                patch_size: 4\n    attention_bias: true\nscheduler:\n  num_train_timesteps: 1000\n  \
                num_stages: 2\ndata:\n  resolution: 16\n";
    vec![
        ("README.md", b"# A model".to_vec()),
        ("config.yaml", yaml.into()),
        ("model.pt", fs::read(golden).unwrap()),
    ]
}

/// The same files in a folder; returns the weights.
fn local(folder: &Path) -> String {
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in reference_files() {
        fs::write(folder.join(name), bytes).unwrap();
    }
    folder.join("model.pt").to_str().unwrap().to_owned()
}

fn converted(machine: &Machine) -> Vec<PathBuf> {
    let folder = machine.repository().join("converted");
    let keys = fs::read_dir(folder).unwrap();
    keys.map(|key| key.unwrap().path()).collect()
}

#[test]
fn a_model_is_fetched_and_converted_once_and_draws_as_its_files_do() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    let (output, first) = machine.sample(NAME, "first.png");
    succeeded(&output);
    let asked = server.requests();
    assert!(
        asked.iter().any(|request| request.contains("model.pt")),
        "{asked:?}"
    );
    assert!(
        !asked.iter().any(|request| request.contains("README")),
        "{asked:?}"
    );

    let keys = converted(&machine);
    assert_eq!(keys.len(), 1);
    let weights = keys[0].join("model.safetensors");
    let written = fs::metadata(&weights).unwrap().modified().unwrap();
    let (output, second) = machine.sample(NAME, "second.png");
    succeeded(&output);
    assert_eq!(
        server.requests(),
        asked,
        "the second time, nothing is asked"
    );
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
    assert!(
        message(&output).contains("say with --model where it is now"),
        "{}",
        message(&output)
    );
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
fn a_lost_connection_is_taken_up_where_it_was_lost() {
    let length = reference_files()[2].1.len();
    let flaws = Flaws {
        cut: Some((length / 3, 1)),
        ..Flaws::default()
    };
    // Once: the program itself goes on.
    let server = Server::start(&reference_files(), flaws);
    succeeded(&Machine::new(&server.endpoint).run(&["info", "--model", NAME]));

    // Again and again: the next start goes on with what has arrived.
    let flaws = Flaws {
        cut: Some((1000, 5)),
        ..Flaws::default()
    };
    let server = Server::start(&reference_files(), flaws);
    let machine = Machine::new(&server.endpoint);
    let output = machine.run(&["info", "--model", NAME]);
    assert!(
        message(&output).contains("cannot fetch hf:owner/name")
            && message(&output).contains("what has been fetched is kept"),
        "{}",
        message(&output)
    );
    let blobs = || fs::read_dir(machine.repository().join("blobs")).unwrap();
    let part = blobs()
        .map(|blob| blob.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "part"))
        .unwrap();
    let kept = fs::metadata(&part).unwrap().len();
    assert_eq!(kept, 5000);
    succeeded(&machine.run(&["info", "--model", NAME]));
    assert!(!part.exists());
}

#[test]
fn a_part_that_is_whole_too_long_or_wrong_stands_in_nobodys_way() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    succeeded(&machine.run(&["info", "--model", NAME]));
    let pointer = machine
        .repository()
        .join("snapshots")
        .join(COMMIT)
        .join("model.pt");
    let blob = fs::canonicalize(&pointer).unwrap();
    let whole = fs::read(&blob).unwrap();
    for part in [whole.clone(), [whole.clone(), vec![0; 9]].concat()] {
        fs::remove_file(&pointer).unwrap();
        fs::remove_file(&blob).unwrap();
        fs::write(blob.with_extension("part"), part).unwrap();
        succeeded(&machine.run(&["info", "--model", NAME]));
        assert_eq!(fs::read(&blob).unwrap(), whole);
    }
    // One with other content is noticed by its hash, removed, and right the next time.
    fs::remove_file(&pointer).unwrap();
    fs::remove_file(&blob).unwrap();
    fs::remove_dir_all(machine.repository().join("converted")).unwrap();
    fs::write(blob.with_extension("part"), vec![7; 1000]).unwrap();
    let output = machine.run(&["info", "--model", NAME]);
    assert!(
        message(&output).contains("model.pt of hf:owner/name arrived damaged"),
        "{}",
        message(&output)
    );
    assert!(!blob.exists() && !pointer.exists());
    succeeded(&machine.run(&["info", "--model", NAME]));
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
    assert!(
        said.contains("hf:owner/name is not in") && said.contains("HF_HUB_OFFLINE"),
        "{said}"
    );
    assert!(server.requests().is_empty());
    succeeded(&machine.run(&["info", "--model", NAME]));
    let asked = server.requests();
    succeeded(&offline(&machine));
    assert_eq!(server.requests(), asked);
}

#[test]
fn a_conversion_that_was_killed_is_never_used() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    succeeded(&machine.run(&["info", "--model", NAME]));
    let key = converted(&machine).remove(0);
    let weights = key.join("model.safetensors");
    let whole = fs::read(&weights).unwrap();
    fs::remove_file(&weights).unwrap();
    let draft = key.join(".draftX");
    fs::create_dir(&draft).unwrap();
    fs::write(draft.join("model.safetensors"), &whole[..whole.len() / 2]).unwrap();
    succeeded(&machine.run(&["info", "--model", NAME]));
    assert_eq!(fs::read(&weights).unwrap(), whole);
    assert!(!draft.exists());
}

#[test]
fn what_cannot_be_fetched_is_refused_with_a_message_that_helps() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let files = reference_files();
    let start = |flaws| Server::start(&files, flaws).endpoint;
    let good = start(Flaws::default());
    let without_weights = Server::start(&files[..2], Flaws::default()).endpoint;
    let without_description = Server::start(&[files[2].clone()], Flaws::default()).endpoint;
    let with_status = |status| {
        start(Flaws {
            status: Some(status),
            ..Flaws::default()
        })
    };
    let wrong = start(Flaws {
        wrong_bytes: true,
        ..Flaws::default()
    });
    let evil = start(Flaws {
        evil_tag: true,
        ..Flaws::default()
    });
    let junk = start(Flaws {
        junk: true,
        ..Flaws::default()
    });
    // Endpoint, name → what the message says.
    let cases: &[(&str, &str, &[&str])] = &[
        (
            &good,
            "hf:owner/other",
            &["has no repository hf:owner/other", "set HF_TOKEN"],
        ),
        (&good, "hf:owner", &["write hf:owner/name"]),
        (&good, "hf:../name", &["write hf:owner/name"]),
        (
            &without_weights,
            NAME,
            &[
                "hf:owner/name has no model.safetensors or",
                "it has README.md, config.yaml",
            ],
        ),
        (
            &without_description,
            NAME,
            &["has no config.yaml or config.json", "it has model.pt"],
        ),
        (
            &closed,
            NAME,
            &["cannot fetch hf:owner/name", "check the network"],
        ),
        (
            "http://no-such-host.invalid",
            NAME,
            &["cannot fetch hf:owner/name", "check the network"],
        ),
        (
            "nonsense",
            NAME,
            &["HF_ENDPOINT is `nonsense`", "https://huggingface.co"],
        ),
        (&with_status(401), NAME, &["set HF_TOKEN"]),
        (&with_status(403), NAME, &["accept its conditions"]),
        (
            &with_status(404),
            NAME,
            &["has no repository hf:owner/name"],
        ),
        (&with_status(503), NAME, &["cannot fetch", "503"]),
        (
            &wrong,
            NAME,
            &["model.pt of hf:owner/name arrived damaged", "SHA-256"],
        ),
        (&evil, NAME, &["does not answer like the Hub", "evil"]),
        (&junk, NAME, &["does not answer like the Hub"]),
    ];
    for (endpoint, name, expected) in cases {
        let machine = Machine::new(endpoint);
        let (output, picture) = machine.sample(name, "picture.png");
        let message = message(&output);
        assert!(!output.status.success(), "{endpoint} {name} was accepted");
        assert!(!message.contains("panicked"), "{name}: {message}");
        for part in *expected {
            assert!(message.contains(part), "`{part}` is not in: {message}");
        }
        assert!(!picture.exists());
        let weights = machine
            .repository()
            .join("snapshots")
            .join(COMMIT)
            .join("model.pt");
        assert!(!weights.exists(), "{message}");
        assert!(!machine.path("evil").exists() && !machine.path("home/evil").exists());
    }
}

#[test]
fn nothing_leaves_the_machine_unless_a_name_says_so() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    let model = local(&machine.path("local"));
    let (output, picture) = machine.sample(&model, "picture.png");
    succeeded(&output);
    succeeded(&machine.run(&["info", "--model", &model]));
    succeeded(&machine.run(&["replay", picture.to_str().unwrap(), "--device", "cpu"]));
    let out = machine.path("converted");
    succeeded(&machine.run(&["convert", &model, out.to_str().unwrap()]));
    assert!(server.requests().is_empty());
    assert!(!machine.path("home").exists());
}

#[test]
fn all_code_for_the_network_is_in_one_module() {
    const SIGNS: [&str; 6] = [
        "hf_hub",
        "ureq",
        "std::net",
        "TcpStream",
        "reqwest",
        "UdpSocket",
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut folders: Vec<PathBuf> = ["model", "dataset", "train", "infer"]
        .map(|name| root.join(name).join("src"))
        .to_vec();
    let (mut inside, mut files) = (0, 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            let found = SIGNS.iter().any(|sign| text.contains(sign));
            files += 1;
            if path.starts_with(root.join("infer/src/hub")) {
                inside += usize::from(found);
            } else {
                assert!(!found, "{} reaches for the network", path.display());
            }
        }
    }
    assert!(
        inside > 0 && files > 100,
        "{inside} of {files} files: the search is broken"
    );
}

/// Draws a prompt; returns the picture.
fn sample_prompt(
    machine: &Machine,
    model: &str,
    more: &[&str],
    picture: &str,
) -> (Output, PathBuf) {
    let path = machine.path(picture);
    let out = path.to_str().unwrap();
    let arguments = [
        "sample", "--model", model, "--prompt", "an elf", "--count", "1", "--steps", "1", "--out",
        out, "--device", "cpu",
    ];
    let mut command = machine.command(&[arguments.as_slice(), more].concat());
    command.env("PIXELFLOW_CACHE", machine.path("prompts"));
    (command.output().unwrap(), path)
}

#[test]
fn a_text_model_is_fetched_with_its_own_text_encoder() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/demo-text/model");
    let names = [
        "config.json",
        "model.safetensors",
        "text_encoder/config.json",
        "text_encoder/tokenizer.json",
        "text_encoder/model.safetensors",
    ];
    let files = names.map(|name| (name, fs::read(shipped.join(name)).unwrap()));
    let server = Server::start(&files, Flaws::default());
    let machine = Machine::new(&server.endpoint);
    let (output, fetched) = sample_prompt(&machine, NAME, &[], "fetched.png");
    succeeded(&output);
    let asked = server.requests();
    let (output, local) = sample_prompt(&machine, shipped.to_str().unwrap(), &[], "local.png");
    succeeded(&output);
    let pixels = |path: &Path| image::open(path).unwrap().to_rgb8();
    assert_eq!(pixels(&fetched), pixels(&local));
    let replay = ["replay", fetched.to_str().unwrap(), "--device", "cpu"];
    succeeded(&machine.run(&replay));
    assert_eq!(server.requests(), asked, "afterwards, nothing is asked");
}

#[test]
fn a_text_model_of_the_reference_names_its_text_encoder() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
    let yaml = "model:\n  params:\n    num_attention_heads: 2\n    attention_head_dim: 16\n    \
                in_channels: 3\n    out_channels: 3\n    depth: 2\n    num_classes: 0\n    \
                patch_size: 4\n    attention_bias: true\n    cross_attention_dim: 32\n\
                scheduler:\n  num_train_timesteps: 1000\n  num_stages: 2\n\
                data:\n  resolution: 16\n";
    let files = [
        ("config.yaml", yaml.into()),
        (
            "model.safetensors",
            fs::read(fixtures.join("txt.safetensors")).unwrap(),
        ),
    ];
    let server = Server::start(&files, Flaws::default());
    let machine = Machine::new(&server.endpoint);
    // The name of the model is leave to fetch its encoder; this server has none.
    let (output, picture) = sample_prompt(&machine, NAME, &[], "without.png");
    assert!(
        message(&output).contains("has no repository hf:google/flan-t5-xl"),
        "{}",
        message(&output)
    );
    assert!(!picture.exists());
    // The same model from a folder is none: nothing is asked.
    let folder = machine.path("folder");
    fs::create_dir(&folder).unwrap();
    for (name, bytes) in &files {
        fs::write(folder.join(name), bytes).unwrap();
    }
    let asked = server.requests();
    let (output, _) = sample_prompt(&machine, folder.to_str().unwrap(), &[], "folder.png");
    assert!(
        message(&output).contains("--text-encoder hf:google/flan-t5-xl"),
        "{}",
        message(&output)
    );
    assert_eq!(server.requests(), asked);
    // With an encoder at hand it draws.
    let encoder = machine.path("encoder");
    let tokenizer = TextTokenizer::train(["an elf"], 10).unwrap();
    let config = T5Config::small(32, 1, tokenizer.vocabulary());
    let weights = config.init::<Flex>(1, &FlexDevice).unwrap();
    let (set, format) = (WeightSet::Model, DType::F32);
    save_text_encoder(&weights, &config, &tokenizer, &encoder, set, format).unwrap();
    let named = ["--text-encoder", encoder.to_str().unwrap()];
    let (output, picture) = sample_prompt(&machine, NAME, &named, "drawn.png");
    succeeded(&output);
    assert!(picture.exists());
}

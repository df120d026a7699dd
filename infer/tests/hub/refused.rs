//! What cannot be fetched, and what never is.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use program_tests::{reference_files, reference_model, text};

use super::machine::{Machine, NAME};
use super::server::{COMMIT, Flaws, Server};

#[test]
fn what_cannot_be_fetched_is_refused_with_a_message_that_helps() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let files = reference_files();
    let start = |flaws: Flaws| Server::start(&files, flaws).endpoint;
    let good = start(Flaws::default());
    let without_weights = Server::start(&files[..2], Flaws::default()).endpoint;
    let without_description = Server::start(&[files[2].clone()], Flaws::default()).endpoint;
    let with_status = |status| start(Flaws { status: Some(status), ..Flaws::default() });
    let wrong = start(Flaws { wrong_bytes: true, ..Flaws::default() });
    let surplus = start(Flaws { surplus: true, ..Flaws::default() });
    let evil = start(Flaws { evil_tag: true, ..Flaws::default() });
    let junk = start(Flaws { junk: true, ..Flaws::default() });
    // Endpoint, name → what the message says.
    let cases: &[(&str, &str, &[&str])] = &[
        (&good, "hf:owner/other", &["has no repository hf:owner/other", "set HF_TOKEN"]),
        (&good, "hf:owner", &["write hf:owner/name"]),
        (&good, "hf:../name", &["write hf:owner/name"]),
        (
            &without_weights,
            NAME,
            &["hf:owner/name has no model.safetensors or", "it has README.md, config.yaml"],
        ),
        (&without_description, NAME, &["has no config.yaml or config.json", "it has model.pt"]),
        (&closed, NAME, &["cannot fetch hf:owner/name", "check the network"]),
        ("http://no-such-host.invalid", NAME, &["cannot fetch hf:owner/name", "check the network"]),
        ("nonsense", NAME, &["HF_ENDPOINT is `nonsense`", "https://huggingface.co"]),
        (&with_status(401), NAME, &["set HF_TOKEN"]),
        (&with_status(403), NAME, &["accept its conditions"]),
        (&with_status(404), NAME, &["has no repository hf:owner/name"]),
        (&with_status(503), NAME, &["cannot fetch", "503"]),
        (&wrong, NAME, &["model.pt of hf:owner/name arrived damaged", "SHA-256"]),
        (&surplus, NAME, &["model.pt of hf:owner/name arrived damaged", "goes on after its"]),
        (&evil, NAME, &["does not answer like the Hub", "evil"]),
        (&junk, NAME, &["does not answer like the Hub"]),
    ];
    for (endpoint, name, expected) in cases {
        let machine = Machine::new(endpoint);
        machine.sample(name, "picture.png").refused(expected);
        assert!(!machine.path("picture.png").exists());
        let weights = machine.repository().join("snapshots").join(COMMIT).join("model.pt");
        assert!(!weights.exists(), "{endpoint} {name}");
        assert!(!machine.path("evil").exists() && !machine.path("home/evil").exists());
    }
}

#[test]
fn an_odd_answer_is_an_error_that_says_what_it_was() {
    const BYTE: &str = "Content-Range: bytes 0-0/5\r\nContent-Length: 1\r\n\r\nx";
    let partial = |headers: &str| -> &'static str {
        format!("HTTP/1.1 206 Partial Content\r\n{headers}\r\n{BYTE}").leak()
    };
    let (odd, lost) = ("does not answer like the Hub", "cannot fetch hf:owner/name");
    // What every request for a file is answered with → what the message says.
    let cases: &[(&str, &[&str])] = &[
        ("HTTP/1.1 304 Not Modified\r\n\r\n", &[odd, "304"]),
        ("HTTP/1.1 300 Multiple Choices\r\nContent-Length: 0\r\n\r\n", &[odd, "300"]),
        ("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", &[odd, "not say where to"]),
        ("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n", &[odd, "no address"]),
        ("HTTP/1.1 307 Round\r\nLocation: x\r\nContent-Length: 0\r\n\r\n", &[odd, "10 times"]),
        ("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", &["accept its conditions", "HF_TOKEN"]),
        ("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", &["accept its conditions"]),
        ("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", &["hf:owner/name has no config.yaml"]),
        ("HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n", &[odd, "the tag ``"]),
        ("HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n", &[lost, "429 Too Many Requests"]),
        ("HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", &[lost, "502 Bad Gateway"]),
        ("HTTP/1.1 204 No Content\r\n\r\n", &[odd, "204"]),
        ("HTTP/1.1 200 OK\r\nETag: \"a\"\r\nConnection: close\r\n\r\n", &[odd, "neither how long"]),
        (partial("X-Repo-Commit: 1\r\nETag: \"a\""), &[odd, "the commit `1`"]),
        (partial("ETag: \"../a\""), &[odd, "the tag `../a`"]),
        (partial("ETag: \"a.lock\""), &[odd, "the tag `a.lock`"]),
        (partial("X-Nothing: 1"), &[odd, "the tag ``"]),
        ("SSH-2.0-OpenSSH_9.2\r\n", &["hf:owner/name"]),
        ("", &[lost]),
    ];
    for (answer, expected) in cases {
        let flaws = Flaws { odd: Some(answer), ..Flaws::default() };
        let machine = Machine::new(&Server::start(&reference_files(), flaws).endpoint);
        machine.run(&["info", "--model", NAME]).refused(expected);
        assert!(!machine.repository().join("snapshots").exists(), "{answer}");
    }
}

#[test]
fn an_evil_second_answer_reaches_no_file() {
    let flaws = Flaws { evil_second: true, ..Flaws::default() };
    let machine = Machine::new(&Server::start(&reference_files(), flaws).endpoint);
    fs::create_dir(machine.path("home")).unwrap();
    let precious = machine.path("home/evil");
    fs::write(&precious, "precious").unwrap();
    // Only what is checked is used: the file is that of the first answer.
    machine.run(&["info", "--model", NAME]).succeeded();
    assert_eq!(fs::read_to_string(precious).unwrap(), "precious");
    assert_eq!(program_tests::listing(&machine.path("home")), ["evil", "hub"]);
}

#[test]
fn nothing_leaves_the_machine_unless_a_name_says_so() {
    let server = Server::start(&reference_files(), Flaws::default());
    let machine = Machine::new(&server.endpoint);
    let model = reference_model(&machine.path("local"));
    machine.sample(text(&model), "picture.png").succeeded();
    machine.run(&["info", "--model", text(&model)]).succeeded();
    let (picture, out) = (machine.path("picture.png"), machine.path("converted"));
    let replay = ["replay", text(&picture), "--model", text(&model), "--device", "cpu"];
    machine.run(&replay).succeeded();
    machine.run(&["convert", text(&model), text(&out)]).succeeded();
    assert!(server.requests().is_empty());
    assert!(!machine.path("home").exists());
}

#[test]
fn all_code_that_leaves_the_machine_is_in_one_module() {
    const SIGNS: [&str; 5] = ["ureq", "std::net", "TcpStream", "reqwest", "UdpSocket"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut folders: Vec<PathBuf> =
        ["model", "dataset", "train", "infer"].map(|name| root.join(name).join("src")).to_vec();
    let (mut inside, mut files) = (0, 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            // The server answers; it asks nobody.
            if path.is_dir() && path == root.join("infer/src/serve") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            // An address reaches nobody.
            let text =
                fs::read_to_string(&path).unwrap_or_default().replace("std::net::IpAddr", "");
            let found = SIGNS.iter().any(|sign| text.contains(sign));
            files += 1;
            if path.starts_with(root.join("infer/src/hub")) {
                inside += usize::from(found);
            } else {
                assert!(!found, "{} reaches for the network", path.display());
            }
        }
    }
    assert!(inside > 0 && files > 100, "{inside} of {files} files: the search is broken");
}

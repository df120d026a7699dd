//! A certificate is everything that measuring again needs: it stands, or it is told why not.

use std::fs;
use std::path::Path;

use program_tests::{Run, converted_model, listing};
use serde_json::{Value, json};

use super::sides::{shipped, write};
use super::{INFER, at, evaluate};

/// A small model, ten real images, and the statistics of ten.
struct Measured {
    scratch: tempfile::TempDir,
    model: String,
    real: String,
}

impl Measured {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let model = converted_model(INFER, scratch.path()).to_str().unwrap().to_owned();
        let images = shipped("heroes-heldout.tar", 0..10).into_iter().map(|record| record.image);
        write(&scratch.path().join("real"), images);
        let real = at(scratch.path(), "real");
        Self { scratch, model, real }
    }

    fn path(&self, name: &str) -> String {
        at(self.scratch.path(), name)
    }

    fn evaluate(&self, arguments: &[&str]) -> Run {
        evaluate(&self.scratch.path().join("cache"), arguments)
    }

    /// Measures the model beside a reference; the certificate.
    fn certified(&self, reference: &str, name: &str, more: &[&str]) -> Run {
        let drawing = ["--model", &self.model, "--steps", "1", "--images", "10", "--device", "cpu"];
        let file = self.path(name);
        self.evaluate(&[&["model", reference, "--certificate", &file][..], &drawing, more].concat())
    }

    /// Checks a certificate, with the places of what it names.
    fn check(&self, file: &str, reference: &str) -> Run {
        let places = ["--model", &self.model, "--reference", reference];
        self.evaluate(&[&["--check", file][..], &places].concat())
    }

    /// Writes a certificate with another value at a place.
    fn changed(&self, file: &str, place: &str, value: Value) -> String {
        let mut json: Value = serde_json::from_slice(&fs::read(self.path(file)).unwrap()).unwrap();
        let (parent, name) = place.rsplit_once('/').unwrap();
        json.pointer_mut(parent).unwrap()[name] = value;
        fs::write(self.path("changed.json"), json.to_string()).unwrap();
        self.path("changed.json")
    }
}

#[test]
fn a_certificate_stands_until_a_number_in_it_is_changed() {
    let measured = Measured::new();
    let (real, repeats) = (&measured.real, ["--repeats", "2", "--seed", "5"]);
    measured.certified(real, "one/c.json", &repeats).succeeded();
    measured.certified(real, "two/c.json", &repeats).succeeded();
    for name in ["c.json", "c.html"] {
        let [one, two] =
            ["one", "two"].map(|run| fs::read_to_string(measured.path(run) + "/" + name).unwrap());
        assert_eq!(one, two, "two runs have the same bytes");
        assert!(!one.contains(measured.path("").as_str()), "{name} tells where files lie: {one}");
    }
    let html = fs::read_to_string(measured.path("one/c.html")).unwrap();
    assert_eq!(html.matches("<img src=\"data:image/png;base64,").count(), 20);
    let file = measured.path("one/c.json");
    let run = measured.check(&file, real).succeeded();
    assert!(run.printed.ends_with("the certificate stands: 6 of 6 numbers\n"), "{}", run.printed);
    assert!(run.printed.contains("stands, to the last digit"), "{}", run.printed);
    assert!(
        run.message.contains("10 images are drawn 2 times: 3 network calls each, 60 in all"),
        "{}",
        run.message
    );

    let json: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let fd = "/measurement/metrics/fd_efflite0";
    let of = |name: &str| json.pointer(&format!("{fd}/{name}")).unwrap().as_f64().unwrap();
    for (name, value, reason) in [
        ("value", json!(of("value") * 1.002), "  falls"),
        ("standard_error", json!(of("standard_error") / 2.0), "falls: its standard error is"),
        ("repeats", json!([of("repeats/1"), of("repeats/0")]), "falls: repeat 1 is"),
    ] {
        let changed = measured.changed("one/c.json", &format!("{fd}/{name}"), value);
        let run = measured.check(&changed, real);
        assert_eq!(run.status.code(), Some(1), "{}", run.message);
        assert!(run.printed.contains(reason), "{}", run.printed);
        let end = "the certificate falls: 5 of 6 numbers stand\n";
        assert!(run.printed.ends_with(end), "{}", run.printed);
    }
    // What changes the images changes the numbers.
    let changed = measured.changed("one/c.json", "/measurement/labels", json!("random"));
    assert_eq!(measured.check(&changed, real).status.code(), Some(1));
}

#[test]
fn a_certificate_of_other_files_or_of_a_stranger_is_refused() {
    let measured = Measured::new();
    let npz = measured.path("real.npz");
    measured.evaluate(&["reference", &measured.real, &npz, "--device", "cpu"]).succeeded();
    measured.certified(&npz, "c.json", &["--metrics", "frechet"]).succeeded();
    let refused = |place: &str, value: Value, parts: &[&str]| {
        let run = measured.check(&measured.changed("c.json", place, value), &npz);
        run.refused(parts);
        assert_eq!((run.status.code(), run.printed.as_str()), (Some(1), ""), "{place}");
    };
    let facts = "/measurement";
    let (hash, with) = ("0123456789abcdef", format!("{facts}/drawn_with"));
    let of_model = ["was drawn with a model whose hash is 0123456789abcdef", "--model"];
    refused(&format!("{with}/model_hash"), json!(hash), &of_model);
    let of_reference =
        ["--reference", "real.npz: its hash is", "was measured with 0123456789abcdef"];
    refused(&format!("{facts}/reference/hash"), json!(hash), &of_reference);
    let of_network = ["--extractor", "its hash is", "was measured with 0123456789abcdef"];
    refused(&format!("{facts}/extractor/hash"), json!(hash), &of_network);
    refused(&format!("{facts}/protocol"), json!("clean"), &["real.npz was made with protocol adm"]);
    refused(&format!("{facts}/protocol"), json!("mine"), &["--check", "unknown variant `mine`"]);
    refused("/surplus", json!(1), &["unknown field `surplus`"]);
    refused(
        &format!("{facts}/images"),
        json!(1_u64 << 40),
        &["--check", "images is 1099511627776"],
    );
    refused(&format!("{facts}/images"), json!(1 << 25), &["images is 33554432, it must be 2 to"]);
    refused(&format!("{with}/sampler/steps"), json!([usize::MAX]), &["every number must be 1 to"]);
    refused(&format!("{with}/height"), json!(64), &["drawn otherwise: height was 64 and is 16"]);
    let prompts = json!({ "count": 1, "hash": hash, "texts": null });
    refused("/prompts", prompts, &["its model draws classes"]);

    // Without --reference, it is looked for by its name, and no further than here.
    for (name, part) in [
        ("../real.npz", "names ../real.npz, which is not looked for"),
        ("nowhere.npz", "nowhere.npz, which is not here; say with --reference where it is"),
    ] {
        let changed = measured.changed("c.json", &format!("{facts}/reference/name"), json!(name));
        measured.evaluate(&["--check", &changed, "--model", &measured.model]).refused(&[part]);
    }
    let moved = measured.evaluate(&["--check", &measured.path("c.json"), "--reference", &npz]);
    moved.refused(&["c.json was drawn with model, which is not there; say with --model"]);
    let whole = fs::read(measured.path("c.json")).unwrap();
    fs::write(measured.path("changed.json"), &whole[..whole.len() / 2]).unwrap();
    let cut = measured.check(&measured.path("changed.json"), &npz);
    cut.refused(&["it is no certificate: EOF while parsing"]);
}

#[test]
fn a_certificate_replaces_nothing() {
    let measured = Measured::new();
    let folder = |name: &str| measured.scratch.path().join(name);
    fs::create_dir(folder("out")).unwrap();
    fs::write(folder("out/a.json"), "before").unwrap();
    fs::write(folder("out/b.html"), "before").unwrap();
    for (name, more, part) in [
        ("out/a.json", &[][..], "a.json: it exists already"),
        ("out/b.json", &[], "b.html: it exists already"),
        ("out/c.txt", &[], "give FILE.json"),
        ("out/c.json", &["--json", &measured.path("out/c.json")], "--json has this name"),
    ] {
        measured.certified(&measured.real, name, more).refused(&["--certificate", part]);
    }
    assert_eq!(listing(&folder("out")), ["a.json", "b.html"]);
    let without = measured.evaluate(&["--reference", &measured.real]);
    without.refused(&["--check <CERT.json>"]);
}

#[test]
fn what_comes_with_the_program_is_checked_by_the_certificate_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let (file, prompts) = (at(scratch.path(), "c.json"), at(scratch.path(), "prompts.txt"));
    fs::write(&prompts, "an elf in a red robe\na \"<tengu>\" on grass\n").unwrap();
    let evaluate =
        |arguments: &[&str]| evaluate(Path::new(&at(scratch.path(), "cache")), arguments);
    let line = ["model", "assets/demo/heroes-heldout.tar", "--prompts", &prompts, "--steps", "1"];
    let rest = ["--images", "4", "--metrics", "frechet", "--device", "cpu", "--certificate", &file];
    evaluate(&[&line[..], &rest].concat()).succeeded();
    let run = evaluate(&["--check", &file]).succeeded();
    assert!(run.printed.ends_with("the certificate stands: 1 of 1 numbers\n"), "{}", run.printed);
    let html = fs::read_to_string(at(scratch.path(), "c.html")).unwrap();
    assert!(html.contains("<pre>infer evaluate --check c.json</pre>"), "{html}");
    assert!(html.contains("a &quot;&lt;tengu&gt;&quot; on grass"), "{html}");
    let other = evaluate(&["--check", &file, "--prompts", "README.md"]);
    other.refused(&["--prompts README.md: its hash is", "give the right one"]);
}

//! `infer evaluate compare`: two results are told apart or not, or are not compared.

use std::fs;
use std::path::Path;

use program_tests::Run;
use serde_json::{Value, json};

use super::sides::{shipped, write};
use super::{at, evaluate};

/// What is changed in a result.
type Change = fn(&mut Value);

/// A result as `infer evaluate` writes it, with something changed.
fn result(folder: &Path, name: &str, change: impl Fn(&mut Value)) -> String {
    let mut result = json!({
        "metrics": {
            "fd_efflite0": { "value": 12.0, "standard_error": 0.3, "repeats": [11.7, 12.3] },
            "precision": { "value": 0.75, "standard_error": null },
            "class_accuracy_real": { "value": 0.9, "standard_error": null },
            "memorisation": { "value": 0.01, "standard_error": 0.001 },
        },
        "left_out": { "recall": "REFERENCE has statistics" },
        "protocol": "adm",
        "images": 500,
        "reference": { "name": "real/heroes.tar", "hash": "00ff" },
        "extractor": { "name": "EfficientNet-Lite0", "hash": "abcd" },
        "labels": "balanced",
    });
    change(&mut result);
    fs::write(folder.join(name), result.to_string()).unwrap();
    at(folder, name)
}

fn compare(folder: &Path, arguments: &[&str]) -> Run {
    evaluate(folder, &[&["compare"], arguments].concat())
}

#[test]
fn the_table_says_which_differences_are_more_than_chance() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let a = result(folder, "a.json", |_| {});
    let other = |name: &str, value: f64| {
        result(folder, name, |result| {
            result["metrics"]["fd_efflite0"] = json!({ "value": value, "standard_error": 0.4 });
            result["metrics"]["recall"] = json!({ "value": 0.5, "standard_error": 0.1 });
            result["labels"] = "random".into();
        })
    };
    // The standard error of the difference is 0.5.
    for (value, difference, judgement) in [
        (12.99, "0.9900 ± 0.5000", "not distinguishable"),
        (13.01, "1.0100 ± 0.5000", "B is higher: worse"),
        (10.0, "-2.0000 ± 0.5000", "B is lower: better"),
    ] {
        let printed = compare(folder, &[&a, &other("b.json", value)]).succeeded().printed;
        let line = printed.lines().find(|line| line.starts_with("FD-EffLite0")).unwrap();
        assert!(line.contains("12.0000 ± 0.3000") && line.contains(difference), "{line}");
        assert!(line.ends_with(judgement), "{line}");
    }
    let b = other("b.json", 10.0);
    let printed = compare(folder, &[&a, &b]).succeeded().printed;
    for part in [
        "no judgement is possible\n",
        "--repeats 3 gives one, which A and B lack",
        "not compared: recall: A does not have it (REFERENCE has statistics)",
        "not compared: class accuracy of real ones: it is of the reference",
        "not compared: memorisation: it is of other training or held-out images",
        "the labels are balanced in A and random in B",
        "500 images each against a reference of hash 00ff; EfficientNet-Lite0 (weights abcd), protocol adm",
    ] {
        assert!(printed.contains(part), "`{part}` is not in {printed}");
    }
    let file = at(folder, "differences.json");
    let table = compare(folder, &[&a, &b, "--json", &file]).succeeded().printed;
    assert_eq!(table, printed);
    let written: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let fd = &written["metrics"]["fd_efflite0"];
    assert_eq!((&fd["difference"], &fd["judgement"]), (&json!(-2.0), &json!("lower")));
    assert_eq!((&fd["a"]["value"], &fd["b"]["value"]), (&json!(12.0), &json!(10.0)));
    assert_eq!(written["metrics"]["precision"]["judgement"], "impossible");
}

#[test]
fn results_that_were_measured_otherwise_are_refused_with_both_values() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    let a = result(folder, "a.json", |_| {});
    let cases: &[(Change, &[&str])] = &[
        (
            |result| result["protocol"] = "clean".into(),
            &["B", "b.json", "a.json", "protocol clean and not protocol adm", "same --protocol"],
        ),
        (
            |result| result["extractor"]["hash"] = "ef01".into(),
            &["of hash ef01 and not network weights of hash abcd", "--inception or --dinov2"],
        ),
        (
            |result| result["extractor"]["name"] = "Inception-v3".into(),
            &["network Inception-v3 and not network EfficientNet-Lite0"],
        ),
        (
            |result| result["reference"]["hash"] = "11ee".into(),
            &["a reference of hash 11ee and not a reference of hash 00ff", "REFERENCE"],
        ),
        (
            |result| result["reference"]["hash"] = Value::Null,
            &["the reference heroes.tar without a hash and not a reference of hash 00ff"],
        ),
        (
            |result| {
                result["images"] = 2000.into();
                result["protocol"] = "clean".into();
            },
            &["2000 images and not 500 images", "same --protocol and --images"],
        ),
        (
            |result| result["images"] = Value::Null,
            &["B", "its samples were statistics", "measure the images themselves"],
        ),
        (
            |result| result["extractor"]["name"] = "VGG".into(),
            &["this program has no network `VGG`"],
        ),
        (|result| result["metrics"]["fd_efflite0"]["value"] = "12".into(), &["it is no result"]),
        (
            |result| result["metrics"]["precision"]["standard_error"] = (-0.5).into(),
            &["a standard error is -0.5"],
        ),
        (|result| *result = json!({ "attributes": [] }), &["it is no result", "--json"]),
    ];
    for (change, parts) in cases {
        let b = result(folder, "b.json", change);
        let run = compare(folder, &[&a, &b]);
        run.refused(parts);
        assert_eq!((run.status.code(), run.printed.as_str()), (Some(1), ""));
    }
    compare(folder, &[&a, &at(folder, "none.json")]).refused(&["cannot read", "none.json"]);
    compare(folder, &[&a, &a, "--json", &a]).refused(&["--json", "another file of this call"]);
    let unnamed: Change = |result| result["reference"]["hash"] = Value::Null;
    let both = ["c.json", "d.json"].map(|name| result(folder, name, unnamed));
    let said = compare(folder, &[&both[0], &both[1]]).succeeded().printed;
    assert!(said.contains("do not say of which images they are: real/heroes.tar in A"), "{said}");
}

#[test]
fn what_a_measurement_writes_is_read() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| at(scratch.path(), name);
    for (name, places) in [("a", 0..8), ("b", 8..16), ("real", 16..24)] {
        let records = shipped("heroes-heldout.tar", places);
        write(&scratch.path().join(name), records.into_iter().map(|record| record.image));
    }
    for side in ["a", "b"] {
        let json = at(&format!("{side}.json"));
        let line = ["images", &at(side), &at("real"), "--json", &json, "--device", "cpu"];
        evaluate(&scratch.path().join("cache"), &line).succeeded();
    }
    let printed = compare(scratch.path(), &[&at("a.json"), &at("b.json")]).succeeded().printed;
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    let names: Vec<_> = printed.lines().skip(1).take(6).filter_map(first).collect();
    let expected = ["FD-EffLite0", "KID-EffLite0", "precision", "recall", "density", "coverage"];
    assert_eq!(names, expected);
}

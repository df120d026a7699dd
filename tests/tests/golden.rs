//! The golden runner passes on the shipped fixtures, and fails on anything that is wrong.

mod folder;

use std::collections::BTreeSet;
use std::path::Path;

use burn::backend::{Autodiff, Flex};
use folder::{FIXTURES, Folder};
use tests::{Kind, Manifest, Report, Verdict, kind, run};

fn verify(folder: &Path) -> Report {
    let device = burn::backend::flex::FlexDevice;
    run::<Autodiff<Flex>>(folder, &device, None, &mut |_| {}).unwrap()
}

/// Names of the failed cases.
fn failures(report: &Report) -> Vec<&str> {
    report.failures().map(|o| o.case.as_str()).collect()
}

/// Everything that failed, one line a case.
fn lines(report: &Report) -> String {
    let lines: Vec<String> = report.failures().map(ToString::to_string).collect();
    lines.join("\n")
}

#[test]
fn every_case_of_the_shipped_fixtures_passes() {
    let report = verify(Path::new(FIXTURES));
    assert!(report.is_success(), "{report}\n{}", lines(&report));

    let manifest = Manifest::open(Path::new(FIXTURES)).unwrap();
    let mut kinds = BTreeSet::new();
    // A case that was skipped covers nothing.
    let passed: Vec<&str> = report.with(Verdict::Passed).map(|o| o.case.as_str()).collect();
    for entry in &manifest.entries {
        let start = format!("{}/", entry.stem());
        match kind(&manifest, entry) {
            Some(Kind::Photo) => assert!(passed.iter().any(|case| case.contains(&start))),
            Some(Kind::TextEncoderPart) => {}
            Some(kind) => {
                let has_cases = passed.iter().any(|case| case.starts_with(&start));
                assert!(has_cases, "{} has no case that passed", entry.file);
                kinds.insert(format!("{kind:?}"));
            }
            None => panic!("{} is of no kind", entry.file),
        }
    }
    assert_eq!(kinds.len(), 20, "{kinds:?}");
}

#[test]
fn gradients_and_steps_are_checked_for_every_parameter() {
    let report = verify(Path::new(FIXTURES));
    let count = |start: &str| {
        let cases = report.with(Verdict::Passed);
        cases.filter(|o| o.case.starts_with(start)).count()
    };
    // 49 and 70 parameters, and all of them together (and the norm of the gradient).
    assert_eq!(count("train_grads/"), 49 + 2);
    assert_eq!(count("train_batch_text/grad/"), 70 + 1);
    for step in ["wd0/step1", "wd0/step2", "wd0/step3", "wd0/ema0.9/step3", "wd0.01/step3"] {
        assert!(count(&format!("train_steps/{step}")) > 0, "{step}");
    }
}

#[test]
fn a_wrong_weight_fails_exactly_the_numbers_it_acts_on() {
    let folder = Folder::with(&["cls_b.safetensors", "cls_c.safetensors"])
        .and(&["cls_b_forward.safetensors", "cls_c_forward.safetensors"]);
    assert!(verify(folder.path()).is_success());
    folder.add("cls_c.safetensors", "transformer_blocks.0.attn1.k_proj.weight", 0, 1e-2);
    let report = verify(folder.path());
    let expected = ["f0/out", "f1/out", "f1/act/block0_attn1", "f1/act/block0_out", "f2/out"];
    let expected: Vec<String> = expected.map(|part| format!("cls_c_forward/{part}")).into();
    assert_eq!(failures(&report), expected, "{}", lines(&report));
}

#[test]
fn a_wrong_gradient_fails_its_parameter_and_the_sum() {
    let folder = Folder::with(&["cls_a.safetensors", "train_batch.safetensors"])
        .and(&["train_grads.safetensors"]);
    folder.add("train_grads.safetensors", "transformer_blocks.1.norm3.weight", 5, 1e-2);
    let report = verify(folder.path());
    let expected = ["transformer_blocks.1.norm3.weight", "all_parameters"];
    let expected: Vec<String> = expected.map(|part| format!("train_grads/{part}")).into();
    assert_eq!(failures(&report), expected, "{}", lines(&report));
}

#[test]
fn a_wrong_output_fails_alone() {
    let folder = Folder::with(&["cls_b.safetensors", "cls_b_forward.safetensors"]);
    folder.add("cls_b_forward.safetensors", "f2/out_f64", 7, 1e-3);
    assert_eq!(failures(&verify(folder.path())), ["cls_b_forward/f2/out"]);
}

#[test]
fn a_wrong_state_on_the_way_fails_alone() {
    let folder = Folder::with(&["smp.safetensors", "euler_3.safetensors"]);
    folder.add("euler_3.safetensors", "stage2/step0", 11, 1e-3);
    assert_eq!(failures(&verify(folder.path())), ["euler_3/stage2/step0"]);
}

#[test]
fn wrong_noise_fails_everything_after_it() {
    let folder = Folder::with(&["smp.safetensors", "euler_3.safetensors"]);
    folder.add("euler_3.safetensors", "block_noise/stage3", 0, 1e-2);
    let report = verify(folder.path());
    let expected = ["stage3/start", "stage3/step0", "stage3/step1", "samples"];
    let expected: Vec<String> = expected.map(|part| format!("euler_3/{part}")).into();
    assert_eq!(failures(&report), expected, "{}", lines(&report));
}

#[test]
fn a_wrong_feature_fails_what_is_measured_on_it() {
    let folder = Folder::with(&["metrics.safetensors", "inception.safetensors"]);
    // In an image behind the first 40, which the distance of few images does not see.
    folder.add("metrics.safetensors", "features2", 100 * 64 + 7, 1e-1);
    folder.add("inception.safetensors", "pool3_1", 5, 1e-2);
    let report = verify(folder.path());
    let metrics = ["full/mu2", "full/sigma2", "frechet/full"].map(|part| format!("metrics/{part}"));
    let expected = [&metrics[..], &["inception/pool3_1".to_owned()]].concat();
    assert_eq!(failures(&report), expected, "{}", lines(&report));
}

#[test]
fn a_wrong_schedule_fails_alone() {
    let folder = Folder::with(&["scheduler.json", "scheduler_tables.safetensors"]);
    assert!(verify(folder.path()).is_success());
    folder.replace("scheduler.json", "0.14285714285714285", "0.14285714285814285");
    let report = verify(folder.path());
    let expected = ["scheduler/N1000_S4/stage1/start_t", "scheduler/N100_S4/stage1/start_t"];
    assert_eq!(failures(&report), expected, "{}", lines(&report));
}

#[test]
fn a_wrong_pixel_is_named() {
    let folder = Folder::with(&["images.safetensors", "photo0.png"]);
    folder.flip_bit("images.safetensors", "photo1/crop32", (3 * 32 + 5) * 3 + 2);
    let report = verify(folder.path());
    assert_eq!(failures(&report), ["images/photo1/crop32"]);
    let details = &report.failures().next().unwrap().details;
    assert!(details.starts_with("first at x 5 y 3 channel 2: "), "{details}");
}

#[test]
fn a_wrong_checkpoint_fails() {
    let folder = Folder::with(&["cls_a.safetensors", "cls_a.pt"]);
    folder.add("cls_a.safetensors", "proj_out_2.bias", 0, 1e-6);
    let report = verify(folder.path());
    assert_eq!(failures(&report), ["cls_a/state_dict"]);
    let details = &report.failures().next().unwrap().details;
    assert_eq!(details, "first in proj_out_2.bias");
}

#[test]
fn damaged_and_missing_files_are_failed_cases_and_not_the_end() {
    let folder = Folder::with(&["cls_b.safetensors", "cls_b_forward.safetensors", "cls_a.pt"])
        .and(&["scheduler.json", "rope.safetensors", "block_noise.safetensors"]);
    folder.truncate("cls_b.safetensors", 1000);
    folder.truncate("cls_a.pt", 5000);
    folder.truncate("scheduler.json", 300);
    folder.remove("block_noise.safetensors");
    let report = verify(folder.path());
    let expected = ["scheduler", "cls_b", "cls_b_forward", "cls_a", "block_noise"];
    assert_eq!(failures(&report), expected, "{}", lines(&report));
    assert!(report.failures().all(|o| !o.details.is_empty()));
    assert_eq!(report.count(Verdict::Passed), 26, "the rotary tables");
}

#[test]
fn a_panic_within_a_case_is_a_failed_case() {
    let folder = Folder::with(&["cls_b.safetensors", "cls_b_forward.safetensors"]);
    // A label that the model does not have.
    folder.set_integer("cls_b_forward.safetensors", "f0/labels", 1, 77);
    let report = verify(folder.path());
    assert_eq!(failures(&report), ["cls_b_forward/f0"]);
    let details = &report.failures().next().unwrap().details;
    assert!(details.starts_with("panicked: labels"), "{details}");
}

#[test]
fn files_are_known_by_what_they_hold_and_not_by_their_names() {
    let folder = Folder::with(&["smp.safetensors", "euler_0.safetensors", "dopri5_0.safetensors"])
        .and(&["cls_a.safetensors", "cls_a.pt", "cls_a_train.pt", "embeddings.safetensors"])
        .and(&["cls_a_forward.safetensors", "train_batch.safetensors"])
        .and(&["train_grads.safetensors", "train_steps.safetensors"]);
    let before = verify(folder.path());
    assert!(before.is_success(), "{}", lines(&before));
    for (old, new) in [
        ("smp.safetensors", "another_model.safetensors"),
        ("euler_0.safetensors", "euler_17.safetensors"),
        ("dopri5_0.safetensors", "adaptive.safetensors"),
        ("cls_a.safetensors", "cls_q.safetensors"),
        ("cls_a.pt", "released.pt"),
        ("cls_a_train.pt", "checkpoint.pt"),
        ("cls_a_forward.safetensors", "passes.safetensors"),
        ("embeddings.safetensors", "sinusoids.safetensors"),
        ("train_batch.safetensors", "packed_7.safetensors"),
        ("train_grads.safetensors", "slopes.safetensors"),
        ("train_steps.safetensors", "adamw.safetensors"),
    ] {
        folder.rename(old, new);
    }
    let after = verify(folder.path());
    assert!(after.is_success(), "{}", lines(&after));
    assert_eq!(after.count(Verdict::Passed), before.count(Verdict::Passed));
}

#[test]
fn files_of_unknown_kind_are_skipped_and_not_counted() {
    let folder = Folder::with(&["rope.safetensors", "metrics.safetensors"]);
    folder.replace("manifest.json", "pr/real_radii", "pr/reach");
    let report = verify(folder.path());
    assert_eq!(report.to_string(), "26 passed, 0 failed");
    let skipped: Vec<_> = report.with(Verdict::Skipped).map(|o| o.case.as_str()).collect();
    assert_eq!(skipped, ["metrics.safetensors"]);
}

#[test]
fn a_missing_record_of_the_error_is_a_failure_and_not_a_pass() {
    let folder = Folder::with(&["cls_b.safetensors", "cls_b_forward.safetensors"]);
    folder.replace("manifest.json", "err_f32_vs_f64", "error");
    let report = verify(folder.path());
    let expected = ["cls_b_forward/f0", "cls_b_forward/f1", "cls_b_forward/f2"];
    assert_eq!(failures(&report), expected);
}

#[test]
fn a_filter_runs_the_cases_it_names() {
    let device = burn::backend::flex::FlexDevice;
    let filtered = |filter| {
        let folder = Path::new(FIXTURES);
        let report = run::<Autodiff<Flex>>(folder, &device, Some(filter), &mut |_| {}).unwrap();
        report.outcomes.into_iter().map(|o| o.case).collect::<Vec<_>>()
    };
    assert_eq!(filtered("euler_1/samples"), ["euler_1/samples"]);
    let middles = filtered("/mid");
    assert_eq!(middles.len(), 4, "{middles:?}");
    assert!(filtered("no such case").is_empty());
}

#[test]
fn folders_without_a_usable_manifest_are_refused() {
    let device = burn::backend::flex::FlexDevice;
    let message = |folder: &Folder| {
        let result = run::<Autodiff<Flex>>(folder.path(), &device, None, &mut |_| {});
        result.unwrap_err().to_string()
    };
    let folder = Folder::with(&["rope.safetensors"]);
    let cases = [
        ("{", "is no manifest of fixtures: EOF"),
        ("[]", "it has no object `files`"),
        (r#"{"files": {}}"#, "it lists no files"),
        (r#"{"files": {"a": 1}}"#, "what it says of `a` is no object"),
        (r#"{"files": {"../a": {}}}"#, "`../a` is no name of a file beside it"),
        (r#"{"files": {"/etc/passwd": {}}}"#, "is no name of a file beside it"),
    ];
    for (manifest, expected) in cases {
        folder.write("manifest.json", manifest);
        let message = message(&folder);
        assert!(message.contains(expected), "{manifest}: {message}");
    }
    folder.remove("manifest.json");
    assert!(message(&folder).contains("must name a folder with a manifest.json"));
}

//! `train doctor`: a run is timed before it begins, and one that cannot be is told from one that can.
#![cfg(unix)]

use program_tests::Program;

const TRAIN: Program = Program(env!("CARGO_BIN_EXE_train"));

#[test]
fn a_run_is_timed_in_every_precision_without_its_images() {
    let set = |more: &str| {
        let settings =
            ["data.source.paths=[\"nowhere.tar\"]", "train.gradient_accumulation=2", more];
        let settings = settings.iter().flat_map(|setting| ["--set", setting]);
        let start = ["doctor", "--recipe", "smoke", "--device", "cpu"];
        TRAIN.run(&start.into_iter().chain(settings).collect::<Vec<_>>())
    };
    for precision in ["f32", "bf16", "f16"] {
        let said = set(&format!("train.precision={precision}")).succeeded().printed;
        assert!(said.contains(" would fit, too") && said.contains(" s a step of "), "{said}");
        assert!(said.contains("12 steps take 0.0 minutes"), "{said}");
    }
    let wrong = set("train.lr=-1");
    assert_eq!(wrong.status.code(), Some(1));
    assert!(wrong.printed.contains("!!   training      ") && wrong.printed.contains("train.lr"));
}

#[test]
fn a_text_run_with_a_learning_encoder_is_timed_too() {
    let small = [
        "--set",
        "model.depth=1",
        "--set",
        "train.batch_size=4",
        "--set",
        "train.initial_weights=\"\"",
    ];
    let start = ["doctor", "--recipe", "demo-text", "--device", "cpu"];
    let said = TRAIN.run(&[&start[..], &small].concat()).succeeded().printed;
    assert!(said.contains(" s a step of 4 images"), "{said}");
}

#[test]
fn what_does_not_fit_says_with_what_it_would() {
    let xl = ["doctor", "--recipe", "imagenet-256-xl", "--device", "cpu"];
    let large = ["--set", "train.batch_size=4096"];
    let run = TRAIN.run(&[&xl[..], &large].concat());
    assert_eq!(run.status.code(), Some(1), "{run:?}");
    assert!(run.printed.contains("!!   batch         does not fit:"), "{run:?}");
    assert!(run.printed.contains("train.gradient_accumulation="), "{run:?}");
}

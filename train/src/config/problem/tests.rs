//! Every rule, from the outside.

use crate::config::settings::TrainConfig;

fn check(assignments: &[&str]) -> Result<(), String> {
    TrainConfig::of(assignments).check().map(drop).map_err(|error| error.to_string())
}

#[test]
fn every_senseless_value_is_named_with_a_fix() {
    for (assignment, expected) in [
        (
            "data.resolution=36",
            "data.resolution is 36: it must be a multiple of 32 (patch_size 4, 4 stages), at most 4096; 32 is the nearest",
        ),
        ("data.resolution=0", "data.resolution is 0: it must be a multiple of 32"),
        (
            "data.resolution=8192",
            "data.resolution is 8192: it must be a multiple of 32 (patch_size 4, 4 stages), at most 4096; 4096 is the nearest",
        ),
        (
            "data.cache_mib=9000000000000000000",
            "data.cache_mib is 9000000000000000000: it must be 0 to ",
        ),
        (
            "train.steps=9000000000000000",
            "train.steps is 9000000000000000: with this train.batch_size it is at most 35184372088832",
        ),
        ("train.eps=1e-60", "it must be above 0"),
        (
            "preview={ images_per_class = 256, max_classes = 256 }",
            "preview.images_per_class is 256: with 256 rows of this data.resolution it is at most 16",
        ),
        (
            "model.patch_size=4611686018427387904",
            "patch_size is 4611686018427387904, it must be 1 to 256",
        ),
        ("data.expand_ratio=0.5", "data.expand_ratio is 0.5: it must be 1 to 8"),
        ("data.prefetch=5000", "data.prefetch is 5000: it must be 0 to 1024"),
        ("data.threads=5000", "data.threads is 5000: it must be 0 to 1024"),
        ("train.steps=0", "train.steps is 0: train at least 1 step"),
        ("train.batch_size=0", "train.batch_size is 0: a batch has 1 to 1048576 images"),
        (
            "train.gradient_accumulation=0",
            "train.gradient_accumulation is 0: it must divide train.batch_size (256)",
        ),
        (
            "train.gradient_accumulation=3",
            "train.gradient_accumulation is 3: it must divide train.batch_size (256)",
        ),
        ("train.lr=0", "train.lr is 0.0: it must be above 0, such as 1e-4"),
        ("train.lr=nan", "train.lr is nan: it must be above 0"),
        ("train.lr=inf", "train.lr is inf: it must be above 0"),
        ("train.min_lr=1", "train.min_lr is 1.0: it must be 0 to train.lr (0.0001)"),
        (
            "train.warmup_steps=100001",
            "train.warmup_steps is 100001: it must be at most train.steps (100000)",
        ),
        (
            "train.betas=[0.9, 1.0]",
            "train.betas is [0.9, 1.0]: both must be at least 0 and below 1",
        ),
        ("train.eps=0", "train.eps is 0.0: it must be above 0"),
        ("train.weight_decay=-0.1", "train.weight_decay is -0.1: it must be at least 0"),
        ("train.clip_norm=-1", "train.clip_norm is -1.0: it must be at least 0; 0 does not clip"),
        ("train.ema_decay=1", "train.ema_decay is 1.0: it must be at least 0 and below 1"),
        ("train.label_dropout=2", "train.label_dropout is 2.0: it must be 0 to 1"),
        ("checkpoint.keep_last=0", "checkpoint.keep_last is 0: keep at least 1 checkpoint"),
        ("validation.batches=0", "validation.batches is 0: validate on at least 1 batch"),
        ("preview.images_per_class=0", "preview.images_per_class is 0: it must be 1 to 256"),
        ("preview.max_classes=1000", "preview.max_classes is 1000: it must be 1 to 256"),
        (
            "preview.sampler.steps=[1, 2]",
            "steps has 2 numbers, it must have 1, or one for each of the 4 stages",
        ),
        ("evaluation.images=1", "evaluation.images is 1: it must be 2 to 16777216"),
        ("evaluation.metrics=[]", "evaluation.metrics is []: name \"frechet\", \"kernel\" or both"),
        (
            "evaluation.metrics=['kernel', 'kernel']",
            "evaluation.metrics is [\"kernel\", \"kernel\"]: name",
        ),
        (
            "evaluation.sampler.steps=[1, 2]",
            "evaluation.sampler is invalid: invalid sampler configuration: steps has 2 numbers",
        ),
        ("model.depth=0", "depth is 0, it must be 1 to 1024"),
        ("model.in_channels=1", "out_channels is 3, it must equal in_channels"),
        ("cascade.stages=0", "stages is 0, it must be 1 to 16"),
    ] {
        let message = check(&[assignment]).unwrap_err();
        assert!(message.contains(expected), "{assignment}: {message}");
    }
    check(&[]).unwrap();
}

#[test]
fn all_problems_are_listed_at_once() {
    let message = check(&["train.lr=-1", "train.steps=0", "model.patch_size=0"]).unwrap_err();
    assert!(message.starts_with("the configuration is invalid:\n  "), "{message}");
    for key in ["train.lr", "train.steps", "patch_size"] {
        assert!(message.contains(key), "{message}");
    }
}

#[test]
fn odd_patches_need_sides_that_can_be_halved_once_more() {
    let odd = ["model.patch_size=3", "cascade.stages=2", "preview.sampler.steps=[1]"];
    let with = |side: &'static str| check(&[odd[0], odd[1], odd[2], side]);
    let message = with("data.resolution=6").unwrap_err();
    assert!(message.contains("it must be a multiple of 12"), "{message}");
    with("data.resolution=12").unwrap();
}

#[test]
fn validation_images_come_from_one_place() {
    let both = [
        r#"data.validation={ kind = "folder", path = "held" }"#,
        r#"data.held_out={ rule = "last", count = 3 }"#,
    ];
    check(&both[..1]).unwrap();
    check(&both[1..]).unwrap();
    let message = check(&both).unwrap_err();
    assert!(message.contains("data.held_out is invalid: data.validation is set too"), "{message}");
}

#[test]
fn grey_images_need_both_channel_counts() {
    check(&["model.in_channels=1", "model.out_channels=1"]).unwrap();
    let grey = ["model.in_channels=1", "model.out_channels=1", "evaluation.every=5"];
    let message = check(&grey).unwrap_err();
    assert!(
        message.contains("evaluation.every is 5: only images of 3 channels can be"),
        "{message}"
    );
    let message = check(&["model.in_channels=2", "model.out_channels=2"]).unwrap_err();
    assert!(message.contains("model.in_channels is 2: images have 3 channels"), "{message}");
}

//! Whatever ends a run, its state is saved first; what cannot be recorded ends none.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use program_tests::{Program, Run, listing, text};

const TRAIN: Program = Program(env!("CARGO_BIN_EXE_train"));

/// The arguments of a new small run in `out`, with settings over the smoke recipe.
fn arguments<'a>(out: &'a Path, settings: &[&'a str]) -> Vec<&'a str> {
    arguments_with("assets/demo/heroes-heldout.tar", out, settings)
}

/// The same for other data.
fn arguments_with<'a>(data: &'a str, out: &'a Path, settings: &[&'a str]) -> Vec<&'a str> {
    let start = ["--device", "cpu", "--recipe", "smoke", "--data", data, "--out", text(out)];
    let settings = [&["model.num_classes=16", "validation.every=0"], settings].concat();
    start.into_iter().chain(settings.into_iter().flat_map(|setting| ["--set", setting])).collect()
}

fn checkpoints(run: &Path) -> Vec<String> {
    listing(&run.join("checkpoints"))
}

#[test]
fn a_strict_run_that_meets_a_corrupt_image_has_saved_its_steps() {
    let scratch = tempfile::tempdir().unwrap();
    let (images, run) = (scratch.path().join("images"), scratch.path().join("run"));
    fs::create_dir_all(images.join("cat")).unwrap();
    for number in 0..20 {
        image::RgbImage::new(40, 36).save(images.join(format!("cat/{number:02}.png"))).unwrap();
    }
    fs::write(images.join("cat/20.png"), "no image").unwrap();
    let strict =
        ["model.num_classes=1", "data.strict=true", "train.batch_size=1", "train.steps=90"];
    let all = [&strict[..], &["checkpoint.every=0", "preview.every=0"]].concat();
    TRAIN.run(&arguments_with(text(&images), &run, &all)).refused(&["20.png"]);
    assert_eq!(checkpoints(&run).len(), 1);
}

#[test]
fn a_run_that_diverges_saves_the_state_before_and_its_advice_can_be_followed() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    let wild = ["train.lr=1e12", "train.clip_norm=0", "train.warmup_steps=0", "log.every=1"];
    let wild = [&wild[..], &["train.schedule=constant", "preview.every=0"]].concat();
    let diverged = TRAIN.run(&arguments(&run, &[&wild[..], &["train.steps=40"]].concat()));
    diverged.refused(&["the training diverged at step", "lower train.lr", "train.warmup_steps"]);
    let saved = checkpoints(&run);
    assert_eq!(saved.len(), 1);
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    assert!(!metrics.contains("\"loss\":null"), "{metrics}");
    for name in ["model.safetensors", "ema.safetensors"] {
        let bytes = fs::read(run.join("checkpoints").join(&saved[0]).join(name)).unwrap();
        let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let finite = |value: &[u8]| f32::from_le_bytes(value.try_into().unwrap()).is_finite();
        assert!(bytes[header..].chunks_exact(4).all(finite), "{name}");
    }
    // It is the state of a run that ends before that step.
    let step: u64 = saved[0].trim_start_matches("step-").parse().unwrap();
    let (whole, steps) = (scratch.path().join("whole"), format!("train.steps={step}"));
    TRAIN.run(&arguments(&whole, &[&wild[..], &[&steps]].concat())).succeeded();
    for name in ["model.safetensors", "optimizer.safetensors"] {
        let read = |run: &Path| fs::read(run.join("checkpoints").join(&saved[0]).join(name));
        assert!(read(&run).unwrap() == read(&whole).unwrap(), "{name}");
    }
    // The settings that it advises are accepted, whatever these weights are still good for.
    let calm = ["train.lr=1e-5", "train.warmup_steps=30", "train.clip_norm=0.1"];
    let calm = calm.iter().flat_map(|setting| ["--set", setting]);
    let start = ["--device", "cpu", "--resume", text(&run)];
    let again = TRAIN.run(&start.into_iter().chain(calm).collect::<Vec<_>>());
    assert!(again.message.contains("training in"), "{}", again.message);
}

#[test]
fn weights_with_which_nothing_can_be_drawn_have_diverged() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    let wild = ["train.lr=1e38", "train.steps=1", "train.warmup_steps=0", "preview.every=1"];
    TRAIN
        .run(&arguments(&run, &wild))
        .refused(&["the training diverged at step 1 (no preview can be drawn)", "lower train.lr"]);
}

#[test]
fn a_divergence_leaves_the_last_checkpoint_that_was_good() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    let every = ["checkpoint.every=1", "checkpoint.keep_last=1", "preview.every=0"];
    TRAIN.run(&arguments(&run, &[&["train.steps=3"], &every[..]].concat())).succeeded();
    assert_eq!(checkpoints(&run), ["step-00000003"]);
    let wild = ["train.steps=9", "train.lr=1e12", "train.clip_norm=0", "train.warmup_steps=0"];
    let wild = [&wild[..], &["train.rejected_steps=0"]].concat();
    let start = ["--device", "cpu", "--resume", text(&run)];
    let wild = wild.iter().flat_map(|setting| ["--set", setting]);
    let diverged = TRAIN.run(&start.into_iter().chain(wild).collect::<Vec<_>>());
    let advice = format!("--resume {}", run.join("checkpoints/step-00000003").display());
    diverged.refused(&["the training diverged at step", &advice]);
    // The step that diverged has saved what the step before it had left.
    assert_eq!(checkpoints(&run).len(), 2);
    TRAIN.run(&["--device", "cpu", "--resume", text(&run.join("checkpoints/step-00000003"))]);
}

#[test]
fn a_limit_on_the_length_of_files_is_an_error_and_no_death() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    let mut command = Program("sh").command(&["-c", r#"ulimit -f 64; exec "$0" "$@""#, TRAIN.0]);
    let limited = Run::of(command.args(arguments(&run, &["train.steps=2", "preview.every=0"])));
    limited.refused(&["error: cannot save checkpoint", "File too large", "free some space"]);
    assert_eq!(limited.status.code(), Some(1));
}

#[test]
fn what_has_a_checkpoint_s_name_and_is_none_is_set_aside() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    let place = run.join("checkpoints/step-00000002");
    for (number, foreign) in ["folder", "file", "link"].into_iter().enumerate() {
        let _ = fs::remove_dir_all(run.join("checkpoints"));
        fs::create_dir_all(run.join("checkpoints")).unwrap();
        let photos = scratch.path().join("photos");
        match foreign {
            "folder" => fs::create_dir(&place).and_then(|()| fs::write(place.join("a"), "mine")),
            "file" => fs::write(&place, "mine"),
            _ => fs::create_dir(&photos).and_then(|()| symlink(&photos, &place)),
        }
        .unwrap();
        let said = TRAIN.run(&arguments(&run, &["train.steps=2", "preview.every=0"])).succeeded();
        let expected = "is no checkpoint: it has no state.json; it is now in";
        assert!(said.message.contains(expected), "{foreign}: {}", said.message);
        assert_eq!(checkpoints(&run), ["set-aside-1", "step-00000002"], "{number}");
        assert!(place.join("state.json").exists() && !photos.join("state.json").exists());
        let aside = run.join("checkpoints/set-aside-1/step-00000002");
        let kept = if foreign == "folder" { aside.join("a") } else { aside };
        assert!(foreign == "link" && kept.is_symlink() || fs::read(kept).unwrap() == b"mine");
        for left in ["config.toml", "metrics.jsonl", "sessions.jsonl", "report.html", "loss.svg"] {
            fs::remove_file(run.join(left)).unwrap();
        }
        for left in ["previews", "tensorboard"] {
            fs::remove_dir_all(run.join(left)).unwrap();
        }
    }
}

#[test]
fn metrics_that_cannot_be_written_are_counted_and_end_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    fs::create_dir(&run).unwrap();
    symlink("/dev/full", run.join("metrics.jsonl")).unwrap();
    let said = TRAIN.run(&arguments(&run, &["train.steps=6", "log.every=2"])).succeeded().message;
    assert!(said.contains("metrics.jsonl: No space left") && said.contains("(3 times)"), "{said}");
    assert_eq!(checkpoints(&run), ["step-00000006"]);
}

#[test]
fn checkpoints_that_cannot_be_written_are_tried_again_and_the_exit_code_says_so() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    TRAIN.run(&arguments(&run, &["train.steps=2"])).succeeded();
    let more = ["--device", "cpu", "--resume", text(&run), "--set", "train.steps=6"];
    let more = [&more[..], &["--set", "checkpoint.every=1"]].concat();
    let full = TRAIN.run_on_a_full_disk(64, &more);
    let tried =
        ["step-00000003", "step-00000004", "step-00000005", "the run goes on and tries again"];
    full.refused(&[&tried[..], &["error: cannot save checkpoint"]].concat());
    assert_eq!(checkpoints(&run), ["step-00000002"]);
}

#[test]
fn what_stops_the_first_preview_stops_before_the_first_step() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    let long = ["preview.images_per_class=200", "preview.sampler.steps=[100]", "train.steps=8"];
    let mut command = TRAIN.command(&arguments(&run, &long));
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().starts_with("training in")));
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let rest: Vec<String> = said.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(rest.iter().any(|line| line.contains("before the first step")), "{rest:?}");
    assert!(!run.join("checkpoints").exists() || checkpoints(&run).is_empty());
}

#[test]
fn an_interrupted_preview_is_made_up_for_and_the_period_that_was_begun_is_kept() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    let long = ["preview.every=4", "preview.images_per_class=200", "preview.sampler.steps=[100]"];
    let steps = ["train.steps=8", "log.every=3", "checkpoint.every=0", "preview.max_classes=1"];
    let mut command = TRAIN.command(&arguments(&run, &[&steps[..], &long].concat()));
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    let metrics = || fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default();
    let deadline = Instant::now() + Duration::from_secs(300);
    while !metrics().contains("\"step\":3,") {
        assert!(
            Instant::now() < deadline && child.try_wait().unwrap().is_none(),
            "step 3 never came"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(300));
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(checkpoints(&run), ["step-00000004"]);
    assert!(!run.join("previews/step-00000004.png").exists(), "the preview was not interrupted");

    let start = ["--device", "cpu", "--resume", text(&run), "--set", "preview.images_per_class=1"];
    TRAIN.run(&start).succeeded();
    assert!(run.join("previews/step-00000004.png").exists());
    let records: Vec<serde_json::Value> =
        metrics().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen: Vec<u64> = records.iter().map(|r| r["step"].as_u64().unwrap()).collect();
    assert_eq!(seen, [3, 6, 8]);

    // The mean over steps 4 to 6 is that of a run that was never disturbed.
    let whole = scratch.path().join("whole");
    TRAIN.run(&arguments(&whole, &[&steps[..], &["preview.every=0"]].concat())).succeeded();
    let text = fs::read_to_string(whole.join("metrics.jsonl")).unwrap();
    let second: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    for field in ["loss", "stage_losses", "gradient_norm"] {
        assert_eq!(records[1][field], second[field], "{field}");
    }
}

//! Bad input is refused with a message that says what, where, and what to do; nothing is written.
#![cfg(unix)]

use std::fs;
use std::path::Path;

use program_tests::{Program, Run, listing, text};

const TRAIN: Program = Program(env!("CARGO_BIN_EXE_train"));

/// The program on the processor.
fn train(arguments: &[&str]) -> Run {
    TRAIN.run(&[&["--device", "cpu"], arguments].concat())
}

/// A folder of one class with one file, `name` holding `bytes`.
fn folder_of_images(folder: &Path, name: &str, bytes: &[u8]) -> String {
    fs::create_dir_all(folder.join("cat")).unwrap();
    fs::write(folder.join("cat").join(name), bytes).unwrap();
    text(folder).to_owned()
}

/// A tar file whose only member is `name`.
fn tar_with(path: &Path, name: &str) -> String {
    let mut archive = tar::Builder::new(fs::File::create(path).unwrap());
    let mut header = tar::Header::new_old();
    // Written directly: the crate itself refuses to make such a name.
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(4);
    header.set_cksum();
    archive.append(&header, &b"data"[..]).unwrap();
    archive.finish().unwrap();
    text(path).to_owned()
}

#[test]
// A table: one line a case.
#[expect(clippy::too_many_lines)]
fn bad_input_is_refused_with_a_message_that_helps() {
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| text(&scratch.path().join(name)).to_owned();
    let file = |name: &str, content: &str| {
        fs::write(scratch.path().join(name), content).unwrap();
        path(name)
    };
    let empty_folder = path("empty");
    fs::create_dir(&empty_folder).unwrap();
    let zero_byte_png = folder_of_images(&scratch.path().join("zero"), "a.png", b"");
    let traversal = tar_with(&scratch.path().join("evil.tar"), "../../etc/passwd");
    let text_file = file("notes.txt", "no images");
    let no_tar = file("noise.tar", &"x".repeat(2000));
    let broken_recipe = file("broken.toml", "[train\nlr = 1");
    let circle = file("circle.toml", &format!("extends = \"{}\"", path("circle.toml")));

    let folderr = file("folderr.toml", "[data.source]\nkind = \"folderr\"\npath = \"images\"");
    let clases = file("clases.toml", "[data.source]\nkind = \"folder\"\npath = \"a\"\nclases = []");
    let pathless = file("pathless.toml", "[data.source]\nkind = \"folder\"");
    let guidance = file(
        "guidance.toml",
        "[preview.sampler]\nsteps = [2]\nguidance = { schedule = \"constant\", sclae = 2.0 }",
    );
    let held_out = file("held_out.toml", "[data.held_out]\nrule = \"last\"\ncount = \"many\"");
    let long = "x".repeat(100_000);
    let long_line = file("long_line.toml", &format!("[train]\nlr = {long}"));
    let long_value = file("long_value.toml", &format!("[train]\nlr = '{long}'"));
    let (long_key, long_set) = (format!("train.{long}=1"), format!("train.lr={long}"));
    let missing = file("missing.toml", "# A recipe\nextends = \"base.toml\"");
    let unknown = file("unknown.toml", "extends = \"dmeo\"");
    let negative = file("negative.toml", "# A recipe\n\n[train]\nseed = 1\nsteps = -5");

    // Arguments → what the message says.
    let cases: &[(&[&str], &[&str])] = &[
        (&["--recipe", "dmeo"], &["no recipe `dmeo`", "did you mean `demo`?"]),
        (&["--recipe", "none.toml"], &["cannot read none.toml"]),
        (
            &["--recipe", &broken_recipe],
            &["broken.toml, line 1, column 7: this is not valid TOML: unclosed table"],
        ),
        (&["--recipe", &long_line], &["long_line.toml, line 2, column 6: this is not valid TOML"]),
        (
            &["--recipe", &long_value],
            &["long_value.toml, line 2: train.lr is ", "more letters), it must be a number"],
        ),
        (&["--set", &long_key], &["there is no key `train.xxx", "more letters)"]),
        (&["--set", &long_set], &["train.lr is \"xxx", "more letters), it must be a number"]),
        (
            &["--recipe", &missing],
            &[
                "missing.toml, line 2: extends is \"base.toml\", but there is no file /",
                "/base.toml",
            ],
        ),
        (
            &["--recipe", &unknown],
            &["unknown.toml, line 1: there is no recipe `dmeo`", "did you mean `demo`?"],
        ),
        (&["--recipe", &circle], &["is there a circle?"]),
        (
            &["--recipe", &folderr],
            &[
                "folderr.toml, line 2: data.source.kind is \"folderr\"",
                "it must be \"webdataset\", \"folder\" or \"idx\"",
            ],
        ),
        (
            &["--recipe", &clases],
            &[
                "clases.toml, line 4: there is no key `data.source.clases`",
                "`data.source.classes`?",
            ],
        ),
        (&["--recipe", &pathless], &["pathless.toml, line 1: data.source.path is missing"]),
        (
            &["--recipe", &guidance],
            &[
                "guidance.toml, line 3: there is no key `preview.sampler.guidance.sclae`",
                "did you mean `preview.sampler.guidance.scale`?",
            ],
        ),
        (
            &["--recipe", &held_out],
            &["held_out.toml, line 3: data.held_out.count is \"many\", it must be a whole number"],
        ),
        (&["--recipe", &negative], &["negative.toml, line 5: train.steps is -5"]),
        (
            &["--set", "preview.sampler.guidance.schedule=interval"],
            &["the configuration: preview.sampler.guidance.from is missing"],
        ),
        (
            &["--set", "data.source.kind=\"folderr\""],
            &["--set data.source.kind=\"folderr\": data.source.kind is \"folderr\""],
        ),
        (&["--set", "train.lrr=1"], &["no key `train.lrr`", "did you mean `train.lr`?"]),
        (&["--set", "train.lr"], &["write KEY=VALUE"]),
        (&["--set", "train.lr=fast"], &["train.lr is \"fast\", it must be a number"]),
        (&["--set", "train.lr=-1"], &["train.lr is -1", "it must be above 0"]),
        (&["--set", "train.steps=-5"], &["train.steps", "-5"]),
        (&["--set", "train.batch_size=0"], &["train.batch_size is 0", "1 to 1048576 images"]),
        (
            &["--set", "train.gradient_accumulation=7"],
            &["train.gradient_accumulation is 7", "it must divide train.batch_size (64)"],
        ),
        (
            &["--set", "data.resolution=36"],
            &[
                "data.resolution is 36",
                "a multiple of 16 (patch_size 4, 3 stages)",
                "32 is the nearest",
            ],
        ),
        (&["--set", "model.preset=huge"], &["no preset `huge`", "xl, large, base, small and tiny"]),
        (&["--set", "model.attention_head_dim=30"], &["attention_head_dim is 30", "multiple of 4"]),
        (&["--set", "cascade.stages=0"], &["stages is 0"]),
        (&["--set", "preview.sampler.steps=[1,2]"], &["preview.sampler", "2", "3"]),
        (&["--set", "model.num_classes=9"], &["16 classes", "--set model.num_classes=16"]),
        (&["--set", "model.in_channels=1", "--set", "model.out_channels=1"], &["3 channels"]),
        (&["--data", "nowhere"], &["cannot read nowhere"]),
        (&["--data", &text_file], &["it is a file that does not end in .tar"]),
        (&["--data", &empty_folder], &["neither tar files nor folders"]),
        (&["--data", &no_tar], &["noise.tar"]),
        (&["--data", &traversal], &["../../etc/passwd"]),
        (
            &[
                "--data",
                &zero_byte_png,
                "--set",
                "model.num_classes=1",
                "--set",
                "train.steps=1",
                "--set",
                "train.warmup_steps=0",
            ],
            &["a.png"],
        ),
        (&["--resume", &empty_folder], &["is not a run: it has no config.toml"]),
        (&["--device", "warp"], &["warp"]),
        (&["--out", "/sys/run"], &["cannot write /sys/run", "name a place that can be written to"]),
        (&["--out", "/dev/null/run"], &["cannot write /dev/null/run"]),
        (&["export", &empty_folder, &path("out")], &["is not a run: it has no checkpoint"]),
    ];
    let out = path("run");
    for (arguments, expected) in cases {
        let mut all: Vec<&str> = Vec::new();
        // The last word counts, so that a case may give its own.
        if !arguments.iter().any(|a| ["--out", "--resume", "export"].contains(a)) {
            all.extend(["--out", &out]);
        }
        all.extend(*arguments);
        let run = TRAIN.run(&all);
        run.refused(expected);
        assert!(run.message.len() < 5000, "{expected:?} is said in {} bytes", run.message.len());
        let checkpoints = Path::new(&out).join("checkpoints");
        assert!(!checkpoints.exists(), "{arguments:?} trained");
        let _ = fs::remove_dir_all(&out);
    }
}

#[test]
#[cfg(not(feature = "mpi"))]
fn one_of_several_ranks_without_mpi_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let mut command = TRAIN.command(&["--recipe", "smoke", "--out"]);
    let run = Run::of(command.arg(scratch.path().join("run")).env("OMPI_COMM_WORLD_SIZE", "2"));
    run.refused(&["one of 2 ranks", "OMPI_COMM_WORLD_SIZE", "--features mpi"]);
    assert!(!scratch.path().join("run").exists());
}

#[test]
fn an_existing_run_is_not_overwritten_and_only_its_free_settings_may_change() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    let out = text(&run);
    train(&["--recipe", "smoke", "--out", out]).succeeded();
    let before = listing(&run.join("checkpoints"));

    let again = train(&["--recipe", "smoke", "--out", out]);
    again.refused(&["already holds a run; continue it with --resume"]);

    train(&["--resume", out, "--set", "train.eps=5e-3", "--set", "model.depth=7"]).refused(&[
        "cannot be resumed with other settings",
        "model.depth was ",
        "now it is 7",
        "train.eps was ",
    ]);
    assert_eq!(listing(&run.join("checkpoints")), before);
}

#[test]
fn a_damaged_checkpoint_is_named_and_earlier_ones_stay_usable() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    let out = text(&run);
    let every = ["--set", "train.steps=2", "--set", "checkpoint.every=1"];
    train(&[&["--recipe", "smoke", "--out", out], &every[..]].concat()).succeeded();
    let newest = run.join("checkpoints/step-00000002");
    let weights = newest.join("model.safetensors");
    let bytes = fs::read(&weights).unwrap();
    fs::write(&weights, &bytes[..bytes.len() / 2]).unwrap();

    let more = ["--resume", out, "--set", "train.steps=3"];
    let advice = "remove it to resume from the checkpoint before it";
    train(&more).refused(&["step-00000002 is damaged", advice]);

    let state = newest.join("state.json");
    fs::write(&state, format!("{{\"step\": \"{}\"}}", "x".repeat(100_000))).unwrap();
    let refused = train(&more);
    refused.refused(&[
        "step-00000002 is damaged: state.json: invalid type",
        "more letters",
        advice,
    ]);
    assert!(refused.message.len() < 5000);

    fs::remove_dir_all(&newest).unwrap();
    train(&more).succeeded();
}

#[test]
fn a_disk_that_fills_up_stops_the_run_and_keeps_its_checkpoints() {
    let scratch = tempfile::tempdir().unwrap();
    let run = scratch.path().join("run");
    let out = text(&run);
    let one = ["--set", "train.steps=1", "--set", "train.warmup_steps=0"];
    train(&[&["--recipe", "smoke", "--out", out], &one[..]].concat()).succeeded();

    let two = ["--device", "cpu", "--resume", out, "--set", "train.steps=2"];
    let full = TRAIN.run_on_a_full_disk(64, &two);
    full.refused(&["cannot save checkpoint", "step-00000002", "earlier checkpoints are intact"]);
    assert_eq!(listing(&run.join("checkpoints")), ["step-00000001"]);

    // With room again the run goes on.
    TRAIN.run(&two).succeeded();
}

#[test]
fn a_corrupt_image_is_skipped_and_named_or_stops_a_strict_run() {
    let scratch = tempfile::tempdir().unwrap();
    let images = scratch.path().join("images");
    let data = folder_of_images(&images, "broken.png", b"no image");
    for name in ["a.png", "b.png", "c.png"] {
        image::RgbImage::new(40, 36).save(images.join("cat").join(name)).unwrap();
    }
    let run = scratch.path().join("run");
    let arguments = ["--recipe", "smoke", "--data", &data, "--set", "model.num_classes=1"];
    let arguments = [&arguments[..], &["--out", text(&run)]].concat();

    train(&[&arguments[..], &["--strict"]].concat()).refused(&["broken.png"]);

    fs::remove_dir_all(&run).unwrap();
    let said = train(&arguments).succeeded().message;
    assert!(said.contains("1 of 4 images skipped") && said.contains("broken.png"), "{said}");
}

//! Autoguidance through the real program: pictures name their guide, and one that has no part is refused.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use infer::read_picture;
use pixelflow::cascade::CascadeConfig;
use pixelflow::noise::{Key, Purpose};
use pixelflow::weights::{DType, ModelDescription, WeightSet, model_from, save_model};
use pixelflow::{PixelFlowConfig, Preset};
use program_tests::{Program, Run};

const INFER: Program = Program(env!("CARGO_BIN_EXE_infer"));

/// A folder with models, each file of weights from a seed of its own, of so many classes.
fn model(folder: &Path, classes: usize, weights: &[(&str, u64)]) {
    fs::create_dir_all(folder).unwrap();
    let config = PixelFlowConfig {
        depth: 1,
        num_attention_heads: 2,
        attention_head_dim: 8,
        ..Preset::Tiny.config(classes)
    };
    for (name, seed) in weights {
        let mut index = 0;
        let model = model_from::<Flex, ()>(&config, &FlexDevice, |_, shape| {
            index += 1;
            let values = Key::new(*seed, index, Purpose::Testing).normals(shape.iter().product());
            Ok(values.into_iter().map(|x| 0.2 * x).collect())
        });
        let none = BTreeMap::new();
        save_model(&model.unwrap(), &folder.join(name), DType::F32, &none).unwrap();
    }
    let description = ModelDescription {
        model: config,
        cascade: CascadeConfig { stages: 2, train_timesteps: 1000 },
        resolution: 16,
        class_names: None,
        text: None,
        sampler: None,
    };
    description.write(&folder.join("config.json")).unwrap();
}

/// A folder with `model`, `guide` beside it, and a run's checkpoint.
struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        let scratch = Self(tempfile::tempdir().unwrap());
        model(&scratch.at("model"), 3, &[("model.safetensors", 1)]);
        model(&scratch.at("guide"), 3, &[("model.safetensors", 2)]);
        model(&scratch.at("five"), 5, &[("model.safetensors", 1)]);
        let weights = [("ema.safetensors", 1), ("model.safetensors", 2)];
        model(&scratch.at("run/checkpoints/step-00000100"), 3, &weights);
        scratch
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the program in this folder.
    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = INFER.command(arguments);
        command.current_dir(self.0.path()).env("PIXELFLOW_CACHE", self.at("cache"));
        Run::of(command.args(["--device", "cpu"]))
    }

    fn sample(&self, more: &[&str]) -> Run {
        self.run(&[&["sample", "--steps", "2", "--class", "1", "--count", "1"], more].concat())
    }

    /// The pixels of a picture that the model draws.
    fn pixels(&self, more: &[&str]) -> Vec<u8> {
        let out = ["--model", "model", "--out", "drawn.png", "--scale", "1"];
        self.sample(&[&out, more].concat()).succeeded();
        read_picture(&self.at("drawn.png")).unwrap().0.into_raw()
    }
}

#[test]
fn a_picture_names_its_guide_and_is_drawn_again_with_that_alone() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.at("secret")).unwrap();
    fs::rename(scratch.at("guide"), scratch.at("secret/guide")).unwrap();
    let guided = ["--guidance", "constant:3", "--guide-model", "secret/guide"];
    scratch.sample(&[&["--model", "model", "--out", "a.png"], &guided[..]].concat()).succeeded();
    let guide = read_picture(&scratch.at("a.png")).unwrap().1.guide.unwrap();
    assert_eq!((guide.model.as_str(), guide.weights), ("guide", WeightSet::Ema));
    let bytes = fs::read(scratch.at("a.png")).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains("secret"), "the path is in it");

    let replay = |more: &[&str]| scratch.run(&[&["replay", "a.png"], more].concat());
    replay(&[]).refused(&["a.png was drawn with guide, which is not there", "--guide-model"]);
    let other = "was drawn with a model whose hash is ";
    replay(&["--guide-model", "model"]).refused(&[other, &guide.model_hash, "--guide-model"]);
    let again = replay(&["--guide-model", "secret/guide"]).succeeded();
    assert!(again.printed.contains("pixels equal"), "{}", again.printed);
    // In the folder that has it under its name, it is found.
    fs::rename(scratch.at("secret/guide"), scratch.at("guide")).unwrap();
    assert!(replay(&[]).succeeded().printed.contains("pixels equal"));

    scratch.pixels(&["--guidance", "constant:3"]);
    let unguided = scratch.run(&["replay", "drawn.png", "--guide-model", "guide"]);
    unguided.refused(&["--guide-model guide: the images of drawn.png were drawn without a guide"]);
}

#[test]
fn a_guide_changes_images_unless_it_is_the_model_and_that_is_said() {
    let scratch = Scratch::new();
    let pixels = |more: &[&str]| scratch.pixels(&[&["--guidance"], more].concat());
    let [plain, classifier_free] = ["1", "constant:3"].map(|scale| pixels(&[scale]));
    assert!(plain != classifier_free);
    let guided = pixels(&["constant:3", "--guide-model", "guide"]);
    assert!(guided != plain && guided != classifier_free);
    assert_eq!(pixels(&["constant:3", "--guide-model", "model"]), plain);
    let guided_by_itself = ["--model", "model", "--guide-model", "model", "--out", "b.png"];
    let note = "the guide is the model itself: the images are those of --guidance 1";
    let said = scratch.sample(&guided_by_itself).succeeded().message;
    assert!(said.contains(note), "{said}");
    // The weights being trained, the worse ones, of the same run.
    let run = ["constant:3", "--guide-model", "run", "--guide-weights"];
    assert_eq!(pixels(&[&run[..], &["model"]].concat()), guided);
    assert_eq!(pixels(&[&run[..], &["ema"]].concat()), plain);
}

#[test]
fn every_command_that_draws_takes_a_guide_and_refuses_one_without_a_part() {
    let scratch = Scratch::new();
    let demo = |name: &str| format!("{}/../assets/{name}", env!("CARGO_MANIFEST_DIR"));
    let (text_model, heroes) = (demo("demo-text/model"), demo("demo/heroes-heldout.tar"));
    fs::write(scratch.at("list.txt"), "an elf\n").unwrap();
    let of_text = ["--guide-model", "model"];
    let scale = ["the guidance scale is 1", "--guidance constant:2"];
    let classes = ["--guide-model model: the guide has 3 classes, the model 0; take another"];
    let generate = ["generate", "--layout", "coco", "--prompts", "list.txt", "--out", "out"];
    let captions = ["evaluate", "captions", "--heldout", &heroes, "--count", "2"];
    let measure = ["evaluate", "model", &heroes, "--images", "4", "--model", "model"];
    let sample = ["sample", "--model", "model", "--out", "new.png"];
    let prompt =
        ["sample", "--model", &text_model, "--guide-model", &text_model, "--prompt", "elf"];
    let cases: [(&[&str], &[&str], &[&str]); 9] = [
        (&sample, &["--guide-model", "five"], &["five: the guide has 5 classes, the model 3"]),
        (&sample, &["--guide-model", "guide", "--guidance", "1"], &scale),
        (&sample, &["--guide-model", "nowhere"], &["cannot read nowhere"]),
        (&sample, &["--guide-model", "hf:x"], &["--guide-model hf:x"]),
        (&sample, &["--guide-weights", "model"], &["--guide-model <PATH>"]),
        (
            &prompt,
            &["--negative", "ice"],
            &["takes the place of --negative", "leave one of them out"],
        ),
        (&generate, &of_text, &classes),
        (&captions, &of_text, &classes),
        (&measure, &["--guide-model", "guide", "--guidance", "constant:1"], &scale),
    ];
    for (command, more, parts) in cases {
        scratch.run(&[command, more].concat()).refused(parts);
    }
    assert!(!scratch.at("new.png").exists() && !scratch.at("out").exists());
    // What the messages advise is taken.
    scratch
        .sample(&["--model", "model", "--guide-model", "guide", "--guidance", "constant:2"])
        .succeeded();
    let guided = ["--guide-model", "guide", "--guidance", "constant:2", "--steps", "1"];
    let measured = scratch.run(&[&measure[..], &guided].concat()).succeeded().printed;
    assert!(measured.contains("; guided away from guide ("), "{measured}");
    scratch.run(&[&measure[..], &guided, &["--certificate", "c.json"]].concat()).succeeded();
    let page = fs::read_to_string(scratch.at("c.html")).unwrap();
    assert!(page.contains("guided away from"), "{page}");
    let check = ["evaluate", "--check", "c.json", "--reference", &heroes, "--model", "model"];
    let checked = scratch.run(&[&check[..], &["--guide-model", "guide"]].concat()).succeeded();
    assert!(checked.printed.contains("the certificate stands"), "{}", checked.printed);
    scratch.run(&[&check[..], &["--guide-model", "model"]].concat()).refused(&["guide"]);
    let sweep = ["sweep", &heroes, "--images", "4", "--model", "model", "--confirm", "0"];
    let swept = [&sweep[..], &guided, &["--out", "swept"]].concat();
    let swept = scratch.run(&swept).succeeded().printed;
    assert!(swept.contains("; guided away from guide ("), "{swept}");
    let planned = scratch.run(&[&sample[..], &guided, &["--dry-run"]].concat()).succeeded().printed;
    assert!(planned.contains("million parameters and the guide's 0.0 million: "), "{planned}");
}

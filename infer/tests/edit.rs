//! Editing through the real program: what a mask keeps is kept byte for byte, the same twice is the same, and
//! recipes know the files again.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use image::{GrayImage, Luma, Rgb, RgbImage};
use infer::{Recipe, read_picture};
use pixelflow::cascade::CascadeConfig;
use pixelflow::noise::{Key, Purpose};
use pixelflow::pipeline::{Begin, Mask, Picture};
use pixelflow::weights::{DType, ModelDescription, model_from, save_model};
use pixelflow::{PixelFlowConfig, Preset};
use program_tests::{Program, Run, listing, text};

const INFER: Program = Program(env!("CARGO_BIN_EXE_infer"));
/// Side of the images: two stages, patches of 4.
const SIDE: u32 = 16;

/// A folder with a model of three classes, a picture, a half of it and a mask.
struct Scratch(tempfile::TempDir);

impl Scratch {
    fn new() -> Self {
        let scratch = Self(tempfile::tempdir().unwrap());
        let folder = scratch.path("model");
        fs::create_dir(&folder).unwrap();
        let model = PixelFlowConfig {
            depth: 1,
            num_attention_heads: 2,
            attention_head_dim: 8,
            ..Preset::Tiny.config(3)
        };
        let mut index = 0;
        let weights = model_from::<Flex, ()>(&model, &FlexDevice, |_, shape| {
            index += 1;
            let values = Key::new(1, index, Purpose::Testing).normals(shape.iter().product());
            Ok(values.into_iter().map(|x| 0.2 * x).collect())
        });
        let file = folder.join("model.safetensors");
        save_model(&weights.unwrap(), &file, DType::F32, &BTreeMap::new()).unwrap();
        let description = ModelDescription {
            model,
            cascade: CascadeConfig { stages: 2, train_timesteps: 1000 },
            resolution: SIDE as usize,
            class_names: Some(["ant", "cat", "dog"].map(str::to_owned).to_vec()),
            text: None,
            sampler: None,
        };
        description.write(&folder.join("config.json")).unwrap();
        picture(SIDE).save(scratch.path("picture.png")).unwrap();
        picture(SIDE / 2).save(scratch.path("half.png")).unwrap();
        mask().save(scratch.path("mask.png")).unwrap();
        scratch
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn named(&self, name: &str) -> String {
        text(&self.path(name)).to_owned()
    }

    /// A command of the model; what begins with `@` is a file here.
    fn run(&self, command: &str, arguments: &[&str]) -> Run {
        let here = |argument: &&str| {
            argument.strip_prefix('@').map_or((*argument).to_owned(), |name| self.named(name))
        };
        let mut all = vec![command.to_owned(), "--model".to_owned(), self.named("model")];
        all.extend(arguments.iter().map(here));
        INFER.run(&all.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The only image that a command writes.
    fn drawn(&self, command: &str, arguments: &[&str]) -> (RgbImage, Recipe) {
        let out = tempfile::tempdir_in(self.0.path()).unwrap();
        let common = ["--device", "cpu", "--count", "1", "--out", text(out.path())];
        self.run(command, &[arguments, &common[..]].concat()).succeeded();
        let files = listing(out.path());
        assert_eq!(files.len(), 1, "{files:?}");
        read_picture(&out.path().join(&files[0])).unwrap()
    }
}

fn picture(side: u32) -> RgbImage {
    RgbImage::from_fn(side, side, |x, y| Rgb([x, y, x ^ y].map(|v| (v * 255 / side) as u8)))
}

/// The left half stays, a column is mixed, the rest is drawn.
fn mask() -> GrayImage {
    GrayImage::from_fn(SIDE, SIDE, |x, _| Luma([[0, 120, 255][x.clamp(7, 9) as usize - 7]]))
}

#[test]
fn what_the_mask_leaves_black_is_the_pictures_byte_for_byte() {
    let scratch = Scratch::new();
    let common = ["--image", "@picture.png", "--mask", "@mask.png", "--class", "cat"];
    for more in [
        &["--solver", "euler"][..],
        &["--solver", "heun", "--strength", "0.5"],
        &["--solver", "ab2", "--resample", "3"],
        &["--solver", "dopri5", "--from-stage", "1"],
        &["--solver", "unipc", "--resample", "2", "--strength", "0.3"],
    ] {
        let (edit, _) = scratch.drawn("edit", &[&common, more, &["--steps", "3"]].concat());
        let mut changed = 0;
        for (x, y, pixel) in edit.enumerate_pixels() {
            let before = picture(SIDE).get_pixel(x, y).0;
            assert!(x > 7 || pixel.0 == before, "{more:?}: {x}, {y}");
            changed += u32::from(x > 8 && pixel.0 != before);
            // Of what is mixed, 135 parts of 255 are the picture's, whatever is drawn.
            let is_mixed = |(found, kept): (&u8, u8)| {
                let least = i32::from(kept) * 135 / 255;
                (least..=least + 121).contains(&i32::from(*found))
            };
            assert!(x != 8 || pixel.0.iter().zip(before).all(is_mixed), "{more:?}: {x}, {y}");
        }
        assert!(changed > 50, "{more:?}: nothing is drawn");
    }
}

#[test]
fn a_picture_of_full_strength_is_what_sample_draws_and_less_is_the_same_twice() {
    let scratch = Scratch::new();
    let edit = |more: &[&str]| {
        let common = ["--image", "@picture.png", "--class", "cat", "--seed", "3"];
        scratch.drawn("edit", &[&common, more].concat())
    };
    let plain = scratch.drawn("sample", &["--class", "cat", "--seed", "3"]).0;
    assert!(edit(&["--strength", "1"]).0 == plain);
    let (middle, recipe) = edit(&[]);
    assert!(edit(&["--strength", "0.6"]).0 == middle, "the default is 0.6");
    assert!(middle != plain && middle != picture(SIDE));
    let far = |image: &RgbImage| {
        let pairs = image.as_raw().iter().zip(picture(SIDE).into_raw());
        pairs.map(|(a, b)| u64::from(a.abs_diff(b))).sum::<u64>()
    };
    let least = edit(&["--strength", "0"]).0;
    assert!(far(&least) < far(&middle) && far(&middle) < far(&plain));
    let recorded = recipe.edit.unwrap();
    let pixels = Picture::new([SIDE as usize; 2], picture(SIDE).into_raw());
    assert_eq!((recorded.picture, recorded.mask), (pixels.hash(), None));
    assert_eq!((recorded.begin, recorded.resample), (Begin::Strength(0.6), 1));
}

#[test]
fn a_half_becomes_a_whole_and_another_seed_a_variation_of_it() {
    let scratch = Scratch::new();
    let whole = |seed: &str| {
        let arguments =
            ["--image", "@half.png", "--from-stage", "1", "--class", "dog", "--seed", seed];
        scratch.drawn("edit", &arguments)
    };
    let (first, recipe) = whole("1");
    assert_eq!(first.dimensions(), (SIDE, SIDE));
    assert_eq!(recipe.edit.unwrap().begin, Begin::Stage(1));
    assert!(first == whole("1").0 && first != whole("2").0);
}

#[test]
fn an_edit_is_drawn_again_from_the_same_files_alone() {
    let scratch = Scratch::new();
    let masked = ["--image", "@picture.png", "--mask", "@mask.png", "--resample", "2"];
    let more = ["--class", "cat", "--count", "2", "--out"];
    scratch.run("edit", &[&masked[..], &more, &["@masked.png"]].concat()).succeeded();
    scratch.run("edit", &[&masked[..2], &more, &["@whole.png"]].concat()).succeeded();
    scratch.run("sample", &[&more[..], &["@plain.png"]].concat()).succeeded();
    // The same pixels in another file are the same picture.
    let rgba = image::DynamicImage::from(picture(SIDE)).into_rgba8();
    rgba.save(scratch.path("other-form.png")).unwrap();
    for files in [&masked[..4], &["--image", "@other-form.png", "--mask", "@mask.png"]] {
        let again = scratch.run("replay", &[&["@masked.png"], files].concat()).succeeded();
        assert_eq!(again.printed.trim(), "pixels equal");
    }
    let again = scratch.run("replay", &["@whole.png", "--image", "@picture.png"]).succeeded();
    assert_eq!(again.printed.trim(), "pixels equal");

    let sides = [SIDE as usize; 2];
    let of_picture = Picture::new(sides, picture(SIDE).into_raw()).hash();
    let of_mask = Mask::new(sides, mask().into_raw()).hash();
    let half = Picture::new([sides[0] / 2; 2], picture(SIDE / 2).into_raw()).hash();
    for (arguments, expected) in [
        (&["@masked.png"][..], &[&*of_picture, &of_mask, "give --image FILE --mask FILE"][..]),
        (&["@masked.png", "--image", "@picture.png"], &[&of_mask, "--mask FILE"]),
        (&["@whole.png"], &[&of_picture, "give --image FILE"]),
        (&["@whole.png", "--image", "@half.png"], &["half.png", &half, &of_picture]),
        (
            &["@masked.png", "--image", "@picture.png", "--mask", "@picture.png"],
            &["--mask", "picture.png", &of_mask],
        ),
        (
            &["@whole.png", "--image", "@picture.png", "--mask", "@mask.png"],
            &["--mask", "was not made from a mask; leave it out"],
        ),
        (
            &["@plain.png", "--image", "@picture.png"],
            &["was not made from a picture; leave it out"],
        ),
    ] {
        scratch.run("replay", arguments).refused(expected);
    }
}

#[test]
fn a_picture_of_our_own_is_taken_for_what_its_recipe_says() {
    let scratch = Scratch::new();
    scratch.run("sample", &["--class", "dog", "--count", "1", "--out", "@drawn"]).succeeded();
    let file = format!("drawn/{}", listing(&scratch.path("drawn"))[0]);
    let own = format!("@{file}");
    let views = ["--from-stage", "1", "--strip", "@strip.png"];
    let edit = [&["--image", &own, "--count", "1", "--out", "@grid.png"], &views[..]].concat();
    let run = scratch.run("edit", &edit).succeeded();
    assert!(run.message.contains("shows dog, as its recipe says"), "{}", run.message);
    assert_eq!(read_picture(&scratch.path("grid.png")).unwrap().1.rows[0].class, 2);
    // What was advised was done above.
    let grid = ["--image", "@grid.png", "--class", "dog"];
    let advice = ["grid with labels", "`infer sample --out FOLDER/`", "does not fit"];
    scratch.run("edit", &grid).refused(&advice);
    // What begins in the last stage has an end of one.
    assert!(scratch.path("strip.png").exists());
    // A grid shows many things, and the class of another model is none of this one's.
    let foreign = ["edit", "--image", &scratch.named(&file), "--out", &scratch.named("x.png")];
    INFER.run(&foreign).refused(&["no recipe of this model", "--class"]);
}

#[test]
fn a_picture_of_a_prompt_is_edited_by_the_model_that_reads_prompts() {
    let scratch = Scratch::new();
    let common = ["--device", "cpu", "--steps", "1", "--count", "1", "--out"];
    let drawn = ["sample", "--prompt", "an elf in a red robe", "--negative", "a shield"];
    INFER.run(&[&drawn[..], &common, &[&scratch.named("drawn")]].concat()).succeeded();
    let own = scratch.named(&format!("drawn/{}", listing(&scratch.path("drawn"))[0]));
    let out = scratch.named("edited.png");
    let run = INFER.run(&[&["edit", "--image", &own][..], &common, &[&out]].concat()).succeeded();
    assert!(
        run.message.contains("shows an elf in a red robe, as its recipe says"),
        "{}",
        run.message
    );
    let recipe = read_picture(&scratch.path("edited.png")).unwrap().1;
    assert_eq!(recipe.rows[0].prompt.as_deref(), Some("an elf in a red robe"));
    assert_eq!(recipe.rows[0].negative.as_deref(), Some("a shield"));
    let again = INFER.run(&["replay", &out, "--image", &own]).succeeded();
    assert_eq!(again.printed.trim(), "pixels equal");
}

#[test]
fn what_cannot_be_edited_is_refused_before_anything_is_done() {
    let scratch = Scratch::new();
    picture(15).save(scratch.path("odd.png")).unwrap();
    GrayImage::new(SIDE, SIDE).save(scratch.path("black.png")).unwrap();
    let bytes = fs::read(scratch.path("picture.png")).unwrap();
    fs::write(scratch.path("broken.png"), &bytes[..bytes.len() / 2]).unwrap();
    fs::write(scratch.path("text.png"), "no picture").unwrap();
    let image = ["--image", "@picture.png", "--class", "cat"];
    let masked = [&image[..], &["--mask", "@mask.png"]].concat();
    for (arguments, expected) in [
        (vec![], &["no picture to edit", "infer edit --image hero.png --strength 0.5"][..]),
        (vec!["--image", "@nothing.png"], &["cannot read", "nothing.png"]),
        (vec!["--image", "@broken.png"], &["broken.png"]),
        (vec!["--image", "@text.png"], &["text.png"]),
        (vec!["--image", "@picture.png"], &["no recipe of this model", "say with --class"]),
        (vec!["--image", "@odd.png", "--class", "cat"], &["size 15x15 does not fit", "16x16"]),
        (
            vec!["--image", "@half.png", "--class", "cat", "--size", "16"],
            &["has 8x8 pixels; for images of 16x16 it must have 16x16"],
        ),
        ([&image[..], &["--size", "32"]].concat(), &["for images of 32x32 it must have 32x32"]),
        ([&image[..], &["--mask", "@half.png"]].concat(), &["the mask has 8x8 pixels"]),
        (
            [&image[..], &["--mask", "@black.png"]].concat(),
            &["all black", "nothing would be drawn"],
        ),
        ([&image[..], &["--strength", "2"]].concat(), &["the strength is 2, it must be 0 to 1"]),
        (
            [&image[..], &["--strip", "@picture.png"]].concat(),
            &["--strip", "a picture that is read"],
        ),
        (
            [&masked[..], &["--animation", "@mask.png"]].concat(),
            &["--animation", "a picture that is read"],
        ),
        ([&image[..], &["--strength=-0.1"]].concat(), &["the strength is -0.1"]),
        ([&image[..], &["--strength", "NaN"]].concat(), &["the strength is NaN"]),
        ([&image[..], &["--strength", "half"]].concat(), &["half", "--strength"]),
        (
            [&image[..], &["--from-stage", "9"]].concat(),
            &["no stage 9 to begin at, they are 0 to 1"],
        ),
        (
            [&image[..], &["--from-stage", "1", "--strength", "1"]].concat(),
            &["--from-stage", "cannot be used with", "--strength"],
        ),
        ([&image[..], &["--resample", "2"]].concat(), &["without a mask"]),
        ([&masked[..], &["--resample", "33"]].concat(), &["resample is 33, it must be 1 to 32"]),
        (
            vec!["--image", "@picture.png", "--prompt", "a cat"],
            &["--prompt", "this model draws classes"],
        ),
    ] {
        let out = ["--out", "@new/out.png"];
        scratch.run("edit", &[&arguments[..], &out].concat()).refused(expected);
        assert!(!scratch.path("new").exists(), "{arguments:?} left something");
    }
    let over = [&image[..], &["--out", "@picture.png"]].concat();
    scratch.run("edit", &over).refused(&["--out", "a picture that is read"]);
    assert_eq!(fs::read(scratch.path("picture.png")).unwrap(), bytes);
}

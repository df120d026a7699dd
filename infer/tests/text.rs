//! Drawing from prompts with the real program, and what it says to bad ones.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use infer::{Recipe, read_picture, write_picture};
use pixelflow::PixelFlow;
use pixelflow::cascade::CascadeConfig;
use pixelflow::noise::{Key, Purpose};
use pixelflow::text::{T5Config, TextTokenizer};
use pixelflow::weights::{
    DType, ModelDescription, TextDescription, WeightSet, model_from, save_model, save_text_encoder,
};
use pixelflow::{PixelFlowConfig, Preset};
use program_tests::{Program, Run, listing, text};

/// Width of the states of the model's text encoder.
const WIDTH: usize = 32;

const INFER: Program = Program(env!("CARGO_BIN_EXE_infer"));

fn sample(cache: &Path, arguments: &[&str]) -> Command {
    let mut command = INFER.command(&["sample", "--device", "cpu", "--steps", "2"]);
    command.env("PIXELFLOW_CACHE", cache).args(arguments);
    command
}

/// A text model's folder: 2 stages, 16 x 16 pixels, prompts of 8 tokens at most.
fn model_folder(folder: &Path) -> String {
    let model = PixelFlowConfig {
        depth: 1,
        num_attention_heads: 2,
        attention_head_dim: 8,
        cross_attention_dim: Some(WIDTH),
        ..Preset::Tiny.config(0)
    };
    let mut index = 0;
    let weights: PixelFlow<Flex> = model_from::<Flex, ()>(&model, &FlexDevice, |_, shape| {
        index += 1;
        let values = Key::new(1, index, Purpose::Testing).normals(shape.iter().product());
        Ok(values.into_iter().map(|x| 0.2 * x).collect())
    })
    .unwrap();
    let encoder_folder = folder.join("text_encoder");
    fs::create_dir_all(&encoder_folder).unwrap();
    let file = folder.join("model.safetensors");
    save_model(&weights, &file, DType::F32, &BTreeMap::new()).unwrap();
    let description = ModelDescription {
        model,
        cascade: CascadeConfig { stages: 2, train_timesteps: 1000 },
        resolution: 16,
        class_names: None,
        text: Some(TextDescription { encoder: "text_encoder".to_owned(), max_tokens: 8 }),
        sampler: None,
    };
    description.write(&folder.join("config.json")).unwrap();
    let tokenizer = TextTokenizer::train(["a red robe on ice", "a blue hat"], 100).unwrap();
    let config = T5Config::small(WIDTH, 1, tokenizer.vocabulary());
    let encoder = config.init::<Flex>(3, &FlexDevice).unwrap();
    let (set, dtype) = (WeightSet::Model, DType::F32);
    save_text_encoder(&encoder, &config, &tokenizer, &encoder_folder, set, dtype).unwrap();
    text(folder).to_owned()
}

/// The pixels of a picture that these arguments draw.
fn pixels(scratch: &Path, arguments: &[&str]) -> Vec<u8> {
    let out = scratch.join("out.png");
    let mut command = sample(&scratch.join("cache"), arguments);
    Run::of(command.args(["--scale", "1", "--out", text(&out)])).succeeded();
    image::open(&out).unwrap().to_rgb8().into_raw()
}

#[test]
fn a_prompt_is_one_picture_whatever_is_drawn_beside_it() {
    let scratch = tempfile::tempdir().unwrap();
    let model = model_folder(&scratch.path().join("model"));
    let folder = |arguments: &[&str]| {
        let [out, cache] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let path = format!("{}/", out.path().display());
        // With a cache of its own, each run encodes and computes everything itself.
        let mut command = sample(cache.path(), &["--model", &model]);
        Run::of(command.args(arguments).args(["--out", &path])).succeeded();
        let pixels = |file: &String| image::open(out.path().join(file)).unwrap().to_rgb8();
        listing(out.path()).iter().map(pixels).collect::<Vec<_>>()
    };
    let list = scratch.path().join("list.txt");
    fs::write(&list, "a blue hat\n\na red robe\n").unwrap();
    let together = folder(&["--prompts", text(&list), "--count", "2"]);
    let alone = folder(&["--prompt", "a red robe", "--count", "2", "--batch", "1"]);
    assert_eq!(together.len(), 4);
    assert!(together[2..] == alone, "a prompt beside it changes an image");
    for batch in ["1", "3"] {
        let others = folder(&["--prompts", text(&list), "--count", "2", "--batch", batch]);
        assert!(others == together, "--batch {batch} changes images");
    }
    fs::write(&list, "a red robe\na blue hat\n").unwrap();
    let turned = folder(&["--prompts", text(&list), "--count", "2"]);
    assert!(turned[..2] == together[2..] && turned[2..] == together[..2], "order changes images");
    assert!(together[0] != together[2] && together[2] != together[3]);
}

#[test]
fn prompt_negative_and_guidance_each_matter() {
    let scratch = tempfile::tempdir().unwrap();
    let model = model_folder(&scratch.path().join("model"));
    let draw = |more: &[&str]| {
        let start = ["--model", &model, "--count", "1", "--prompt", "a red robe"];
        pixels(scratch.path(), &[start.as_slice(), more].concat())
    };
    let plain = draw(&["--guidance", "3"]);
    assert_eq!(draw(&["--guidance", "3"]), plain);
    assert_ne!(draw(&["--guidance", "1"]), plain);
    assert_ne!(draw(&["--guidance", "3", "--negative", "ice"]), plain);
    // Without guidance nothing is told of the negative.
    let without = draw(&["--guidance", "1", "--negative", "ice"]);
    assert_eq!(draw(&["--guidance", "1"]), without);
    for solver in ["heun", "dopri5"] {
        assert_ne!(draw(&["--guidance", "3", "--solver", solver]), plain);
    }
    // The reference has one guidance scale for all stages of a text model.
    assert_eq!(draw(&["--guidance", "constant:3"]), plain);
    // Any size that the cascade allows.
    assert_ne!(draw(&["--size", "8x24"]), plain);
}

#[test]
fn a_picture_from_a_prompt_is_drawn_again_from_its_recipe() {
    let scratch = tempfile::tempdir().unwrap();
    let model = model_folder(&scratch.path().join("model"));
    let negative = ["--negative", "a hat", "--count", "2"];
    let start = ["--model", &model, "--prompt", "a red robe"];
    pixels(scratch.path(), &[start.as_slice(), &negative].concat());
    let picture = scratch.path().join("out.png");
    let (_, recipe) = read_picture(&picture).unwrap();
    assert_eq!(recipe.rows[0].prompt.as_deref(), Some("a red robe"));
    let replay = || {
        let mut command =
            INFER.command(&["replay", "--device", "cpu", "--model", &model, text(&picture)]);
        Run::of(command.env("PIXELFLOW_CACHE", scratch.path().join("cache")))
    };
    replay().succeeded();
    // A stranger's recipe may forget the encoder, or name one elsewhere.
    let (pixels, whole) = read_picture(&picture).unwrap();
    let edit = |edit: &dyn Fn(&mut Recipe)| {
        let mut recipe = whole.clone();
        edit(&mut recipe);
        write_picture(&pixels, &recipe, &picture).unwrap();
        replay()
    };
    edit(&|recipe| recipe.text_encoder = None).refused(&[
        "out.png has no recipe: its `pixelflow` text says no text encoder",
        "`infer sample --prompt TEXT`",
    ]);
    edit(&|recipe| recipe.rows[0].prompt = None).refused(&["draws from text, not from classes"]);
    edit(&|recipe| {
        let folder = Some("//host/share".to_owned());
        recipe.text_encoder.as_mut().unwrap().folder = folder;
    })
    .refused(&["//host/share", "not looked for", "--text-encoder"]);
    edit(&|_| {}).succeeded();
    // With another tokenizer it would be another picture.
    let tokenizer = TextTokenizer::train(["a red robe on ice", "a blue cap"], 100).unwrap();
    let folder = scratch.path().join("model/text_encoder");
    tokenizer.write(&folder.join("tokenizer.json")).unwrap();
    replay().refused(&["whose hash is"]);
}

#[test]
fn prompts_come_from_the_standard_input() {
    let scratch = tempfile::tempdir().unwrap();
    let model = model_folder(&scratch.path().join("model"));
    let out = scratch.path().join("piped.npz");
    let arguments = ["--model", &model, "--prompts", "-", "--count", "1"];
    let mut command = sample(&scratch.path().join("cache"), &arguments);
    command.args(["--out", text(&out)]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"a hat\na robe\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert!(out.is_file());
}

#[test]
fn what_is_long_empty_or_unknown_is_drawn_and_said() {
    let scratch = tempfile::tempdir().unwrap();
    let model = model_folder(&scratch.path().join("model"));
    let draw = |prompt: &str| {
        let out = scratch.path().join("out.png");
        let arguments = ["--model", &model, "--prompt", prompt, "--count", "1"];
        let mut command = sample(&scratch.path().join("cache"), &arguments);
        Run::of(command.args(["--out", text(&out)])).succeeded().message
    };
    assert_eq!(draw(""), "");
    let long = draw(&"a red robe ".repeat(10_000 / 11));
    assert!(long.contains("longer than 8 tokens") && long.len() < 200, "{long}");
    let words: Vec<String> = (0..100).map(|word| format!("w{word}x")).collect();
    let many = draw(&words.join(" "));
    assert!(many.contains("more; they are drawn as any") && many.len() < 1000, "{many}");
    let unknown = draw("a green robe");
    assert!(unknown.contains("never seen green"), "{unknown}");
}

#[test]
fn the_advice_for_other_encodings_makes_a_file_of_prompts() {
    let scratch = tempfile::tempdir().unwrap();
    let wide = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    let utf_32 =
        |text: &str| text.chars().flat_map(|letter| u32::from(letter).to_le_bytes()).collect();
    // The file, its content, what the message says, and the prompt.
    let cases: [(&str, Vec<u8>, &str, &str); 6] = [
        ("le.txt", wide("a hat\n", u16::to_le_bytes), "it is UTF-16; ", "a hat\n"),
        ("it's be.txt", wide("a hat\n", u16::to_be_bytes), "it is UTF-16; ", "a hat\n"),
        ("-marked", wide("\u{feff}a 猫\n", u16::to_le_bytes), "it is UTF-16; ", "a 猫\n"),
        ("猫.txt", wide("猫\n犬\n", u16::to_le_bytes), "it is UTF-16; ", "猫\n犬\n"),
        ("wide $HOME.txt", utf_32("\u{feff}a hat\n"), "it is UTF-32; ", "a hat\n"),
        ("latin.txt", b"a caf\xe9\n".to_vec(), "line 1: it is not UTF-8; ", "a caf\u{e9}\n"),
    ];
    for (name, content, expected, prompt) in cases {
        fs::write(scratch.path().join(name), &content).unwrap();
        let prompts = format!("--prompts={name}");
        let mut command = INFER.command(&["sample", "--out", "never.png", &prompts]);
        let run = Run::of(command.current_dir(scratch.path()));
        run.refused(&[expected, "save it as UTF-8"]);
        let advice = run.message.split('`').nth(1).unwrap().to_owned();
        let mut command = Command::new("sh");
        Run::of(command.args(["-c", &advice]).current_dir(scratch.path())).succeeded();
        let made = listing(scratch.path()).into_iter().find(|name| name.contains("utf8"));
        let made = scratch.path().join(made.unwrap_or_else(|| panic!("{advice} makes nothing")));
        assert_eq!(fs::read_to_string(&made).unwrap().trim_start_matches('\u{feff}'), prompt);
        fs::remove_file(made).unwrap();
    }
}

#[test]
fn the_tip_for_a_dash_is_given_where_it_helps_and_works() {
    const TIP: &str = "tip: a value that begins with a dash follows an equals sign: ";
    // The command line, and how the tip has its value.
    for (line, tip) in [
        (&["sample", "--prompt", "-a 'red' robe"][..], Some(r#"--prompt="-a 'red' robe""#)),
        (&["sample", "--prompt", "--x"], Some("--prompt=--x")),
        (&["--class", "-1"], Some("--class=-1")),
        // A mistyped option is no value.
        (&["sample", "--promt", "a hat"], None),
        (&["replay", "--devise", "cpu"], None),
        (&["replay", "a.png", "--devise", "cpu"], None),
        (&["sample", "--reference", "--promt", "a hat"], None),
        (&["--prompt", "a hat", "-x"], None),
    ] {
        let run = INFER.run(line);
        let tip = tip.map(|tip| format!("{TIP}{tip}\n"));
        run.refused(&["error: unexpected argument", tip.as_deref().unwrap_or_default()]);
        assert_eq!(run.message.contains(TIP), tip.is_some(), "{line:?}: {}", run.message);
    }
    let scratch = tempfile::tempdir().unwrap();
    let arguments = ["--prompt=-a 'red' robe", "--count", "1", "--out", "out.png"];
    let mut command = sample(scratch.path(), &arguments);
    Run::of(command.current_dir(scratch.path())).succeeded();
}

#[test]
fn bad_prompts_encoders_and_sizes_are_refused_with_a_message_that_helps() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    let named = |name: &str| text(&at(name)).to_owned();
    let model = model_folder(&at("model"));
    let write = |name: &str, content: &[u8]| {
        fs::write(at(name), content).unwrap();
        named(name)
    };
    let nothing = write("nothing.txt", b"\n \n");
    let latin = write("latin.txt", b"a hat\na caf\xe9\n");
    let wide_letters: Vec<u8> = "a hat\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide_letters = write("it's wide.txt", &wide_letters);
    let copy = |name: &str, change: &dyn Fn(&Path)| {
        let folder = at(name);
        model_folder(&folder);
        change(&folder.join("text_encoder"));
        named(name)
    };
    let without = copy("without", &|encoder| fs::remove_dir_all(encoder).unwrap());
    let other_tokenizer = copy("other", &|encoder| {
        let words = "a b c d e f g h i j k l m n o p";
        let tokenizer = TextTokenizer::train([words], 100).unwrap();
        tokenizer.write(&encoder.join("tokenizer.json")).unwrap();
    });
    let no_shard = copy("shards", &|encoder| {
        fs::remove_file(encoder.join("model.safetensors")).unwrap();
        let index = r#"{"metadata": {}, "weight_map": {"shared.weight": "model-00001-of-00002.safetensors"}}"#;
        fs::write(encoder.join("model.safetensors.index.json"), index).unwrap();
    });
    let wide = copy("wide", &|encoder| {
        let file = encoder.join("config.json");
        let config = fs::read_to_string(&file).unwrap();
        fs::write(&file, config.replace("\"d_model\": 32", "\"d_model\": 64")).unwrap();
    });
    let cases: &[(&[&str], &[&str])] = &[
        (&["--model", &model], &["--prompt TEXT or --prompts FILE"]),
        (&["--model", &model, "--class", "3"], &["--class 3", "draws from text"]),
        (&["--model", &model, "--prompts", &nothing], &["nothing.txt", "no prompts"]),
        (&["--model", &model, "--prompts", &latin], &["latin.txt", "line 2: it is not UTF-8"]),
        (&["--model", &model, "--prompts", "nowhere.txt"], &["cannot read nowhere.txt"]),
        (&["--model", &model, "--prompt", "-a 'red' robe"], &[r#"--prompt="-a 'red' robe""#]),
        (&["--model", &model, "--prompts", &wide_letters], &["line 1: it is UTF-16", "iconv"]),
        (&["--model", &model, "--size", "1000x300"], &["size 1000x300 does not fit", "1000x296"]),
        (&["--model", &without], &["text_encoder", "--text-encoder"]),
        (&["--model", &other_tokenizer], &["the tokenizer does not belong", "tokenizer.json"]),
        (&["--model", &no_shard], &["model-00001-of-00002"]),
        (&["--model", &model, "--text-dtype", "int8"], &["`int8` is not f32, f16 or bf16"]),
        (&["--model", &wide], &["64 features, the model reads 32"]),
        (&["--model", "assets/demo/model"], &["draws classes", "--class"]),
    ];
    for (number, (arguments, expected)) in cases.iter().enumerate() {
        let out = at("never.png");
        let mut command = sample(&at("cache"), arguments);
        if number > 6 {
            command.args(["--prompt", "a hat"]);
        }
        Run::of(command.args(["--out", text(&out)])).refused(expected);
        assert!(!out.exists());
    }
}

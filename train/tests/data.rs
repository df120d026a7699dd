//! Data sets as users have them: what of them is used, and what is said of the rest.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};

use program_tests::{Program, Run, text};

/// A short run on `data` with `classes` classes.
fn train(data: &Path, classes: usize, more: &[&str]) -> Run {
    let out = tempfile::tempdir().unwrap();
    let (classes, out) = (format!("model.num_classes={classes}"), out.path().join("run"));
    let mut arguments = vec!["--device", "cpu", "--recipe", "smoke", "--data", text(data)];
    arguments.extend(["--out", text(&out), "--set", &classes]);
    for setting in
        ["train.steps=2", "train.warmup_steps=0", "preview.every=0", "validation.every=0"]
    {
        arguments.extend(["--set", setting]);
    }
    let run = Program(env!("CARGO_BIN_EXE_train")).run(&[&arguments, more].concat());
    // What cannot be used is in the metrics too.
    let metrics = fs::read_to_string(out.join("metrics.jsonl")).unwrap_or_default();
    if let Some(last) = metrics.lines().last() {
        let last: serde_json::Value = serde_json::from_str(last).unwrap();
        assert_eq!(last["skipped"] != 0, run.message.contains("images skipped"), "{metrics}");
    }
    run
}

fn picture() -> image::RgbImage {
    image::RgbImage::from_fn(40, 36, |x, y| image::Rgb([x as u8, y as u8, 7]))
}

fn encoded(format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A folder `cat` of good images in `root`, and the file `name` with `content` in it.
fn cats(root: &Path, name: &str, content: &[u8]) -> PathBuf {
    let folder = root.join("images");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("cat/more")).unwrap();
    for number in 0..3 {
        picture().save(folder.join(format!("cat/{number}.png"))).unwrap();
    }
    fs::write(folder.join("cat").join(name), content).unwrap();
    folder
}

/// A tar file in `root` of members whose names are bytes.
fn tar_of(root: &Path, members: &[(Vec<u8>, Vec<u8>)]) -> PathBuf {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content.as_slice()).unwrap();
    }
    let path = root.join("data.tar");
    fs::write(&path, builder.into_inner().unwrap()).unwrap();
    path
}

/// An image named `key` and a text with `ending` beside it.
fn sample(key: &[u8], ending: &str, content: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let name = |ending: &str| [key, ending.as_bytes()].concat();
    vec![(name(".png"), encoded(image::ImageFormat::Png)), (name(ending), content.to_vec())]
}

const TEXT: [&str; 6] = [
    "--set",
    "model.cross_attention_dim=64",
    "--set",
    r#"text={ kind = "joint", width = 64, layers = 1 }"#,
    "--set",
    "preview.max_classes=2",
];

/// A JPEG that its decoder panics at.
const PANICS: &[u8] = include_bytes!("../../dataset/tests/panics.jpg");

#[test]
fn an_image_that_cannot_be_used_is_skipped_and_named_or_stops_a_strict_run() {
    let scratch = tempfile::tempdir().unwrap();
    let jpeg = encoded(image::ImageFormat::Jpeg);
    // 22000 x 22000 pixels of one bit, in one row.
    let mut wide = encoded(image::ImageFormat::Png);
    wide.truncate(33);
    wide[16..24].copy_from_slice(&[0, 0, 0x55, 0xf0, 0, 0, 0x55, 0xf0]);
    wide[24..26].copy_from_slice(&[1, 0]);
    let mut crc = flate2::Crc::new();
    crc.update(&wide[12..29]);
    wide[29..].copy_from_slice(&crc.sum().to_be_bytes());
    wide.extend(b"\0\0\0\x01IDATx\xc1\xe5\x1e\x98");
    let cases: [(&str, &[u8], &str); 7] = [
        ("half.jpg", &jpeg[..jpeg.len() / 2], "it is cut off"),
        ("panics.jfif", PANICS, "its decoder failed"),
        ("wide.png", &wide, "is 22000x22000 pixels and takes"),
        ("half.png", &encoded(image::ImageFormat::Png)[..90], "is not a readable image"),
        ("half.webp", &encoded(image::ImageFormat::WebP)[..60], "is not a readable image"),
        ("empty.JPG", b"", "is empty (0 bytes)"),
        ("gif.png", b"GIF89a\x01\0\x01\0\0\0\0;", "it is Gif; supported are png"),
    ];
    for (name, content, reason) in cases {
        let data = cats(scratch.path(), name, content);
        let said = train(&data, 1, &[]).succeeded().message;
        for part in ["data: 4 images in 1 class", "1 of 4 images skipped", name, reason] {
            assert!(said.contains(part), "{name}: `{part}` is not in: {said}");
        }
        assert!(!said.contains("panicked"), "{said}");
        train(&data, 1, &["--strict"]).refused(&[name, reason]);
    }
}

#[test]
fn a_link_that_leads_nowhere_is_named_and_stops_a_strict_run() {
    let scratch = tempfile::tempdir().unwrap();
    let nowhere = "is a link that leads nowhere";
    let tars = scratch.path().join("tars");
    for (link, reason) in [
        ("cat/link.png", "cannot be read: No such file"),
        ("cat/link", nowhere),
        ("cat/more/link", nowhere),
        ("dog", nowhere),
        ("more.tar", nowhere),
    ] {
        let mut data = cats(scratch.path(), "notes.txt", b"");
        if link == "more.tar" {
            data.clone_from(&tars);
            fs::create_dir(&data).unwrap();
            tar_of(&data, &sample(b"a", ".cls", b"0"));
        }
        std::os::unix::fs::symlink("nowhere", data.join(link)).unwrap();
        let said = train(&data, 1, &[]).succeeded().message;
        assert!(said.contains(&format!("{link} {reason}")), "{link}: {said}");
        train(&data, 1, &["--strict"]).refused(&[link, reason]);
    }
}

#[test]
fn what_was_skipped_before_a_run_was_resumed_stays_counted() {
    let scratch = tempfile::tempdir().unwrap();
    let data = cats(scratch.path(), "broken.png", b"no image");
    let out = scratch.path().join("run");
    let run = |arguments: &[&str]| {
        let start = ["--device", "cpu", "--set", "data.prefetch=0"];
        let said = Program(env!("CARGO_BIN_EXE_train")).run(&[&start, arguments].concat());
        let metrics = fs::read_to_string(out.join("metrics.jsonl")).unwrap();
        let last: serde_json::Value =
            serde_json::from_str(metrics.lines().last().unwrap()).unwrap();
        (said.succeeded().message.contains("images skipped"), last["skipped"].as_u64())
    };
    let mut first = vec!["--recipe", "smoke", "--data", text(&data), "--out", text(&out)];
    for setting in [
        "model.num_classes=1",
        "preview.every=0",
        "train.batch_size=1",
        "train.steps=4",
        "log.every=1",
        "validation.every=0",
    ] {
        first.extend(["--set", setting]);
    }
    assert_eq!(run(&first), (true, Some(1)));
    // The image is not met again, so that only the checkpoint knows of it.
    assert_eq!(run(&["--resume", text(&out), "--set", "train.steps=5"]), (false, Some(1)));
}

#[test]
fn what_is_left_out_of_folders_is_counted_and_the_first_named() {
    let scratch = tempfile::tempdir().unwrap();
    let data = cats(scratch.path(), "x.heic", b"");
    for beside in ["cat/notes.txt", "cat/.hidden.png", "readme.md"] {
        fs::write(data.join(beside), "").unwrap();
    }
    picture().save(data.join("cat/more/deep.png")).unwrap();
    fs::create_dir(data.join("dog")).unwrap();
    let said = train(&data, 1, &[]).succeeded().message;
    let expected =
        "data: 4 images in 1 class; 5 files left out (2 of them meant to be used), first: ";
    assert!(said.contains(expected) && said.contains("cat/x.heic is of a format"), "{said}");
    assert!(said.contains("\n  2 left out before training, first:"), "{said}");
    // Before that is put right, fewer classes are no advice.
    let refused = train(&data, 2, &[]);
    refused.refused(&[
        "the data has 1 class but model.num_classes is 2",
        "x.heic",
        "put right first",
    ]);
    assert!(!refused.message.contains("--set model.num_classes"), "{}", refused.message);
    train(&data, 1, &["--strict"]).refused(&["x.heic", "convert it to PNG, JPEG or WebP"]);
}

#[test]
fn class_folders_named_by_numbers_are_sorted_as_numbers() {
    let scratch = tempfile::tempdir().unwrap();
    for class in ["0", "2", "10"] {
        let folder = scratch.path().join(class);
        fs::create_dir(&folder).unwrap();
        picture().save(folder.join("a.png")).unwrap();
    }
    let said = train(scratch.path(), 3, &[]).succeeded().message;
    assert!(said.contains("the classes are sorted as numbers, 0 to 10"), "{said}");
}

#[test]
fn samples_of_tars_are_found_by_any_name() {
    let scratch = tempfile::tempdir().unwrap();
    let class = |key: &[u8], class: &[u8]| sample(key, ".cls", class);
    let of = |samples: &[Vec<(Vec<u8>, Vec<u8>)>]| tar_of(scratch.path(), &samples.concat());
    let dotted = [class(b"IMG_22.05", b"0"), class(b"IMG_22.06", b"1")];
    let bytes = [class(b"caf\xe9", b"0"), class(b"caf\xe8", b"1")];
    let marked = [class(b"a", b"0"), class(b"b", b"\xef\xbb\xbf1")];
    for samples in [dotted, bytes, marked] {
        let said = train(&of(&samples), 2, &["--strict"]).succeeded().message;
        assert!(said.contains("data: 2 images in 2 classes\n"), "{said}");
    }
    // Two tars one behind the other.
    let first = fs::read(of(&[class(b"a", b"0")])).unwrap();
    let path = of(&[class(b"b", b"1")]);
    fs::write(&path, [first, fs::read(&path).unwrap()].concat()).unwrap();
    let said = train(&path, 2, &["--strict"]).succeeded().message;
    assert!(said.contains("data: 2 images in 2 classes\n"), "{said}");
    // A label that is none.
    let path = of(&[class(b"a", b"0"), class(b"b", b"-1")]);
    let said = train(&path, 1, &[]).succeeded().message;
    assert!(said.contains("; 1 file left out, first: ") && said.contains(":b.cls has"), "{said}");
    train(&path, 1, &["--strict"]).refused(&["b.cls has the label \"-1\""]);
}

#[test]
fn captions_are_texts_or_lists_and_bad_ones_matter_only_to_text_models() {
    let scratch = tempfile::tempdir().unwrap();
    let list = sample(b"a", ".json", br#"{"label": 0, "caption": ["a red thing", "a thing"]}"#);
    let lines = [sample(b"b", ".txt", b"\xef\xbb\xbfred\r\nthing\n"), sample(b"b", ".cls", b"0")];
    let bad = [sample(b"c", ".txt", b"a knight\x92s sword"), sample(b"c", ".cls", b"0")];
    let beside = |[captioned, labelled]: [Vec<_>; 2]| [captioned, labelled[1..].to_vec()].concat();
    let none = sample(b"d", ".cls", b"0");
    let data = tar_of(scratch.path(), &[list, beside(lines), beside(bad), none].concat());

    let said = train(&data, 0, &TEXT).succeeded().message;
    for part in [
        "data: 4 images (4 captions; 1 image without); 1 file left out, first: ",
        "1 of 4 images skipped",
        "data.tar:c.txt is not valid: ",
        "iconv -f cp1252 -t utf-8",
    ] {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
    train(&data, 0, &[&TEXT[..], &["--strict"]].concat()).refused(&["data.tar:c.txt"]);
    let said = train(&data, 1, &["--strict"]).succeeded().message;
    assert!(said.contains("data: 4 images in 1 class\n"), "{said}");
}

#[test]
fn what_lies_beside_tars_is_named_and_compressed_ones_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    tar_of(scratch.path(), &sample(b"a", ".cls", b"0"));
    let packed = scratch.path().join("more.tar.gz");
    fs::write(&packed, "").unwrap();
    fs::write(scratch.path().join("._data.tar"), "").unwrap();
    let said = train(scratch.path(), 1, &[]).succeeded().message;
    assert!(
        said.contains("2 files left out (1 of them meant to be used), first: ")
            && said.contains("more.tar.gz is compressed")
    );
    train(&packed, 1, &[]).refused(&["it is compressed; unpack it to a .tar first"]);
}

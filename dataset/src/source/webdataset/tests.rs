//! What a `WebDataset` gives and what it refuses.

use super::*;
use crate::testing::{png, tar_header, tar_of};

/// Opens shards with the given contents.
fn open_with(
    shards: &[Vec<u8>],
    adjust: impl FnOnce(&mut WebDatasetConfig),
) -> Result<(WebDatasetSource, tempfile::TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    for (number, content) in shards.iter().enumerate() {
        fs::write(folder.path().join(format!("{number}.tar")), content).unwrap();
    }
    let mut config = WebDatasetConfig::new([folder.path()]);
    adjust(&mut config);
    Ok((WebDatasetSource::open(&config)?, folder))
}

fn open(shards: &[Vec<u8>]) -> Result<(WebDatasetSource, tempfile::TempDir)> {
    open_with(shards, |_| {})
}

/// The message that opening a single shard gives.
fn refusal(shard: Vec<u8>) -> String {
    let Err(error) = open(&[shard]) else { panic!("the shard is bad") };
    error.to_string()
}

#[test]
fn samples_of_all_shards_are_read_in_any_order() {
    let shards = [
        tar_of(&[
            ("a/0.png", &png(2, 3, 0)),
            ("a/0.json", br#"{"label": "orc", "caption": "an orc"}"#),
            ("a/1.cls", b"elf\n"),
            ("a/1.png", &png(4, 5, 1)),
            ("a/1.txt", b" an elf \n"),
            ("a/1.seg.npy", b"ignored"),
        ]),
        tar_of(&[("2.png", &png(6, 7, 2)), ("2.json", br#"{"label": "elf"}"#)]),
    ];
    let (source, _folder) = open(&shards).unwrap();
    assert_eq!(source.classes(), ["elf", "orc"]);
    assert_eq!((source.len(), source.channels()), (3, 3));
    for (index, label, caption, sides, name) in [
        (2, 0, None, (6, 7), "1.tar:2"),
        (0, 1, Some("an orc"), (2, 3), "0.tar:a/0"),
        (1, 0, Some("an elf"), (4, 5), "0.tar:a/1"),
    ] {
        let record = source.read(index).unwrap();
        assert_eq!((record.label, record.caption.as_deref()), (label, caption));
        assert_eq!((record.image.width(), record.image.height()), sides);
        assert!(record.name.ends_with(name), "{}", record.name);
    }
}

#[test]
fn the_fields_of_a_record_are_those_of_its_json() {
    let shards = [
        tar_of(&[
            ("0.png", &png(1, 1, 0)),
            ("0.json", br#"{"label": "orc", "hair": "black", "cloak": null}"#),
            ("0.txt", b"the caption has a file of its own"),
            ("1.png", &png(1, 1, 0)),
            ("1.cls", b"orc"),
        ]),
        tar_of(&[("2.png", &png(1, 1, 0)), ("2.json", br#"{"label": "elf"}"#)]),
    ];
    let (source, _folder) = open(&shards).unwrap();
    let fields = |index: usize| source.fields(index).unwrap();
    let text = serde_json::to_string(&fields(0).unwrap()).unwrap();
    assert_eq!(text, r#"{"label":"orc","hair":"black","cloak":null}"#);
    assert_eq!(fields(1), None);
    assert_eq!(fields(2).unwrap()["label"], "elf");
}

#[test]
fn fields_that_cannot_be_read_are_named() {
    let shard = tar_of(&[("0.png", &png(1, 1, 0)), ("0.json", b"[1]")]);
    let (source, _folder) = open_with(&[shard], |config| config.unlabelled = true).unwrap();
    let message = source.fields(0).unwrap_err().to_string();
    assert!(message.contains("0.tar:0.json is not valid: "), "{message}");
}

#[test]
fn the_label_field_can_be_chosen_or_left_out() {
    let shard = tar_of(&[("0.png", &png(1, 1, 0)), ("0.json", br#"{"species": 3}"#)]);
    let (source, _folder) = open_with(std::slice::from_ref(&shard), |config| {
        config.label_field = "species".to_owned();
    })
    .unwrap();
    assert_eq!((source.read(0).unwrap().label, source.classes().len()), (3, 4));
    let (source, _folder) = open_with(std::slice::from_ref(&shard), |config| {
        config.unlabelled = true;
    })
    .unwrap();
    assert_eq!((source.read(0).unwrap().label, source.classes().len()), (0, 1));
    let message = refusal(shard);
    let expected = "0.tar:0 has no label: no `.cls` member and no field \"label\" in its `.json`; \
                    name the right field with `label_field`, or set `unlabelled = true`";
    assert!(message.ends_with(expected), "{message}");
}

#[test]
fn hidden_files_folders_and_long_names_are_no_trouble() {
    let mut builder = tar::Builder::new(Vec::new());
    builder.append(&tar_header("images/", 0, tar::EntryType::Directory), &[][..]).unwrap();
    builder.append(&tar_header("images/._0.png", 1, tar::EntryType::Regular), &[7][..]).unwrap();
    let long = format!("images/{}", "x".repeat(300));
    for (end, content) in [(".png", png(1, 1, 0)), (".cls", b"0".to_vec())] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("{long}{end}"), content.as_slice()).unwrap();
    }
    let (source, _folder) = open(&[builder.into_inner().unwrap()]).unwrap();
    assert_eq!(source.len(), 1);
    assert!(source.read(0).unwrap().name.ends_with(&long));
}

#[test]
fn paths_that_lead_outside_are_refused() {
    for (name, reason) in [
        ("../evil.png", "has `..` in its path"),
        ("a/../../evil.png", "has `..` in its path"),
        ("/etc/evil.png", "has an absolute path"),
    ] {
        let message = refusal(tar_of(&[(name, &png(1, 1, 0))]));
        assert!(
            message.ends_with(&format!("0.tar: member {name:?} {reason}; refusing the whole file")),
            "{message}"
        );
    }
}

#[test]
fn links_and_devices_are_refused() {
    for (kind, reason) in [
        (tar::EntryType::Symlink, "is a link"),
        (tar::EntryType::Link, "is a link"),
        (tar::EntryType::Char, "is a device"),
        (tar::EntryType::Fifo, "is a device"),
        (tar::EntryType::new(b'Z'), "is neither a file nor a folder"),
    ] {
        let mut builder = tar::Builder::new(Vec::new());
        builder.append(&tar_header("0.png", 0, kind), &[][..]).unwrap();
        let message = refusal(builder.into_inner().unwrap());
        assert!(message.contains(&format!("member \"0.png\" {reason}; ")), "{message}");
    }
}

#[test]
fn a_tar_cut_anywhere_is_refused() {
    let whole = tar_of(&[("0.png", &png(9, 9, 0)), ("0.cls", b"1")]);
    let (_, _folder) = open(std::slice::from_ref(&whole)).unwrap();
    let first = 512 + png(9, 9, 0).len().next_multiple_of(512);
    for (length, reason) in [
        (100, "it ends inside a header"),
        (600, "member \"0.png\" has "),
        (first + 20, "it ends inside a header"),
        (first + 512, "member \"0.cls\" has 1 bytes at "),
        (first, "it has no end mark after its last member, at "),
        (first + 1024, "it has no end mark after its last member, at "),
        (0, "it has no end mark after its last member, at 0"),
    ] {
        let message = refusal(whole[..length].to_vec());
        assert!(message.contains(&format!("0.tar is truncated: {reason}")), "{length}: {message}");
    }
}

#[test]
fn what_is_no_tar_is_refused() {
    let message = refusal(png(40, 40, 3));
    assert!(message.contains("0.tar is damaged or not an uncompressed tar file: "), "{message}");
}

#[test]
fn sizes_in_headers_are_not_believed() {
    let lying = |size| {
        let header = tar_header("0.json", size, tar::EntryType::Regular);
        [header.as_bytes().as_slice(), &vec![b' '; 2 << 20]].concat()
    };
    let message = refusal(lying(1 << 40));
    assert!(message.contains("member \"0.json\" has 1099511627776 bytes at 512"), "{message}");
    let message = refusal(lying((1 << 20) + 1));
    assert!(message.ends_with("0.json has 1048577 bytes, more than the limit of 1048576"));
}

#[test]
fn incomplete_samples_are_named() {
    let image = png(1, 1, 0);
    for (members, message) in [
        (vec![("0.cls", b"1".as_slice())], "0.tar:0 has no image; "),
        (vec![("0.png", &image), ("0.jpg", &image)], "0.tar:0 has two members of the kind Image; "),
        (vec![("0.png", &image), ("1.png", &image)], "0.tar:0 has no label: "),
        (vec![("0.png", &image), ("0.json", b"{")], "0.tar:0.json is not valid: EOF"),
        (vec![("0.png", &image), ("0.json", b"[1]")], "0.tar:0.json is not valid: "),
        (vec![("0.png", &image), ("0.cls", &[0xff])], "0.tar:0.cls is not valid: invalid utf-8"),
        (
            vec![("0.png", &image), ("0.json", br#"{"label": -1}"#)],
            "0.tar:0 has the label -1: a label is a class name or a class index",
        ),
        (vec![("readme", b"no sample")], " holds no images; supported are png, jpg, jpeg, webp"),
    ] {
        let refused = refusal(tar_of(&members));
        assert!(refused.contains(message), "{refused}\n{message}");
    }
}

#[test]
fn labels_must_be_among_the_classes() {
    let shard = tar_of(&[("0.png", &png(1, 1, 0)), ("0.cls", b"12")]);
    let classes = Some(vec!["a".to_owned(), "b".to_owned()]);
    let error = open_with(&[shard], |config| config.classes = classes).err().unwrap().to_string();
    assert!(error.ends_with("0.tar:0 has the label 12: with 2 classes labels are 0 to 1"));
}

#[test]
fn a_folder_without_tars_holds_no_images() {
    let error = open(&[]).err().unwrap().to_string();
    assert!(error.ends_with("holds no images; supported are png, jpg, jpeg, webp"), "{error}");
}

#[test]
fn a_corrupt_caption_is_found_when_it_is_read() {
    let shard = tar_of(&[("0.png", &png(1, 1, 0)), ("0.cls", b"0"), ("0.txt", &[0xff])]);
    let (source, _folder) = open(&[shard]).unwrap();
    let error = source.read(0).unwrap_err();
    assert!(error.is_corrupt_record() && error.to_string().contains("0.tar:0.txt is not valid: "));
}

#[test]
fn a_corrupt_image_is_found_when_it_is_read() {
    let shard = tar_of(&[("0.png", b""), ("0.cls", b"0"), ("1.png", b"x"), ("1.cls", b"0")]);
    let (source, _folder) = open(&[shard]).unwrap();
    for (index, message) in
        [(0, "0.tar:0 is empty (0 bytes)"), (1, "0.tar:1 is not a readable image")]
    {
        let error = source.read(index).unwrap_err();
        assert!(error.is_corrupt_record() && error.to_string().contains(message), "{error}");
    }
}

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
        let (record, captions) = (source.read(index).unwrap(), source.captions(index).unwrap());
        assert_eq!((record.label, captions.first().map(String::as_str)), (label, caption));
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
fn devices_are_refused() {
    for kind in [tar::EntryType::Char, tar::EntryType::Block, tar::EntryType::Fifo] {
        let mut builder = tar::Builder::new(Vec::new());
        builder.append(&tar_header("0.png", 0, kind), &[][..]).unwrap();
        let message = refusal(builder.into_inner().unwrap());
        assert!(message.contains("member \"0.png\" is a device; "), "{message}");
    }
}

#[test]
fn a_hard_link_is_its_file_and_other_kinds_are_left_out_with_advice() {
    let image = png(3, 2, 1);
    for (kind, target, expected) in [
        (tar::EntryType::Link, "0.png", None),
        (tar::EntryType::Continuous, "", None),
        (
            tar::EntryType::Link,
            "9.png",
            Some("to no file before it; pack with tar --hard-dereference"),
        ),
        (
            tar::EntryType::Symlink,
            "0.png",
            Some("is a link; pack what it leads to with tar --dereference"),
        ),
        (tar::EntryType::new(b'Z'), "", Some("is neither a file nor a folder")),
    ] {
        let mut builder = tar::Builder::new(Vec::new());
        let file = |name, size| tar_header(name, size, tar::EntryType::Regular);
        builder.append(&file("0.png", image.len()), image.as_slice()).unwrap();
        builder.append(&file("0.cls", 1), b"0".as_slice()).unwrap();
        let content: &[u8] = if kind == tar::EntryType::Continuous { &image } else { &[] };
        let mut header = tar_header("1.png", content.len(), kind);
        if !target.is_empty() {
            header.set_link_name(target).unwrap();
        }
        header.set_cksum();
        builder.append(&header, content).unwrap();
        builder.append(&file("1.cls", 1), b"0".as_slice()).unwrap();
        let (source, _folder) = open(&[builder.into_inner().unwrap()]).unwrap();
        let left_out = source.left_out();
        match expected {
            None => {
                assert_eq!((source.len(), left_out.count()), (2, 0), "{kind:?}");
                assert_eq!(source.read(0).unwrap().image, source.read(1).unwrap().image);
            }
            Some(reason) => {
                // The label is left without an image.
                assert_eq!((source.len(), left_out.records), (1, 2), "{kind:?}");
                assert!(left_out.first().ends_with(reason), "{}", left_out.first());
            }
        }
    }
}

#[test]
fn nothing_vanishes_in_silence() {
    let image = png(1, 1, 0);
    let labelled = |name: &str| -> Vec<(String, Vec<u8>)> {
        vec![(format!("{name}.png"), image.clone()), (format!("{name}.cls"), b"0".to_vec())]
    };
    let shard = |members: &[(String, Vec<u8>)]| {
        let members: Vec<_> = members.iter().map(|(n, c)| (n.as_str(), c.as_slice())).collect();
        tar_of(&members)
    };
    let one = |name: &str, content: &[u8]| vec![(name.to_owned(), content.to_vec())];
    let (a, b) = (labelled("a"), labelled("b"));
    let with = |more: &[(String, Vec<u8>)]| shard(&[&a, more].concat());
    let apart = [&a[..1], &b, &a[1..]].concat();
    let dotted = [labelled("IMG_22.05"), labelled("IMG_22.06")].concat();
    // Shard → records, files and records left out, what is said of the first.
    for (content, records, left_out, first) in [
        (shard(&dotted), 2, [0, 0], ""),
        (shard(&apart), 2, [0, 0], ""),
        // One behind the other, with the same names and with others.
        ([shard(&a), shard(&a)].concat(), 2, [0, 0], ""),
        ([shard(&a), shard(&b)].concat(), 2, [0, 0], ""),
        ([shard(&a), vec![0; 700]].concat(), 1, [0, 0], ""),
        ([shard(&a), vec![7; 700]].concat(), 1, [1, 0], "(1724 bytes) is no tar"),
        (with(&labelled("a.depth")), 1, [2, 0], "0.tar:a.depth is beside the image of its sample"),
        (with(&one("b.mp4", b"x")), 1, [1, 0], "0.tar:b.mp4 is neither an image nor a text of one"),
        (with(&one("readme", b"x")), 1, [1, 0], "0.tar:readme has no ending"),
        (with(&one("._a.png", b"x")), 1, [1, 0], "0.tar:._a.png is hidden"),
        (with(&one("b.heic", b"x")), 1, [0, 1], "b.heic is of a format that is not read"),
        (with(&one("b.txt", b"x")), 1, [0, 1], "0.tar:b has no image of this name"),
        (with(&one("b.png", &image)), 1, [0, 1], "0.tar:b has no label: no `.cls` member"),
    ] {
        let (source, _folder) = open(&[content]).unwrap();
        let found = source.left_out();
        assert_eq!((source.len(), [found.files, found.records]), (records, left_out), "{found}");
        assert!(found.first().contains(first), "{found}");
        assert!((0..source.len()).all(|index| source.read(index).is_ok()));
    }
}

#[test]
fn names_are_bytes_and_texts_have_no_byte_order_mark() {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in [
        (b"caf\xe9.png".as_slice(), png(1, 1, 0)),
        (b"caf\xe9.cls", b"\xef\xbb\xbf0".to_vec()),
        (b"caf\xe8.png", png(1, 1, 0)),
        (b"caf\xe8.json", b"\xef\xbb\xbf{\"label\": 1, \"caption\": [\"a\", \"b\"]}".to_vec()),
        (b"caf\xe8.txt", b"\xef\xbb\xbf a \r\n\n b".to_vec()),
    ] {
        let mut header = tar_header("", content.len(), tar::EntryType::Regular);
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_cksum();
        builder.append(&header, content.as_slice()).unwrap();
    }
    let (source, _folder) = open(&[builder.into_inner().unwrap()]).unwrap();
    assert_eq!((source.len(), source.classes().len()), (2, 2));
    assert!(source.read(0).unwrap().name.ends_with("0.tar:caf\\xe9"));
    assert_eq!(source.captions(1).unwrap(), ["a", "b"]);
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
fn what_is_compressed_is_said_to_be() {
    let message = refusal([b"\x1f\x8b".as_slice(), &[0; 600]].concat());
    assert!(message.ends_with("it is compressed; unpack it with gunzip first"), "{message}");
}

#[test]
fn sizes_in_headers_are_not_believed() {
    let lying = |size| {
        let header = tar_header("0.json", size, tar::EntryType::Regular);
        [header.as_bytes().as_slice(), &vec![b' '; 2 << 20]].concat()
    };
    let message = refusal(lying(1 << 40));
    assert!(message.contains("member \"0.json\" has 1099511627776 bytes at 512"), "{message}");
    let large = vec![b' '; (1 << 20) + 1];
    let message = refusal(tar_of(&[("0.png", &png(1, 1, 0)), ("0.json", &large)]));
    assert!(message.ends_with("0.json has 1048577 bytes, more than the limit of 1048576"));
}

#[test]
fn a_member_of_four_gibibytes_is_left_out_and_what_follows_it_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.tar");
    let size = 1 << 32;
    let header = tar_header("0.png", size, tar::EntryType::Regular);
    let mut file = File::create(&path).unwrap();
    std::io::Write::write_all(&mut file, header.as_bytes()).unwrap();
    file.seek(SeekFrom::Start(512 + size as u64)).unwrap();
    let after = tar_of(&[("1.png", &png(2, 3, 1)), ("1.cls", b"0")]);
    std::io::Write::write_all(&mut file, &after).unwrap();
    let source = WebDatasetSource::open(&WebDatasetConfig::new([&path])).unwrap();
    assert_eq!(source.read(0).unwrap().image.width(), 2);
    let error = source.left_out().refuse_records().unwrap_err().to_string();
    let reason = "large.tar:0.png has 4294967296 bytes, more than the limit of 4294967295";
    assert!(source.len() == 1 && error.contains(reason), "{error}");
}

#[test]
fn a_tar_of_more_than_two_tebibytes_is_refused() {
    struct Long(std::io::Cursor<Vec<u8>>);
    impl Read for Long {
        fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(bytes)
        }
    }
    impl Seek for Long {
        fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
            self.0.seek(to).map(|place| if to == SeekFrom::End(0) { (1 << 41) + 1 } else { place })
        }
    }
    let file = Long(std::io::Cursor::new(tar_of(&[("0.png", &png(1, 1, 0))])));
    let error = TarIndex::read(file, Path::new("a.tar"), None).unwrap_err().to_string();
    assert_eq!(error, "a.tar has 2199023255553 bytes, more than the limit of 2199023255552");
}

#[test]
fn a_sample_without_a_sound_label_is_left_out_and_named() {
    let image = png(1, 1, 0);
    let json = |text: &'static [u8]| vec![("0.png", image.as_slice()), ("0.json", text)];
    let class = |text: &'static [u8]| vec![("0.png", image.as_slice()), ("0.cls", text)];
    for (members, message) in [
        (json(b"{"), "0.tar:0.json is not valid: EOF"),
        (json(b"[1]"), "0.tar:0.json is not valid: "),
        (
            json(br#"{"label": -1}"#),
            "0.tar:0.json has the label -1: a label is a class name or a class",
        ),
        (class(&[0xff]), "0.tar:0.cls is not valid: invalid utf-8"),
        (class(b""), "0.tar:0.cls has the label \"\": a label is a class name or a class index"),
        (class(b"-3\n"), "0.tar:0.cls has the label \"-3\": "),
    ] {
        let refused = refusal(tar_of(&members));
        assert!(
            refused.contains("1 file left out, first: ") && refused.contains(message),
            "{refused}"
        );
        // Beside others it is only counted, and what is no label of a model that has none matters not.
        let more = [members.clone(), vec![("1.png", &image), ("1.cls", b"0")]].concat();
        let (source, _folder) = open(&[tar_of(&more)]).unwrap();
        assert_eq!((source.len(), source.left_out().records), (1, 1));
        let error = source.left_out().refuse_records().unwrap_err().to_string();
        assert!(error.contains(message) && error.contains("--strict"), "{error}");
        let (source, _folder) =
            open_with(&[tar_of(&more)], |config| config.unlabelled = true).unwrap();
        assert_eq!((source.len(), source.left_out().count()), (2, 0));
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
    assert!(error.contains("holds no images that can be used; supported are png, "), "{error}");
}

#[test]
fn a_corrupt_caption_is_found_when_it_is_read() {
    let shard = tar_of(&[("0.png", &png(1, 1, 0)), ("0.cls", b"0"), ("0.txt", &[0xff])]);
    let (source, _folder) = open(&[shard]).unwrap();
    assert!(source.read(0).is_ok());
    let error = source.captions(0).unwrap_err();
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

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::Raster;
use crate::testing::{Row, parquet_of, png};

/// What `tests/parquet/write.py` has written.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parquet").join(name)
}

/// The image of a number in it.
fn picture(number: usize) -> Raster {
    let pixel = |x: usize| [number * 20, x * 30, x * 7 + number].map(|value| value as u8);
    Raster::new(8, 6, 3, (0..48).flat_map(pixel).collect()).unwrap()
}

fn open(path: &Path) -> Result<ParquetSource> {
    ParquetSource::open(&ParquetConfig::new(path))
}

/// A file with these bytes.
fn written(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train-0.parquet");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// Reads all there is, and drops it.
fn read_all(path: &Path) -> Result<()> {
    for unlabelled in [false, true] {
        let source = ParquetSource::open(&ParquetConfig { unlabelled, path: path.to_owned() })?;
        for index in 0..source.len() {
            let _ = (source.read(index), source.captions(index), source.beginning(index));
        }
    }
    Ok(())
}

#[test]
fn a_file_of_the_hub_is_read_as_it_was_written() {
    for name in ["hub.parquet", "hub-index.parquet"] {
        let source = open(&golden(name)).unwrap();
        assert_eq!(source.classes(), ["zebra", "ant", "bee"], "{name}");
        // One label is -1, which stands for none.
        assert_eq!((source.len(), source.left_out().records), (7, 1), "{name}");
        assert!(source.left_out().first().ends_with(":6 has the label -1, which stands for none"));
        // Backwards, so that each page is asked for out of order.
        for (index, label) in [0, 1, 2, 0, 1, 2, 1].into_iter().enumerate().rev() {
            assert_eq!(source.identity(index).1, label);
            let error = || source.read(index).unwrap_err();
            match index {
                3 => assert!(error().to_string().ends_with("has no image (null)"), "{}", error()),
                4 => assert_eq!(source.read(4).unwrap().image.width(), 8),
                5 => assert!(error().to_string().contains(":5 is not a readable image")),
                6 => assert!(error().is_corrupt_record() && error().to_string().contains(":7 ")),
                _ => assert_eq!(source.read(index).unwrap().image, picture(index), "{name}"),
            }
        }
        let (record, caption) = (source.encoded(1).unwrap(), source.captions(1).unwrap());
        assert!(record.name.ends_with(&format!("{name}:1 (1.png)")), "{}", record.name);
        assert_eq!(caption, ["picture 1"]);
        assert!(source.captions(2).unwrap().is_empty());
        assert_eq!(source.captions(6).unwrap(), ["picture 7"]);
        let Encoded::File(bytes) = record.image else { panic!("it is a file") };
        assert_eq!(source.beginning(1).unwrap(), bytes);
        assert_eq!(source.identity(6).0, format!("{name}:7").as_bytes());
    }
}

#[test]
fn plain_bytes_and_labels_that_are_texts_are_read() {
    for name in ["plain-zstd.parquet", "plain-pages.parquet"] {
        let source = open(&golden(name)).unwrap();
        assert_eq!(source.classes(), ["ant", "bee", "cow"]);
        assert!(source.left_out().first().ends_with(":3 has no label"), "{}", source.left_out());
        for (index, (number, label)) in [(0, 2), (1, 0), (2, 2), (4, 1)].into_iter().enumerate() {
            let record = source.read(index).unwrap();
            assert_eq!((record.image, record.label), (picture(number), label));
            assert!(record.name.ends_with(&format!("{name}:{number}")), "{}", record.name);
        }
    }
    let pages = |name| open(&golden(name)).unwrap().files[0].images.spans().len();
    assert_eq!((pages("plain-zstd.parquet"), pages("plain-pages.parquet")), (3, 5));
}

#[test]
fn what_is_written_otherwise_is_named() {
    for (name, parts) in [
        ("plain-gzip.parquet", ["compressed with GZIP", "row group 0"]),
        ("plain-delta.parquet", ["DELTA_LENGTH_BYTE_ARRAY", "column \"img\""]),
    ] {
        let error = open(&golden(name)).unwrap_err().to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
}

#[test]
fn every_record_is_found_from_any_side() {
    let images: Vec<Vec<u8>> = (0..40).map(|seed| png(3, 2, seed)).collect();
    let rows: Vec<Row<'_>> = images.iter().map(|png| (Some(&png[..]), Some(7), None)).collect();
    let (folder, path) = written(&parquet_of(&rows[..23], None, 7));
    fs::write(folder.path().join("train-1.parquet"), parquet_of(&rows[23..], None, 100)).unwrap();
    let source = open(folder.path()).unwrap();
    assert_eq!((source.len(), source.classes().len()), (40, 8));
    let expected = |index: usize| crate::decode(&images[index], "x").unwrap();
    for index in (0..40).map(|step| step * 17 % 40) {
        assert_eq!(source.read(index).unwrap().image, expected(index), "{index}");
    }
    assert!(source.encoded(23).unwrap().name.ends_with("train-1.parquet:0 (0.png)"));
    assert!(has_parquet(folder.path()) && has_parquet(&path) && !has_parquet(Path::new("x")));
}

#[test]
fn labels_are_told_or_their_records_left_out() {
    let (image, names) = (png(2, 2, 1), ["b", "a"]);
    let row = |label| (Some(&image[..]), label, None);
    let labels = [Some(1), None, Some(2), Some(0), Some(i64::MIN), Some(i64::MAX)];
    let rows = labels.map(row);
    let (_folder, path) = written(&parquet_of(&rows, Some(&names), 2));
    let source = open(&path).unwrap();
    let of = |source: &ParquetSource| -> Vec<usize> {
        (0..source.len()).map(|index| source.identity(index).1).collect()
    };
    assert_eq!((of(&source), source.classes()), (vec![1, 0], &["b", "a"].map(str::to_owned)[..]));
    let reasons = source.left_out().named_records().join("\n");
    for reason in
        [":1 has no label", ":2 has the label 2, and its file names 2", ":4 has", ":5 has"]
    {
        assert!(reasons.contains(reason), "{reasons}");
    }
    // Without names the numbers are the classes.
    let (_folder, path) = written(&parquet_of(&rows, None, 2));
    let source = open(&path).unwrap();
    assert_eq!((of(&source), source.classes().len()), (vec![1, 2, 0], 3));
    // All without: that is no data set with labels, but one without.
    let (_folder, path) = written(&parquet_of(&[row(Some(-1)), row(None)], None, 2));
    assert!(matches!(open(&path), Err(Error::NoRecords { .. })));
    let source = ParquetSource::open(&ParquetConfig { path, unlabelled: true }).unwrap();
    assert_eq!((source.len(), source.left_out().count()), (2, 0));
}

#[test]
fn columns_that_are_missing_are_told_with_those_that_are_there() {
    let (_folder, path) = written(&parquet_of(&[(None, None, None)], None, 1));
    let bytes = fs::read(&path).unwrap();
    let renamed = |from: &str, to: &str| {
        let text: Vec<u8> = bytes.clone();
        let mut text = text;
        while let Some(at) = text.windows(from.len()).position(|part| part == from.as_bytes()) {
            text[at..at + from.len()].copy_from_slice(to.as_bytes());
        }
        written(&text)
    };
    let (_folder, path) = renamed("image", "photo");
    let error = open(&path).unwrap_err().to_string();
    for part in
        ["no column of images", "photo.bytes (bytes), photo.path (text), label (whole numbers)"]
    {
        assert!(error.contains(part), "{error}");
    }
    let (_folder, path) = renamed("label", "class");
    let error = open(&path).unwrap_err().to_string();
    assert!(error.contains("no column of labels") && error.contains("class (whole"), "{error}");
    assert!(ParquetSource::open(&ParquetConfig { path, unlabelled: true }).is_ok());
}

#[test]
fn a_damaged_page_costs_its_own_records_alone() {
    let mut bytes = fs::read(golden("plain-pages.parquet")).unwrap();
    // The length of the third image, which has a page of its own.
    let images = bytes.windows(4).enumerate().filter(|(_, part)| part == b"\x89PNG");
    let place = images.map(|(place, _)| place).nth(2).unwrap();
    bytes[place - 4..place].copy_from_slice(&[0xff; 4]);
    let (_folder, path) = written(&bytes);
    let source = open(&path).unwrap();
    for index in [0, 1, 3] {
        assert!(source.read(index).is_ok(), "{index}");
    }
    let error = source.read(2).unwrap_err();
    assert!(error.is_corrupt_record() && error.to_string().contains("page is damaged"), "{error}");
}

#[test]
fn whatever_is_cut_off_or_changed_nothing_panics() {
    for name in ["hub.parquet", "plain-zstd.parquet"] {
        let bytes = fs::read(golden(name)).unwrap();
        for length in (0..bytes.len()).step_by(13) {
            let (_folder, path) = written(&bytes[..length]);
            assert!(matches!(read_all(&path), Err(Error::DamagedParquet { .. })), "{length}");
        }
        for place in (0..bytes.len()).step_by(3) {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << (place % 8);
            let (_folder, path) = written(&changed);
            let _ = read_all(&path);
        }
    }
}

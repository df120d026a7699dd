//! Several files are as good as one, and contradict each other only once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::weights::{DType, INDEX_FILE, SafetensorsWriter, TensorFile, TensorInfo, WEIGHTS_FILE};

fn info(shape: &[usize]) -> TensorInfo {
    TensorInfo { shape: shape.to_vec(), dtype: DType::F32 }
}

fn named(names: &[&str]) -> Vec<(String, TensorInfo)> {
    let tensor = |name: &&str| ((*name).to_owned(), info(&[2]));
    names.iter().map(tensor).collect()
}

/// Writes a file of vectors of two, all of this value.
fn write(path: &Path, tensors: &[(String, TensorInfo)], value: f32) {
    let mut writer = SafetensorsWriter::create_as(path, tensors, &BTreeMap::new()).unwrap();
    for (name, _) in tensors {
        writer.push(name, &[value; 2]).unwrap();
    }
    writer.finish().unwrap();
}

/// Writes tensors a to c as three files; returns the index.
fn three(folder: &Path) -> PathBuf {
    let shards = plan_shards("model", named(&["a", "b", "c"]), 8);
    for (number, shard) in shards.iter().enumerate() {
        write(&folder.join(&shard.file), &shard.tensors, number as f32);
    }
    let index = folder.join(INDEX_FILE);
    ShardIndex::of(&shards).write(&index).unwrap();
    index
}

#[test]
fn files_are_filled_in_order_up_to_the_limit() {
    let files = |most: u64| -> Vec<(String, usize)> {
        let mut tensors = named(&["a", "b", "c", "d"]);
        tensors[2].1.shape = vec![8];
        let shards = plan_shards("model", tensors, most);
        shards.into_iter().map(|shard| (shard.file, shard.tensors.len())).collect()
    };
    let file = |name: &str, count| (format!("{name}.safetensors"), count);
    assert_eq!(files(56), [file("model", 4)]);
    assert_eq!(files(55), [file("model-00001-of-00002", 3), file("model-00002-of-00002", 1)]);
    let alone = ["model-00001-of-00003", "model-00002-of-00003", "model-00003-of-00003"];
    assert_eq!(files(16), [file(alone[0], 2), file(alone[1], 1), file(alone[2], 1)]);
    assert_eq!(files(0).len(), 4);
}

#[test]
fn a_folder_and_its_index_are_read_as_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let index = three(folder.path());
    assert!(folder.path().join("model-00003-of-00003.safetensors").is_file());
    for path in [folder.path(), &index] {
        let file = TensorFile::open(path).unwrap();
        assert_eq!(file.tensors().len(), 3);
        assert_eq!(file.read("b").unwrap(), [1.0; 2]);
        assert_eq!(file.files().len(), 4);
        assert!(file.read("d").unwrap_err().to_string().contains("no tensor `d`"));
    }
    assert_eq!(ShardIndex::read(&index).unwrap().metadata["total_size"], 24);
}

#[test]
fn a_folder_with_one_file_is_that_file() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join(WEIGHTS_FILE), &named(&["a"]), 3.0);
    let file = TensorFile::open(folder.path()).unwrap();
    assert_eq!(file.read("a").unwrap(), [3.0; 2]);
    let empty = tempfile::tempdir().unwrap();
    let message = TensorFile::open(empty.path()).unwrap_err().to_string();
    assert!(message.contains("the folder has no model.safetensors and no"), "{message}");
}

#[test]
fn what_the_files_and_the_index_disagree_about_is_named() {
    type Change = fn(&Path);
    const SECOND: &str = "model-00002-of-00003.safetensors";
    let cases: [(Change, &str); 10] = [
        (
            |folder| fs::remove_file(folder.join(SECOND)).unwrap(),
            "names the shard model-00002-of-00003.safetensors, which is not beside it",
        ),
        (
            |folder| write(&folder.join(SECOND), &named(&["x"]), 0.0),
            "lacks tensor `x` of model-00002-of-00003.safetensors",
        ),
        (
            |folder| write(&folder.join(SECOND), &[], 0.0),
            "model-00002-of-00003.safetensors has no tensor `b`, which it names",
        ),
        (
            |folder| write(&folder.join(SECOND), &named(&["a", "b"]), 0.0),
            "`a` is in both model-00001-of-00003.safetensors and model-00002-of-00003.safetensors",
        ),
        (
            |folder| fs::write(folder.join(SECOND), "junk").unwrap(),
            "model-00002-of-00003.safetensors is damaged",
        ),
        (
            |folder| fs::write(folder.join(SECOND), "version https://git-lfs.github.com").unwrap(),
            "model-00002-of-00003.safetensors holds no weights: it is the pointer that Git LFS",
        ),
        (|folder| fs::write(folder.join(INDEX_FILE), "[]").unwrap(), "it is no index of shards"),
        (
            |folder| fs::write(folder.join(INDEX_FILE), r#"{"weight_map": {}}"#).unwrap(),
            "names 0 shards",
        ),
        (
            |folder| {
                let index = r#"{"weight_map": {"a": "../model.safetensors"}}"#;
                fs::write(folder.join(INDEX_FILE), index).unwrap();
            },
            "`../model.safetensors`, which is no name of a .safetensors file beside it",
        ),
        (
            |folder| {
                let index = r#"{"weight_map": {"a": "/etc/passwd"}}"#;
                fs::write(folder.join(INDEX_FILE), index).unwrap();
            },
            "`/etc/passwd`, which is no name",
        ),
    ];
    for (change, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let index = three(folder.path());
        change(folder.path());
        let message = TensorFile::open(&index).unwrap_err().to_string();
        assert!(message.contains(expected), "{expected} is not in: {message}");
    }
}

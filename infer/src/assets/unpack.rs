//! Shipped files unpacked from the program into a cache folder.

use std::path::{Path, PathBuf};
use std::{fs, io};

use pixelflow_assets::{Asset, files_of};
use sha2::{Digest, Sha256};

use pixelflow::durable;

/// The path of the shipped file or folder `name` below `cache`, unpacked.
///
/// Files that are there and whole are left alone, others are replaced.
pub(super) fn unpacked(name: &str, cache: &Path) -> io::Result<PathBuf> {
    let folder = cache.join(format!("assets-{:016x}", hash(files_of(name))));
    for Asset { name, bytes } in files_of(name) {
        let path = folder.join(name);
        if !is_whole(&path, bytes) {
            fs::create_dir_all(path.parent().unwrap_or(&folder))?;
            durable::write_bytes(&path, bytes)?;
        }
    }
    Ok(folder.join(name))
}

/// The start of the SHA-256 of names and contents: programs of other versions have other folders.
fn hash<'a>(files: impl Iterator<Item = &'a Asset>) -> u64 {
    let mut hash = Sha256::new();
    for Asset { name, bytes } in files {
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    let digest = hash.finalize();
    u64::from_be_bytes(std::array::from_fn(|byte| digest[byte]))
}

/// Whether a file has exactly these bytes.
fn is_whole(path: &Path, bytes: &[u8]) -> bool {
    let size = fs::metadata(path).map(|metadata| metadata.len()).ok();
    size == Some(bytes.len() as u64) && fs::read(path).is_ok_and(|there| there == bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_replaced_and_a_whole_one_left_alone() {
        let cache = tempfile::tempdir().unwrap();
        let folder = unpacked("recipes", cache.path()).unwrap();
        let (smoke, demo) = (folder.join("smoke.toml"), folder.join("demo.toml"));
        let written = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
        let (text, first) = (fs::read(&smoke).unwrap(), written(&demo));
        let mut other = text.clone();
        other[0] ^= 1;
        for damage in [other.as_slice(), &text[1..], b""] {
            fs::write(&smoke, damage).unwrap();
            assert_eq!(unpacked("recipes", cache.path()).unwrap(), folder);
            assert_eq!(fs::read(&smoke).unwrap(), text);
        }
        assert_eq!(written(&demo), first);
    }

    #[test]
    fn other_content_has_another_folder() {
        let hash_of = |name, bytes| hash([Asset { name, bytes }].iter());
        assert_ne!(hash_of("a", b"bc"), hash_of("a", b"bd"));
        assert_ne!(hash_of("a", b"bc"), hash_of("ab", b"c"));
    }
}

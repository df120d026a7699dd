//! Hashes that tell files of weights from others.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::WeightsError;

/// The first 16 hex digits of the SHA-256 of files, one behind the other.
///
/// # Errors
/// [`WeightsError::Open`].
pub fn file_hash(paths: &[PathBuf]) -> Result<String, WeightsError> {
    let mut hash = Sha256::new();
    for path in paths {
        let open = |source| WeightsError::Open { path: path.clone(), source };
        add_content(&mut hash, File::open(path).map_err(open)?).map_err(open)?;
    }
    Ok(first_digits(hash))
}

/// Adds all bytes of a file to a hash.
pub(super) fn add_content(hash: &mut Sha256, mut file: impl Read) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => hash.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The first 16 hex digits of a hash.
pub(crate) fn first_digits(hash: Sha256) -> String {
    let digest = hash.finalize();
    let first = u64::from_be_bytes(std::array::from_fn(|byte| digest[byte]));
    format!("{first:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_sha_256_of_all_files() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["ab", "c"].map(|text| {
            let path = folder.path().join(text);
            std::fs::write(&path, text).unwrap();
            path
        });
        // `printf abc | sha256sum` (FIPS 180-2, appendix B.1)
        assert_eq!(file_hash(&paths).unwrap(), "ba7816bf8f01cfea");
    }
}

//! Names of the files that a layout plans.

/// Longest file name of common file systems, in bytes.
pub(super) const MAX_NAME: usize = 255;

/// An id that becomes a file's name, with `.png` behind it.
///
/// # Errors
/// Why it cannot, in words.
pub(super) fn check_id(id: &str) -> Result<(), String> {
    let forbidden = |letter: char| letter.is_control() || "/\\:*?\"<>|".contains(letter);
    if id.is_empty() {
        Err("the id is empty".to_owned())
    } else if let Some(letter) = id.chars().find(|letter| forbidden(*letter)) {
        Err(format!("the id {id:?} has {letter:?}, which a file name cannot have everywhere"))
    } else if id.starts_with('.') {
        Err(format!("the id {id:?} begins with a dot, which hides the file"))
    } else if id.len() + ".png".len() > MAX_NAME {
        let most = MAX_NAME - ".png".len();
        Err(format!("the id has {} bytes; a file name holds {most}", id.len()))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_harmless_names() {
        for id in ["0", "COCOval2014000000000164", "a b", "ä"] {
            assert_eq!(check_id(id), Ok(()), "{id}");
        }
        let long = "x".repeat(252);
        for id in ["", "../a", "a\\b", ".a", "a\0", long.as_str()] {
            assert!(check_id(id).is_err(), "{id}");
        }
    }
}

//! Paths that a picture names: a stranger may have written them.

use std::path::{Component, Path};

use crate::{Error, Result};

/// Refuses a path that leads out of the working folder, to another machine or to a device, before the
/// file system is asked.
///
/// # Errors
/// [`Error::ForeignPath`], which says with which argument the user may name it.
pub(crate) fn refuse_foreign(path: &str, picture: &Path, argument: &'static str) -> Result<()> {
    let is_step = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    let is_within = !path.starts_with('~')
        && !path.contains(['\\', ':', '\0'])
        && Path::new(path).components().all(is_step);
    if is_within {
        return Ok(());
    }
    Err(Error::ForeignPath { picture: picture.to_owned(), path: path.to_owned(), argument })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_picture_stay_in_the_working_folder() {
        let refuse = |path| refuse_foreign(path, Path::new("a.png"), "--model");
        for path in ["demo", "runs/a/model.safetensors", "./a", "..a", "größe"] {
            refuse(path).unwrap();
        }
        let elsewhere = [
            "/etc/passwd",
            "//host/share",
            r"\\host\share",
            r"\\?\C:\a",
            r"C:\a",
            "C:a",
            "c:/a",
            "../a",
            "a/../../b",
            "a/..",
            "~/a",
            "~root",
            "file:///a",
            r"a\b",
            "a\0b",
        ];
        for path in elsewhere {
            assert!(matches!(refuse(path), Err(Error::ForeignPath { .. })), "{path}");
        }
    }
}

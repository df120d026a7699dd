//! DPG-Bench (Hu et al. 2024, ELLA): `ID.png`, four images in a square.
//!
//! Its `compute_dpg_bench.py` opens every file of the folder, takes what stands before the first dot of
//! the name for the id, and cuts the four images out of the picture.

use std::fs;
use std::path::{Path, PathBuf};

use super::file_name::check_id;
use super::{Images, LayoutArgument, Plan, PlannedFile};
use crate::error::read_error;
use crate::prompts::file::{check_length, read_text, wrong};
use crate::{Error, Result};

pub(super) fn plan(prompts: &Path, images: Option<u32>) -> Result<Plan> {
    if let Some(images) = images.filter(|images| *images != 4) {
        return Err(Error::Argument {
            argument: "--images",
            value: images.to_string(),
            reason: "DPG-Bench takes four images of each prompt, in one picture; leave it out"
                .to_owned(),
        });
    }
    let mut files = Vec::new();
    for (prompt, path) in text_files(prompts)?.into_iter().enumerate() {
        let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
        check_id(id).map_err(|reason| wrong(&path, "", reason))?;
        if id.contains('.') {
            let reason = "the evaluator takes what stands before the first dot for the id; \
                          give it a name without dots";
            return Err(wrong(&path, "", reason));
        }
        let caption = read_text(&path)?.trim().to_owned();
        if caption.is_empty() {
            return Err(wrong(&path, "", "it is empty; write the prompt into it, or remove it"));
        }
        check_length(&caption).map_err(|reason| wrong(&path, "", reason))?;
        files.push(PlannedFile {
            path: PathBuf::from(format!("{id}.png")),
            prompt,
            caption,
            images: Images::Square,
        });
    }
    Ok(Plan { layout: LayoutArgument::Dpg, files, texts: Vec::new() })
}

/// The `.txt` files of a folder, sorted.
fn text_files(folder: &Path) -> Result<Vec<PathBuf>> {
    if folder.is_file() {
        let reason = "it is a file; expected the folder of ID.txt, one prompt each";
        return Err(wrong(folder, "", reason));
    }
    let entries = fs::read_dir(folder).map_err(read_error(folder))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<Result<_, _>>().map_err(read_error(folder))?;
    let hidden =
        |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    paths.retain(|path| path.extension().is_some_and(|end| end == "txt") && !hidden(path));
    paths.sort_unstable();
    if paths.is_empty() {
        return Err(wrong(folder, "", "it holds no ID.txt; expected one prompt in each"));
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(files: &[(&str, &[u8])]) -> Result<Plan> {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        plan(folder.path(), None)
    }

    #[test]
    fn every_text_file_is_a_picture_of_four() {
        let files: [(&str, &[u8]); 4] = [
            ("10.txt", b"a cat\n"),
            ("1.txt", b"a dog"),
            ("readme.md", b"no prompt"),
            (".1.txt", b"no prompt"),
        ];
        let plan = planned(&files).unwrap();
        let named = |file: &PlannedFile| (file.path.display().to_string(), file.caption.clone());
        let named: Vec<_> = plan.files.iter().map(named).collect();
        let expected = [("1.png", "a dog"), ("10.png", "a cat")];
        assert_eq!(named, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert_eq!(plan.files[1].images, Images::Square);
    }

    #[test]
    fn what_the_evaluator_would_misread_is_refused() {
        type Files<'a> = &'a [(&'a str, &'a [u8])];
        let cases: [(Files<'_>, &str); 4] = [
            (&[], "it holds no ID.txt"),
            (&[("1.txt", b" \n")], "1.txt: it is empty"),
            (&[("1.txt", b"\xff")], "1.txt, line 1: it is not UTF-8"),
            (&[("1.5.txt", b"a cat")], "1.5.txt: the evaluator takes what stands before"),
        ];
        for (files, reason) in cases {
            let message = planned(files).unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
        let folder = tempfile::tempdir().unwrap();
        let message = plan(folder.path(), Some(2)).unwrap_err().to_string();
        assert!(message.starts_with("--images 2: "), "{message}");
    }
}

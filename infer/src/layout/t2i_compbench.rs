//! T2I-CompBench (Huang et al. 2023): `samples/PROMPT_000000.png`.
//!
//! Its evaluators read the prompt back from the file's name, up to the first `_`, and the number of the
//! question behind it: the number of the image, counted over the whole category. Ten images of each
//! prompt are what its `inference_eval.py` draws and its `3_in_1.py` expects.

use std::path::{Path, PathBuf};

use super::file_name::MAX_NAME;
use super::plan::check_amount;
use super::{Images, LayoutArgument, Plan, PlannedFile};
use crate::Result;
use crate::prompts::file::{line, read_lines, wrong};

/// Images of a prompt in the paper.
const IMAGES: u32 = 10;

pub(super) fn plan(prompts: &Path, images: Option<u32>) -> Result<Plan> {
    let images = u64::from(images.unwrap_or(IMAGES));
    let lines = read_lines(prompts)?;
    check_amount(prompts, &lines, images)?;
    let mut files = Vec::new();
    for (prompt, content) in lines.into_iter().enumerate() {
        // What its own script does: further columns of the training files are no part of the prompt.
        let caption = content.split('\t').next().unwrap_or("").trim_end();
        check_prompt(caption).map_err(|reason| wrong(prompts, &line(prompt), reason))?;
        for number in 0..images {
            let question = prompt as u64 * images + number;
            let name = format!("{caption}_{question:06}.png");
            if name.len() > MAX_NAME {
                let reason = format!(
                    "the evaluator wants the prompt in the file's name, which would have {} \
                     bytes; file systems take {MAX_NAME}; shorten it",
                    name.len()
                );
                return Err(wrong(prompts, &line(prompt), reason));
            }
            files.push(PlannedFile {
                path: PathBuf::from("samples").join(name),
                prompt,
                caption: caption.to_owned(),
                images: Images::One(number),
            });
        }
    }
    Ok(Plan { layout: LayoutArgument::T2iCompbench, files, texts: Vec::new() })
}

/// Whether the evaluators read a prompt back as it is.
fn check_prompt(caption: &str) -> Result<(), String> {
    let wrong = caption.chars().find(|letter| letter.is_control() || "/\\_".contains(*letter));
    match wrong {
        Some('_') => Err("the evaluator reads the prompt from the file's name up to the first \
                          \"_\", which this prompt has; write it without"
            .to_owned()),
        Some(letter) => Err(format!(
            "the evaluator wants the prompt in the file's name, which cannot have {letter:?}; \
             write it without"
        )),
        None if caption.contains(".png") => {
            Err("the evaluator reads the prompt from the file's name up to \".png\", which this \
             prompt has; write it without"
                .to_owned())
        }
        None if caption.starts_with('.') => {
            Err("its file would be hidden, since it begins with a dot; write it without".to_owned())
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(content: &str, images: Option<u32>) -> Result<Plan> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("color_val.txt");
        std::fs::write(&path, content).unwrap();
        plan(&path, images)
    }

    #[test]
    fn names_hold_the_prompt_and_the_number_of_the_image() {
        let content = "a green bench and a blue bowl\r\nA \"bird's\" nest: small.\tseen\r\n";
        let plan = planned(content, None).unwrap();
        let names: Vec<_> = plan.files.iter().map(|file| file.path.to_str().unwrap()).collect();
        assert_eq!(names.len(), 20);
        assert_eq!(names[0], "samples/a green bench and a blue bowl_000000.png");
        assert_eq!(names[11], "samples/A \"bird's\" nest: small._000011.png");
        assert_eq!((plan.files[11].prompt, plan.files[11].images), (1, Images::One(1)));
        assert_eq!(plan.files[11].caption, "A \"bird's\" nest: small.");
        // With one image of each prompt the number is that of the line.
        let plan = planned(content, Some(1)).unwrap();
        assert!(plan.files[1].path.to_str().unwrap().ends_with("small._000001.png"));
    }

    #[test]
    fn prompts_that_would_be_read_back_otherwise_are_refused() {
        let long = "x".repeat(245);
        for (prompt, reason) in [
            (
                "a red/green cat",
                "line 2: the evaluator wants the prompt in the file's name, which cannot have '/'",
            ),
            ("..\\up", "cannot have '\\\\'"),
            ("snake_case", "up to the first \"_\""),
            ("a file a.png", "up to \".png\""),
            ("...", "hidden"),
            (long.as_str(), "which would have 256 bytes"),
        ] {
            let message = planned(&format!("a cat\n{prompt}\n"), None).unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
        assert!(planned(&"x".repeat(244), Some(1)).is_ok());
    }
}

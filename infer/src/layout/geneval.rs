//! `GenEval` (Ghosh, Hajishirzi and Schmidt 2023): `00000/metadata.jsonl`, `00000/samples/0000.png`.
//!
//! Its `evaluate_images.py` visits the folders whose names are all digits, loads `metadata.jsonl` as
//! one JSON object, and judges every file in `samples`.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::plan::{PlannedText, check_amount};
use super::{Images, LayoutArgument, Plan, PlannedFile};
use crate::Result;
use crate::prompts::file::{check_length, line, read_lines, wrong};

/// Images of a prompt in the paper.
const IMAGES: u32 = 4;

pub(super) fn plan(prompts: &Path, images: Option<u32>) -> Result<Plan> {
    let lines = read_lines(prompts)?;
    let images = u64::from(images.unwrap_or(IMAGES));
    check_amount(prompts, &lines, images)?;
    let (mut files, mut texts) = (Vec::new(), Vec::new());
    for (prompt, content) in lines.into_iter().enumerate() {
        let caption = caption(&content).map_err(|reason| wrong(prompts, &line(prompt), reason))?;
        let folder = PathBuf::from(format!("{prompt:05}"));
        files.extend((0..images).map(|number| PlannedFile {
            path: folder.join("samples").join(format!("{number:04}.png")),
            prompt,
            caption: caption.clone(),
            images: Images::One(number),
        }));
        texts.push(PlannedText { path: folder.join("metadata.jsonl"), prompt, content });
    }
    Ok(Plan { layout: LayoutArgument::Geneval, files, texts })
}

/// The prompt of a line.
fn caption(content: &str) -> Result<String, String> {
    let fields: Map<String, Value> =
        serde_json::from_str(content).map_err(|error| format!("it is no JSON object: {error}"))?;
    match fields.get("prompt") {
        Some(Value::String(prompt)) if !prompt.trim().is_empty() => {
            check_length(prompt)?;
            Ok(prompt.clone())
        }
        Some(other) => Err(format!("its \"prompt\" is {other}; expected a text")),
        None => {
            Err("it has no field \"prompt\"; expected the evaluator's evaluation_metadata.jsonl"
                .to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(content: &str, images: Option<u32>) -> Result<Plan> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("evaluation_metadata.jsonl");
        std::fs::write(&path, content).unwrap();
        plan(&path, images)
    }

    const BENCH: &str = r#"{"tag": "single_object", "include": [{"class": "bench", "count": 1}], "prompt": "a photo of a bench"}"#;

    #[test]
    fn folders_are_numbered_and_hold_their_line() {
        let plan = planned(&format!("{BENCH}\n{}\n", r#"{"prompt": "a cow"}"#), None).unwrap();
        let paths: Vec<_> = plan.files.iter().map(|file| file.path.to_str().unwrap()).collect();
        assert_eq!(paths.len(), 8);
        assert_eq!(paths[0], "00000/samples/0000.png");
        assert_eq!(paths[7], "00001/samples/0003.png");
        assert_eq!((plan.files[7].prompt, plan.files[7].images), (1, Images::One(3)));
        assert_eq!(plan.files[0].caption, "a photo of a bench");
        assert_eq!(plan.texts[0].path, Path::new("00000/metadata.jsonl"));
        assert_eq!(plan.texts[0].content, BENCH);
        assert_eq!(planned(BENCH, Some(1)).unwrap().files.len(), 1);
    }

    #[test]
    fn bad_lines_are_named() {
        for (second, reason) in [
            (r#"{"tag": "counting"}"#, "line 2: it has no field \"prompt\""),
            (r#"{"prompt": 3}"#, "line 2: its \"prompt\" is 3"),
            (r#"{"prompt": " "}"#, "line 2: its \"prompt\" is \" \""),
            ("[1]", "line 2: it is no JSON object"),
            ("{", "line 2: it is no JSON object"),
        ] {
            let message = planned(&format!("{BENCH}\n{second}"), None).unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
    }
}

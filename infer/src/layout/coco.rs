//! MS-COCO captions: one picture for each.
//!
//! Scripts for FID read a folder whatever the names are; those for CLIP scores find the caption by the
//! name. So a picture is called as COCO calls the photograph that the caption describes, its id in
//! twelve digits (`000000391895.png`): drawn and real images pair by name. Where the file has several
//! captions of a photograph, the caption's own id follows (`000000391895_770337.png`). The ids of a
//! `.tsv` are taken as they are; the lines of a `.txt` are counted from 0 (`00000.png`).

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

use super::file_name::check_id;
use super::{Images, LayoutArgument, Plan, PlannedFile};
use crate::prompts::file::{check_length, line, read_lines, read_text, wrong};
use crate::{Error, Result};

pub(super) fn plan(prompts: &Path, images: Option<u32>) -> Result<Plan> {
    if let Some(images) = images.filter(|images| *images != 1) {
        return Err(Error::Argument {
            argument: "--images",
            value: images.to_string(),
            reason: "the scores take one image of each caption; leave it out".to_owned(),
        });
    }
    let ending = prompts.extension().and_then(|ending| ending.to_str()).unwrap_or("");
    let named = match ending.to_ascii_lowercase().as_str() {
        "json" => from_json(prompts)?,
        "tsv" => from_table(prompts)?,
        "txt" => from_lines(prompts)?,
        _ => {
            let reason = "expected COCO's captions_val2014.json, ID<tab>caption lines in a .tsv, \
                          or caption lines in a .txt";
            return Err(wrong(prompts, "", reason));
        }
    };
    let file = |(prompt, (id, caption)): (usize, (String, String))| PlannedFile {
        path: PathBuf::from(format!("{id}.png")),
        prompt,
        caption,
        // Statistics are made of them: no two share their noise.
        images: Images::One(prompt as u64),
    };
    Ok(Plan {
        layout: LayoutArgument::Coco,
        files: named.into_iter().enumerate().map(file).collect(),
        texts: Vec::new(),
    })
}

#[derive(Deserialize)]
struct Captions {
    annotations: Vec<Annotation>,
}

#[derive(Deserialize)]
struct Annotation {
    id: u64,
    image_id: u64,
    caption: String,
}

/// In the order of the ids.
fn from_json(path: &Path) -> Result<Vec<(String, String)>> {
    let text = read_text(path)?;
    let captions: Captions = serde_json::from_str(&text)
        .map_err(|error| wrong(path, "", format!("it is no COCO captions file: {error}")))?;
    let mut captions_of: HashMap<u64, usize> = HashMap::new();
    let mut by_id = BTreeMap::new();
    for annotation in captions.annotations {
        let Annotation { id, image_id, .. } = annotation;
        *captions_of.entry(image_id).or_default() += 1;
        if annotation.caption.trim().is_empty() {
            return Err(wrong(path, &format!("annotation {id}"), "its caption is empty"));
        }
        check_length(&annotation.caption)
            .map_err(|reason| wrong(path, &format!("annotation {id}"), reason))?;
        if by_id.insert((image_id, id), annotation.caption.trim().to_owned()).is_some() {
            return Err(wrong(path, &format!("annotation {id}"), "its id is there twice"));
        }
    }
    if by_id.is_empty() {
        return Err(wrong(path, "", "it has no annotations"));
    }
    let several = captions_of.values().any(|count| *count > 1);
    let named = |((image, id), caption)| {
        let name = if several { format!("{image:012}_{id}") } else { format!("{image:012}") };
        (name, caption)
    };
    Ok(by_id.into_iter().map(named).collect())
}

fn from_table(path: &Path) -> Result<Vec<(String, String)>> {
    let mut lines_of: HashMap<String, usize> = HashMap::new();
    let mut named = Vec::new();
    for (index, content) in read_lines(path)?.into_iter().enumerate() {
        let wrong = |reason: String| wrong(path, &line(index), reason);
        let Some((id, caption)) = content.split_once('\t') else {
            return Err(wrong("expected an id, a tab and a caption".to_owned()));
        };
        check_id(id).and_then(|()| check_length(caption)).map_err(wrong)?;
        // Some file systems do not tell large letters from small ones, or two encodings of accents.
        let same = id.nfc().collect::<String>().to_lowercase();
        if let Some(first) = lines_of.insert(same, index) {
            return Err(wrong(format!("the id {id:?} is on {} too", line(first))));
        }
        named.push((id.to_owned(), caption.trim().to_owned()));
    }
    Ok(named)
}

fn from_lines(path: &Path) -> Result<Vec<(String, String)>> {
    let lines = read_lines(path)?.into_iter().enumerate();
    let named = |(index, caption): (usize, String)| {
        check_length(&caption).map_err(|reason| wrong(path, &line(index), reason))?;
        Ok((format!("{index:05}"), caption))
    };
    lines.map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(name: &str, content: &str) -> Result<Vec<(String, String)>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let named = |file: &PlannedFile| (file.path.display().to_string(), file.caption.clone());
        Ok(plan(&path, None)?.files.iter().map(named).collect())
    }

    fn annotations(list: &[(u64, u64, &str)]) -> String {
        let one = |(id, image_id, caption): &(u64, u64, &str)| serde_json::json!({"id": id, "image_id": image_id, "caption": caption});
        let list: Vec<_> = list.iter().map(one).collect();
        serde_json::json!({"info": {}, "images": [], "annotations": list}).to_string()
    }

    fn named(list: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(id, caption): &(&str, &str)| ((*id).to_owned(), (*caption).to_owned());
        list.iter().map(owned).collect()
    }

    #[test]
    fn pictures_are_called_like_the_photographs() {
        let json = annotations(&[(9, 391_895, "A man.\n"), (3, 42, "A cat.")]);
        let expected = named(&[("000000000042.png", "A cat."), ("000000391895.png", "A man.")]);
        assert_eq!(planned("a.json", &json).unwrap(), expected);
        let json = annotations(&[(9, 42, "A man."), (3, 42, "A cat.")]);
        let expected = named(&[("000000000042_3.png", "A cat."), ("000000000042_9.png", "A man.")]);
        assert_eq!(planned("a.json", &json).unwrap(), expected);
    }

    #[test]
    fn tables_bring_their_ids_and_lines_are_counted() {
        let table = planned("a.tsv", "42\tA cat.\n346904_mscoco_0\tA bus.\n").unwrap();
        assert_eq!(table, named(&[("42.png", "A cat."), ("346904_mscoco_0.png", "A bus.")]));
        let lines = planned("a.txt", "A cat.\nA cat.\n").unwrap();
        assert_eq!(lines, named(&[("00000.png", "A cat."), ("00001.png", "A cat.")]));
    }

    #[test]
    fn bad_files_say_where() {
        let twice = annotations(&[(3, 42, "A cat."), (3, 42, "A dog.")]);
        let empty = annotations(&[(3, 42, " ")]);
        for (name, content, reason) in [
            ("a.json", twice.as_str(), "annotation 3: its id is there twice"),
            ("a.json", empty.as_str(), "annotation 3: its caption is empty"),
            ("a.json", "{}", "no COCO captions file: missing field `annotations`"),
            ("a.json", r#"{"annotations": []}"#, "it has no annotations"),
            ("a.tsv", "1\ta\nB\tb\nb\tc", "line 3: the id \"b\" is on line 2 too"),
            ("a.tsv", "\u{e9}\ta\ne\u{301}\tb", "is on line 1 too"),
            ("a.tsv", "1\ta\nno tab", "line 2: expected an id, a tab and a caption"),
            ("a.tsv", "../1\ta", "line 1: the id \"../1\" has '/'"),
            ("a.csv", "1,a", "expected COCO's captions_val2014.json"),
        ] {
            let message = planned(name, content).unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
    }
}

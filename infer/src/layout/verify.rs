//! Whether a folder is finished and sound.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use pixelflow_host::progress::counting_bar;
use rayon::prelude::*;

use super::record::OWN_FOLDER;
use super::{FolderRecord, Plan, PlannedFile, RECORD_FILE};
use crate::error::read_error;
use crate::{Error, Result};

/// Everything that is wrong with a folder, one line each; nothing if it is finished and sound.
///
/// # Errors
/// [`Error::BadRecord`] if the folder has none, [`Error::OtherSettings`] if it is of other prompts,
/// [`Error::Read`].
pub fn verify(plan: &Plan, prompts: &Path, folder: &Path) -> Result<Vec<String>> {
    fs::metadata(folder).map_err(read_error(folder))?;
    let record = FolderRecord::read(folder)?.ok_or_else(|| Error::BadRecord {
        path: folder.join(RECORD_FILE),
        reason: "it is not there, so `infer generate` did not write this folder".to_owned(),
    })?;
    let expected = FolderRecord::new(plan, prompts, record.seed, record.drawn_with.clone());
    record.must_equal(&expected, folder)?;

    let size = [record.drawn_with.height, record.drawn_with.width];
    let bar = counting_bar(plan.files.len() as u64, "checking");
    let pictures = plan.files.par_iter().map(|file| {
        bar.inc(1);
        picture_problem(file, size, folder)
    });
    let mut problems: Vec<String> = pictures.collect::<Vec<_>>().into_iter().flatten().collect();
    bar.finish_and_clear();
    for text in &plan.texts {
        let name = text.path.display();
        match fs::read(folder.join(&text.path)) {
            Ok(content) if content == text.content.as_bytes() => {}
            Ok(_) => problems.push(format!("{name}: it says something else")),
            Err(error) => problems.push(format!("{name}: {error}")),
        }
    }
    let planned = plan.files.iter().map(|file| &file.path);
    let planned: HashSet<&PathBuf> =
        planned.chain(plan.texts.iter().map(|text| &text.path)).collect();
    let surplus = |path: &PathBuf| !planned.contains(path) && plan.evaluator_reads(path);
    let others = entries(folder, Path::new(""))?.into_iter().filter(surplus);
    problems.extend(others.map(|path| format!("{}: it does not belong there", path.display())));
    Ok(problems)
}

fn picture_problem(file: &PlannedFile, size: [usize; 2], folder: &Path) -> Option<String> {
    let name = file.path.display();
    let path = folder.join(&file.path);
    if !path.exists() {
        return Some(format!("{name}: missing"));
    }
    match image::open(&path) {
        Err(error) => Some(format!("{name}: {error}")),
        Ok(image) => {
            let [height, width] = file.images.size(size);
            let found = (image.height() as usize, image.width() as usize);
            (found != (height, width)).then(|| {
                let (h, w) = found;
                format!("{name}: {h}x{w} pixels instead of {height}x{width}")
            })
        }
    }
}

/// All files within a folder, and `*` for what an empty folder could hold, sorted; without our own.
fn entries(root: &Path, within: &Path) -> Result<Vec<PathBuf>> {
    let folder = root.join(within);
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(read_error(&folder))? {
        let entry = entry.map_err(read_error(&folder))?;
        let path = within.join(entry.file_name());
        if path == Path::new(OWN_FOLDER) {
            continue;
        }
        if entry.file_type().map_err(read_error(&folder))?.is_dir() {
            let inner = entries(root, &path)?;
            if inner.is_empty() {
                found.push(path.join("*"));
            }
            found.extend(inner);
        } else {
            found.push(path);
        }
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caption_images::testing::FakeDrawer;
    use crate::layout::{FolderWork, LayoutArgument, plan, write};
    use crate::shard::Shard;
    use image::RgbImage;
    use pixelflow::sampler::Silent;

    const SIZE: [usize; 2] = [3, 4];

    /// A finished folder of `GenEval`, and its prompts.
    fn finished(root: &Path) -> (Plan, PathBuf, PathBuf) {
        let prompts = root.join("prompts.jsonl");
        fs::write(&prompts, "{\"prompt\": \"a cat\"}\n{\"prompt\": \"a dog\"}\n").unwrap();
        let plan = plan(LayoutArgument::Geneval, &prompts, Some(2)).unwrap();
        let folder = root.join("out");
        let mut drawer = FakeDrawer::noise(SIZE);
        let record = FolderRecord::new(&plan, &prompts, 0, FakeDrawer::settings(SIZE));
        let (folder_path, shard) = (folder.as_path(), Shard::WHOLE);
        let work =
            FolderWork { plan: &plan, record: &record, folder: folder_path, shard, batch: 8 };
        write(work, &mut drawer, &mut Silent).unwrap();
        (plan, prompts, folder)
    }

    #[test]
    fn a_finished_folder_has_no_problems() {
        let root = tempfile::tempdir().unwrap();
        let (plan, prompts, folder) = finished(root.path());
        fs::write(folder.join("results.jsonl"), "the evaluator's").unwrap();
        fs::write(folder.join(OWN_FOLDER).join("unfinished"), "of a run that was killed").unwrap();
        assert_eq!(verify(&plan, &prompts, &folder).unwrap(), [""; 0]);
    }

    #[test]
    fn every_problem_is_listed() {
        let root = tempfile::tempdir().unwrap();
        let (plan, prompts, folder) = finished(root.path());
        let path = |name: &str| folder.join(name);
        fs::remove_file(path("00000/samples/0000.png")).unwrap();
        let whole = fs::read(path("00000/samples/0001.png")).unwrap();
        fs::write(path("00000/samples/0001.png"), &whole[..whole.len() / 2]).unwrap();
        RgbImage::new(4, 4).save(path("00001/samples/0000.png")).unwrap();
        fs::write(path("00001/metadata.jsonl"), "{}").unwrap();
        fs::write(path("00001/samples/.tmp"), "").unwrap();
        fs::create_dir(path("00002")).unwrap();
        let problems = verify(&plan, &prompts, &folder).unwrap();
        let starts = [
            "00000/samples/0000.png: missing",
            "00000/samples/0001.png: ",
            "00001/samples/0000.png: 4x4 pixels instead of 3x4",
            "00001/metadata.jsonl: it says something else",
            "00001/samples/.tmp: it does not belong there",
            "00002/*: it does not belong there",
        ];
        assert_eq!(problems.len(), starts.len(), "{problems:#?}");
        for (problem, start) in problems.iter().zip(starts) {
            assert!(problem.starts_with(start), "{problem}");
        }
    }

    #[test]
    fn folders_of_other_prompts_or_none_are_refused() {
        let root = tempfile::tempdir().unwrap();
        let (_, prompts, folder) = finished(root.path());
        let more = plan(LayoutArgument::Geneval, &prompts, Some(3)).unwrap();
        let message = verify(&more, &prompts, &folder).unwrap_err().to_string();
        assert!(message.contains("images_per_prompt was 2 and is 3"), "{message}");
        let message = verify(&more, &prompts, root.path()).unwrap_err().to_string();
        assert!(message.contains("did not write this folder"), "{message}");
        let missing = root.path().join("missing");
        let message = verify(&more, &prompts, &missing).unwrap_err().to_string();
        assert!(message.starts_with("cannot read "), "{message}");
    }
}

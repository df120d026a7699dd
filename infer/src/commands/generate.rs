//! `infer generate`: draws a benchmark's prompts in the layout that its evaluator reads.

use std::time::Instant;

use super::caption_drawer::caption_drawer;
use crate::Result;
use crate::arguments::GenerateArguments;
use crate::caption_images::DrawCaptions;
use crate::layout::{FolderRecord, FolderWork, Plan, Written, missing_images, plan, verify, write};
use crate::progress::CaptionProgress;
use crate::shard::ShardArgument;

/// What became of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Generated {
    /// It was written, or is finished and sound: what was done, in a line.
    Done(String),
    /// It is not finished or not sound: what is wrong, a line each.
    Unsound(Vec<String>),
}

/// Draws what is missing of a benchmark, or checks what is there.
///
/// # Errors
/// Everything that can be wrong with the prompts, the model or the folder, before anything is drawn;
/// what drawing and writing say.
pub fn generate(arguments: &GenerateArguments) -> Result<Generated> {
    let plan = plan(arguments.layout, &arguments.prompts, arguments.images)?;
    if arguments.verify {
        let problems = verify(&plan, &arguments.prompts, &arguments.out)?;
        return Ok(if problems.is_empty() {
            let (count, folder) = (plan.files.len(), arguments.out.display());
            Generated::Done(format!("{count} pictures, all sound: {folder}"))
        } else {
            Generated::Unsound(problems)
        });
    }
    let mut drawer = caption_drawer(&arguments.drawing, arguments.size)?;
    generate_with(&plan, arguments, drawer.as_mut()).map(Generated::Done)
}

/// Draws what is missing of a plan; returns a line that says what was done.
///
/// # Errors
/// As [`write`](crate::layout::write()).
fn generate_with(
    plan: &Plan,
    arguments: &GenerateArguments,
    drawer: &mut dyn DrawCaptions,
) -> Result<String> {
    let started = Instant::now();
    let (folder, shard) = (&arguments.out, ShardArgument::find(arguments.shard)?);
    let (seed, batch) = (arguments.drawing.seed, arguments.drawing.batch as usize);
    let record = FolderRecord::new(plan, &arguments.prompts, seed, drawer.drawn_with());
    let mut progress = CaptionProgress::new(missing_images(plan, folder, shard) as u64);
    let work = FolderWork { plan, record: &record, folder, shard, batch };
    let written = write(work, drawer, &mut progress);
    progress.finish();
    let Written { drawn, kept } = written?;
    let (seconds, folder) = (started.elapsed().as_secs_f64(), folder.display());
    Ok(format!("{drawn} pictures drawn in {seconds:.1} s, {kept} were there: {folder}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::{Arguments, Command};
    use crate::caption_images::testing::FakeDrawer;
    use clap::Parser;
    use std::fs;
    use std::path::Path;

    const LAYOUTS: [(&str, &str, &str); 4] = [
        ("geneval", "a.jsonl", "{\"prompt\": \"a cat\"}\n{\"prompt\": \"a dog\"}"),
        ("dpg", "prompts", "a cat"),
        ("t2i-compbench", "color_val.txt", "a cat\na dog"),
        ("coco", "a.tsv", "1\ta cat\n2\ta dog"),
    ];

    fn arguments(root: &Path, layout: usize, more: &[&str]) -> GenerateArguments {
        let (layout, name, content) = LAYOUTS[layout];
        let prompts = root.join(name);
        if layout == "dpg" {
            fs::create_dir_all(&prompts).unwrap();
            fs::write(prompts.join("1.txt"), content).unwrap();
        } else {
            fs::write(&prompts, content).unwrap();
        }
        let [prompts, out] = [prompts, root.join("out")].map(|path| path.display().to_string());
        let line = ["infer", "generate", "--layout", layout, "--prompts", &prompts, "--out", &out];
        match Arguments::try_parse_from(line.iter().chain(more)).unwrap().command {
            Some(Command::Generate(arguments)) => arguments,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_layout_is_written_kept_and_verified() {
        for (layout, pictures) in [(0, 8), (1, 1), (2, 20), (3, 2)] {
            let root = tempfile::tempdir().unwrap();
            let arguments = arguments(root.path(), layout, &["--seed", "3", "--batch", "5"]);
            let plan = plan(arguments.layout, &arguments.prompts, None).unwrap();
            let mut drawer = FakeDrawer::noise([4, 4]);
            let text = generate_with(&plan, &arguments, &mut drawer).unwrap();
            assert!(text.starts_with(&format!("{pictures} pictures drawn in ")), "{text}");
            let again = generate_with(&plan, &arguments, &mut drawer).unwrap();
            assert!(again.contains(&format!("{pictures} were there")), "{again}");

            let verified = GenerateArguments { verify: true, ..arguments };
            let sound = generate(&verified).unwrap();
            assert!(matches!(sound, Generated::Done(_)), "{sound:?}");
            fs::remove_file(verified.out.join(&plan.files[0].path)).unwrap();
            let missing = format!("{}: missing", plan.files[0].path.display());
            assert_eq!(generate(&verified).unwrap(), Generated::Unsound(vec![missing]));
        }
    }

    #[test]
    fn prompts_are_refused_before_the_model_is_looked_for() {
        let root = tempfile::tempdir().unwrap();
        let arguments = arguments(root.path(), 2, &["--model", "does/not/exist"]);
        fs::write(&arguments.prompts, "").unwrap();
        let message = generate(&arguments).unwrap_err().to_string();
        assert!(message.contains("color_val.txt: it is empty"), "{message}");
        assert!(!arguments.out.exists());
    }
}

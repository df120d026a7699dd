//! Drawing what is missing of a plan.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use image::{ImageFormat, RgbImage};
use pixelflow::durable::DurableFile;

use super::record::OWN_FOLDER;
use super::{FolderRecord, Plan, PlannedFile};
use crate::Result;
use crate::caption_images::{CaptionRequest, DrawCaptions};
use crate::draw::DrawObserver;
use crate::error::write_error;
use crate::shard::Shard;

/// How many pictures of a shard there are now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Drawn by this run.
    pub drawn: usize,
    /// There before.
    pub kept: usize,
}

/// Number of images that [`write()`] would have to draw.
pub fn missing_images(plan: &Plan, folder: &Path, shard: Shard) -> usize {
    let files = missing(plan, folder, shard);
    files.into_iter().map(images_of).sum()
}

/// What is drawn into a folder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FolderWork<'a> {
    /// All files of the benchmark.
    pub plan: &'a Plan,
    /// What they are drawn from.
    pub record: &'a FolderRecord,
    /// The folder.
    pub folder: &'a Path,
    /// The part of them that is drawn now.
    pub shard: Shard,
    /// About so many images at a time.
    pub batch: usize,
}

/// Draws the pictures of a shard that are not there; each appears when it is whole.
///
/// # Errors
/// [`crate::Error::OtherSettings`] and [`crate::Error::FolderInUse`] before anything is drawn;
/// [`crate::Error::Write`]; what drawing says. What was drawn before an error stays.
///
/// # Panics
/// If the drawer gives other images than it was asked for.
pub(crate) fn write(
    work: FolderWork<'_>,
    drawer: &mut dyn DrawCaptions,
    observer: &mut dyn DrawObserver,
) -> Result<Written> {
    let FolderWork { plan, record, folder, shard, batch } = work;
    record.claim(folder, plan)?;
    for text in plan.texts.iter().filter(|text| shard.holds(text.prompt)) {
        let path = folder.join(&text.path);
        if !path.is_file() {
            put(folder, &path, |file| file.write_all(text.content.as_bytes()))?;
        }
    }
    let files = missing(plan, folder, shard);
    let requests = files.iter().flat_map(|file| file.requests(record.seed));
    let captions: Vec<String> = requests.map(|request| request.caption).collect();
    let captions: Vec<&str> = captions.iter().map(String::as_str).collect();
    if !captions.is_empty() {
        drawer.expect(&captions)?;
    }
    let size = [record.drawn_with.height, record.drawn_with.width];
    for files in batches(&files, batch) {
        let requests = files.iter().flat_map(|file| file.requests(record.seed));
        let requests: Vec<CaptionRequest> = requests.collect();
        let images = drawer.draw(&requests, observer)?;
        assert_eq!(images.len(), requests.len(), "one image for each request");
        let mut rest = images.as_slice();
        for file in files {
            let (own, others) = rest.split_at(images_of(file));
            rest = others;
            let picture = file.images.lay_out(own);
            let sides = [picture.height() as usize, picture.width() as usize];
            assert_eq!(sides, file.images.size(size), "images of the drawer's size");
            write_picture(folder, &folder.join(&file.path), &picture)?;
        }
    }
    let all = plan.files.iter().filter(|file| shard.holds(file.prompt));
    Ok(Written { drawn: files.len(), kept: all.count() - files.len() })
}

fn images_of(file: &PlannedFile) -> usize {
    file.images.numbers().count()
}

fn missing<'a>(plan: &'a Plan, folder: &Path, shard: Shard) -> Vec<&'a PlannedFile> {
    let files = plan.files.iter().filter(|file| shard.holds(file.prompt));
    files.filter(|file| !folder.join(&file.path).is_file()).collect()
}

/// Runs of files with at most `batch` images, or one file if that has more.
fn batches<'a>(
    files: &'a [&'a PlannedFile],
    batch: usize,
) -> impl Iterator<Item = &'a [&'a PlannedFile]> {
    let mut rest = files;
    std::iter::from_fn(move || {
        let mut images = 0;
        let fitting = rest.iter().take_while(|file| {
            images += images_of(file);
            images <= batch
        });
        let count = fitting.count().max(1).min(rest.len());
        let (next, others) = rest.split_at(count);
        rest = others;
        (!next.is_empty()).then_some(next)
    })
}

fn write_picture(folder: &Path, path: &Path, picture: &RgbImage) -> Result<()> {
    put(folder, path, |file| picture.write_to(file, ImageFormat::Png).map_err(io::Error::other))
}

/// Evaluators may read the folder at any time: unfinished files lie outside of what they read.
fn put(
    folder: &Path,
    path: &Path,
    write: impl FnOnce(&mut DurableFile) -> io::Result<()>,
) -> Result<()> {
    let put = || -> io::Result<()> {
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        let mut file = DurableFile::create_in(&folder.join(OWN_FOLDER), path)?;
        write(&mut file)?;
        file.finish()
    };
    put().map_err(write_error(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use crate::caption_images::testing::FakeDrawer;
    use crate::layout::plan::PlannedText;
    use crate::layout::{Images, LayoutArgument};
    use crate::shard::ShardArgument;
    use pixelflow::sampler::Silent;
    use std::collections::BTreeMap;

    const SIZE: [usize; 2] = [3, 4];

    fn plan() -> Plan {
        let file = |prompt: usize| PlannedFile {
            path: format!("{prompt}/{prompt}.png").into(),
            prompt,
            caption: format!("prompt {prompt}"),
            images: if prompt == 1 { Images::Square } else { Images::One(2) },
        };
        let text = |prompt: usize| PlannedText {
            path: format!("{prompt}/text").into(),
            prompt,
            content: format!("text {prompt}"),
        };
        Plan {
            layout: LayoutArgument::Coco,
            files: (0..5).map(file).collect(),
            texts: (0..5).map(text).collect(),
        }
    }

    fn written(
        folder: &Path,
        shard: &str,
        batch: usize,
        drawer: &mut FakeDrawer,
    ) -> Result<Written> {
        let plan = plan();
        let record = FolderRecord::new(&plan, Path::new("p"), 7, drawer.drawn_with());
        let shard = ShardArgument::find(Some(shard.parse().unwrap())).unwrap();
        let work = FolderWork { plan: &plan, record: &record, folder, shard, batch };
        write(work, drawer, &mut Silent)
    }

    /// All files but the record, by path.
    fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        for number in 0..5 {
            for name in [format!("{number}/{number}.png"), format!("{number}/text")] {
                if let Ok(bytes) = fs::read(folder.join(&name)) {
                    found.insert(name, bytes);
                }
            }
        }
        found
    }

    #[test]
    fn pictures_do_not_depend_on_batches_or_parts() {
        let [whole, parts] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let drawn = written(whole.path(), "1/1", 64, &mut FakeDrawer::noise(SIZE)).unwrap();
        assert_eq!(drawn, Written { drawn: 5, kept: 0 });
        for (shard, drawn) in [("2/2", 2), ("1/2", 3)] {
            let written = written(parts.path(), shard, 1, &mut FakeDrawer::noise(SIZE)).unwrap();
            assert_eq!(written, Written { drawn, kept: 0 }, "{shard}");
        }
        assert_eq!(contents(whole.path()).len(), 10);
        assert_eq!(contents(whole.path()), contents(parts.path()));
        let square = image::open(whole.path().join("1/1.png")).unwrap();
        assert_eq!((square.height(), square.width()), (6, 8));
        assert_eq!(contents(whole.path())["3/text"], b"text 3");
    }

    #[test]
    fn a_run_that_was_stopped_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut drawer = FakeDrawer::noise(SIZE);
        // The first prompt and the square of the second.
        drawer.fails_after = 5;
        let error = written(folder.path(), "1/1", 2, &mut drawer).unwrap_err().to_string();
        assert!(error.contains("it was unplugged"), "{error}");
        let before = contents(folder.path());
        assert!(before.contains_key("1/1.png") && !before.contains_key("2/2.png"));

        let mut drawer = FakeDrawer::noise(SIZE);
        let drawn = written(folder.path(), "1/1", 2, &mut drawer).unwrap();
        assert_eq!(drawn, Written { drawn: 3, kept: 2 });
        let captions: Vec<_> = drawer.requests.iter().map(|r| r.caption.as_str()).collect();
        assert_eq!(captions, ["prompt 2", "prompt 3", "prompt 4"]);
        assert!(drawer.requests.iter().all(|r| (r.seed, r.number) == (7, 2)));
        let whole = tempfile::tempdir().unwrap();
        written(whole.path(), "1/1", 64, &mut FakeDrawer::noise(SIZE)).unwrap();
        assert_eq!(contents(folder.path()), contents(whole.path()));
    }

    #[test]
    fn a_folder_of_other_settings_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), "1/2", 8, &mut FakeDrawer::noise(SIZE)).unwrap();
        let before = contents(folder.path());
        let mut larger = FakeDrawer::noise([6, 8]);
        let error = written(folder.path(), "1/1", 8, &mut larger).unwrap_err();
        assert!(matches!(error, Error::OtherSettings { .. }), "{error}");
        assert!(larger.requests.is_empty());
        assert_eq!(contents(folder.path()), before);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_refused_before_drawing() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "x").unwrap();
        let mut drawer = FakeDrawer::noise(SIZE);
        for folder in [file.clone(), file.join("inner")] {
            let error = written(&folder, "1/1", 8, &mut drawer).unwrap_err().to_string();
            assert!(error.starts_with("cannot write "), "{error}");
        }
        assert!(drawer.requests.is_empty());
    }
}

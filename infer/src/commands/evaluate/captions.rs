//! `infer evaluate captions`: measures how well drawn images follow their captions.

use std::path::PathBuf;
use std::time::Instant;

use image::{ImageFormat, RgbImage};
use pixelflow::durable;
use serde::Serialize;

use crate::arguments::EvaluateCaptionsArguments;
use crate::caption_images::{DrawCaptions, DrawnWith};
use crate::commands::caption_drawer::caption_drawer;
use crate::destination::{check_file, check_png};
use crate::error::write_error;
use crate::evaluation::edits::{EditConfig, measure_edits};
use crate::evaluation::measure::{EvaluationData, measure};
use crate::evaluation::{comparison_grid, report_json, report_table};
use crate::made_folders::MadeFolders;
use crate::{Error, Result, assets};

/// Training images that come with the program.
const TRAIN: &str = "demo/heroes.tar";
/// Held-out images that come with the program.
const HELD_OUT: &str = "demo/heroes-heldout.tar";

/// Measures; returns the table.
///
/// # Errors
/// Everything that can be wrong with the arguments, the data sets, the model, or the places to write
/// to; all but what drawing says is checked before the probes are fitted.
pub fn evaluate_captions(arguments: &EvaluateCaptionsArguments) -> Result<String> {
    let evaluation = Evaluation::prepare(arguments)?;
    if arguments.real_only {
        return evaluation.run(None);
    }
    let mut drawer = caption_drawer(&arguments.drawing, Some(evaluation.data.size()))?;
    if let Some(attribute) = &arguments.edit {
        let (attribute, resample) = (attribute.clone(), arguments.resample as usize);
        return evaluation.run_edits(attribute, resample, drawer.as_mut());
    }
    evaluation.run(Some(drawer.as_mut()))
}

/// Arguments that are checked, and the data sets they name.
pub struct Evaluation {
    train: PathBuf,
    heldout: PathBuf,
    data: EvaluationData,
    seed: u64,
    json: Option<PathBuf>,
    grid: Option<PathBuf>,
    _made: [Option<MadeFolders>; 2],
}

impl Evaluation {
    /// Checks that its files can be written and reads the data sets.
    ///
    /// # Errors
    /// [`Error::Write`], [`Error::MissingAsset`], and those of [`EvaluationData::read`].
    pub fn prepare(arguments: &EvaluateCaptionsArguments) -> Result<Self> {
        let json = arguments.json.as_deref().map(check_file).transpose()?;
        let grid = arguments.grid.as_deref().map(|path| check_png("--grid", path)).transpose()?;
        let or_shipped = |path: &Option<PathBuf>, name: &str| match path {
            Some(path) => assets::resolve(path),
            None => assets::locate(name),
        };
        let train = or_shipped(&arguments.train, TRAIN)?;
        let heldout = or_shipped(&arguments.heldout, HELD_OUT)?;
        let taken = [Some(&train), Some(&heldout), arguments.grid.as_ref()];
        if let Some(json) = arguments.json.as_ref().filter(|json| taken.contains(&Some(json))) {
            return Err(Error::Argument {
                argument: "--json",
                value: json.display().to_string(),
                reason: "it is another file of this call; give one of its own".to_owned(),
            });
        }
        let count = arguments.count.map(|count| count as usize);
        Ok(Self {
            data: EvaluationData::read(&train, &heldout, count)?,
            train,
            heldout,
            seed: arguments.drawing.seed,
            json: arguments.json.clone(),
            grid: arguments.grid.clone(),
            _made: [json, grid],
        })
    }

    /// Measures, with images of a drawer or the real ones alone; returns the table.
    ///
    /// # Errors
    /// As [`measure`], and [`Error::Write`].
    pub fn run(&self, mut drawer: Option<&mut dyn DrawCaptions>) -> Result<String> {
        let started = Instant::now();
        let with = drawer.as_ref().map(|drawer| drawer.drawn_with());
        let drawer = drawer.as_mut().map(|drawer| (&mut **drawer as _, self.seed));
        let measured = measure(&self.data, drawer)?;
        self.write_json(&measured, with.as_ref())?;
        let captions = self.data.heldout().captions().unwrap_or_default();
        let images = |index: usize| self.data.heldout().image(index);
        let pairs = measured.drawn.iter().enumerate().map(|(i, drawn)| [drawn.clone(), images(i)]);
        self.write_grid(captions.into_iter().zip(pairs))?;
        let seconds = started.elapsed().as_secs_f64();
        Ok(format!("{}; {seconds:.1} s", report_table(&measured)))
    }

    /// Edits the held-out images and measures; returns the table.
    ///
    /// # Errors
    /// As [`measure_edits`], and [`Error::Write`].
    pub fn run_edits(
        &self,
        attribute: String,
        resample: usize,
        drawer: &mut dyn DrawCaptions,
    ) -> Result<String> {
        let started = Instant::now();
        let with = drawer.drawn_with();
        let config = EditConfig { attribute, resample, seed: self.seed };
        let measured = measure_edits(&self.data, &config, drawer)?;
        self.write_json(&measured, Some(&with))?;
        let captions = measured.captions.iter().map(String::as_str);
        self.write_grid(captions.zip(measured.pairs.iter().cloned()))?;
        let seconds = started.elapsed().as_secs_f64();
        Ok(format!("{}\n{seconds:.1} s", measured.table()))
    }

    /// The first pairs of images, if a picture of them is wanted.
    fn write_grid<'a>(&self, pairs: impl Iterator<Item = (&'a str, [RgbImage; 2])>) -> Result<()> {
        let Some(path) = &self.grid else { return Ok(()) };
        let grid = comparison_grid(pairs, self.data.size());
        let write = |file: &mut durable::DurableFile| {
            grid.write_to(file, ImageFormat::Png).map_err(std::io::Error::other)
        };
        durable::write(path, write).map_err(write_error(path))
    }

    /// The report, if it is wanted.
    fn write_json(&self, measured: &impl Serialize, with: Option<&DrawnWith>) -> Result<()> {
        let Some(path) = &self.json else { return Ok(()) };
        let names = [&self.train, &self.heldout].map(|path| path.display().to_string());
        let drawn = with.map(|with| (self.seed, with));
        let json = report_json(measured, [&names[0], &names[1]], drawn);
        let json = json.map_err(std::io::Error::other).map_err(write_error(path))?;
        durable::write_text(path, &json).map_err(write_error(path))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::arguments::{Arguments, Command};
    use crate::caption_images::testing::FakeDrawer;
    use crate::evaluation::measure::testing::{coloured, write_tar};
    use clap::Parser;

    fn arguments(folder: &Path, more: &[&str]) -> EvaluateCaptionsArguments {
        for (name, numbers) in [("train.tar", 0..120), ("heldout.tar", 500..512)] {
            write_tar(&folder.join(name), &numbers.map(coloured).collect::<Vec<_>>());
        }
        let path = |name: &str| folder.join(name).display().to_string();
        let (train, heldout) = (path("train.tar"), path("heldout.tar"));
        let line = ["infer", "evaluate-captions", "--train", &train, "--heldout", &heldout];
        match Arguments::try_parse_from(line.iter().chain(more)).unwrap().command {
            Some(Command::EvaluateCaptions(arguments)) => arguments,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn table_json_and_picture_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join("out").join(name).display().to_string();
        let (json, grid) = (path("a.json"), path("a.png"));
        let more = ["--json", &json, "--grid", &grid, "--count", "7", "--seed", "5"];
        let evaluation = Evaluation::prepare(&arguments(folder.path(), &more)).unwrap();
        let mut drawer = FakeDrawer::new([4, 8], |_| coloured(0).image);
        let table = evaluation.run(Some(&mut drawer)).unwrap();
        assert!(table.contains("7 captions; probes learned from 120 images"), "{table}");
        assert_eq!((drawer.requests.len(), drawer.requests[0].seed), (7, 5));
        let json = std::fs::read(&json).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!((&json["captions"], &json["seed"]), (&7.into(), &5.into()));
        assert!(json["train"].as_str().unwrap().ends_with("train.tar"));
        assert!(image::open(&grid).unwrap().width() > 2 * 96);
    }

    #[test]
    fn what_cannot_be_written_is_refused_before_anything_is_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a.png")).unwrap();
        let line = ["infer", "evaluate-captions", "--train", "missing.tar"];
        for (name, reason) in [("a.jpg", "give FILE.png"), ("a.png", "cannot write")] {
            let grid = folder.path().join(name).display().to_string();
            let parsed = Arguments::try_parse_from(line.iter().chain(&["--grid", &grid]));
            let Some(Command::EvaluateCaptions(arguments)) = parsed.unwrap().command else {
                panic!("another command");
            };
            let message = evaluate_captions(&arguments).unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
    }

    #[test]
    fn no_file_of_a_call_is_written_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        for name in ["train.tar", "heldout.tar", "a.png"] {
            let more = ["--json", &path(name), "--grid", &path("a.png")];
            let refused = Evaluation::prepare(&arguments(folder.path(), &more));
            let message = refused.err().unwrap().to_string();
            assert!(message.contains("another file of this call"), "{message}");
        }
    }

    #[test]
    fn the_ceiling_needs_no_model() {
        let folder = tempfile::tempdir().unwrap();
        let arguments = arguments(folder.path(), &["--real-only"]);
        let table = evaluate_captions(&arguments).unwrap();
        assert!(table.contains("12 captions"), "{table}");
    }
}

//! What a run leaves behind beside its checkpoints: metrics and previews.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use image::{ImageFormat, RgbImage};
use pixelflow::durable;

use crate::Result;
use crate::checkpoint::State;
use crate::error::write_error;
use crate::metrics::{JsonLines, Record, TensorBoard, draw_loss_curve};
use crate::observer::TrainObserver;

/// Writes `metrics.jsonl`, TensorBoard events, previews, and in the end `loss.svg`.
#[derive(Debug)]
pub struct Recording {
    folder: PathBuf,
    lines: JsonLines,
    board: TensorBoard,
}

impl Recording {
    /// Opens the files of the run in `folder` where `state` has left them.
    ///
    /// # Errors
    /// [`crate::Error::DamagedMetrics`], [`crate::Error::Read`] or [`crate::Error::Write`].
    pub fn open(folder: &Path, state: &State) -> Result<Self> {
        let previews = folder.join("previews");
        fs::create_dir_all(&previews).map_err(write_error(&previews))?;
        Ok(Self {
            lines: JsonLines::open(&folder.join("metrics.jsonl"), state.step)?,
            board: TensorBoard::create(&folder.join("tensorboard"), state.step)?,
            folder: folder.to_owned(),
        })
    }

    /// Draws the loss curve once more, now that everything is recorded.
    ///
    /// # Errors
    /// [`crate::Error::Read`] or [`crate::Error::Write`].
    pub fn finish(self) -> Result<()> {
        self.draw_loss_curve()
    }

    fn draw_loss_curve(&self) -> Result<()> {
        let records = JsonLines::read(&self.folder.join("metrics.jsonl"))?;
        if records.is_empty() {
            return Ok(());
        }
        draw_loss_curve(&records, &self.folder.join("loss.svg"))
    }
}

impl TrainObserver for Recording {
    fn record(&mut self, record: &Record) -> Result<()> {
        self.lines.append(record)?;
        self.board.record(record)
    }

    fn preview(&mut self, step: u64, picture: &RgbImage) -> Result<()> {
        let folder = self.folder.join("previews");
        let path = folder.join(format!("step-{step:08}.png"));
        let png = |error: image::ImageError| match error {
            image::ImageError::IoError(error) => error,
            other => io::Error::other(other),
        };
        durable::write(&path, |file| picture.write_to(file, ImageFormat::Png).map_err(png))
            .map_err(write_error(&path))?;
        self.board.preview(step, picture)
    }

    fn saved(&mut self, _step: u64, _checkpoint: &Path) -> Result<()> {
        // For people who look in during a run.
        self.draw_loss_curve()
    }
}

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

/// The observers that write `metrics.jsonl`, TensorBoard events, previews and `loss.svg`: each goes on
/// when another cannot.
#[derive(Debug)]
pub struct Recording {
    lines: JsonLines,
    board: TensorBoard,
    pictures: Pictures,
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
            pictures: Pictures { folder: folder.to_owned() },
        })
    }

    /// All of them.
    pub fn observers(&mut self) -> Vec<&mut dyn TrainObserver> {
        vec![&mut self.lines, &mut self.board, &mut self.pictures]
    }
}

impl TrainObserver for JsonLines {
    fn record(&mut self, record: &Record) -> Result<()> {
        self.append(record)
    }
}

impl TrainObserver for TensorBoard {
    fn record(&mut self, record: &Record) -> Result<()> {
        self.append_record(record)
    }

    fn preview(&mut self, step: u64, picture: &RgbImage) -> Result<()> {
        self.append_picture(step, picture)
    }
}

/// Writes previews and, for people who look in during a run, the loss curve.
#[derive(Debug)]
struct Pictures {
    folder: PathBuf,
}

impl TrainObserver for Pictures {
    fn preview(&mut self, step: u64, picture: &RgbImage) -> Result<()> {
        let path = self.folder.join(format!("previews/step-{step:08}.png"));
        let png = |error: image::ImageError| match error {
            image::ImageError::IoError(error) => error,
            other => io::Error::other(other),
        };
        durable::write(&path, |file| picture.write_to(file, ImageFormat::Png).map_err(png))
            .map_err(write_error(&path))
    }

    fn saved(&mut self, _step: u64, _checkpoint: &Path) -> Result<()> {
        self.ended()
    }

    fn ended(&mut self) -> Result<()> {
        let records = JsonLines::read(&self.folder.join("metrics.jsonl"))?;
        if records.is_empty() {
            return Ok(());
        }
        draw_loss_curve(&records, &self.folder.join("loss.svg"))
    }
}

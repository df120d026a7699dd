//! What a run leaves behind beside its checkpoints: metrics and previews.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::checkpoint::State;
use crate::error::write_error;
use crate::metrics::{JsonLines, Record, TensorBoard, draw_loss_curve};
use crate::observer::TrainObserver;
use crate::png_file::write_png;
use crate::preview::Preview;

/// One line a record.
pub const METRICS: &str = "metrics.jsonl";
/// The folder of the grids of images.
pub const PREVIEWS: &str = "previews";
/// The folder of TensorBoard's events.
pub const BOARD: &str = "tensorboard";

/// The curve of the loss.
pub const LOSS_CURVE: &str = "loss.svg";

/// The observers that write `metrics.jsonl`, TensorBoard events, previews and `loss.svg`: each goes on
/// when another cannot.
#[derive(Debug)]
pub struct Recording {
    lines: JsonLines,
    board: TensorBoard,
    pictures: Pictures,
}

impl Recording {
    /// Checks that the files of the run in `folder` can be gone on with, and changes none.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn check(folder: &Path) -> Result<()> {
        for folder in [PREVIEWS, BOARD].map(|name| folder.join(name)) {
            fs::create_dir_all(&folder).map_err(write_error(&folder))?;
        }
        JsonLines::read(&folder.join(METRICS)).map(drop)
    }

    /// Opens the files of the run in `folder` where `state` has left them.
    ///
    /// # Errors
    /// [`crate::Error::DamagedMetrics`], [`crate::Error::Read`] or [`crate::Error::Write`].
    pub fn open(folder: &Path, state: &State) -> Result<Self> {
        Self::check(folder)?;
        let is_past = |record: &Record| match record {
            Record::Validation(record) if record.step == state.step => !state.due.validation,
            Record::Evaluation(record) if record.step == state.step => !state.due.evaluation,
            Record::Preview(record) if record.step == state.step => !state.due.preview,
            record => record.step() <= state.step,
        };
        Ok(Self {
            lines: JsonLines::open(&folder.join(METRICS), is_past)?,
            board: TensorBoard::create(&folder.join(BOARD), state.step)?,
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

    fn preview(&mut self, step: u64, preview: &Preview) -> Result<()> {
        self.append_picture(step, &preview.picture)
    }
}

/// Writes previews and, for people who look in during a run, the loss curve.
#[derive(Debug)]
struct Pictures {
    folder: PathBuf,
}

impl TrainObserver for Pictures {
    fn preview(&mut self, step: u64, preview: &Preview) -> Result<()> {
        let path = self.folder.join(format!("{PREVIEWS}/step-{step:08}.png"));
        write_png(&path, &preview.picture)
    }

    fn saved(&mut self, _step: u64, _checkpoint: &Path) -> Result<()> {
        self.ended()
    }

    fn ended(&mut self) -> Result<()> {
        let records = JsonLines::read(&self.folder.join(METRICS))?;
        if records.is_empty() {
            return Ok(());
        }
        draw_loss_curve(&records, &self.folder.join(LOSS_CURVE))
    }
}

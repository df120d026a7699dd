//! What a run says on the terminal.

mod lines;
mod strip;

use std::path::{Path, PathBuf};

use image::Rgb;
use pixelflow_host::output::{has_terminal, note};
use pixelflow_host::panel::Panel;

use self::lines::{
    evaluation_line, grid_line, loss_line, rejected_line, speed, time_line, training_line,
};
use self::strip::strip;
use crate::Result;
use crate::checkpoint::State;
use crate::metrics::{Record, RollbackRecord, TrainingRecord};
use crate::observer::TrainObserver;
use crate::preview::Preview;
use crate::run::Ending;

/// Lines below the bar: losses, and where the time goes.
const LINES: usize = 2;

/// The observer that shows how a run goes.
///
/// On a terminal, one panel: a bar, the loss of each stage, where the time of a step goes, the newest preview. Where
/// there is none, a line for each record.
pub struct Terminal {
    folder: PathBuf,
    panel: Panel,
    steps: u64,
    /// Images of one step.
    batch: usize,
    /// Images of a class in previews.
    columns: usize,
    /// Whether the model draws from text.
    is_text: bool,
    interactive: bool,
    /// Whether it was said that a grid of patches is to be seen.
    has_named_grid: bool,
}

/// What the terminal shows of a run.
pub struct Shown<'a> {
    /// The run's folder.
    pub folder: &'a Path,
    /// Its steps.
    pub steps: u64,
    /// Images of one step.
    pub batch: usize,
    /// Images of a class in previews.
    pub columns: usize,
    /// Whether the model draws from text.
    pub is_text: bool,
}

impl Terminal {
    /// Announces a run that begins or goes on from `state`.
    pub fn new(shown: &Shown<'_>, state: &State) -> Self {
        let Shown { folder, steps, batch, columns, is_text } = *shown;
        let from = match state.step {
            0 => String::new(),
            step => format!(" from step {step}"),
        };
        note(format_args!("training in {}{from}; Ctrl-C saves and stops", folder.display()));
        let panel = Panel::new(steps, "{bar:24} {pos}/{len}  {percent} %  {msg}", LINES);
        panel.set_position(state.step);
        panel.set_message("the first steps take longest");
        let interactive = has_terminal();
        let folder = folder.to_owned();
        Self { folder, panel, steps, batch, columns, is_text, interactive, has_named_grid: false }
    }

    /// Says where the results are and what to do next, after `step` steps in all.
    pub fn finish(self, ending: Ending, step: u64) {
        let folder = self.folder.display();
        let prompt = if self.is_text { " --prompt TEXT" } else { "" };
        self.panel.finish_and_clear();
        match ending {
            Ending::Finished => note(format_args!(
                "finished: {folder}\n  report.html shows how it went; draw from it with\n  \
                 cargo run -p infer -- sample --model {folder}{prompt}"
            )),
            Ending::Interrupted if step == 0 => {
                note("stopped before the first step was taken: there is nothing to save");
            }
            Ending::Interrupted => {
                note(format_args!("saved; go on with\n  cargo run -p train -- --resume {folder}"));
            }
        }
    }

    fn show(&self, record: &TrainingRecord) {
        self.panel.set_position(record.step);
        if self.interactive {
            self.panel.set_message(speed(record, self.steps, self.batch));
            self.panel.set_line(0, loss_line(record));
            self.panel.set_line(1, time_line(record));
        } else {
            let line = training_line(record, self.steps, self.batch);
            note(format_args!("step {}/{}  {line}", record.step, self.steps));
        }
    }
}

impl TrainObserver for Terminal {
    fn record(&mut self, record: &Record) -> Result<()> {
        match record {
            Record::Training(record) => self.show(record),
            Record::Validation(record) => note(format_args!(
                "step {}: validation loss {:.4}, by stage {}",
                record.step,
                record.loss,
                lines::by_stage(&record.stage_losses)
            )),
            Record::Evaluation(record) => note(evaluation_line(record)),
            Record::Rejected(record) => note(rejected_line(record)),
            Record::Rollback(RollbackRecord { step, to, rate }) => note(format_args!(
                "step {step}: WENT BACK to the weights of step {to}; the learning rate is now multiplied with {rate}"
            )),
            Record::Preview(record) if record.patch_grid.is_grid() && !self.has_named_grid => {
                self.has_named_grid = true;
                note(grid_line(record));
            }
            Record::Preview(_) => {}
        }
        Ok(())
    }

    fn preview(&mut self, step: u64, preview: &Preview) -> Result<()> {
        let file = self.folder.join(format!("previews/step-{step:08}.png"));
        if file.is_file() {
            note(format_args!("step {step}: preview {}", file.display()));
        }
        let room = self.panel.room();
        let strip = room.and_then(|room| strip(&preview.images, self.columns, room));
        if let Some(strip) = strip {
            let pixels: Vec<[u8; 3]> = strip.pixels().map(|Rgb(pixel)| *pixel).collect();
            self.panel.set_picture(&pixels, strip.width() as usize);
        }
        Ok(())
    }

    fn note(&mut self, message: &str) {
        note(message);
    }

    fn saved(&mut self, step: u64, checkpoint: &Path) -> Result<()> {
        note(format_args!("step {step}: saved {}", checkpoint.display()));
        Ok(())
    }
}

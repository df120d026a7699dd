//! `--strip`: the ends of the stages side by side, a row for each image.

use std::io;
use std::path::PathBuf;

use image::{ImageFormat, RgbImage};
use pixelflow::durable;
use pixelflow::sampler::StepDone;

use super::sheet::enlarged;
use super::{Frame, FrameViewer};
use crate::Result;
use crate::error::write_error;
use crate::grid::{GridRow, labelled_grid};

/// Keeps the ends of the stages, and writes them as one picture.
#[derive(Debug)]
pub struct Strip {
    path: PathBuf,
    labels: Vec<String>,
    /// Height and width of an image in the picture.
    side: [u32; 2],
    stages: usize,
    /// The images of each stage; an edit may begin in a later one.
    ends: Vec<Vec<RgbImage>>,
    is_whole: bool,
}

impl Strip {
    /// A strip of images with these labels through so many stages.
    pub fn new(path: PathBuf, labels: Vec<String>, side: [u32; 2], stages: usize) -> Self {
        Self { path, labels, side, stages, ends: Vec::new(), is_whole: false }
    }
}

impl FrameViewer for Strip {
    fn wants(&self, done: &StepDone) -> bool {
        done.stage_is_done
    }

    fn show(&mut self, frame: &Frame) -> Result<()> {
        self.is_whole = frame.done.stage + 1 == self.stages;
        self.ends.push(frame.images.iter().map(|image| enlarged(image, self.side)).collect());
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        if !self.is_whole {
            // Ctrl-C: there is no end to show.
            return Ok(());
        }
        let rows = self.labels.iter().enumerate().filter_map(|(number, label)| {
            let images = self.ends.iter().map(|images| images.get(number).cloned());
            let images = images.collect::<Option<_>>()?;
            Some(GridRow { label: label.clone(), images })
        });
        let picture = labelled_grid(&rows.collect::<Vec<_>>(), 1, None);
        durable::write(&self.path, |file| {
            picture.write_to(file, ImageFormat::Png).map_err(io::Error::other)
        })
        .map_err(write_error(&self.path))
    }
}

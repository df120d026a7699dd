//! Images from a drawing, with observers and Ctrl-C.

use std::collections::VecDeque;

use image::RgbImage;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::{DrawEvent, Drawing, DrawnImage};
use pixelflow::sampler::{Silent, StageStart, StepDone};
use pixelflow_host::interrupt::Interrupt;

use crate::frames::{Frame, MOST_SHOWN};

/// Is told how far drawing has come; every method does nothing unless it is overridden.
pub trait DrawObserver {
    /// A stage of a batch starts.
    fn stage_started(&mut self, stage: StageStart) {
        let _ = stage;
    }

    /// `step` steps of the stage are done; `time` is the time within the stage, 0..1.
    fn step_done(&mut self, step: usize, time: f64) {
        let _ = (step, time);
    }

    /// An image is done, after so many network calls: see [`DrawnImage::network_calls`].
    fn image_done(&mut self, network_calls: usize) {
        let _ = network_calls;
    }

    /// `images` more images are done.
    fn batch_done(&mut self, images: usize) {
        let _ = images;
    }

    /// Whether it wants to see the images after this step: every look waits for the device.
    fn wants_frame(&mut self, done: &StepDone) -> bool {
        let _ = done;
        false
    }

    /// The images after a step, where it wanted to see them.
    fn frame(&mut self, frame: &Frame) {
        let _ = frame;
    }
}

impl DrawObserver for Silent {}

/// The images of a drawing, one after the other, as an observer is told of every step. After Ctrl-C
/// none come any more.
pub struct Watched<'a, B: PixelFlowBackend> {
    drawing: Drawing<B>,
    observer: &'a mut dyn DrawObserver,
    interrupt: Interrupt,
    ready: VecDeque<DrawnImage>,
    /// Nothing comes after an error.
    has_failed: bool,
    /// The fewest and the most evaluations of an image so far.
    evaluations: Option<[usize; 2]>,
}

impl<'a, B: PixelFlowBackend> Watched<'a, B> {
    /// The images of a drawing.
    pub fn new(
        drawing: Drawing<B>,
        observer: &'a mut dyn DrawObserver,
        interrupt: Interrupt,
    ) -> Self {
        Self {
            drawing,
            observer,
            interrupt,
            ready: VecDeque::new(),
            has_failed: false,
            evaluations: None,
        }
    }

    /// The fewest and the most network evaluations of an image.
    pub fn evaluations(&self) -> Option<[usize; 2]> {
        self.evaluations
    }
}

impl<B: PixelFlowBackend> Iterator for Watched<'_, B> {
    type Item = pixelflow::Result<RgbImage>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(image) = self.ready.pop_front() {
                let [least, most] = self.evaluations.unwrap_or([image.evaluations; 2]);
                self.evaluations =
                    Some([least.min(image.evaluations), most.max(image.evaluations)]);
                self.observer.image_done(image.network_calls);
                return Some(Ok(rgb_image(image)));
            }
            if self.has_failed || self.interrupt.is_wanted() {
                return None;
            }
            match self.advance() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.has_failed = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

impl<B: PixelFlowBackend> Watched<'_, B> {
    /// Goes on by an event, of which the observer is told; gives whether there was one.
    fn advance(&mut self) -> pixelflow::Result<bool> {
        let Self { drawing, observer, ready, .. } = self;
        let Some(event) = drawing.next_event()? else {
            return Ok(false);
        };
        match event {
            DrawEvent::Stage(start) => observer.stage_started(start),
            DrawEvent::Step(done) => {
                observer.step_done(done.step, done.time);
                if observer.wants_frame(&done) {
                    let images = drawing.clean_preview()?.into_iter().take(MOST_SHOWN);
                    observer.frame(&Frame { images: images.map(rgb_image).collect(), done });
                }
            }
            DrawEvent::Finished(count) => {
                ready.extend(drawing.finished());
                observer.batch_done(count);
            }
        }
        Ok(true)
    }
}

/// A drawn image as a picture.
///
/// # Panics
/// Never: it has three bytes a pixel.
pub fn rgb_image(image: DrawnImage) -> RgbImage {
    let DrawnImage { height, width, rgb, .. } = image;
    RgbImage::from_raw(width as u32, height as u32, rgb).expect("three bytes a pixel")
}

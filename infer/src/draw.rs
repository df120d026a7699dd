//! Images from a drawing, with observers and Ctrl-C.

use std::collections::VecDeque;

use image::RgbImage;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::{DrawEvent, Drawing, DrawnImage};
use pixelflow::sampler::{Silent, StageStart};
use pixelflow_host::interrupt::Interrupt;

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
            match self.drawing.next_event() {
                Ok(Some(DrawEvent::Stage(start))) => self.observer.stage_started(start),
                Ok(Some(DrawEvent::Step(done))) => self.observer.step_done(done.step, done.time),
                Ok(Some(DrawEvent::Finished(count))) => {
                    self.ready.extend(self.drawing.finished());
                    self.observer.batch_done(count);
                }
                Ok(None) => return None,
                Err(error) => {
                    self.has_failed = true;
                    return Some(Err(error));
                }
            }
        }
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

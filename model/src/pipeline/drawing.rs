//! Images of a request on their way, batch by batch and step by step.

use std::collections::VecDeque;

use burn::tensor::{Tensor, read_sync};

use super::{CheckedRequest, DrawingState, Provenance, Subjects};
use crate::ops::PixelFlowBackend;
use crate::sampler::{
    KeyedNoise, Networks, Progress, SavedState, StageStart, StepDone, Stepper, to_rgb8,
};
use crate::{Error, Result};

/// A finished image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawnImage {
    /// Its place in the request.
    pub index: usize,
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
    /// Its pixels, row by row, three bytes each.
    pub rgb: Vec<u8>,
    /// Network evaluations (NFE) that it took so far.
    pub evaluations: usize,
    /// Network calls that it took so far, guidance's second one counted: see [`Stepper::network_calls`].
    pub network_calls: usize,
}

/// News of a drawing.
#[derive(Clone, Debug, PartialEq)]
pub enum DrawEvent {
    /// A stage of a batch has begun.
    Stage(StageStart),
    /// A step is made.
    Step(StepDone),
    /// So many images are finished; [`Drawing::finished`] has them.
    Finished(usize),
}

/// The images of a request on their way: at most a batch of them at once.
///
/// As an iterator it gives one image after the other. [`next_event`](Self::next_event) goes step by
/// step; between two steps it can be [looked at](Self::preview), [saved](Self::save) or dropped. It owns
/// all it needs.
pub struct Drawing<B: PixelFlowBackend> {
    networks: Networks<B>,
    request: CheckedRequest,
    subjects: Subjects<B>,
    /// All that the images are drawn from, where it is known.
    provenance: Option<Provenance>,
    /// The first image of the batch.
    first: usize,
    /// The batch; `None` when all are done.
    stepper: Option<Stepper<'static, B>>,
    finished: VecDeque<DrawnImage>,
}

impl<B: PixelFlowBackend> Drawing<B> {
    /// Draws with a model at hand, or a model and its guide.
    ///
    /// # Errors
    /// Those of [`Sampler::stepper`](crate::sampler::Sampler::stepper).
    ///
    /// # Panics
    /// If the subjects are not of the model's kind.
    pub fn new(
        networks: impl Into<Networks<B>>,
        request: CheckedRequest,
        subjects: Subjects<B>,
    ) -> Result<Self> {
        let mut drawing = Self {
            networks: networks.into(),
            request,
            subjects,
            provenance: None,
            first: 0,
            stepper: None,
            finished: VecDeque::new(),
        };
        drawing.stepper = drawing.batch(0, None)?;
        Ok(drawing)
    }

    /// Says what the images are drawn from, for what [`save`](Self::save) gives away.
    pub(super) fn with_provenance(self, provenance: Provenance) -> Self {
        Self { provenance: Some(provenance), ..self }
    }

    /// Goes on where another drawing of the same request was saved.
    ///
    /// # Errors
    /// [`Error::SavedState`] for the state of another request.
    pub fn go_on(mut self, state: &DrawingState) -> Result<Self> {
        if self.request.request != state.request {
            let reason = "it is of another request".to_owned();
            return Err(Error::SavedState { reason });
        }
        let first = state.first;
        self.first = first;
        self.stepper = self.batch(first, Some(&state.stepper))?;
        if self.stepper.is_none() {
            let reason = format!("it has {first} images, the request has no more");
            return Err(Error::SavedState { reason });
        }
        Ok(self)
    }

    /// The stepper of the batch whose first image is `first`, new or saved; `None` behind the last.
    fn batch(
        &self,
        first: usize,
        saved: Option<&SavedState>,
    ) -> Result<Option<Stepper<'static, B>>> {
        let CheckedRequest { request, size, sampler, original } = &self.request;
        let images = request.images.iter().skip(first).take(request.batch);
        let images: Vec<_> = images.cloned().collect();
        if images.is_empty() {
            return Ok(None);
        }
        let noise =
            KeyedNoise { images: images.iter().map(|image| request.noise.key(image)).collect() };
        let conditions = self.subjects.conditions(&images, first, self.networks.model.classes());
        let mut stepper = sampler.stepper(&self.networks, conditions, noise, *size)?;
        if let Some(original) = original {
            stepper = stepper.editing(original.clone())?;
        }
        Ok(Some(match saved {
            None => stepper,
            Some(saved) if saved.size() != *size => {
                let reason = format!("its images are {:?}, the request's {size:?}", saved.size());
                return Err(Error::SavedState { reason });
            }
            Some(saved) => stepper.go_on(saved)?,
        }))
    }

    /// Enters a stage, makes a step, or finishes a batch, and waits for the device once at most; `None`
    /// when all images are done.
    ///
    /// # Errors
    /// [`Error::NotFinite`] and [`Error::SolverStuck`] where the model misbehaves, [`Error::Device`].
    pub async fn next_event_async(&mut self) -> Result<Option<DrawEvent>> {
        let Some(stepper) = &mut self.stepper else {
            return Ok(None);
        };
        match stepper.step_async().await? {
            Some(Progress::Stage(start)) => return Ok(Some(DrawEvent::Stage(start))),
            Some(Progress::Step(done)) => return Ok(Some(DrawEvent::Step(done))),
            None => {}
        }
        let Some(state) = stepper.state() else {
            return Ok(None);
        };
        let counts = counts(stepper);
        let images = self.shown(state, counts).await?;
        self.first += images.len();
        self.stepper = self.batch(self.first, None)?;
        let count = images.len();
        self.finished.extend(images);
        Ok(Some(DrawEvent::Finished(count)))
    }

    /// As [`next_event_async`](Self::next_event_async), waiting for the device where the platform can.
    ///
    /// # Errors
    /// As [`next_event_async`](Self::next_event_async).
    ///
    /// # Panics
    /// In a browser, whose devices answer only what awaits them.
    pub fn next_event(&mut self) -> Result<Option<DrawEvent>> {
        read_sync(self.next_event_async())
    }

    /// Takes the images that are finished and not yet taken.
    pub fn finished(&mut self) -> impl Iterator<Item = DrawnImage> {
        self.finished.drain(..)
    }

    /// The predicted images of the batch, see [`Stepper::preview`]; empty before its first stage.
    ///
    /// # Errors
    /// [`Error::Device`], and what the velocity cannot compute.
    pub async fn preview_async(&mut self) -> Result<Vec<DrawnImage>> {
        let Some(stepper) = &mut self.stepper else {
            return Ok(Vec::new());
        };
        let counts = counts(stepper);
        match stepper.preview()? {
            Some(state) => self.shown(state, counts).await,
            None => Ok(Vec::new()),
        }
    }

    /// The predicted clean images of the batch, see [`Stepper::clean_preview`]; empty before its first stage.
    ///
    /// # Errors
    /// As [`preview_async`](Self::preview_async).
    pub async fn clean_preview_async(&mut self) -> Result<Vec<DrawnImage>> {
        let Some(stepper) = &mut self.stepper else {
            return Ok(Vec::new());
        };
        let counts = counts(stepper);
        match stepper.clean_preview()? {
            Some(state) => self.shown(state, counts).await,
            None => Ok(Vec::new()),
        }
    }

    /// As [`clean_preview_async`](Self::clean_preview_async), waiting for the device where the platform can.
    ///
    /// # Errors
    /// As [`preview_async`](Self::preview_async).
    ///
    /// # Panics
    /// As [`next_event`](Self::next_event).
    pub fn clean_preview(&mut self) -> Result<Vec<DrawnImage>> {
        read_sync(self.clean_preview_async())
    }

    /// States of the batch as images; of an edit with all that stays, in images of the whole size.
    async fn shown(&self, state: Tensor<B, 4>, counts: Vec<[usize; 2]>) -> Result<Vec<DrawnImage>> {
        let [_, _, height, width] = state.dims();
        let images = to_rgb8(state).await?.into_iter().zip(counts).enumerate();
        let image = |(place, (mut rgb, counts)): (usize, (Vec<u8>, [usize; 2]))| {
            if let Some(edit) = &self.request.request.edit {
                edit.compose([height, width], &mut rgb);
            }
            let ([evaluations, network_calls], index) = (counts, self.first + place);
            DrawnImage { index, height, width, rgb, evaluations, network_calls }
        };
        Ok(images.map(image).collect())
    }

    /// As [`preview_async`](Self::preview_async), waiting for the device where the platform can.
    ///
    /// # Errors
    /// As [`preview_async`](Self::preview_async).
    ///
    /// # Panics
    /// As [`next_event`](Self::next_event).
    pub fn preview(&mut self) -> Result<Vec<DrawnImage>> {
        read_sync(self.preview_async())
    }

    /// All that is needed to go on from here, besides the model: [`Pipeline::resume`] takes it. Images
    /// that are finished but not yet taken are not in it.
    ///
    /// [`Pipeline::resume`]: super::Pipeline::resume
    ///
    /// # Errors
    /// [`Error::Device`]; [`Error::SavedState`] if all images are done.
    pub async fn save_async(&self) -> Result<DrawingState> {
        let Some(stepper) = &self.stepper else {
            return Err(Error::SavedState { reason: "all images are done".to_owned() });
        };
        Ok(DrawingState {
            request: self.request.request.clone(),
            provenance: self.provenance.clone(),
            first: self.first,
            stepper: stepper.save_async().await?,
        })
    }

    /// As [`save_async`](Self::save_async), waiting for the device where the platform can.
    ///
    /// # Errors
    /// As [`save_async`](Self::save_async).
    ///
    /// # Panics
    /// As [`next_event`](Self::next_event).
    pub fn save(&self) -> Result<DrawingState> {
        read_sync(self.save_async())
    }
}

impl<B: PixelFlowBackend> Iterator for Drawing<B> {
    type Item = Result<DrawnImage>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(image) = self.finished.pop_front() {
                return Some(Ok(image));
            }
            match self.next_event() {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => {
                    // Nothing comes after an error.
                    self.stepper = None;
                    return Some(Err(error));
                }
            }
        }
    }
}

/// Evaluations and network calls of each image so far.
fn counts<B: PixelFlowBackend>(stepper: &Stepper<'_, B>) -> Vec<[usize; 2]> {
    let calls = stepper.network_calls().iter();
    stepper.total_evaluations().into_iter().zip(calls).map(|(of, &calls)| [of, calls]).collect()
}

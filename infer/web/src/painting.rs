//! Images on their way.

use pixelflow::pipeline::{Drawing, DrawnImage, Provenance};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::device::Chosen;
use crate::event::event;

/// Images on their way: `next` makes a step, and between two steps they can be looked at, or dropped.
#[wasm_bindgen]
pub struct Painting {
    drawing: Drawing<Chosen>,
    provenance: Provenance,
    stages: usize,
    notes: Vec<String>,
}

impl Painting {
    pub(crate) fn new(
        drawing: Drawing<Chosen>,
        provenance: Provenance,
        stages: usize,
        notes: Vec<String>,
    ) -> Self {
        Self { drawing, provenance, stages, notes }
    }
}

#[wasm_bindgen]
impl Painting {
    /// Makes a step, enters a stage, or finishes images; the event as JSON, `undefined` when all are done.
    ///
    /// # Errors
    /// What went wrong on the way.
    pub async fn next(&mut self) -> Result<Option<String>, JsError> {
        let done = self.drawing.next_event_async().await?;
        Ok(done.map(|done| event(&done, self.stages).to_string()))
    }

    /// The images as they are predicted now.
    ///
    /// # Errors
    /// What the model cannot compute.
    pub async fn preview(&mut self) -> Result<Vec<Pixels>, JsError> {
        Ok(self.drawing.clean_preview_async().await?.into_iter().map(Pixels).collect())
    }

    /// The images that are finished and not yet taken.
    pub fn finished(&mut self) -> Vec<Pixels> {
        self.drawing.finished().map(Pixels).collect()
    }

    /// What the author of a prompt should know: words that the text encoder does not know, and what it does not see.
    pub fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    /// All that the images are drawn from, as JSON.
    ///
    /// # Errors
    /// Never: it always has a form in JSON.
    pub fn provenance(&self) -> Result<String, JsError> {
        Ok(serde_json::to_string(&self.provenance)?)
    }
}

/// An image.
#[wasm_bindgen]
pub struct Pixels(DrawnImage);

#[wasm_bindgen]
impl Pixels {
    /// Its place in the request.
    #[wasm_bindgen(getter)]
    pub fn index(&self) -> usize {
        self.0.index
    }

    /// Height in pixels.
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> usize {
        self.0.height
    }

    /// Width in pixels.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> usize {
        self.0.width
    }

    /// Red, green and blue of each pixel, row by row.
    pub fn rgb(&self) -> Vec<u8> {
        self.0.rgb.clone()
    }
}

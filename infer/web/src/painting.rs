//! Images on their way.

use burn::backend::Flex;
use pixelflow::pipeline::{DrawEvent, Drawing, DrawnImage, Provenance};
use pixelflow::sampler::{StageStart, StepDone};
use serde_json::{Value, json};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// Images on their way: `next` makes a step, and between two steps they can be looked at, or dropped.
#[wasm_bindgen]
pub struct Painting {
    drawing: Drawing<Flex>,
    provenance: Provenance,
    stages: usize,
    notes: Vec<String>,
}

impl Painting {
    pub(crate) fn new(
        drawing: Drawing<Flex>,
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
        let event = self.drawing.next_event_async().await?;
        Ok(event.map(|event| said(&event, self.stages).to_string()))
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

/// The share of the work that is done: each stage has four times the pixels of the one before.
fn share(stage: usize, time: f64, stages: usize) -> f64 {
    let pixels = |stage: usize| 4_f64.powi(stage as i32);
    let done: f64 = (0..stage).map(pixels).sum::<f64>() + time * pixels(stage);
    done / (0..stages).map(pixels).sum::<f64>()
}

/// An event, of which the worker makes one of the server's.
fn said(event: &DrawEvent, stages: usize) -> Value {
    match event {
        DrawEvent::Stage(StageStart { stage, stages, height, width, steps }) => json!({
            "type": "stage", "stage": stage, "stages": stages, "height": height, "width": width, "steps": steps
        }),
        DrawEvent::Step(StepDone { stage, step, time, evaluations, stage_is_done }) => json!({
            "type": "step", "stage": stage, "step": step, "time": time, "evaluations": evaluations,
            "stageIsDone": stage_is_done, "share": share(*stage, *time, stages)
        }),
        DrawEvent::Finished(images) => json!({"type": "finished", "images": images}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stage_is_most_of_the_work() {
        assert_eq!([share(0, 0.0, 3), share(2, 1.0, 3)], [0.0, 1.0]);
        assert_eq!(share(2, 0.0, 3), 5.0 / 21.0);
    }
}

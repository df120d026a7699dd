//! A model that draws in a browser.

use pixelflow::NumberFormat;
use pixelflow::pipeline::{ModelFiles, Pipeline, Request, Subject};
use pixelflow::sampler::SolverKind;
use pixelflow::weights::TextEncoderFiles;
use serde_json::json;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::Painting;
use crate::device::{Chosen, open};

/// A model that draws in a browser.
#[wasm_bindgen]
pub struct Painter {
    pipeline: Pipeline<Chosen>,
    device: String,
}

#[wasm_bindgen]
impl Painter {
    /// A model: its name, its `config.json`, the bytes of its safetensors file.
    ///
    /// # Errors
    /// A sentence for the user, if that is no model.
    pub async fn open(name: String, config: String, weights: Vec<u8>) -> Result<Self, JsError> {
        let files = ModelFiles::from_bytes(&config, weights)?.with_name(&name);
        let (place, device) = open().await;
        let mut pipeline = Pipeline::new(files, &place);
        pipeline.load()?;
        Ok(Self { pipeline, device })
    }

    /// The same, which reads prompts with a text encoder: the bytes of its `config.json`, its `tokenizer.json` and
    /// its safetensors file.
    ///
    /// # Errors
    /// A sentence for the user, if that is no text encoder.
    #[wasm_bindgen(js_name = withTextEncoder)]
    pub fn with_text_encoder(
        self,
        config: Vec<u8>,
        tokenizer: Vec<u8>,
        weights: Vec<u8>,
    ) -> Result<Self, JsError> {
        let encoder = TextEncoderFiles::from_bytes(config, tokenizer, weights)?;
        let pipeline = self.pipeline.with_text_encoder(encoder, NumberFormat::F32);
        Ok(Self { pipeline, ..self })
    }

    /// What the model is, as JSON: device, classes with names, size, sampler, solvers.
    pub fn describe(&self) -> String {
        let description = self.pipeline.description();
        let classes = (0..description.model.num_classes).map(|class| description.class_name(class));
        let multiple = description.model.patch_size << description.cascade.stages.saturating_sub(1);
        json!({
            "name": self.pipeline.files().name(),
            "device": self.device,
            "kind": if description.is_text() { "text" } else { "class" },
            "classes": classes.collect::<Vec<_>>(),
            "size": [description.resolution, description.resolution],
            "sizeMultiple": multiple,
            "stages": description.cascade.stages,
            "sampler": description.sampler.clone().unwrap_or_default(),
            "solvers": SolverKind::ALL,
        })
        .to_string()
    }

    /// Begins to draw what a request in JSON asks for.
    ///
    /// # Errors
    /// A sentence for the user, naming all that is wrong with it.
    pub async fn begin(&mut self, request: &str) -> Result<Painting, JsError> {
        let request: Request = serde_json::from_str(request)?;
        let provenance = self.pipeline.provenance(&request)?;
        let stages = self.pipeline.description().cascade.stages;
        let drawing = self.pipeline.draw_async(&request).await?;
        let unseen = self.pipeline.unseen()?;
        // A page that is never left would keep the texts of all its drawings.
        self.pipeline.forget_texts();
        // All images of a page's request are of one subject.
        let notes = match request.images.first().map(|image| &image.subject) {
            Some(Subject::Prompt { prompt, negative }) => unseen.notes(prompt, negative),
            _ => Vec::new(),
        };
        Ok(Painting::new(drawing, provenance, stages, notes))
    }
}

//! Everything that a picture was drawn from: enough to draw it again.

use pixelflow::PixelFlow;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::sampler::{Sampler, SamplerConfig};
use serde::{Deserialize, Serialize};

use crate::draw::{DrawObserver, Drawn, ImageRequest, draw};

/// What a recipe calls the model that comes with the program.
pub const DEMO: &str = "demo";

/// Everything that a picture was drawn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Version of the program.
    pub version: String,
    /// The file of the model's weights, or [`DEMO`].
    pub model: String,
    /// Hash of its weights.
    pub model_hash: String,
    /// How it was sampled.
    pub sampler: SamplerConfig,
    /// The device it was computed on.
    pub device: String,
    /// Height of one image in pixels.
    pub height: usize,
    /// Width of one image in pixels.
    pub width: usize,
    /// The user's seed.
    pub seed: u64,
    /// How the images are laid out.
    pub layout: Layout,
    /// The images, row by row.
    pub rows: Vec<RecipeRow>,
}

/// How the images of a picture are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Layout {
    /// One image as it is.
    Single,
    /// A grid with labels.
    Grid {
        /// How many times the images are enlarged.
        scale: u32,
    },
}

/// Images of one class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipeRow {
    /// What is written beside them.
    pub label: String,
    /// Their class.
    pub class: usize,
    /// Number of the first image.
    pub first: u64,
    /// How many there are.
    pub count: u64,
}

impl Recipe {
    /// All images, row by row.
    pub fn requests(&self) -> Vec<ImageRequest> {
        let of_row = |row: &RecipeRow| {
            let class = row.class;
            let numbers = row.first..row.first.saturating_add(row.count);
            numbers.map(move |number| ImageRequest::new(self.seed, class, number))
        };
        self.rows.iter().flat_map(of_row).collect()
    }

    /// The recipe of one image of this one, as a picture of its own.
    #[must_use]
    pub fn single(&self, request: ImageRequest) -> Self {
        let row = self.rows.iter().find(|row| row.class == request.class);
        let label = row.map_or_else(String::new, |row| row.label.clone());
        let row = RecipeRow {
            label,
            class: request.class,
            first: request.number,
            count: 1,
        };
        Self {
            layout: Layout::Single,
            rows: vec![row],
            ..self.clone()
        }
    }

    /// Draws all images.
    ///
    /// # Errors
    /// What the sampler says.
    pub fn draw<B: PixelFlowBackend>(
        &self,
        model: &PixelFlow<B>,
        sampler: &Sampler,
        batch: usize,
        device: &B::Device,
        observer: &mut dyn DrawObserver,
    ) -> pixelflow::Result<Drawn> {
        let size = [self.height, self.width];
        draw(
            model,
            sampler,
            &self.requests(),
            size,
            batch,
            device,
            observer,
        )
    }
}

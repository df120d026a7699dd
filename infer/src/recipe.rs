//! Everything that a picture was drawn from: enough to draw it again.

use pixelflow::PixelFlow;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::sampler::{Sampler, SamplerConfig};
use serde::{Deserialize, Serialize};

use crate::arguments::{NumberFormat, WeightsArgument};
use crate::draw::{DrawObserver, Drawn, ImageRequest, MAX_NUMBER, Subjects, draw};
use crate::grid::GridMeasure;
use crate::prompts::EncodedTexts;

/// What a recipe calls the model that comes with the program.
pub const DEMO: &str = "demo";

/// What a recipe calls the text model that comes with the program.
pub const TEXT_DEMO: &str = "demo-text";

/// Pixels of a picture, at most.
pub const MAX_PIXELS: u64 = 1 << 30;

/// Everything that a picture was drawn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Version of the program.
    pub version: String,
    /// The file of the model's weights, or [`DEMO`].
    pub model: String,
    /// Which weights, if the file is a training checkpoint.
    #[serde(default)]
    pub weights: WeightsArgument,
    /// Hash of its weights.
    pub model_hash: String,
    /// What its prompts were read with, for a text model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_encoder: Option<RecipeEncoder>,
    /// How it was sampled.
    pub sampler: SamplerConfig,
    /// The device it was computed on.
    pub device: String,
    /// The format it was computed in.
    #[serde(default)]
    pub dtype: NumberFormat,
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

/// The text encoder of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipeEncoder {
    /// Its folder, if it was not the model's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Hash of its weights and tokenizer.
    pub hash: String,
    /// The format of its weights.
    pub dtype: NumberFormat,
}

impl RecipeEncoder {
    /// What tells its states from those of others.
    pub fn cache_key(&self) -> String {
        format!("{}-{:?}", self.hash, self.dtype).to_lowercase()
    }
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

/// Images of one class, or of one prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipeRow {
    /// What is written beside them.
    pub label: String,
    /// Their class; 0 where there is a prompt.
    #[serde(default)]
    pub class: usize,
    /// Their prompt, for a text model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// What they shall not show, for a text model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negative: Option<String>,
    /// Number of the first image.
    pub first: u64,
    /// How many there are.
    pub count: u64,
}

impl RecipeRow {
    /// The request of image `number` of this row.
    fn request(&self, seed: u64, number: u64) -> ImageRequest {
        match &self.prompt {
            None => ImageRequest::new(seed, self.class, number),
            Some(prompt) => ImageRequest::of_prompt(seed, prompt, number),
        }
    }
}

impl Recipe {
    /// Height and width in pixels of the picture with all images.
    pub fn picture_size(&self) -> [u64; 2] {
        let image = [self.height as u64, self.width as u64];
        let rows = self.rows.iter().map(|row| (row.label.as_str(), row.count));
        match self.layout {
            Layout::Single => image,
            Layout::Grid { scale } => GridMeasure::new(rows, image, scale).size(),
        }
    }

    /// Whether it is of a picture that can be drawn.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn check(&self) -> Result<(), String> {
        let add = |sum: u64, row: &RecipeRow| sum.saturating_add(row.count);
        let images = self.rows.iter().fold(0, add);
        if images == 0 || (self.layout == Layout::Single && images != 1) {
            return Err(format!("it would show {images} images"));
        }
        let last = |row: &RecipeRow| row.first.saturating_add(row.count);
        if let Some(row) = self.rows.iter().find(|row| last(row) > MAX_NUMBER) {
            return Err(format!(
                "{} images from number {} on are more than the {MAX_NUMBER} that a class has",
                row.count, row.first
            ));
        }
        let [height, width] = self.picture_size();
        if height.saturating_mul(width) > MAX_PIXELS {
            return Err(format!(
                "the picture would have {height}x{width} pixels, more than {MAX_PIXELS}"
            ));
        }
        Ok(())
    }

    /// All images, row by row.
    pub fn requests(&self) -> Vec<ImageRequest> {
        let of_row = |row: &'_ RecipeRow| {
            let numbers = row.first..row.first.saturating_add(row.count);
            let request = |number| row.request(self.seed, number);
            numbers.map(request).collect::<Vec<_>>()
        };
        self.rows.iter().flat_map(of_row).collect()
    }

    /// The recipe of each image of this one as a picture of its own, in the order of
    /// [`requests`](Self::requests).
    pub fn singles(&self) -> impl Iterator<Item = Self> {
        let rows = self.rows.iter().flat_map(|row| {
            (0..row.count).map(|image| RecipeRow {
                first: row.first + image,
                count: 1,
                ..row.clone()
            })
        });
        rows.map(|row| Self { layout: Layout::Single, rows: vec![row], ..self.clone() })
    }

    /// What a text model is told of each image.
    pub fn subjects<B: PixelFlowBackend>(
        &self,
        texts: &EncodedTexts,
        device: &B::Device,
    ) -> Subjects<B> {
        let pairs = self.rows.iter().flat_map(|row| {
            let pair = (
                row.prompt.as_deref().unwrap_or_default(),
                row.negative.as_deref().unwrap_or_default(),
            );
            std::iter::repeat_n(pair, row.count as usize)
        });
        texts.subjects(pairs, device)
    }

    /// Draws all images.
    ///
    /// # Errors
    /// What the sampler says.
    pub fn draw<B: PixelFlowBackend>(
        &self,
        model: &PixelFlow<B>,
        subjects: &Subjects<B>,
        sampler: &Sampler,
        batch: usize,
        device: &B::Device,
        observer: &mut dyn DrawObserver,
    ) -> pixelflow::Result<Drawn> {
        let size = [self.height, self.width];
        draw(model, sampler, &self.requests(), subjects, size, batch, device, observer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(scale: u32, first: u64, count: u64) -> Recipe {
        let row = RecipeRow {
            label: "a".to_owned(),
            class: 0,
            prompt: None,
            negative: None,
            first,
            count,
        };
        Recipe {
            version: "1".to_owned(),
            model: DEMO.to_owned(),
            weights: WeightsArgument::Ema,
            model_hash: String::new(),
            text_encoder: None,
            sampler: SamplerConfig::default(),
            device: "cpu".to_owned(),
            dtype: NumberFormat::F32,
            height: 32,
            width: 32,
            seed: 0,
            layout: Layout::Grid { scale },
            rows: vec![row],
        }
    }

    #[test]
    fn a_picture_that_cannot_be_is_refused_before_it_is_drawn() {
        assert_eq!(grid(3, 7, 4).check(), Ok(()));
        let single = |count| Recipe { layout: Layout::Single, ..grid(1, 0, count) };
        assert_eq!(single(1).check(), Ok(()));
        let huge = Recipe { height: usize::MAX, ..grid(1, 0, 1) };
        for (recipe, reason) in [
            (grid(3, 0, 0), "0 images"),
            (single(2), "2 images"),
            (grid(3, u64::MAX, 1), "more than the 2147483648"),
            (grid(3, 0, 1_000_000), "pixels, more than 1073741824"),
            (grid(u32::MAX, 0, 1), "pixels, more than 1073741824"),
            (huge, "pixels, more than 1073741824"),
        ] {
            let message = recipe.check().unwrap_err();
            assert!(message.contains(reason), "{message}");
        }
    }

    #[test]
    fn recipes_from_before_the_weights_were_named_mean_the_average() {
        let mut json = serde_json::to_value(grid(1, 0, 1)).unwrap();
        json.as_object_mut().unwrap().remove("weights").unwrap();
        let recipe: Recipe = serde_json::from_value(json).unwrap();
        assert_eq!(recipe.weights, WeightsArgument::Ema);
    }
}

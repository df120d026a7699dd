//! Everything that a picture was drawn from: enough to draw it again.

use std::borrow::Cow;

use pixelflow::NumberFormat;
use pixelflow::pipeline::{
    AdapterProvenance, EditProvenance, GuideProvenance, ImageRequest, NoiseRule, Provenance,
    Request, Subject,
};
use pixelflow::sampler::SamplerConfig;
use pixelflow::weights::WeightSet;
use serde::{Deserialize, Serialize};

use crate::differences::differences;
use crate::grid::GridMeasure;

/// What a recipe calls the model that comes with the program.
pub const DEMO: &str = "demo";

/// What a recipe calls the text model that comes with the program.
pub const TEXT_DEMO: &str = "demo-text";

/// Everything that a picture was drawn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Version of the program.
    pub version: String,
    /// The model's name, or `DEMO`; pictures of the first noise rule have the path of its weights.
    pub model: String,
    /// Which weights, if the file is a training checkpoint.
    #[serde(default)]
    pub weights: WeightSet,
    /// Hash of its weights, with what changed them.
    pub model_hash: String,
    /// What changed them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adapters: Vec<AdapterProvenance>,
    /// What it was guided away from, if not from its own images without a condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guide: Option<GuideProvenance>,
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
    /// How noise is keyed.
    #[serde(default = "NoiseRule::unsaid")]
    pub noise: NoiseRule,
    /// What they were made from, if they are edits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<EditProvenance>,
    /// The user's seed.
    pub seed: u64,
    /// How the images are laid out.
    pub layout: Arrangement,
    /// The images, row by row.
    pub rows: Vec<RecipeRow>,
}

/// The text encoder of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipeEncoder {
    /// Its name on the Hub, if it was not the model's own; pictures of the first noise rule have its
    /// folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Hash of its weights and tokenizer.
    pub hash: String,
    /// The format of its weights.
    pub dtype: NumberFormat,
}

/// How the images of a picture are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Arrangement {
    /// One image as it is.
    Single,
    /// A grid with labels.
    Grid {
        /// How many times the images are enlarged.
        scale: u32,
        /// Whether the numbers of the images stand above the columns.
        #[serde(default)]
        numbered: bool,
        /// Whether labels have letters of all scripts: in pictures from before, those beyond Western
        /// Europe's are `?`.
        #[serde(default)]
        any_script: bool,
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
    /// A request of its first image.
    pub(crate) fn first_request(&self, seed: u64) -> Request {
        Request::new(vec![self.request(seed, self.first)])
    }

    /// The request of image `number` of this row.
    fn request(&self, seed: u64, number: u64) -> ImageRequest {
        let subject = match &self.prompt {
            None => Subject::Class(self.class),
            Some(prompt) => Subject::Prompt {
                prompt: prompt.clone(),
                negative: self.negative.clone().unwrap_or_default(),
            },
        };
        ImageRequest { subject, seed, number }
    }
}

impl Recipe {
    /// The recipe of images of this provenance, drawn by this program.
    pub(crate) fn new(
        provenance: Provenance,
        device: String,
        seed: u64,
        layout: Arrangement,
        rows: Vec<RecipeRow>,
    ) -> Self {
        let Provenance { model, weights, model_hash, adapters, guide, text_encoder, .. } =
            provenance;
        let Provenance { sampler, dtype, .. } = provenance;
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model,
            weights,
            model_hash,
            adapters,
            guide,
            text_encoder: text_encoder.map(|encoder| RecipeEncoder {
                folder: None,
                hash: encoder.hash,
                dtype: encoder.dtype,
            }),
            sampler,
            device,
            dtype,
            height: provenance.height,
            width: provenance.width,
            noise: provenance.noise,
            edit: provenance.edit,
            seed,
            layout,
            rows,
        }
    }

    /// Height and width in pixels of the picture with all images.
    pub(crate) fn picture_size(&self) -> [u64; 2] {
        let image = [self.height as u64, self.width as u64];
        match self.layout {
            Arrangement::Single => image,
            Arrangement::Grid { scale, numbered, .. } => {
                let labels: Vec<_> = self.rows.iter().map(|row| self.label(row)).collect();
                let counts = self.rows.iter().map(|row| row.count);
                let rows = labels.iter().map(AsRef::as_ref).zip(counts);
                GridMeasure::new(rows, image, scale, numbered).size()
            }
        }
    }

    /// What is written beside the images of a row.
    pub(crate) fn label<'a>(&self, row: &'a RecipeRow) -> Cow<'a, str> {
        match self.layout {
            Arrangement::Grid { any_script: false, .. } => {
                row.label.replace(|letter| letter > '\u{ff}', "?").into()
            }
            _ => row.label.as_str().into(),
        }
    }

    /// How many images there are.
    pub(crate) fn images(&self) -> u64 {
        self.rows.iter().map(|row| row.count).fold(0, u64::saturating_add)
    }

    /// What differs in the images of another recipe: not the program's version, nor the device.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let settings = |recipe: &Self| {
            let (version, device) = (self.version.clone(), self.device.clone());
            serde_json::to_value(Self { version, device, ..recipe.clone() }).unwrap_or_default()
        };
        differences(&settings(self), &settings(other))
    }

    /// All images, row by row, `batch` of them at once; of edits without their picture.
    pub(crate) fn request(&self, batch: usize) -> Request {
        let of_row = |row: &'_ RecipeRow| {
            let numbers = row.first..row.first.saturating_add(row.count);
            numbers.map(|number| row.request(self.seed, number)).collect::<Vec<_>>()
        };
        Request {
            size: Some([self.height, self.width]),
            sampler: Some(self.sampler.clone()),
            batch,
            noise: self.noise,
            ..Request::new(self.rows.iter().flat_map(of_row).collect())
        }
    }

    /// The recipe of the first `images` images alone: those that were done when the user stopped.
    #[must_use]
    pub(crate) fn first_images(mut self, images: u64) -> Self {
        let mut left = images;
        for row in &mut self.rows {
            row.count = row.count.min(left);
            left -= row.count;
        }
        self.rows.retain(|row| row.count > 0);
        self
    }

    /// The recipe of each image of this one as a picture of its own, in the order of
    /// [`request`](Self::request).
    pub(crate) fn singles(&self) -> impl Iterator<Item = Self> {
        let rows = self.rows.iter().flat_map(|row| {
            (0..row.count).map(|image| RecipeRow {
                first: row.first + image,
                count: 1,
                ..row.clone()
            })
        });
        rows.map(|row| Self { layout: Arrangement::Single, rows: vec![row], ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caption_images::testing::FakeDrawer;
    use crate::recipe_bounds::MAX_IMAGES;

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
            weights: WeightSet::Ema,
            model_hash: String::new(),
            adapters: vec![],
            guide: None,
            text_encoder: None,
            sampler: SamplerConfig::default(),
            device: "cpu".to_owned(),
            dtype: NumberFormat::F32,
            height: 32,
            width: 32,
            noise: NoiseRule::SubjectToo,
            edit: None,
            seed: 0,
            layout: Arrangement::Grid { scale, numbered: false, any_script: true },
            rows: vec![row],
        }
    }

    #[test]
    fn a_picture_that_cannot_be_is_refused_before_it_is_drawn() {
        assert_eq!(grid(3, 7, 4).check(), Ok(()));
        let single = |count| Recipe { layout: Arrangement::Single, ..grid(1, 0, count) };
        assert_eq!(single(1).check(), Ok(()));
        let huge = Recipe { height: usize::MAX, ..grid(1, 0, 1) };
        let row =
            RecipeRow { prompt: Some("a".repeat(1 << 20)), ..grid(1, 0, 1000).rows[0].clone() };
        let wordy = Recipe { rows: vec![row], ..grid(1, 0, 1) };
        for (recipe, reason) in [
            (wordy, "the prompts would take more than"),
            (grid(3, 0, 0), "0 images"),
            (single(2), "2 images"),
            (grid(3, u64::MAX, 1), "more than the 2147483648"),
            (grid(3, 0, 1_000_000), "pixels, more than 1073741824"),
            (grid(u32::MAX, 0, 1), "pixels, more than 1073741824"),
            (grid(65, 0, 1), "its scale is 65, it must be 1 to 64"),
            (huge, "pixels, more than 1073741824"),
        ] {
            let message = recipe.check().unwrap_err();
            assert!(message.contains(reason), "{message}");
        }
    }

    #[test]
    fn a_stopped_picture_has_the_recipe_of_what_was_done() {
        let row = |count| RecipeRow { count, ..grid(1, 5, 1).rows[0].clone() };
        let recipe = Recipe { rows: vec![row(4), row(4), row(4)], ..grid(1, 0, 1) };
        let counts = |images| {
            let rows = recipe.clone().first_images(images).rows;
            rows.iter().map(|row| row.count).collect::<Vec<_>>()
        };
        assert_eq!((counts(12), counts(6), counts(0)), (vec![4, 4, 4], vec![4, 2], vec![]));
    }

    #[test]
    fn more_images_than_fit_in_memory_are_refused_wherever_they_go() {
        let many = |count| grid(1, 0, count).check_amount();
        assert_eq!(many(MAX_IMAGES), Ok(()));
        assert!(many(MAX_IMAGES + 1).unwrap_err().contains("more than the 16777216"));
    }

    #[test]
    fn pictures_from_before_all_scripts_keep_their_question_marks() {
        let mut json = serde_json::to_value(grid(1, 0, 1)).unwrap();
        json["rows"][0]["label"] = "größe 猫".into();
        let label = |json: &serde_json::Value| {
            let recipe: Recipe = serde_json::from_value(json.clone()).unwrap();
            recipe.label(&recipe.rows[0]).into_owned()
        };
        assert_eq!(label(&json), "größe 猫");
        json["layout"].as_object_mut().unwrap().remove("any_script").unwrap();
        assert_eq!(label(&json), "größe ?");
    }

    #[test]
    fn a_recipe_without_a_guide_has_not_a_byte_more() {
        let recipe = grid(1, 0, 1);
        let sampler = serde_json::to_string(&recipe.sampler).unwrap();
        let expected = format!(
            r#"{{"version":"1","model":"demo","weights":"ema","model_hash":"","sampler":{sampler},"device":"cpu","#
        );
        let text = serde_json::to_string(&recipe).unwrap();
        assert!(text.starts_with(&expected), "{text}");
        assert!(!text.contains("guide") && !text.contains("edit"), "{text}");
        let drawn_with = FakeDrawer::settings([4, 4]);
        assert!(!serde_json::to_string(&drawn_with).unwrap().contains("guide\""));
    }

    #[test]
    fn recipes_without_a_noise_rule_are_of_the_first() {
        let mut json = serde_json::to_value(grid(1, 0, 1)).unwrap();
        json.as_object_mut().unwrap().remove("noise").unwrap();
        let recipe: Recipe = serde_json::from_value(json).unwrap();
        assert_eq!(recipe.noise, NoiseRule::SubjectToo);
    }

    #[test]
    fn recipes_from_before_the_weights_were_named_mean_the_average() {
        let mut json = serde_json::to_value(grid(1, 0, 1)).unwrap();
        json.as_object_mut().unwrap().remove("weights").unwrap();
        let recipe: Recipe = serde_json::from_value(json).unwrap();
        assert_eq!(recipe.weights, WeightSet::Ema);
    }
}

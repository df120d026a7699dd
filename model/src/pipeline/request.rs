//! What shall be drawn, checked before anything is done.

use serde::{Deserialize, Serialize};

use super::{Edit, Field, NoiseRule, Problem, Problems};
use crate::sampler::{Original, Sampler, SamplerConfig};
use crate::weights::ModelDescription;
use crate::{Error, Result};

/// Images that are computed at once, unless a request says otherwise.
const BATCH: usize = 32;

/// Images that are computed at once, at most.
const MAX_BATCH: usize = 1 << 16;

/// Bytes of a prompt, at most: a text encoder sees some hundred words of it.
pub const MAX_PROMPT: usize = 1 << 16;

/// Channels that are shown: red, green and blue.
const CHANNELS: usize = 3;

/// One image: the same request is the same image, whatever else is drawn beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageRequest {
    /// The class or the prompt.
    pub subject: Subject,
    /// The seed.
    pub seed: u64,
    /// The number of the image within the seed. Seed and number are its noise, which makes its
    /// composition: another class or word keeps it.
    pub number: u64,
}

/// A class, or a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Subject {
    /// A class, by its number.
    Class(usize),
    /// A text.
    Prompt {
        /// What the image shows.
        prompt: String,
        /// What it shall not show; empty for nothing.
        #[serde(default)]
        negative: String,
    },
}

impl Subject {
    /// A prompt without a negative.
    pub fn prompt(prompt: impl Into<String>) -> Self {
        Self::Prompt { prompt: prompt.into(), negative: String::new() }
    }
}

/// Images to draw, of one size and by one sampler.
///
/// ```
/// use pixelflow::Request;
/// let request = Request::prompt("a tengu on grass").negative("a shield").seed(7).count(4);
/// assert_eq!(request.images.len(), 4);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The images, in the order in which they come.
    pub images: Vec<ImageRequest>,
    /// Height and width in pixels. Default: the size that the model was trained on; of an edit, its picture's.
    pub size: Option<[usize; 2]>,
    /// The sampler. Default: the model's own.
    pub sampler: Option<SamplerConfig>,
    /// Images computed at once, which changes none of them. Default 32.
    pub batch: usize,
    /// How noise is keyed. Default: by seed and number.
    pub noise: NoiseRule,
    /// A picture that they begin with, and what of it stays. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<Edit>,
}

impl Request {
    /// These images.
    pub fn new(images: Vec<ImageRequest>) -> Self {
        let noise = NoiseRule::default();
        Self { images, size: None, sampler: None, batch: BATCH, noise, edit: None }
    }

    /// An image of a class; seed and number are 0.
    pub fn class(class: usize) -> Self {
        Self::new(vec![ImageRequest { subject: Subject::Class(class), seed: 0, number: 0 }])
    }

    /// An image of a prompt; seed and number are 0.
    pub fn prompt(prompt: impl Into<String>) -> Self {
        Self::new(vec![ImageRequest { subject: Subject::prompt(prompt), seed: 0, number: 0 }])
    }

    /// Gives all prompts this negative.
    #[must_use]
    pub fn negative(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        for image in &mut self.images {
            if let Subject::Prompt { negative, .. } = &mut image.subject {
                negative.clone_from(&text);
            }
        }
        self
    }

    /// Gives all images this seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.images.iter_mut().for_each(|image| image.seed = seed);
        self
    }

    /// `count` images for each one, numbered from its own number on.
    #[must_use]
    pub fn count(mut self, count: usize) -> Self {
        let numbered = |image: ImageRequest| {
            (0..count as u64).map(move |n| ImageRequest {
                number: image.number.saturating_add(n),
                ..image.clone()
            })
        };
        self.images = self.images.into_iter().flat_map(numbered).collect();
        self
    }

    /// Height and width in pixels.
    #[must_use]
    pub fn size(self, size: [usize; 2]) -> Self {
        Self { size: Some(size), ..self }
    }

    /// The sampler.
    #[must_use]
    pub fn sampler(self, config: SamplerConfig) -> Self {
        Self { sampler: Some(config), ..self }
    }

    /// Images computed at once.
    #[must_use]
    pub fn batch(self, batch: usize) -> Self {
        Self { batch, ..self }
    }

    /// Begins with a picture.
    #[must_use]
    pub fn edit(self, edit: Edit) -> Self {
        Self { edit: Some(edit), ..self }
    }

    /// Checks everything against what a model is, and names all that is wrong at once.
    ///
    /// # Errors
    /// [`Error::Request`]; those of [`ModelDescription::check`].
    pub fn check(&self, model: &ModelDescription) -> Result<CheckedRequest> {
        model.check()?;
        let cascade = model.cascade.build()?;
        let patch = model.model.patch_size;
        let of_edit = |edit: &Edit| edit.size(&cascade, patch, model.resolution);
        let size = self.size.or_else(|| self.edit.as_ref().map(of_edit));
        let size = size.unwrap_or([model.resolution; 2]);
        let mut problems = Vec::new();
        let mut wrong = |field, reason: String| problems.push(Problem { field, reason });
        if self.images.is_empty() {
            wrong(Field::Images, "there is no image to draw".to_owned());
        }
        if !(1..=MAX_BATCH).contains(&self.batch) {
            wrong(Field::Batch, format!("batch is {}, it must be 1 to {MAX_BATCH}", self.batch));
        }
        if model.model.in_channels != CHANNELS {
            let channels = model.model.in_channels;
            let reason = format!("the model has {channels} channels, images have {CHANNELS}");
            wrong(Field::Channels, reason);
        }
        for (field, reason) in self.images.iter().filter_map(|image| self.misfit(image, model)) {
            wrong(field, reason);
        }
        match (cascade.check_size(size[0], size[1], patch), &self.edit) {
            (Err(error), _) => wrong(Field::Size, error.to_string()),
            (Ok(()), Some(edit)) => {
                for (field, reason) in edit.problems(&cascade, size) {
                    wrong(field, reason);
                }
            }
            (Ok(()), None) => {}
        }
        let sampler = self.sampler.clone().or_else(|| model.sampler.clone()).unwrap_or_default();
        let sampler = sampler.check(cascade);
        let sampler = sampler.map_err(|error| wrong(Field::Sampler, error.to_string())).ok();
        problems.dedup();
        match sampler {
            Some(sampler) if problems.is_empty() => {
                let original = self.edit.as_ref().map(|edit| edit.original(&sampler, size));
                let original = original.transpose()?;
                Ok(CheckedRequest { request: self.clone(), size, sampler, original })
            }
            _ => Err(Error::Request(Problems(problems))),
        }
    }

    /// The first reason why a model cannot draw an image; `None` if it can.
    fn misfit(&self, image: &ImageRequest, model: &ModelDescription) -> Option<(Field, String)> {
        let (classes, numbers) = (model.model.num_classes, self.noise.numbers());
        if image.number >= numbers {
            let reason = format!("image number {} is not less than {numbers}", image.number);
            return Some((Field::Number, reason));
        }
        match &image.subject {
            Subject::Class(_) if model.is_text() => {
                let reason = "this model draws from text, not from classes".to_owned();
                Some((Field::Class, reason))
            }
            Subject::Class(class) if *class >= classes => {
                let reason = Error::ClassOutOfRange { class: *class, classes }.to_string();
                Some((Field::Class, reason))
            }
            Subject::Prompt { .. } if !model.is_text() => {
                let reason = "this model draws classes, it reads no prompts".to_owned();
                Some((Field::Prompt, reason))
            }
            Subject::Prompt { prompt, negative } => {
                let texts = [("prompt", prompt), ("negative", negative)];
                let (what, text) = texts.into_iter().find(|(_, text)| text.len() > MAX_PROMPT)?;
                let bytes = text.len();
                let reason = format!("a {what} has {bytes} bytes, at most {MAX_PROMPT} are read");
                Some((Field::Prompt, reason))
            }
            Subject::Class(_) => None,
        }
    }
}

/// A request that a model can draw.
#[derive(Clone, Debug)]
pub struct CheckedRequest {
    pub(super) request: Request,
    pub(super) size: [usize; 2],
    pub(super) sampler: Sampler,
    /// The picture of an edit.
    pub(super) original: Option<Original>,
}

impl CheckedRequest {
    /// What was asked.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Height and width in pixels.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// The sampler.
    pub fn sampler(&self) -> &Sampler {
        &self.sampler
    }

    /// All texts that the images need, prompts and negatives; none for classes.
    pub fn texts(&self) -> Vec<&str> {
        let texts = self.request.images.iter().filter_map(|image| match &image.subject {
            Subject::Class(_) => None,
            Subject::Prompt { prompt, negative } => Some([prompt.as_str(), negative.as_str()]),
        });
        texts.flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Preset;
    use crate::cascade::CascadeConfig;

    fn model(text: bool) -> ModelDescription {
        let mut model = Preset::Tiny.config(if text { 0 } else { 3 });
        model.cross_attention_dim = text.then_some(8);
        let cascade = CascadeConfig { stages: 2, train_timesteps: 1000 };
        let (class_names, text, sampler) = (None, None, None);
        ModelDescription { model, cascade, resolution: 16, class_names, text, sampler }
    }

    #[test]
    fn all_problems_are_named_at_once() {
        let sampler = SamplerConfig { steps: vec![], ..SamplerConfig::default() };
        let request = Request::class(3).size([5, 16]).sampler(sampler).batch(0);
        let Err(Error::Request(problems)) = request.check(&model(false)) else {
            panic!("it was not refused");
        };
        let fields: Vec<Field> = problems.0.iter().map(|problem| problem.field).collect();
        assert_eq!(fields, [Field::Batch, Field::Class, Field::Size, Field::Sampler]);
        let text = problems.to_string();
        for part in ["4 problems", "class 3 is out of range", "size 5x16", "steps has 0"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn classes_and_prompts_are_for_models_of_their_kind() {
        let huge = Request::class(0).size([1 << 40, 1 << 40]).check(&model(false));
        assert!(huge.unwrap_err().to_string().contains("at most 16384"));
        let message = |request: Request, text| request.check(&model(text)).unwrap_err().to_string();
        assert!(message(Request::class(0), true).contains("draws from text"));
        assert!(message(Request::prompt("a hat"), false).contains("draws classes"));
        assert!(message(Request::new(vec![]), false).contains("no image"));
        Request::prompt("a hat").check(&model(true)).unwrap();
        let endless = "a".repeat(65_537);
        let negative = Request::prompt("").negative(&endless);
        assert!(message(negative, true).contains("a negative has 65537 bytes, at most 65536"));
        assert!(message(Request::prompt(endless), true).contains("a prompt has 65537 bytes"));
        let mut grey = model(false);
        (grey.model.in_channels, grey.model.out_channels) = (1, 1);
        let refused = Request::class(0).check(&grey).unwrap_err().to_string();
        assert!(refused.contains("the model has 1 channels"), "{refused}");
    }

    #[test]
    fn an_edit_has_the_size_of_its_picture_and_is_checked_with_all_else() {
        use crate::pipeline::{Mask, Picture};
        let edit = |side: usize| Edit::of(Picture::new([side; 2], vec![0; 3 * side * side]));
        let request = Request::class(1).edit(edit(24));
        assert_eq!(request.check(&model(false)).unwrap().size(), [24, 24]);
        let message = |request: Request| request.check(&model(false)).unwrap_err().to_string();
        assert!(message(Request::class(1).edit(edit(20))).contains("size 20x20 does not fit"));
        let other = Request::class(1).size([16, 16]).edit(edit(24));
        assert!(message(other).contains("for images of 16x16 it must have 16x16"));
        let mask = Mask::new([24, 24], vec![0; 576]);
        let inpaint = Edit::inpaint(edit(24).picture, mask).strength(2.0);
        let several = message(Request::class(7).edit(inpaint));
        for part in ["3 problems", "class 7", "strength is 2", "nothing would be drawn"] {
            assert!(several.contains(part), "{several}");
        }
        // Requests of before have no such field, and those without an edit not a byte more.
        let json = serde_json::to_string(&Request::class(1)).unwrap();
        assert!(!json.contains("edit"), "{json}");
        assert_eq!(serde_json::from_str::<Request>(&json).unwrap(), Request::class(1));
    }

    #[test]
    fn a_count_numbers_every_image_on() {
        let request = Request::class(1).seed(4).count(3);
        let numbers: Vec<u64> = request.images.iter().map(|image| image.number).collect();
        assert_eq!((numbers, request.images[2].seed), (vec![0, 1, 2], 4));
        let far = Request { noise: NoiseRule::SubjectToo, ..Request::class(1).count(2) };
        far.check(&model(false)).unwrap();
    }
}

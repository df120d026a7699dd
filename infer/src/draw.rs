//! Images from a model, batch by batch.

use image::RgbImage;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::sampler::{
    Conditions, ImageKey, KeyedNoise, SampleObserver, Sampler, Silent, StageStart, to_rgb8,
};
use pixelflow::{PixelFlow, TextStates};
use sha2::{Digest, Sha256};

/// Bits of an image's number in the key of its noise; above them stands what it shows.
const NUMBER_BITS: u32 = 31;
/// Numbers of images, and of classes, are less than this.
pub const MAX_NUMBER: u64 = 1 << NUMBER_BITS;

/// One image: the same request is the same image, whatever else is drawn beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageRequest {
    /// The user's seed.
    pub seed: u64,
    /// What it shows: a class, or a number that stands for a prompt.
    pub subject: u64,
    /// Which image of that seed and subject.
    pub number: u64,
}

impl ImageRequest {
    /// Image `number` of class `class`, both less than [`MAX_NUMBER`].
    pub fn new(seed: u64, class: usize, number: u64) -> Self {
        Self { seed, subject: class as u64, number }
    }

    /// Image `number`, less than [`MAX_NUMBER`], of a prompt: its noise depends on the prompt's text.
    pub fn of_prompt(seed: u64, prompt: &str, number: u64) -> Self {
        let digest = Sha256::digest(prompt.as_bytes());
        let hash = u64::from_be_bytes(std::array::from_fn(|byte| digest[byte]));
        Self { seed, subject: hash >> NUMBER_BITS, number }
    }

    /// The key of its noise: `number + subject * 2^31`.
    fn key(self) -> ImageKey {
        ImageKey { seed: self.seed, index: self.number | self.subject << NUMBER_BITS }
    }
}

/// What a model is told of the images to draw.
#[derive(Clone, Debug)]
pub enum Subjects<B: PixelFlowBackend> {
    /// The subject of each request is a class.
    Classes,
    /// Texts.
    Texts {
        /// The states of every text that is needed.
        texts: TextStates<B>,
        /// Which of them is the prompt of each request.
        prompts: Vec<usize>,
        /// Which of them is the negative prompt of each request.
        negatives: Vec<usize>,
    },
}

impl<B: PixelFlowBackend> Subjects<B> {
    /// The conditions of some of the requests, beginning with number `first`.
    fn conditions(&self, requests: &[ImageRequest], first: usize, null: usize) -> Conditions<B> {
        match self {
            Self::Classes => Conditions::Class {
                labels: requests.iter().map(|request| request.subject as usize).collect(),
                null,
            },
            Self::Texts { texts, prompts, negatives } => {
                let gather = |numbers: &[usize]| {
                    let chosen = &numbers[first..first + requests.len()];
                    let pairs: Vec<_> = chosen.iter().map(|&number| (texts, number)).collect();
                    TextStates::gather(&pairs)
                };
                Conditions::Text { prompts: gather(prompts), negatives: gather(negatives) }
            }
        }
    }
}

/// Images and what they cost.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// One image for each request.
    pub images: Vec<RgbImage>,
    /// Network evaluations (NFE) of each image.
    pub evaluations: Vec<usize>,
}

/// Is told how far drawing has come; every method does nothing unless it is overridden.
pub trait DrawObserver {
    /// A stage of a batch starts.
    fn stage_started(&mut self, stage: StageStart) {
        let _ = stage;
    }

    /// A step is done; `time` is the time within the stage, 0..1.
    fn step_done(&mut self, step: usize, time: f64) {
        let _ = (step, time);
    }

    /// `images` more images are done.
    fn batch_done(&mut self, images: usize) {
        let _ = images;
    }
}

impl DrawObserver for Silent {}

/// Draws every request, at most `batch` at a time.
///
/// # Errors
/// [`pixelflow::Error`] for a size or class that does not fit, or a model that misbehaves.
///
/// # Panics
/// If the subjects are not of the model's kind, or it has other than 1 or 3 channels.
#[allow(clippy::too_many_arguments)] // What is drawn, how, and where: each is its caller's own.
pub fn draw<B: PixelFlowBackend>(
    model: &PixelFlow<B>,
    sampler: &Sampler,
    requests: &[ImageRequest],
    subjects: &Subjects<B>,
    [height, width]: [usize; 2],
    batch: usize,
    device: &B::Device,
    observer: &mut dyn DrawObserver,
) -> pixelflow::Result<Drawn> {
    let mut drawn = Drawn::default();
    for (chunk, requests) in requests.chunks(batch.max(1)).enumerate() {
        let noise = KeyedNoise { images: requests.iter().map(|request| request.key()).collect() };
        let first = chunk * batch.max(1);
        let conditions = subjects.conditions(requests, first, model.classes());
        let samples = sampler.run(
            model,
            &conditions,
            &noise,
            [height, width],
            &mut Forward(observer),
        )?;
        drawn.evaluations.extend(samples.total_evaluations());
        let image = |pixels| {
            RgbImage::from_raw(width as u32, height as u32, pixels).expect("three bytes a pixel")
        };
        drawn.images.extend(to_rgb8(samples.images).into_iter().map(image));
        observer.batch_done(requests.len());
    }
    Ok(drawn)
}

/// Passes on what a sampler says, without its tensors.
struct Forward<'a>(&'a mut dyn DrawObserver);

impl<B: PixelFlowBackend> SampleObserver<B> for Forward<'_> {
    fn stage_started(&mut self, stage: StageStart, _state: &burn::tensor::Tensor<B, 4>) {
        self.0.stage_started(stage);
    }

    fn step_done(
        &mut self,
        _stage: usize,
        step: usize,
        time: f64,
        _state: &burn::tensor::Tensor<B, 4>,
    ) {
        self.0.step_done(step, time);
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::backend::Flex;
    use pixelflow::cascade::CascadeConfig;
    use pixelflow::noise::{Key, Purpose};
    use pixelflow::sampler::{Guidance, SamplerConfig, SolverKind};
    use pixelflow::weights::model_from;
    use pixelflow::{PixelFlowConfig, Preset};

    use super::*;

    fn drawn(requests: &[ImageRequest], batch: usize, solver: SolverKind) -> Vec<RgbImage> {
        let device = burn::backend::flex::FlexDevice;
        let config = PixelFlowConfig { depth: 1, patch_size: 2, ..Preset::Tiny.config(5) };
        // Initial weights would not do: their velocity is zero.
        let weights = |name: &str, shape: &[usize]| {
            let key = Key::new(name.len() as u64, 0, Purpose::Initialisation);
            let count = shape.iter().product();
            Ok::<_, ()>(key.normals(count).into_iter().map(|value| value * 0.2).collect())
        };
        let model = model_from::<Flex, _>(&config, &device, weights).unwrap();
        let cascade = CascadeConfig { stages: 2, train_timesteps: 1000 }.build().unwrap();
        let guidance = Guidance::Constant { scale: 1.5 };
        let sampler =
            SamplerConfig { solver, steps: vec![3], guidance, ..SamplerConfig::default() };
        let sampler = sampler.check(cascade).unwrap();
        draw(&model, &sampler, requests, &Subjects::Classes, [8, 8], batch, &device, &mut Silent)
            .unwrap()
            .images
    }

    #[test]
    fn an_image_depends_on_its_request_alone() {
        let requests: Vec<_> = (0..5).map(|n| ImageRequest::new(7, n % 3, n as u64)).collect();
        for solver in [SolverKind::Euler, SolverKind::Heun, SolverKind::Dopri5] {
            let together = drawn(&requests, 64, solver);
            assert_eq!(drawn(&requests, 2, solver), together);
            let mut backwards: Vec<_> = requests.clone();
            backwards.reverse();
            let mut images = drawn(&backwards, 3, solver);
            images.reverse();
            assert_eq!(images, together);
        }
    }

    #[test]
    fn seed_and_number_make_another_image() {
        let one = ImageRequest::new(7, 1, 0);
        let images = drawn(
            &[one, ImageRequest { seed: 8, ..one }, ImageRequest { number: 1, ..one }],
            8,
            SolverKind::Euler,
        );
        assert!(images[0] != images[1] && images[0] != images[2]);
    }
}

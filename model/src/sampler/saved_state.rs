//! The state of a stepper on the host: it can be kept, sent elsewhere, and gone on from.

use std::collections::{BTreeMap, HashMap};

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::SamplerConfig;
use super::dopri5::{BatchPlace, ImagePlace};
use super::editing::Again;
use super::read_back::read_back;
use crate::{Error, Result};

/// Version of the form; a state of another version is refused.
const VERSION: u32 = 1;
/// Key of the numbers in the metadata.
const NUMBERS: &str = "sampler";
/// Name of the images' state.
pub(super) const STATE: &str = "state";
/// Name of the newest slopes.
pub(super) const SLOPE: &str = "slope";
/// Names of what a multistep method's earlier steps predicted, the newest first.
pub(super) const PREDICTIONS: [&str; 2] = ["prediction.0", "prediction.1"];
/// Name of the state that a multistep method's newest step was made from.
pub(super) const BEFORE: &str = "before";

/// All that a [`Stepper`](super::Stepper) needs to go on, besides the model and the conditions.
///
/// As [bytes](Self::to_bytes) it is a safetensors file.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedState {
    pub(super) numbers: Numbers,
    pub(super) tensors: BTreeMap<String, HostTensor>,
}

/// Shape and values of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HostTensor {
    shape: [usize; 4],
    values: Vec<f32>,
}

/// Everything but the tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Numbers {
    pub(super) version: u32,
    /// The settings, which must be those of the stepper that goes on.
    pub(super) sampler: SamplerConfig,
    /// Height and width of the finished images in pixels.
    pub(super) size: [usize; 2],
    /// Number of images.
    pub(super) images: usize,
    /// The stage that comes next, or that the solver is in.
    pub(super) stage: usize,
    /// Network evaluations of each image in each finished stage.
    pub(super) evaluations: Vec<Vec<usize>>,
    /// Network calls of each image so far; older versions did not count them.
    #[serde(default)]
    pub(super) calls: Option<Vec<usize>>,
    /// Where in the stage.
    pub(super) place: Place,
    /// How often the stage was gone through before; `None` for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) again: Option<Again>,
}

/// Where in a stage a stepper is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Place {
    /// Before it.
    Before,
    /// At its start, which need not be time 0.
    Start(f64),
    /// Steps at given times, begun at `start`.
    Steps { start: f64, done: usize },
    /// Dopri5, image by image.
    PerImage { places: Vec<ImagePlace>, steps: usize },
    /// The reference's Dopri5.
    Batch(BatchPlace),
}

impl HostTensor {
    /// Reads a tensor from its device.
    pub(super) async fn read<B: Backend>(tensor: Tensor<B, 4>) -> Result<Self> {
        let shape = tensor.dims();
        Ok(Self { shape, values: read_back(tensor).await? })
    }

    /// Sends it to a device.
    pub(super) fn upload<B: Backend>(&self, device: &B::Device) -> Tensor<B, 4> {
        Tensor::from_data(TensorData::new(self.values.clone(), self.shape), device)
    }

    fn bytes(&self) -> Vec<u8> {
        self.values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }
}

impl SavedState {
    pub(super) fn new(
        sampler: &SamplerConfig,
        size: [usize; 2],
        images: usize,
        (stage, place): (usize, Place),
        (evaluations, calls): (&[Vec<usize>], &[usize]),
    ) -> Self {
        let numbers = Numbers {
            version: VERSION,
            sampler: sampler.clone(),
            size,
            images,
            stage,
            evaluations: evaluations.to_vec(),
            calls: Some(calls.to_vec()),
            place,
            again: None,
        };
        Self { numbers, tensors: BTreeMap::new() }
    }

    /// The stage that comes next, or that the solver is in.
    pub fn stage(&self) -> usize {
        self.numbers.stage
    }

    /// Height and width of the finished images in pixels.
    pub fn size(&self) -> [usize; 2] {
        self.numbers.size
    }

    /// A safetensors file with the state.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_bytes_with(&[])
    }

    /// The same, with more in the metadata.
    pub(crate) fn to_bytes_with(&self, more: &[(&str, String)]) -> Vec<u8> {
        let json = serde_json::to_string(&self.numbers).expect("numbers have a form in JSON");
        let more = more.iter().map(|(key, value)| ((*key).to_owned(), value.clone()));
        let metadata: HashMap<_, _> = more.chain([(NUMBERS.to_owned(), json)]).collect();
        let bytes: Vec<Vec<u8>> = self.tensors.values().map(HostTensor::bytes).collect();
        let views = self.tensors.iter().zip(&bytes).map(|((name, tensor), bytes)| {
            let view = TensorView::new(Dtype::F32, tensor.shape.to_vec(), bytes);
            (name, view.expect("four bytes a value"))
        });
        safetensors::serialize(views, Some(metadata)).expect("the tensors are well formed")
    }

    /// The state that [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`Error::SavedState`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Ok(Self::from_bytes_with(bytes)?.0)
    }

    /// The same, and all metadata.
    pub(crate) fn from_bytes_with(bytes: &[u8]) -> Result<(Self, HashMap<String, String>)> {
        let wrong = |reason: String| Error::SavedState { reason };
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| wrong(e.to_string()))?;
        let file = SafeTensors::deserialize(bytes).map_err(|e| wrong(e.to_string()))?;
        let metadata = metadata.metadata().clone().unwrap_or_default();
        let json = metadata.get(NUMBERS);
        let json = json.ok_or_else(|| wrong("it is the state of something else".to_owned()))?;
        let numbers: Numbers = serde_json::from_str(json).map_err(|e| wrong(e.to_string()))?;
        if numbers.version != VERSION {
            let reason = format!("its form is version {}, not {VERSION}", numbers.version);
            return Err(wrong(reason));
        }
        let mut tensors = BTreeMap::new();
        for (name, view) in file.tensors() {
            let shape: Option<[usize; 4]> = view.shape().try_into().ok();
            let shape = shape.filter(|_| view.dtype() == Dtype::F32);
            let shape = shape.ok_or_else(|| wrong(format!("`{name}` is no state of images")))?;
            let (values, _) = view.data().as_chunks::<4>();
            let values: Vec<f32> = values.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
            if values.iter().any(|value| !value.is_finite()) {
                return Err(wrong(format!("`{name}` has values that are not finite")));
            }
            tensors.insert(name, HostTensor { shape, values });
        }
        Ok((Self { numbers, tensors }, metadata))
    }

    /// A tensor of the shape that a stepper needs.
    ///
    /// # Errors
    /// [`Error::SavedState`].
    pub(super) fn tensor(&self, name: &str, shape: [usize; 4]) -> Result<&HostTensor> {
        let found = self.tensors.get(name);
        found.filter(|tensor| tensor.shape == shape).ok_or_else(|| Error::SavedState {
            reason: match found {
                None => format!("it has no `{name}`"),
                Some(other) => format!("`{name}` is {:?}, it must be {shape:?}", other.shape),
            },
        })
    }
}

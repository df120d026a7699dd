//! The network that a measurement looks through, on any device.

use std::ops::{ControlFlow, Range};

use burn::tensor::backend::Backend;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::weights::{TensorFile, file_hash};
use pixelflow_evaluation::extractor::{
    DinoV2, DinoV2Config, EfficientNetLite0, Extracted, ExtractionConfig, Extractor, Inception,
    dinov2, efficientnet_lite0, extract, inception,
};
use pixelflow_evaluation::images::Images;
use pixelflow_evaluation::{Origin, Protocol};
use pixelflow_host::device::{Device, OnBackend};

use crate::arguments::NetworkArguments;
use crate::{Result, assets};

/// The shipped network's weights.
const SHIPPED: &str = "efficientnet-lite0/model.safetensors";

/// A kind of network; the metrics are called after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkKind {
    /// The one that is shipped.
    EfficientNetLite0,
    /// That of FID.
    Inception,
    /// That of FD-DINOv2.
    DinoV2,
}

impl NetworkKind {
    const ALL: [Self; 3] = [Self::EfficientNetLite0, Self::Inception, Self::DinoV2];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EfficientNetLite0 => efficientnet_lite0::WEIGHTS.network,
            Self::Inception => inception::WEIGHTS.network,
            Self::DinoV2 => dinov2::WEIGHTS.network,
        }
    }

    /// Features an image.
    pub fn columns(self) -> usize {
        match self {
            Self::EfficientNetLite0 => efficientnet_lite0::FEATURES,
            Self::Inception => inception::FEATURES,
            Self::DinoV2 => DinoV2Config::default().width,
        }
    }

    /// The network of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The network that makes so many features.
    pub fn of_columns(columns: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.columns() == columns)
    }
}

/// Which network it is, by which protocol images come to it: what numbers depend on besides the images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its kind.
    pub kind: NetworkKind,
    /// Hash of its weights; none where only statistics are compared, which do not say it.
    pub hash: Option<String>,
    /// The evaluator that is reproduced.
    pub protocol: Protocol,
}

impl Identity {
    /// Who makes statistics of the images with this hash.
    pub fn origin(&self, data: String) -> Origin {
        Origin {
            protocol: self.protocol,
            network: self.kind.name().to_owned(),
            weights: self.hash.clone().unwrap_or_default(),
            data,
        }
    }
}

/// A network's weights, opened but not loaded.
#[derive(Debug)]
pub struct NetworkFile {
    /// Which it is.
    pub identity: Identity,
    file: TensorFile,
}

impl NetworkFile {
    /// The weights that the user names, else the shipped ones.
    ///
    /// # Errors
    /// [`crate::Error::Evaluation`] for a file that is not there or holds no weights;
    /// [`crate::Error::MissingAsset`].
    pub fn find(arguments: &NetworkArguments) -> Result<Self> {
        let (kind, source, path) = match (&arguments.inception, &arguments.dinov2) {
            (Some(path), _) => (NetworkKind::Inception, inception::WEIGHTS, path.clone()),
            (None, Some(path)) => (NetworkKind::DinoV2, dinov2::WEIGHTS, path.clone()),
            (None, None) => {
                let path = assets::locate(SHIPPED)?;
                (NetworkKind::EfficientNetLite0, efficientnet_lite0::WEIGHTS, path)
            }
        };
        let file = source.open(Some(&path))?;
        let hash = Some(file_hash(&file.files())?);
        Ok(Self { identity: Identity { kind, hash, protocol: arguments.protocol }, file })
    }

    /// Loads the network to a device, which takes so many images at once.
    ///
    /// # Errors
    /// [`crate::Error::Evaluation`] for weights that do not fit.
    pub fn load(self, batch: usize, device: Device) -> Result<Box<dyn Network>> {
        device.run(Load { file: self, batch })
    }
}

/// A network on a device, whatever the backend.
pub trait Network {
    /// Which it is.
    fn identity(&self) -> &Identity;

    /// Features an image that keep places; none where there is no sFID.
    fn spatial_columns(&self) -> Option<usize>;

    /// Takes images through it; see [`extract`].
    ///
    /// # Errors
    /// Those of [`extract`].
    fn extract(
        &self,
        images: &dyn Images,
        range: Range<usize>,
        take: &mut dyn FnMut(Extracted) -> pixelflow_evaluation::Result<ControlFlow<()>>,
    ) -> Result<usize>;
}

struct Load {
    file: NetworkFile,
    batch: usize,
}

impl OnBackend for Load {
    type Output = Result<Box<dyn Network>>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output {
        let Self { file: NetworkFile { identity, file }, batch } = self;
        let extractor: Box<dyn Extractor<B>> = match identity.kind {
            NetworkKind::EfficientNetLite0 => {
                Box::new(EfficientNetLite0::<B>::load(&file, &device)?)
            }
            NetworkKind::Inception => {
                Box::new(Inception::<B>::load(&file, identity.protocol, &device)?)
            }
            NetworkKind::DinoV2 => {
                Box::new(DinoV2::<B>::load(&file, &DinoV2Config::default(), &device)?)
            }
        };
        let config = ExtractionConfig { batch, mixes_sizes: identity.protocol.mixes_sizes() };
        Ok(Box::new(OnDevice { identity, extractor, config, device }))
    }
}

struct OnDevice<B: Backend> {
    identity: Identity,
    extractor: Box<dyn Extractor<B>>,
    config: ExtractionConfig,
    device: B::Device,
}

impl<B: Backend> Network for OnDevice<B> {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn spatial_columns(&self) -> Option<usize> {
        self.extractor.spatial_columns()
    }

    fn extract(
        &self,
        images: &dyn Images,
        range: Range<usize>,
        take: &mut dyn FnMut(Extracted) -> pixelflow_evaluation::Result<ControlFlow<()>>,
    ) -> Result<usize> {
        Ok(extract(&*self.extractor, images, range, &self.config, &self.device, take)?)
    }
}

//! `DINOv2`, whose features make FD-DINOv2: of all distances the one that people agree with most.
//!
//! Oquab et al. 2023, arXiv 2304.07193; as a measure Stein et al. 2023, arXiv 2306.04675 (`dgm-eval`). Names
//! of tensors as in facebookresearch's state dictionaries.

mod block;
mod positions;

use std::path::Path;

use burn::tensor::backend::Backend;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, TensorData};
use pixelflow::weights::{TensorFile, WeightsError};

use self::block::{Block, LayerNorm};
use super::weight_reader::WeightReader;
use super::weight_source::WeightSource;
use super::{Extractor, Outputs, Preparation, Range, Resize};
use crate::{Error, Result};

/// Which file, and from where.
pub const WEIGHTS: WeightSource = WeightSource {
    network: "DINOv2 ViT-L/14",
    source: "take dinov2_vitl14_pretrain.pth, which facebookresearch/dinov2 links to in its README \
             (without registers, the backbone only)",
    alternative: "FD-EffLite0 and KID-EffLite0 can be measured, whose network is shipped",
};

/// Shape of the network; [`check`](DinoV2Config::check)ed when weights are loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DinoV2Config {
    /// Features of a token. Default 1024.
    pub width: usize,
    /// Blocks. Default 24.
    pub depth: usize,
    /// Heads of attention. Default 16.
    pub heads: usize,
    /// Patches a side at which positions were learned. Default 37 (518 pixels).
    pub learned: usize,
    /// Side of the images it is given, in pixels; patches are 14 pixels. Default 224.
    pub side: usize,
}

/// Side of a patch in pixels.
const PATCH: usize = 14;

impl Default for DinoV2Config {
    fn default() -> Self {
        Self { width: 1024, depth: 24, heads: 16, learned: 37, side: 224 }
    }
}

impl DinoV2Config {
    /// Checks the values.
    ///
    /// # Errors
    /// [`Error::Config`].
    pub fn check(&self) -> Result<()> {
        let wrong = |field, value: usize, reason| {
            Err(Error::Config { field, value: value.to_string(), reason })
        };
        if self.heads == 0 || self.width == 0 || !self.width.is_multiple_of(self.heads) {
            return wrong("width", self.width, "it must be a multiple of the number of heads");
        }
        if self.side == 0 || !self.side.is_multiple_of(PATCH) {
            return wrong("side", self.side, "it must be a multiple of 14, the side of a patch");
        }
        if self.learned == 0 {
            return wrong("learned", 0, "positions were learned at some patches");
        }
        Ok(())
    }

    /// Patches a side.
    fn patches(&self) -> usize {
        self.side / PATCH
    }
}

/// The network.
#[derive(Clone, Debug)]
pub struct DinoV2<B: Backend> {
    config: DinoV2Config,
    /// `[width, 3, 14, 14]`
    patch: Tensor<B, 4>,
    patch_bias: Tensor<B, 1>,
    /// The class token with its position, `[1, 1, width]`.
    class: Tensor<B, 3>,
    /// `[1, patches, width]`
    positions: Tensor<B, 3>,
    blocks: Vec<Block<B>>,
    norm: LayerNorm<B>,
}

impl<B: Backend> DinoV2<B> {
    /// Reads the weights of ViT-L/14 from a file of the user's.
    ///
    /// # Errors
    /// [`Error::MissingWeights`] without a file, [`Error::Weights`] for one that does not fit.
    pub fn open(path: Option<&Path>, device: &B::Device) -> Result<Self> {
        Self::load(&WEIGHTS.open(path)?, &DinoV2Config::default(), device)
    }

    /// Takes the weights of a file.
    ///
    /// # Errors
    /// [`Error::Config`]; [`Error::Weights`] naming every tensor that does not fit.
    pub fn load(file: &TensorFile, config: &DinoV2Config, device: &B::Device) -> Result<Self> {
        config.check()?;
        let mut reader = WeightReader::new(file);
        let network = Self::read(&mut reader, config, device)?;
        // It stands in for patches that training hides.
        reader.finish(|name| name == "mask_token")?;
        Ok(network)
    }

    fn read(
        reader: &mut WeightReader<'_>,
        config: &DinoV2Config,
        device: &B::Device,
    ) -> std::result::Result<Self, WeightsError> {
        let &DinoV2Config { width, depth, heads, learned, .. } = config;
        let patches = config.patches();
        let mut class = reader.values("cls_token", &[1, 1, width])?;
        let positions = reader.values("pos_embed", &[1, 1 + learned * learned, width])?;
        let (of_class, of_patches) = positions.split_at(width);
        class.iter_mut().zip(of_class).for_each(|(token, position)| *token += position);
        let positions = positions::interpolated(of_patches, learned, patches, width);
        let patch = reader.values("patch_embed.proj.weight", &[width, 3, PATCH, PATCH])?;
        let patch_bias = reader.values("patch_embed.proj.bias", &[width])?;
        let blocks = (0..depth)
            .map(|number| Block::read(reader, &format!("blocks.{number}"), width, heads, device));
        let blocks = blocks.collect::<std::result::Result<_, _>>()?;
        let norm = LayerNorm::read(reader, "norm", width, device)?;
        let rows =
            |values, count| Tensor::from_data(TensorData::new(values, [1, count, width]), device);
        Ok(Self {
            config: *config,
            patch: Tensor::from_data(TensorData::new(patch, [width, 3, PATCH, PATCH]), device),
            patch_bias: Tensor::from_data(TensorData::new(patch_bias, [width]), device),
            class: rows(class, 1),
            positions: rows(positions, patches * patches),
            blocks,
            norm,
        })
    }
}

impl<B: Backend> Extractor<B> for DinoV2<B> {
    fn name(&self) -> &'static str {
        WEIGHTS.network
    }

    fn columns(&self) -> usize {
        self.config.width
    }

    fn preparation(&self) -> Preparation {
        let (resize, range) = (Resize::PillowBytes, Range::IMAGENET);
        Preparation { side: self.config.side, resize, range }
    }

    fn forward(&self, x: Tensor<B, 4>) -> Outputs<B> {
        let [images, ..] = x.dims();
        let options = ConvOptions::new([PATCH; 2], [0; 2], [1; 2], 1);
        let patches = conv2d(x, self.patch.clone(), Some(self.patch_bias.clone()), options);
        let patches = patches.flatten::<3>(2, 3).swap_dims(1, 2) + self.positions.clone();
        let class = self.class.clone().repeat_dim(0, images);
        let tokens = Tensor::cat(vec![class, patches], 1);
        let tokens = self.blocks.iter().fold(tokens, |x, block| block.forward(x));
        let class = tokens.narrow(1, 0, 1);
        let features = self.norm.forward(class).flatten(1, 2);
        Outputs { features, spatial: None, logits: None }
    }
}

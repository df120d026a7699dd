//! Noise as the fixtures store it.

use pixelflow::sampler::NoiseSource;

use crate::{Result, Tensors};

/// The stored noise of a run.
pub(super) struct GivenNoise {
    initial: Vec<f32>,
    /// By stage; the first stage has none.
    blocks: Vec<Vec<f32>>,
    images: usize,
}

impl GivenNoise {
    pub(super) fn read(tensors: &Tensors, stages: usize) -> Result<Self> {
        let [images, ..] = tensors.dims::<4>("init_noise")?;
        let block = |stage| tensors.floats(&format!("block_noise/stage{stage}"));
        let later: Result<Vec<Vec<f32>>> = (1..stages).map(block).collect();
        Ok(Self {
            initial: tensors.floats("init_noise")?,
            blocks: std::iter::once(Vec::new()).chain(later?).collect(),
            images,
        })
    }

    /// Number of images.
    pub(super) fn images(&self) -> usize {
        self.images
    }
}

impl NoiseSource for GivenNoise {
    fn initial(&self, channels: usize, height: usize, width: usize) -> Vec<f32> {
        assert_eq!(
            self.initial.len(),
            self.images * channels * height * width,
            "`init_noise` is of another size than the first stage"
        );
        self.initial.clone()
    }

    fn block(
        &self,
        stage: usize,
        copy: usize,
        channels: usize,
        height: usize,
        width: usize,
    ) -> Vec<f32> {
        let (all, size) = (&self.blocks[stage], self.images * channels * height * width);
        // Where one copy is stored it serves for both.
        let start = if all.len() > size { copy * size } else { 0 };
        assert!(
            all.len() == size || all.len() == 2 * size,
            "`block_noise/stage{stage}` is of another size than the stage"
        );
        all[start..start + size].to_vec()
    }

    fn edit(&self, _: usize, _: usize, _: usize, _: usize, _: usize) -> Vec<f32> {
        unreachable!("the reference edits nothing, and no fixture has noise for it")
    }
}

//! Floating point operations of the jobs, counted as in `xtask/pytorch/flops.py`.
//!
//! Matrix products and both products of attention, two operations a multiply-add, nothing else.
//! Backward counts as twice forward, whatever is computed again.

use pixelflow::PixelFlowConfig;
use pixelflow::layers::TIMESTEP_FEATURES;

/// Backward over forward.
pub const BACKWARD: u64 = 2;

/// `[m, k]` times `[k, n]`.
pub fn matmul(m: usize, k: usize, n: usize) -> u64 {
    2 * (m * k * n) as u64
}

/// Queries by keys and weights by values, forward.
pub fn attention(heads: usize, tokens: usize, head_dim: usize) -> u64 {
    2 * heads as u64 * matmul(tokens, head_dim, tokens)
}

/// One block, forward, on images of these numbers of tokens.
pub fn block(config: &PixelFlowConfig, lengths: &[usize]) -> u64 {
    let (width, tokens) = (config.width(), lengths.iter().sum());
    let of_image = |&n: &usize| attention(config.num_attention_heads, n, config.attention_head_dim);
    4 * matmul(tokens, width, width)
        + 2 * matmul(tokens, width, 4 * width)
        + matmul(lengths.len(), width, 6 * width)
        + lengths.iter().map(of_image).sum::<u64>()
}

/// The whole model, forward, on images of these numbers of tokens.
pub fn forward(config: &PixelFlowConfig, lengths: &[usize]) -> u64 {
    let (width, tokens, images) = (config.width(), lengths.iter().sum(), lengths.len());
    config.depth as u64 * block(config, lengths)
        + 2 * matmul(tokens, config.patch_features(), width)
        + 2 * (matmul(images, TIMESTEP_FEATURES, width) + matmul(images, width, width))
        + matmul(images, width, 2 * width)
}

/// Tokens a side of a square image.
pub fn side(tokens: usize) -> Option<usize> {
    let side = tokens.isqrt();
    (side > 0 && side * side == tokens).then_some(side)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pixelflow::Preset;

    #[test]
    fn xl_at_256_pixels_needs_2909_billion_multiply_adds() {
        let flop = forward(&Preset::Xl.config(1000), &[4096]);
        assert!((flop as f64 / 2e9 - 2909.0).abs() < 3.0, "{flop}");
        let flop = forward(&Preset::Xl.config(1000), &[64]);
        assert!((flop as f64 / 2e9 - 29.0).abs() < 0.5, "{flop}");
    }

    #[test]
    fn images_are_square() {
        assert_eq!((side(64), side(63), side(0)), (Some(8), None, None));
    }
}

//! The rotary embedding: its tables, and vectors turned by it.

use burn::tensor::Tensor;
use burn::tensor::TensorData;
use pixelflow::Example;
use pixelflow::layers::{Rope, rotary_table};
use pixelflow::ops::PixelFlowBackend;

use super::download;
use crate::tensors::widen;
use crate::{Recorder, Result, Subject, Tensors};

/// Checks all tables, and all vectors, of a file.
///
/// # Errors
/// If the file cannot be read.
pub fn check<B: PixelFlowBackend>(
    subject: Subject<'_>,
    device: &B::Device,
    recorder: &mut Recorder<'_>,
) -> Result<()> {
    let tensors = subject.open()?;
    for prefix in subject.entry.prefixes() {
        recorder.attempt(&subject.case(&prefix), |recorder| {
            let problem = || tensors.problem(format!("`{prefix}` does not name a grid hH_wW"));
            let grid = grid(&prefix).ok_or_else(problem)?;
            let limits = subject.limits(&prefix)?;
            if tensors.has(&format!("{prefix}/x")) {
                let turned = turned::<B>(&tensors, &prefix, grid, device)?;
                let expected = tensors.doubles(&format!("{prefix}/y"))?;
                recorder.compare(subject.case(&prefix), &turned, &expected, &limits);
                return Ok(());
            }
            let [_, head_dim] = tensors.dims(&format!("{prefix}/cos"))?;
            let (cos, sin) = rotary_table(grid.0, grid.1, head_dim);
            for (part, table) in [("cos", cos), ("sin", sin)] {
                let name = format!("{prefix}/{part}");
                let expected = tensors.doubles(&name)?;
                recorder.compare(subject.case(&name), &twice(&table), &expected, &limits);
            }
            Ok(())
        });
    }
    Ok(())
}

/// Height and width of the grid in a name like `hd16_h3_w5`.
fn grid(prefix: &str) -> Option<(usize, usize)> {
    let side = |letter: char| {
        prefix.split('_').find_map(|part| {
            let number = part.strip_prefix(letter)?;
            number.parse().ok()
        })
    };
    Some((side('h')?, side('w')?))
}

/// The reference stores every angle for both features of a pair.
pub(super) fn twice(table: &[f32]) -> Vec<f64> {
    widen(table).into_iter().flat_map(|angle| [angle; 2]).collect()
}

/// `x` of shape `[batch, heads, tokens, head_dim]`, turned.
fn turned<B: PixelFlowBackend>(
    tensors: &Tensors,
    prefix: &str,
    (height, width): (usize, usize),
    device: &B::Device,
) -> Result<Vec<f64>> {
    let name = format!("{prefix}/x");
    let [batch, heads, tokens, head_dim] = tensors.dims(&name)?;
    if tokens != height * width {
        return Err(tensors.problem(format!("`{name}` has {tokens} tokens on {height}x{width}")));
    }
    let shape = [batch, heads, tokens, head_dim];
    let x = Tensor::<B, 4>::from_data(TensorData::new(tensors.floats(&name)?, shape), device);
    let packed = x.swap_dims(1, 2).reshape([batch * tokens, heads * head_dim]);
    let examples = vec![Example::new(height, width, 0.0); batch];
    let turned = Rope::new(&examples, head_dim, device).apply(packed);
    let unpacked = turned.reshape([batch, tokens, heads, head_dim]).swap_dims(1, 2);
    Ok(download(unpacked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_grid() {
        assert_eq!(grid("apply_hd16_h3_w5"), Some((3, 5)));
        assert_eq!(grid("hd72_h16_w8"), Some((16, 8)));
        assert_eq!(grid("hd72"), None);
    }
}

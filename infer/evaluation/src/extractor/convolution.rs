//! A convolution with the batch normalisation behind it, made one.

use pixelflow::weights::WeightsError;

use super::weight_reader::WeightReader;

/// Shape of a convolution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// Channels of its input.
    pub(crate) inputs: usize,
    /// Channels of its result.
    pub(crate) outputs: usize,
    /// Height and width of the kernel.
    pub(crate) kernel: [usize; 2],
    /// Step, in both directions.
    pub(crate) stride: usize,
    /// How the border is padded.
    pub(crate) padding: Padding,
    /// Whether every channel is convolved alone.
    pub(crate) depthwise: bool,
}

/// How a border is padded by zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Padding {
    /// Not at all.
    Valid,
    /// So that the result has the size of the input divided by the step; what is odd goes below and right.
    Same,
}

impl Form {
    /// A kernel whose result is as large as its input.
    pub(crate) fn same(inputs: usize, outputs: usize, kernel: [usize; 2]) -> Self {
        Self { inputs, outputs, kernel, stride: 1, padding: Padding::Same, depthwise: false }
    }

    /// Shape of its weights, `[outputs, inputs or 1, kernel height, kernel width]`.
    pub(crate) fn shape(&self) -> [usize; 4] {
        let Self { inputs, outputs, kernel: [height, width], depthwise, .. } = *self;
        [outputs, if depthwise { 1 } else { inputs }, height, width]
    }

    /// Rows and columns of zeros before and after an input of a height and width.
    pub(crate) fn border(&self, size: [usize; 2]) -> [[usize; 2]; 2] {
        match self.padding {
            Padding::Valid => [[0; 2]; 2],
            Padding::Same => {
                let total =
                    [0, 1].map(|axis| same_padding(size[axis], self.kernel[axis], self.stride));
                [total.map(|total| total / 2), total.map(|total| total.div_ceil(2))]
            }
        }
    }
}

/// Zeros along one axis: `max((ceil(n / s) - 1) s + k - n, 0)`, as TensorFlow's `SAME` has them.
fn same_padding(length: usize, kernel: usize, stride: usize) -> usize {
    ((length.div_ceil(stride) - 1) * stride + kernel).saturating_sub(length)
}

/// Names of a convolution and of the normalisation behind it, and what keeps its variance from 0.
pub(crate) struct Names<'a> {
    pub(crate) convolution: &'a str,
    pub(crate) normalisation: &'a str,
    pub(crate) epsilon: f64,
}

/// `convolve(x, w) + b`, where w and b contain the normalisation.
///
/// `gamma (c - mean) / sqrt(var + eps) + beta` of a convolution's result c is a convolution with
/// `w gamma / sqrt(var + eps)` and `b = beta - mean gamma / sqrt(var + eps)`; Ioffe and Szegedy 2015,
/// arXiv 1502.03167, section 3.1. The factors are computed in f64.
#[derive(Clone, Debug)]
pub(crate) struct Convolution {
    /// `[outputs, inputs or 1, kernel height, kernel width]`
    pub(crate) weight: Vec<f32>,
    /// `[outputs]`
    pub(crate) bias: Vec<f32>,
    pub(crate) form: Form,
}

impl Convolution {
    /// Reads a convolution and its normalisation.
    pub(crate) fn read(
        reader: &mut WeightReader<'_>,
        names: &Names<'_>,
        form: Form,
    ) -> Result<Self, WeightsError> {
        let outputs = form.outputs;
        let mut weight = reader.values(&format!("{}.weight", names.convolution), &form.shape())?;
        let mut of_norm = |part: &str| {
            let name = format!("{}.{part}", names.normalisation);
            let values = reader.values(&name, &[outputs])?;
            Ok::<_, WeightsError>(values.into_iter().map(f64::from).collect::<Vec<_>>())
        };
        let [gamma, beta] = [of_norm("weight")?, of_norm("bias")?];
        let [mean, variance] = [of_norm("running_mean")?, of_norm("running_var")?];
        let factor = |i: usize| gamma[i] / (variance[i] + names.epsilon).sqrt();
        let kernel = weight.len() / outputs;
        for (i, values) in weight.chunks_exact_mut(kernel).enumerate() {
            for w in values {
                *w = (f64::from(*w) * factor(i)) as f32;
            }
        }
        let bias = (0..outputs).map(|i| (beta[i] - mean[i] * factor(i)) as f32).collect();
        Ok(Self { weight, bias, form })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_is_tensorflow_s() {
        // 224 pixels, kernel 3, step 2: one row of zeros, below.
        assert_eq!(same_padding(224, 3, 2), 1);
        assert_eq!(same_padding(112, 5, 1), 4);
        assert_eq!(same_padding(7, 5, 2), 4);
        assert_eq!(same_padding(8, 1, 2), 0);
    }
}

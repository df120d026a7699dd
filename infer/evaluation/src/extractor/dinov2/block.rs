//! A block of the vision transformer: attention and a perceptron, each scaled and added.

use burn::tensor::activation::gelu;
use burn::tensor::backend::Backend;
use burn::tensor::module::{attention, linear};
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Tensor, TensorData};
use pixelflow::weights::WeightsError;

use crate::extractor::weight_reader::WeightReader;

type Read<T> = Result<T, WeightsError>;

/// `x + g_1 attention(norm_1(x))`, then `x + g_2 perceptron(norm_2(x))`.
#[derive(Clone, Debug)]
pub(super) struct Block<B: Backend> {
    heads: usize,
    norms: [LayerNorm<B>; 2],
    scales: [Tensor<B, 1>; 2],
    query_key_value: Linear<B>,
    out: Linear<B>,
    widen: Linear<B>,
    narrow: Linear<B>,
}

impl<B: Backend> Block<B> {
    pub(super) fn read(
        reader: &mut WeightReader<'_>,
        name: &str,
        width: usize,
        heads: usize,
        device: &B::Device,
    ) -> Read<Self> {
        let mut norm = |part| LayerNorm::read(reader, &format!("{name}.{part}"), width, device);
        let norms = [norm("norm1")?, norm("norm2")?];
        let mut scale = |part| vector(reader, &format!("{name}.{part}.gamma"), width, device);
        let scales = [scale("ls1")?, scale("ls2")?];
        let mut layer = |part, inputs, outputs| {
            Linear::read(reader, &format!("{name}.{part}"), inputs, outputs, device)
        };
        Ok(Self {
            heads,
            norms,
            scales,
            query_key_value: layer("attn.qkv", width, 3 * width)?,
            out: layer("attn.proj", width, width)?,
            widen: layer("mlp.fc1", width, 4 * width)?,
            narrow: layer("mlp.fc2", 4 * width, width)?,
        })
    }

    /// Applies the block.
    ///
    /// # Shapes
    /// - x: `[images, tokens, width]`
    pub(super) fn forward(&self, x: Tensor<B, 3>) -> Tensor<B, 3> {
        let attended = self.attend(self.norms[0].forward(x.clone()));
        let x = x + attended * self.scales[0].clone().unsqueeze();
        let inner = gelu(self.widen.forward(self.norms[1].forward(x.clone())));
        x + self.narrow.forward(inner) * self.scales[1].clone().unsqueeze()
    }

    /// Each head has a third of its share of `query_key_value` for queries, keys and values.
    fn attend(&self, x: Tensor<B, 3>) -> Tensor<B, 3> {
        let [images, tokens, width] = x.dims();
        let all = self.query_key_value.forward(x);
        let part = |number| {
            let part = all.clone().narrow(2, number * width, width);
            part.reshape([images, tokens, self.heads, width / self.heads]).swap_dims(1, 2)
        };
        let options = AttentionModuleOptions::default();
        let attended = attention(part(0), part(1), part(2), None, None, options);
        self.out.forward(attended.swap_dims(1, 2).reshape([images, tokens, width]))
    }
}

/// `(x - mean) / sqrt(var + 1e-6) w + b` over the features of a token.
#[derive(Clone, Debug)]
pub(super) struct LayerNorm<B: Backend> {
    weight: Tensor<B, 1>,
    bias: Tensor<B, 1>,
}

impl<B: Backend> LayerNorm<B> {
    pub(super) fn read(
        reader: &mut WeightReader<'_>,
        name: &str,
        width: usize,
        device: &B::Device,
    ) -> Read<Self> {
        let mut part = |part| vector(reader, &format!("{name}.{part}"), width, device);
        Ok(Self { weight: part("weight")?, bias: part("bias")? })
    }

    pub(super) fn forward(&self, x: Tensor<B, 3>) -> Tensor<B, 3> {
        let centred = x.clone() - x.mean_dim(2);
        let variance = (centred.clone() * centred.clone()).mean_dim(2);
        let normal = centred / (variance + 1e-6).sqrt();
        normal * self.weight.clone().unsqueeze() + self.bias.clone().unsqueeze()
    }
}

/// A linear layer.
#[derive(Clone, Debug)]
struct Linear<B: Backend> {
    /// `[inputs, outputs]`
    weight: Tensor<B, 2>,
    bias: Tensor<B, 1>,
}

impl<B: Backend> Linear<B> {
    fn read(
        reader: &mut WeightReader<'_>,
        name: &str,
        inputs: usize,
        outputs: usize,
        device: &B::Device,
    ) -> Read<Self> {
        let shape = [outputs, inputs];
        let weight = reader.values(&format!("{name}.weight"), &shape)?;
        let weight = Tensor::<B, 2>::from_data(TensorData::new(weight, shape), device);
        let bias = vector(reader, &format!("{name}.bias"), outputs, device)?;
        Ok(Self { weight: weight.transpose(), bias })
    }

    fn forward(&self, x: Tensor<B, 3>) -> Tensor<B, 3> {
        linear(x, self.weight.clone(), Some(self.bias.clone()))
    }
}

fn vector<B: Backend>(
    reader: &mut WeightReader<'_>,
    name: &str,
    length: usize,
    device: &B::Device,
) -> Read<Tensor<B, 1>> {
    let values = reader.values(name, &[length])?;
    Ok(Tensor::from_data(TensorData::new(values, [length]), device))
}

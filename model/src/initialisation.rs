//! The reference's initialisation, drawn on the host so that every backend starts alike.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

use crate::noise::{Key, Purpose};

/// How one parameter is initialised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rule {
    /// All 0.
    Zeros,
    /// All 1.
    Ones,
    /// Normal with this standard deviation.
    Normal(f64),
    /// Uniform in `±sqrt(6 / (fan_in + fan_out))` (Glorot and Bengio 2010).
    Xavier,
}

impl Rule {
    /// The rule for the transformer's parameter of this name (DiT, appendix A: adaLN-Zero).
    pub(crate) fn of(name: &str) -> Self {
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
        if name.rsplit('.').next() == Some("bias")
            || name.contains(".norm1.")
            || starts(&["proj_out_"])
        {
            Self::Zeros
        } else if name.contains("norm") {
            Self::Ones
        } else if starts(&["timestep_embedder", "latent_size_embedder", "class_embedder"]) {
            Self::Normal(0.02)
        } else {
            Self::Xavier
        }
    }

    fn values(self, shape: &[usize], key: Key) -> Vec<f32> {
        let count = shape.iter().product();
        match self {
            Self::Zeros => vec![0.0; count],
            Self::Ones => vec![1.0; count],
            Self::Normal(deviation) => {
                key.normals(count).into_iter().map(|z| (f64::from(z) * deviation) as f32).collect()
            }
            Self::Xavier => {
                // [in, out] for linear layers, [out, channels, p, p] for the patch projection:
                // the sum of both fans is the same read either way.
                let fans = shape[0] + shape[1..].iter().product::<usize>();
                let bound = (6.0 / fans as f64).sqrt();
                let uniforms = key.uniforms(count).into_iter();
                uniforms.map(|u| ((2.0 * u - 1.0) * bound) as f32).collect()
            }
        }
    }
}

/// Gives every parameter of `module` its initial value by the rule for its name.
///
/// Each parameter has a random stream of its own, from `first_stream` on.
pub(crate) fn initialise<B: Backend, M: Module<B>>(
    module: M,
    seed: u64,
    first_stream: u64,
    rule: impl Fn(&str) -> Rule,
) -> M {
    module.map(&mut Initialiser { seed, path: Vec::new(), stream: first_stream, rule })
}

struct Initialiser<R> {
    seed: u64,
    path: Vec<String>,
    stream: u64,
    rule: R,
}

impl<B: Backend, R: Fn(&str) -> Rule> ModuleMapper<B> for Initialiser<R> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let shape: [usize; D] = param.lazy_shape().dims();
        let key = Key::new(self.seed, self.stream, Purpose::Initialisation);
        self.stream += 1;
        let values = (self.rule)(&self.path.join(".")).values(&shape, key);
        let tensor = Tensor::from_data(TensorData::new(values, shape), &param.lazy_device());
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_follow_the_reference() {
        let cases = [
            ("patch_embed.proj.weight", Rule::Xavier),
            ("patch_embed.proj.bias", Rule::Zeros),
            ("class_embedder.embedding_table.weight", Rule::Normal(0.02)),
            ("timestep_embedder.linear_1.weight", Rule::Normal(0.02)),
            ("transformer_blocks.3.norm1.linear.weight", Rule::Zeros),
            ("transformer_blocks.3.norm3.weight", Rule::Ones),
            ("transformer_blocks.3.attn1.q_norm.weight", Rule::Ones),
            ("transformer_blocks.3.attn2.q_proj.weight", Rule::Xavier),
            ("transformer_blocks.3.mlp.fc1.weight", Rule::Xavier),
            ("proj_out_1.weight", Rule::Zeros),
            ("proj_out_2.weight", Rule::Zeros),
        ];
        for (name, rule) in cases {
            assert_eq!(Rule::of(name), rule, "{name}");
        }
    }
}

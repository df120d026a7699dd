//! The shape of a T5 encoder.

use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use super::{T5Encoder, TextError, initialisation};

/// Tokens of a text at most, with the one that ends it: what the reference cuts prompts to.
pub const MAX_TOKENS: usize = 512;

/// Configuration of a [`T5Encoder`]: the fields of Hugging Face's `config.json` that an encoder has.
///
/// Other fields of the file belong to the decoder, or to training; they are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct T5Config {
    /// Kind of the model, `t5`.
    #[serde(default = "t5")]
    pub model_type: String,
    /// Width of the states.
    pub d_model: usize,
    /// Features of a head.
    pub d_kv: usize,
    /// Features inside the feed-forward layer.
    pub d_ff: usize,
    /// Number of blocks.
    pub num_layers: usize,
    /// Number of attention heads.
    pub num_heads: usize,
    /// Rows of the embedding table; at least the tokenizer's tokens.
    pub vocab_size: usize,
    /// Kinds of distances between two tokens. Default 32.
    #[serde(default = "buckets")]
    pub relative_attention_num_buckets: usize,
    /// From this distance on all are alike. Default 128.
    #[serde(default = "max_distance")]
    pub relative_attention_max_distance: usize,
    /// Epsilon of the normalisations, 1e-6.
    #[serde(default = "epsilon")]
    pub layer_norm_epsilon: f64,
    /// The feed-forward layer, `gated-gelu`.
    #[serde(default = "relu")]
    pub feed_forward_proj: String,
    /// The token that ends a text. Default 1.
    #[serde(default = "eos")]
    pub eos_token_id: u32,
    /// The token that fills up. Default 0.
    #[serde(default)]
    pub pad_token_id: u32,
}

const GATED_GELU: &str = "gated-gelu";
/// Epsilon of this crate's normalisations, which is that of every T5.
const EPSILON: f64 = 1e-6;

fn t5() -> String {
    "t5".to_owned()
}

fn buckets() -> usize {
    32
}

fn max_distance() -> usize {
    128
}

fn epsilon() -> f64 {
    EPSILON
}

/// What the first T5 had, and its files do not say.
fn relu() -> String {
    "relu".to_owned()
}

fn eos() -> u32 {
    1
}

impl T5Config {
    /// An encoder of `num_layers` blocks, `width` wide, with heads of 32 features and a
    /// feed-forward layer of twice the width, for `vocab_size` tokens.
    pub fn small(width: usize, num_layers: usize, vocab_size: usize) -> Self {
        Self {
            model_type: t5(),
            d_model: width,
            d_kv: 32,
            d_ff: 2 * width,
            num_layers,
            num_heads: (width / 32).max(1),
            vocab_size,
            relative_attention_num_buckets: buckets(),
            relative_attention_max_distance: max_distance(),
            layer_norm_epsilon: EPSILON,
            feed_forward_proj: GATED_GELU.to_owned(),
            eos_token_id: eos(),
            pad_token_id: 0,
        }
    }

    /// Checks that the configuration describes an encoder.
    ///
    /// # Errors
    /// [`TextError::InvalidEncoder`] naming the field, its value and the rule.
    pub fn check(&self) -> Result<(), TextError> {
        let invalid = |reason: String| Err(TextError::InvalidEncoder { reason });
        // The limits only keep products of sizes from overflowing.
        for (name, value, most) in [
            ("d_model", self.d_model, 65_536),
            ("d_kv", self.d_kv, 4096),
            ("d_ff", self.d_ff, 1 << 20),
            ("num_layers", self.num_layers, 1024),
            ("num_heads", self.num_heads, 1024),
            ("vocab_size", self.vocab_size, 10_000_000),
            ("relative_attention_max_distance", self.relative_attention_max_distance, 1 << 20),
        ] {
            if value == 0 || value > most {
                return invalid(format!("{name} is {value}, it must be 1 to {most}"));
            }
        }
        if self.inner_width() > 65_536 {
            return invalid(format!(
                "num_heads x d_kv is {} x {}, it must be at most 65536",
                self.num_heads, self.d_kv
            ));
        }
        let buckets = self.relative_attention_num_buckets;
        if buckets < 4 || !buckets.is_multiple_of(4) || buckets > 65_536 {
            return invalid(format!(
                "relative_attention_num_buckets is {buckets}, it must be a multiple of 4, at most 65536"
            ));
        }
        if self.relative_attention_max_distance <= buckets / 4 {
            return invalid(format!(
                "relative_attention_max_distance is {}, it must be more than a quarter of \
                 relative_attention_num_buckets ({buckets})",
                self.relative_attention_max_distance
            ));
        }
        if !matches!(self.model_type.as_str(), "t5" | "mt5") {
            return invalid(format!("model_type is `{}`, it must be `t5`", self.model_type));
        }
        if self.feed_forward_proj != GATED_GELU {
            return invalid(format!(
                "feed_forward_proj is `{}`, only `{GATED_GELU}` is supported: take T5 1.1 or Flan-T5",
                self.feed_forward_proj
            ));
        }
        if (self.layer_norm_epsilon - EPSILON).abs() > 1e-12 {
            return invalid(format!(
                "layer_norm_epsilon is {}, it must be {EPSILON}",
                self.layer_norm_epsilon
            ));
        }
        if self.eos_token_id as usize >= self.vocab_size {
            return invalid(format!(
                "eos_token_id is {}, it must be below vocab_size ({})",
                self.eos_token_id, self.vocab_size
            ));
        }
        Ok(())
    }

    /// Width of all heads together.
    pub fn inner_width(&self) -> usize {
        self.num_heads * self.d_kv
    }

    /// Number of parameters of the encoder.
    pub fn parameters(&self) -> u64 {
        let (width, inner, hidden) =
            (self.d_model as u64, self.inner_width() as u64, self.d_ff as u64);
        let block = 4 * width * inner + 3 * width * hidden + 2 * width;
        let position = (self.relative_attention_num_buckets * self.num_heads) as u64;
        self.vocab_size as u64 * width + self.num_layers as u64 * block + position + width
    }

    /// Creates the encoder with T5's initialisation drawn from `seed`.
    ///
    /// # Errors
    /// [`TextError::InvalidEncoder`] if [`check`](Self::check) fails.
    pub fn init<B: Backend>(
        &self,
        seed: u64,
        device: &B::Device,
    ) -> Result<T5Encoder<B>, TextError> {
        self.check()?;
        Ok(initialisation::initialise(T5Encoder::uninitialised(self, device), self, seed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flan_t5_xl_has_the_published_number_of_parameters() {
        let config = T5Config {
            d_model: 2048,
            d_kv: 64,
            d_ff: 5120,
            num_layers: 24,
            num_heads: 32,
            ..T5Config::small(2048, 24, 32_128)
        };
        // `T5EncoderModel.from_pretrained("google/flan-t5-xl").num_parameters()`
        assert_eq!(config.parameters(), 1_223_527_424);
        config.check().unwrap();
    }

    #[test]
    fn invalid_encoders_are_named() {
        type Change = fn(&mut T5Config);
        let cases: [(Change, &str); 8] = [
            (|c| (c.num_heads, c.d_kv) = (1024, 4096), "is 1024 x 4096, it must be at most"),
            (|c| c.num_heads = 0, "num_heads is 0"),
            (|c| c.vocab_size = usize::MAX, "vocab_size is"),
            (|c| c.relative_attention_num_buckets = 30, "multiple of 4"),
            (|c| c.relative_attention_max_distance = 8, "more than a quarter"),
            (|c| c.model_type = "bert".to_owned(), "`bert`"),
            (|c| c.feed_forward_proj = relu(), "Flan-T5"),
            (|c| c.eos_token_id = 99, "eos_token_id is 99"),
        ];
        for (change, expected) in cases {
            let mut config = T5Config::small(64, 2, 99);
            config.check().unwrap();
            change(&mut config);
            let message = config.check().unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn a_file_of_hugging_face_s_says_more_than_an_encoder_needs() {
        let text = r#"{"architectures": ["T5ForConditionalGeneration"], "d_model": 32, "d_kv": 8,
            "d_ff": 48, "num_layers": 2, "num_heads": 4, "vocab_size": 120, "dropout_rate": 0.1,
            "feed_forward_proj": "gated-gelu", "decoder_start_token_id": 0}"#;
        let config: T5Config = serde_json::from_str(text).unwrap();
        config.check().unwrap();
        assert_eq!(config.inner_width(), 32);
    }
}

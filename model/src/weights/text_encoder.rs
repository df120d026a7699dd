//! Text encoders in Hugging Face's layout: `config.json`, `tokenizer.json`, safetensors.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use burn::tensor::backend::Backend;

use super::text_encoder_contents::EncoderContents;
use super::text_encoder_weights::{
    load_text_encoder, read_text_encoder_config, text_encoder_config_of, unusable,
};
use super::{
    DESCRIPTION_FILE, INDEX_FILE, TOKENIZER_FILE, TensorFile, WEIGHTS_FILE, WeightSet, WeightsError,
};
use crate::Result;
use crate::text::{T5Config, T5Encoder, TextTokenizer};

/// A text encoder in a folder, or in memory: its configuration and tokenizer, and where its weights are.
#[derive(Debug)]
pub struct TextEncoderFiles {
    /// The encoder's shape.
    pub config: T5Config,
    /// Its tokenizer.
    pub tokenizer: TextTokenizer,
    folder: Option<PathBuf>,
    weights: TensorFile,
    contents: EncoderContents,
    hash: OnceLock<String>,
}

impl TextEncoderFiles {
    /// Opens a folder and checks that its parts belong together; `set` matters for an encoder in
    /// training, which has two sets of weights.
    ///
    /// # Errors
    /// [`WeightsError::Open`] for a missing file, [`WeightsError::Config`], [`crate::text::TextError`],
    /// and every [`WeightsError`] about files of weights.
    pub fn open(folder: &Path, set: WeightSet) -> Result<Self> {
        let config = read_text_encoder_config(folder)?;
        let unusable = |reason: String| unusable(&folder.join(DESCRIPTION_FILE), reason);
        let tokenizer = folder.join(TOKENIZER_FILE);
        if !tokenizer.is_file() {
            let reason = format!(
                "there is no {TOKENIZER_FILE} beside it; save one with the `transformers` library: \
                 AutoTokenizer.from_pretrained(…).save_pretrained(…)"
            );
            return Err(unusable(reason).into());
        }
        let own = vec![folder.join(DESCRIPTION_FILE), tokenizer];
        let tokenizer = TextTokenizer::read(&own[1], &config)?;
        let Some(weights) = set.file_in(folder) else {
            let reason = format!("there is neither {WEIGHTS_FILE} nor {INDEX_FILE} beside it");
            return Err(unusable(reason).into());
        };
        let weights = TensorFile::open(&weights)?;
        let contents = EncoderContents::Files([own, weights.files()].concat());
        let folder = Some(folder.to_owned());
        Ok(Self { config, tokenizer, folder, weights, contents, hash: OnceLock::new() })
    }

    /// A text encoder in memory: the bytes of `config.json`, `tokenizer.json` and a safetensors file. It
    /// is the one that [`open`](Self::open) finds in a folder of these files, with the same hash.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_bytes(
        config: impl Into<Arc<[u8]>>,
        tokenizer: impl Into<Arc<[u8]>>,
        weights: impl Into<Arc<[u8]>>,
    ) -> Result<Self> {
        let parts = [config.into(), tokenizer.into(), weights.into()];
        let config = text_encoder_config_of(&parts[0])?;
        Ok(Self {
            tokenizer: TextTokenizer::from_bytes(TOKENIZER_FILE, &parts[1], &config)?,
            config,
            folder: None,
            weights: TensorFile::from_bytes(WEIGHTS_FILE, Arc::clone(&parts[2]))?,
            contents: EncoderContents::Memory(parts),
            hash: OnceLock::new(),
        })
    }

    /// The folder; `None` for an encoder in memory.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The encoder with its weights in `dtype`; it computes in it, but for what f16 has no range for.
    ///
    /// One tensor at a time is held on the host.
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`] listing every tensor that does not fit, or what went wrong on
    /// reading.
    pub fn load<B: Backend>(
        &self,
        dtype: burn::tensor::DType,
        device: &B::Device,
    ) -> Result<T5Encoder<B>> {
        Ok(load_text_encoder(&self.weights, &self.config, dtype, device)?)
    }

    /// 16 hex digits that tell the encoder and its tokenizer from others: of the SHA-256 of
    /// configuration, tokenizer and weights, the length before the bytes of each file. Computed once.
    ///
    /// # Errors
    /// [`WeightsError::Open`].
    pub fn hash(&self) -> Result<&str, WeightsError> {
        if let Some(hash) = self.hash.get() {
            return Ok(hash);
        }
        let hash = self.contents.hash()?;
        Ok(self.hash.get_or_init(|| hash))
    }

    /// The hash that pictures of the first noise rule have: of weights of more than 64 MiB, 64
    /// stretches of 1 MiB.
    ///
    /// # Errors
    /// [`WeightsError::Open`].
    pub fn sampled_hash(&self) -> Result<String, WeightsError> {
        self.contents.sampled_hash()
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn_flex::{Flex, FlexDevice};

    use super::*;
    use crate::weights::{DType, save_text_encoder};

    fn saved(folder: &Path) -> T5Encoder<Flex> {
        let tokenizer = TextTokenizer::train(["a red robe"], 100).unwrap();
        let config = T5Config::small(32, 2, tokenizer.vocabulary());
        let encoder = config.init::<Flex>(5, &FlexDevice).unwrap();
        save_text_encoder(&encoder, &config, &tokenizer, folder, WeightSet::Model, DType::F32)
            .unwrap();
        encoder
    }

    #[test]
    fn an_encoder_is_the_same_after_it_is_written_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let encoder = saved(folder.path());
        let files = TextEncoderFiles::open(folder.path(), WeightSet::Ema).unwrap();
        let read = files.load::<Flex>(burn::tensor::DType::F32, &FlexDevice).unwrap();
        let ids = [files.tokenizer.tokens("a red robe").unwrap().ids];
        let [before, after] = [&encoder, &read]
            .map(|encoder| encoder.encode(&ids).states.into_data().to_vec::<f32>().unwrap());
        assert_eq!(before, after);
    }

    #[test]
    fn half_precision_stays_close_and_keeps_its_range() {
        let folder = tempfile::tempdir().unwrap();
        saved(folder.path());
        let files = TextEncoderFiles::open(folder.path(), WeightSet::Model).unwrap();
        let ids = [files.tokenizer.tokens("a red robe").unwrap().ids];
        let states = |dtype| {
            let encoder = files.load::<Flex>(dtype, &FlexDevice).unwrap();
            encoder.encode(&ids).states.into_data().to_vec::<f32>().unwrap()
        };
        let (full, half) = (states(burn::tensor::DType::F32), states(burn::tensor::DType::F16));
        let squares = |values: &mut dyn Iterator<Item = f32>| values.map(|x| x * x).sum::<f32>();
        let error = squares(&mut full.iter().zip(&half).map(|(a, b)| a - b));
        // Rounding of 2^-11 in a dozen products.
        assert!(error.sqrt() < 12.0 * 2f32.powi(-11) * squares(&mut full.iter().copied()).sqrt());
    }

    #[test]
    fn the_hash_is_of_weights_and_tokenizer() {
        let folder = tempfile::tempdir().unwrap();
        saved(folder.path());
        let hash = || {
            let files = TextEncoderFiles::open(folder.path(), WeightSet::Model).unwrap();
            files.hash().unwrap().to_owned()
        };
        let first = hash();
        assert_eq!(first, hash());
        let other = TextTokenizer::train(["a green robe"], 100).unwrap();
        other.write(&folder.path().join(TOKENIZER_FILE)).unwrap();
        assert_ne!(first, hash());
    }

    #[test]
    fn an_encoder_in_memory_is_the_one_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        saved(folder.path());
        let bytes = |name| std::fs::read(folder.path().join(name)).unwrap();
        let on_disk = TextEncoderFiles::open(folder.path(), WeightSet::Model).unwrap();
        let [config, tokenizer, weights] =
            [DESCRIPTION_FILE, TOKENIZER_FILE, WEIGHTS_FILE].map(bytes);
        let of = |[config, tokenizer, weights]: [&[u8]; 3]| {
            TextEncoderFiles::from_bytes(config, tokenizer, weights)
        };
        let in_memory = of([&config, &tokenizer, &weights]).unwrap();
        assert_eq!(in_memory.hash().unwrap(), on_disk.hash().unwrap());
        assert_eq!(in_memory.sampled_hash().unwrap(), on_disk.sampled_hash().unwrap());
        assert!(in_memory.tokenizer.is_same(&on_disk.tokenizer));
        assert_eq!(in_memory.folder(), None);
        let [first, second] = [&in_memory, &on_disk].map(|files| {
            let encoder = files.load::<Flex>(burn::tensor::DType::F32, &FlexDevice).unwrap();
            let ids = [files.tokenizer.tokens("a red robe").unwrap().ids];
            encoder.encode(&ids).states.into_data().to_vec::<f32>().unwrap()
        });
        assert_eq!(first, second);
        for (parts, expected) in [
            ([&b"{}"[..], &tokenizer, &weights], "config.json"),
            ([&config, b"\xff", &weights], "tokenizer.json"),
            ([&config, &tokenizer, b"damaged"], "model.safetensors"),
        ] {
            let message = of(parts).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn what_is_missing_or_does_not_fit_is_named() {
        let message = |spoil: &dyn Fn(&Path)| {
            let folder = tempfile::tempdir().unwrap();
            saved(folder.path());
            spoil(folder.path());
            let opened = TextEncoderFiles::open(folder.path(), WeightSet::Model);
            opened
                .and_then(|files| files.load::<Flex>(burn::tensor::DType::F32, &FlexDevice))
                .unwrap_err()
                .to_string()
        };
        let remove = |name: &'static str| {
            move |folder: &Path| std::fs::remove_file(folder.join(name)).unwrap()
        };
        for (name, expected) in [
            (DESCRIPTION_FILE, "config.json"),
            (TOKENIZER_FILE, "no tokenizer.json"),
            (WEIGHTS_FILE, "neither model.safetensors nor"),
        ] {
            let message = message(&remove(name));
            assert!(message.contains(expected), "{message}");
        }
        let message = message(&|folder| {
            let config = T5Config::small(32, 3, 6);
            let text = serde_json::to_string(&config).unwrap();
            std::fs::write(folder.join(DESCRIPTION_FILE), text).unwrap();
        });
        assert!(
            message.contains("missing: encoder.block.2.layer.0.SelfAttention.q.weight"),
            "{message}"
        );
    }
}

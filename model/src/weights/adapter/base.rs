//! The model that an adapter was trained on, as the adapter's file remembers it.
//!
//! PEFT has a key for the model's name in `adapter_config.json`; a key of ours there would be an error to its older
//! versions and a warning to newer ones. So the rest is in the metadata of the safetensors file, which PEFT never looks
//! at: a hash of the model's files, and some of its values. The hash tells the same files; the values tell the same
//! weights in another number format.

use std::collections::BTreeMap;

use burn::tensor::DType;
use half::{bf16, f16};

use crate::weights::{TensorFile, WeightsError};

/// Keys of the metadata.
const NAME: &str = "base_model";
const HASH: &str = "base_model_sha256";
const VALUES: &str = "base_model_values";
/// Values of each matrix that are remembered: its first ones.
const REMEMBERED: usize = 4;

/// The model that an adapter was trained on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AdapterBase {
    /// Its name; never where it lies.
    pub name: String,
    /// The first 16 hex digits of the SHA-256 of its files.
    pub hash: String,
    /// The first values of matrices, by their names.
    values: BTreeMap<String, Vec<f32>>,
}

impl AdapterBase {
    /// That of an adapter which changes `matrices` of the model in `file`.
    ///
    /// # Errors
    /// What reading says.
    pub fn of<'a>(
        name: &str,
        hash: &str,
        file: &TensorFile,
        matrices: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, WeightsError> {
        let mut values = BTreeMap::new();
        for matrix in matrices {
            values.insert(matrix.to_owned(), first_values(file, matrix, REMEMBERED)?);
        }
        Ok(Self { name: name.to_owned(), hash: hash.to_owned(), values })
    }

    /// What the file of an adapter says; `None` for one of others, or from before it was said.
    pub(super) fn read(metadata: &BTreeMap<String, String>) -> Option<Self> {
        let of = |key| metadata.get(key).cloned();
        let values = serde_json::from_str(metadata.get(VALUES)?).ok()?;
        Some(Self { name: of(NAME)?, hash: of(HASH)?, values })
    }

    /// What is written into the file.
    #[cfg(feature = "save")]
    pub(super) fn metadata(&self) -> [(String, String); 3] {
        let values = serde_json::to_string(&self.values).expect("it is plain data");
        [(NAME, self.name.clone()), (HASH, self.hash.clone()), (VALUES, values)]
            .map(|(key, value)| (key.to_owned(), value))
    }

    /// Whether it is the model in `file`, whose hash is `hash`; its weights may be of another number format there.
    ///
    /// # Errors
    /// What reading says. Nothing is read where the hash is the same.
    pub fn is(&self, hash: &str, file: &TensorFile) -> Result<bool, WeightsError> {
        if self.hash == hash {
            return Ok(true);
        }
        for (matrix, values) in &self.values {
            if !file.tensors().contains_key(matrix) {
                return Ok(false);
            }
            let there = first_values(file, matrix, values.len())?;
            let mut pairs = values.iter().zip(&there);
            if there.len() != values.len() || !pairs.all(|(a, b)| is_same(*a, *b)) {
                return Ok(false);
            }
        }
        Ok(!self.values.is_empty())
    }
}

fn first_values(file: &TensorFile, name: &str, count: usize) -> Result<Vec<f32>, WeightsError> {
    let data = file.read_in(name, DType::F32, false)?;
    let mut values: Vec<f32> = data.into_vec().expect("it was asked for in f32");
    values.truncate(count);
    Ok(values)
}

/// Whether two numbers are one in other formats: equal, or one is the other rounded, or both are roundings to the two
/// formats of 16 bits and as near as those are.
fn is_same(a: f32, b: f32) -> bool {
    let half = |x: f32| f16::from_f32(x).to_f32();
    let brain = |x: f32| bf16::from_f32(x).to_f32();
    let is_rounded = |a: f32, b: f32| half(a) == b || brain(a) == b;
    let are_rounded = |a: f32, b: f32| half(a) == a && brain(b) == b;
    // Half a unit in the last place of bf16, 2^-9 of the next power of two; and of f16 near zero.
    let is_near = (a - b).abs() <= a.abs() * 2.0_f32.powi(-8) + 2.0_f32.powi(-24);
    a == b
        || is_rounded(a, b)
        || is_rounded(b, a)
        || (is_near && (are_rounded(a, b) || are_rounded(b, a)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_itself_in_another_format_and_its_neighbour_is_not() {
        let of = |x: f32| [x, f16::from_f32(x).to_f32(), bf16::from_f32(x).to_f32()];
        for number in (1..2000).map(|i| (i as f32 * 0.77).sin() * 0.05) {
            for (a, b) in of(number).iter().flat_map(|a| of(number).map(|b| (*a, b))) {
                assert!(is_same(a, b), "{a} {b}");
            }
            // What a fine-tuning changes is more than rounding does.
            for other in of(number * 1.02) {
                assert!(!is_same(number, other), "{number} {other}");
            }
            assert!(!is_same(number, number + 1e-7) && !is_same(f32::NAN, number));
        }
    }

    #[test]
    fn metadata_of_others_say_nothing() {
        let of = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            AdapterBase::read(&pairs.collect())
        };
        assert_eq!(of(&[("format", "pt")]), None);
        assert_eq!(of(&[(NAME, "a"), (HASH, "b"), (VALUES, "[[[[")]), None);
        let read = of(&[(NAME, "a"), (HASH, "b"), (VALUES, r#"{"m": [0.1]}"#)]).unwrap();
        assert_eq!((&read.name[..], read.values["m"][0]), ("a", 0.1));
    }
}

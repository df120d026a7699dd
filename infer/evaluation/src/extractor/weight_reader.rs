//! Reads a network's tensors from a file and lists every one that does not fit.

use std::collections::BTreeSet;

use burn::tensor::DType;
use pixelflow::weights::{Mismatches, TensorFile, WeightsError};

/// A file of weights on its way into a network.
pub(crate) struct WeightReader<'a> {
    file: &'a TensorFile,
    read: BTreeSet<String>,
    mismatches: Mismatches,
}

impl<'a> WeightReader<'a> {
    pub(crate) fn new(file: &'a TensorFile) -> Self {
        Self { file, read: BTreeSet::new(), mismatches: Mismatches::default() }
    }

    /// The values of a tensor; zeros for one that does not fit, of which [`finish`](Self::finish) tells.
    pub(crate) fn values(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        self.read.insert(name.to_owned());
        match self.file.tensors().get(name) {
            Some(info) if info.shape == shape => {
                let data = self.file.read_in(name, DType::F32, false)?;
                return Ok(data.iter::<f32>().collect());
            }
            Some(info) => {
                let misshapen = (name.to_owned(), shape.to_vec(), info.shape.clone());
                self.mismatches.misshapen.push(misshapen);
            }
            None => self.mismatches.missing.push((name.to_owned(), shape.to_vec())),
        }
        Ok(vec![0.0; shape.iter().product()])
    }

    /// Refuses a file that lacked a tensor or has one that nobody asked for, but those that `ignored` knows.
    pub(crate) fn finish(mut self, ignored: impl Fn(&str) -> bool) -> Result<(), WeightsError> {
        let names = self.file.tensors().keys();
        let surplus = names.filter(|name| !self.read.contains(*name) && !ignored(name));
        self.mismatches.surplus = surplus.cloned().collect();
        if self.mismatches.is_empty() {
            return Ok(());
        }
        Err(WeightsError::Mismatch {
            path: self.file.path().to_owned(),
            mismatches: self.mismatches,
        })
    }
}

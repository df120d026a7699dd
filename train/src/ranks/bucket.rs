//! Parameters that travel together.

use std::collections::BTreeMap;

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

use super::Owners;

/// Bytes of a bucket, about: while some travel, others are added up.
const BYTES: usize = 8 << 20;

/// A parameter, and how many numbers it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) size: usize,
}

/// Some parameters in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bucket(pub(super) Vec<Entry>);

impl Bucket {
    /// Parameters of these sizes in buckets.
    pub(super) fn all<'a>(sizes: impl Iterator<Item = (&'a String, usize)>) -> Vec<Self> {
        let (mut buckets, mut bytes) = (Vec::<Self>::new(), BYTES);
        for (name, size) in sizes {
            if bytes >= BYTES {
                buckets.push(Self::default());
                bytes = 0;
            }
            bytes += size_of::<f32>() * size;
            let bucket = buckets.last_mut().expect("the first has begun");
            bucket.0.push(Entry { name: name.clone(), size });
        }
        buckets
    }

    /// Those that a rank owns.
    pub(super) fn of_owner(&self, owners: &Owners, rank: usize) -> Self {
        Self(self.0.iter().filter(|entry| owners.of(&entry.name) == rank).cloned().collect())
    }

    /// Bytes of the numbers of all.
    pub(super) fn bytes(&self) -> usize {
        size_of::<f32>() * self.0.iter().map(|entry| entry.size).sum::<usize>()
    }

    /// The numbers of all, one behind the other.
    pub(super) fn message<B: Backend>(
        &self,
        mut tensor: impl FnMut(&str) -> Tensor<B, 1>,
    ) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.bytes());
        for entry in &self.0 {
            bytes.extend_from_slice(tensor(&entry.name).into_data().as_bytes());
        }
        bytes
    }

    /// Numbers one behind the other as tensors.
    ///
    /// # Panics
    /// If they are too few.
    pub(super) fn tensors<B: Backend>(
        &self,
        numbers: &[f32],
        device: &B::Device,
    ) -> BTreeMap<String, Tensor<B, 1>> {
        let mut rest = numbers;
        let tensor = |entry: &Entry| {
            let (own, behind) = rest.split_at(entry.size);
            rest = behind;
            let data = TensorData::new(own.to_vec(), [entry.size]);
            (entry.name.clone(), Tensor::from_data(data, device))
        };
        self.0.iter().map(tensor).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_full_and_have_every_parameter_once() {
        let sizes: BTreeMap<String, usize> =
            (0..20).map(|index| (format!("p{index:02}"), 300_000 + index)).collect();
        let buckets = Bucket::all(sizes.iter().map(|(name, &size)| (name, size)));
        let names = buckets.iter().flat_map(|bucket| bucket.0.iter().map(|entry| &entry.name));
        assert!(names.eq(sizes.keys()));
        let full =
            buckets.iter().rev().skip(1).all(|bucket| (BYTES..BYTES * 2).contains(&bucket.bytes()));
        assert!(full && buckets.len() == 3, "{}", buckets.len());
    }
}

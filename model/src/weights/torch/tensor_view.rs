//! Where a tensor's values are: a strided window of a storage.

use super::super::TensorInfo;
use super::fault::{Fault, quoted};
use super::value::{Global, ObjectId, Pickled, Value};

/// Most dimensions of a tensor.
const MAX_RANK: usize = 8;

/// Longest name of a storage, in bytes; `torch.save` numbers them.
const MAX_KEY: usize = 64;

/// A tensor as its file describes it: consistent in itself, its storage not yet looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TensorView {
    pub(super) info: TensorInfo,
    /// Name of the storage.
    pub(super) storage: String,
    /// Number of values the storage is said to have.
    storage_count: u64,
    /// Position of the first value in the storage.
    offset: u64,
    /// Distance in the storage between neighbours along each dimension.
    strides: Vec<u64>,
    /// Number of values from the first to the last, both included.
    span: u64,
}

impl TensorView {
    /// Reads the arguments of `torch._utils._rebuild_tensor_v2`.
    pub(super) fn parse(pickled: &Pickled<'_>, arguments: ObjectId) -> Result<Self, Fault> {
        let items = |id| pickled.objects.items(id);
        let [
            Value::Storage(storage),
            Value::Integer(offset),
            Value::Tuple(shape),
            Value::Tuple(strides),
            ..,
        ] = items(arguments)
        else {
            return Fault::damaged("it is described in an unknown way");
        };
        let [_, Value::Global(Global::Storage(dtype)), Value::Text(key), _, Value::Integer(count)] =
            items(*storage)
        else {
            return Fault::damaged("its storage is described in an unknown way");
        };
        if key.len() > MAX_KEY {
            return Fault::damaged(format!("its storage is named `{}`", quoted(key)));
        }
        let shape = naturals(items(*shape))?;
        let strides = naturals(items(*strides))?;
        if shape.len() != strides.len() || shape.len() > MAX_RANK {
            return Fault::damaged(format!(
                "it has {} dimensions and {} strides",
                shape.len(),
                strides.len()
            ));
        }
        let (Ok(offset), Ok(storage_count)) = (u64::try_from(*offset), u64::try_from(*count))
        else {
            return Fault::damaged(format!("it begins at {offset} of {count} values"));
        };
        let span = span(&shape, &strides);
        match span.and_then(|span| span.checked_add(offset)) {
            Some(end) if end <= storage_count => {}
            _ => {
                return Fault::damaged(format!(
                    "its shape {shape:?}, strides {strides:?} and offset {offset} leave \
                     the storage `{}` of {storage_count} values",
                    quoted(key)
                ));
            }
        }
        let span = span.unwrap_or(0);
        let shape: Vec<usize> = shape.into_iter().map(|side| side as usize).collect();
        // Values that stand for many would let a small file ask for any amount of memory.
        if count_of(&shape).is_none_or(|count| count as u64 > span) {
            return Fault::not_weights(format!(
                "its shape {shape:?} repeats the {span} values it has; \
                 save it after .contiguous()"
            ));
        }
        Ok(Self {
            info: TensorInfo { shape, dtype: *dtype },
            storage: (*key).to_owned(),
            storage_count,
            offset,
            strides,
            span,
        })
    }

    /// Bytes the storage must have; `None` if no storage can.
    pub(super) fn storage_bytes(&self) -> Option<u64> {
        self.storage_count.checked_mul(self.value_bytes())
    }

    /// First byte in the storage, and number of bytes, that hold the tensor.
    pub(super) fn byte_range(&self) -> (u64, u64) {
        // Inside of `storage_bytes`, which was checked.
        (self.offset * self.value_bytes(), self.span * self.value_bytes())
    }

    /// The bytes of the tensor's values in row-major order, from those of its range.
    pub(super) fn gather(&self, range: &[u8]) -> Vec<u8> {
        let size = self.info.dtype.size_in_bytes();
        let shape = &self.info.shape;
        let count: usize = shape.iter().product();
        let mut index = vec![0; shape.len()];
        let mut position = 0;
        let mut values = Vec::with_capacity(count * size);
        for _ in 0..count {
            values.extend_from_slice(&range[position * size..][..size]);
            // The next index: the last dimension runs fastest.
            for dimension in (0..shape.len()).rev() {
                let stride = self.strides[dimension] as usize;
                index[dimension] += 1;
                position += stride;
                if index[dimension] < shape[dimension] {
                    break;
                }
                index[dimension] = 0;
                position -= stride * shape[dimension];
            }
        }
        values
    }

    /// Whether the values are in the storage one behind the other, in row-major order.
    pub(super) fn is_row_major(&self) -> bool {
        if self.span == 0 {
            return true;
        }
        let mut expected = 1_u64;
        self.info.shape.iter().zip(&self.strides).rev().all(|(side, stride)| {
            let fits = *side == 1 || *stride == expected;
            expected = expected.saturating_mul(*side as u64);
            fits
        })
    }

    fn value_bytes(&self) -> u64 {
        self.info.dtype.size_in_bytes() as u64
    }
}

fn naturals(values: &[Value<'_>]) -> Result<Vec<u64>, Fault> {
    let natural = |value: &Value<'_>| match value {
        Value::Integer(value) => u64::try_from(*value)
            .map_err(|_| Fault::Damaged(format!("it has the side or stride {value}"))),
        _ => Fault::damaged("it has a side or stride that is no integer"),
    };
    values.iter().map(natural).collect()
}

fn count_of(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |count, side| count.checked_mul(*side))
}

/// Number of values from the first to the last; `None` if it does not fit.
fn span(shape: &[u64], strides: &[u64]) -> Option<u64> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape
        .iter()
        .zip(strides)
        .try_fold(1_u64, |span, (side, stride)| span.checked_add((side - 1).checked_mul(*stride)?))
}

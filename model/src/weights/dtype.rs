//! Number formats of stored tensors.

use half::{bf16, f16};

/// Number format of a stored tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// 64-bit float.
    F64,
    /// 32-bit float.
    F32,
    /// 16-bit float.
    F16,
    /// 16-bit float with the range of 32 bits.
    BF16,
    /// 64-bit integer.
    I64,
    /// 32-bit integer.
    I32,
    /// 16-bit integer.
    I16,
    /// 8-bit integer.
    I8,
    /// 8-bit natural number.
    U8,
    /// One byte, 0 or 1.
    Bool,
}

impl DType {
    /// Bytes of one value.
    pub fn size_in_bytes(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::BF16 | Self::I16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// Little-endian values of this format as `f32`; `None` for a format that is no float.
    pub fn to_f32(self, bytes: &[u8]) -> Option<Vec<f32>> {
        Some(match self {
            Self::F64 => values(bytes, |b| f64::from_le_bytes(b) as f32),
            Self::F32 => values(bytes, f32::from_le_bytes),
            Self::F16 => values(bytes, |b| f16::from_le_bytes(b).to_f32()),
            Self::BF16 => values(bytes, |b| bf16::from_le_bytes(b).to_f32()),
            _ => return None,
        })
    }

    /// `values` as little-endian bytes of this format; `None` for a format that is no float.
    pub fn from_f32(self, values: &[f32]) -> Option<Vec<u8>> {
        Some(match self {
            Self::F64 => bytes(values, |v| f64::from(v).to_le_bytes()),
            Self::F32 => bytes(values, f32::to_le_bytes),
            Self::F16 => bytes(values, |v| f16::from_f32(v).to_le_bytes()),
            Self::BF16 => bytes(values, |v| bf16::from_f32(v).to_le_bytes()),
            _ => return None,
        })
    }

    /// The name safetensors has for it.
    pub(super) fn to_safetensors(self) -> safetensors::Dtype {
        match self {
            Self::F64 => safetensors::Dtype::F64,
            Self::F32 => safetensors::Dtype::F32,
            Self::F16 => safetensors::Dtype::F16,
            Self::BF16 => safetensors::Dtype::BF16,
            Self::I64 => safetensors::Dtype::I64,
            Self::I32 => safetensors::Dtype::I32,
            Self::I16 => safetensors::Dtype::I16,
            Self::I8 => safetensors::Dtype::I8,
            Self::U8 => safetensors::Dtype::U8,
            Self::Bool => safetensors::Dtype::BOOL,
        }
    }

    /// The format safetensors means; `None` for one that weights never have.
    pub(super) fn from_safetensors(dtype: safetensors::Dtype) -> Option<Self> {
        const ALL: [DType; 10] = [
            DType::F64,
            DType::F32,
            DType::F16,
            DType::BF16,
            DType::I64,
            DType::I32,
            DType::I16,
            DType::I8,
            DType::U8,
            DType::Bool,
        ];
        ALL.into_iter().find(|known| known.to_safetensors() == dtype)
    }
}

fn values<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let (chunks, _) = bytes.as_chunks::<N>();
    chunks.iter().map(|chunk| value(*chunk)).collect()
}

fn bytes<const N: usize>(values: &[f32], bytes: impl Fn(f32) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|value| bytes(*value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_float_format_survives_the_way_to_bytes_and_back() {
        let values = [0.0, -1.5, 256.0, 0.15625];
        for dtype in [DType::F64, DType::F32, DType::F16, DType::BF16] {
            let bytes = dtype.from_f32(&values).unwrap();
            assert_eq!(bytes.len(), values.len() * dtype.size_in_bytes());
            assert_eq!(dtype.to_f32(&bytes).unwrap(), values);
        }
    }

    #[test]
    fn integers_are_no_weights() {
        assert_eq!(DType::I64.to_f32(&[0; 8]), None);
        assert_eq!(DType::U8.from_f32(&[1.0]), None);
    }
}

//! The tile: sums of some rows and columns that stay in registers.

#![allow(unsafe_code)]

/// Sums of a vector of f32.
pub(crate) const LANES: usize = 16;

/// Whether this processor multiplies bf16.
pub(crate) fn is_supported() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bf16")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// Sums of the products of `HEIGHT` rows, whose words of each pair of terms are in `left`, with `VECTORS * LANES`
/// columns, whose words are in `right`.
///
/// # Panics
/// On a processor that does not multiply bf16.
#[cfg(target_arch = "x86_64")]
pub(crate) fn sums<const HEIGHT: usize, const VECTORS: usize>(
    left: &[u32],
    right: &[u32],
) -> [[[f32; LANES]; VECTORS]; HEIGHT] {
    assert!(is_supported(), "the processor does not multiply bf16");
    // SAFETY: the processor has what the function is compiled for.
    unsafe { avx512::sums(left, right) }
}

/// As on other processors, which do not multiply bf16.
///
/// # Panics
/// Always.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn sums<const HEIGHT: usize, const VECTORS: usize>(
    _: &[u32],
    _: &[u32],
) -> [[[f32; LANES]; VECTORS]; HEIGHT] {
    panic!("the processor does not multiply bf16")
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::{
        __m512, __m512bh, _mm512_dpbf16_ps, _mm512_loadu_si512, _mm512_set1_epi32,
        _mm512_setzero_ps, _mm512_setzero_si512,
    };
    use std::mem::transmute;

    use super::LANES;

    #[target_feature(enable = "avx512f,avx512bf16")]
    pub(super) fn sums<const HEIGHT: usize, const VECTORS: usize>(
        left: &[u32],
        right: &[u32],
    ) -> [[[f32; LANES]; VECTORS]; HEIGHT] {
        let mut sums = [[_mm512_setzero_ps(); VECTORS]; HEIGHT];
        for (rows, columns) in left.chunks_exact(HEIGHT).zip(right.chunks_exact(LANES * VECTORS)) {
            let mut vectors = [_mm512_setzero_si512(); VECTORS];
            for (vector, words) in vectors.iter_mut().zip(columns.as_chunks::<LANES>().0) {
                // SAFETY: 64 bytes can be read there, of which every pattern is a value.
                *vector = unsafe { _mm512_loadu_si512(words.as_ptr().cast()) };
            }
            for row in 0..HEIGHT {
                // SAFETY: both are 64 bytes, of which every pattern is a value.
                let factor: __m512bh =
                    unsafe { transmute(_mm512_set1_epi32(rows[row].cast_signed())) };
                for vector in 0..VECTORS {
                    // SAFETY: as above.
                    let words: __m512bh = unsafe { transmute(vectors[vector]) };
                    sums[row][vector] = _mm512_dpbf16_ps(sums[row][vector], factor, words);
                }
            }
        }
        let mut out = [[[0.0; LANES]; VECTORS]; HEIGHT];
        for row in 0..HEIGHT {
            for vector in 0..VECTORS {
                // SAFETY: both are 64 bytes, of which every pattern is a value.
                out[row][vector] = unsafe { transmute::<__m512, [f32; LANES]>(sums[row][vector]) };
            }
        }
        out
    }
}

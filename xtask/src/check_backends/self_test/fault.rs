//! Faults, each planted in a copy of the fixtures.
//!
//! The suite cannot tell a model that computes wrongly from one that was given something wrong. So the
//! code stays as it is, and the fixtures are changed such that the right code does what the mistake
//! would do. The mistakes of single operations are in `tests::operations`, as wrong formulas.

use std::path::Path;

use ::tests::Kind;
use anyhow::Result;
use pixelflow::layers::{TIMESTEP_FEATURES, sinusoid};

use super::wrong_fixtures::{Values, WrongFixtures};

/// A mistake of the kind that the conformance suite exists for.
pub struct Fault {
    /// The name on the screen.
    pub name: &'static str,
    /// The end of the name of a case that must fail; others may.
    pub found_by: &'static str,
    plant: fn(&WrongFixtures) -> Result<()>,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self { name: "rotary-order", found_by: "/act/block0_attn1", plant: rotary_order },
        Self { name: "dropped-bias", found_by: "/act/block0_attn1", plant: dropped_bias },
        Self { name: "transposed-stride", found_by: "/act/patch_embed", plant: transposed_stride },
        Self { name: "epsilon", found_by: "/out_masked", plant: epsilon },
        Self { name: "attention-leak", found_by: "/model_out", plant: attention_leak },
        Self { name: "stale-modulation", found_by: "/act/conditioning", plant: stale_modulation },
        Self { name: "short-schedule", found_by: "/samples", plant: short_schedule },
        Self { name: "key-gradient", found_by: ".k_proj.weight", plant: key_gradient },
    ];

    /// Plants it in a copy of the fixtures in `folder`, which is made.
    ///
    /// # Errors
    /// If the fixtures cannot be read, or the copy not written.
    pub fn plant(&self, fixtures: &Path, folder: &Path) -> Result<()> {
        (self.plant)(&WrongFixtures::copy(fixtures, folder)?)
    }
}

/// The rotary embedding takes the row first and the column second.
///
/// In queries and keys alike the halves of every head are swapped: each half turns with the position
/// that is the other's, and the products of queries and keys do not depend on the order.
fn rotary_order(fixtures: &WrongFixtures) -> Result<()> {
    fixtures.change(Kind::Model, |weights, entry| {
        let heads = entry.config()?.num_attention_heads;
        for values in of(weights, &[".q_proj.", ".k_proj.", ".q_norm.", ".k_norm."]) {
            let of_head = values.len() / heads;
            values.chunks_exact_mut(of_head).for_each(|head| head.rotate_left(of_head / 2));
        }
        Ok(())
    })
}

/// Self-attention's output projection forgets its bias.
fn dropped_bias(fixtures: &WrongFixtures) -> Result<()> {
    fixtures.change(Kind::Model, |weights, _| {
        of(weights, &[".attn1.o_proj.bias"]).for_each(|bias| bias.fill(0.0));
        Ok(())
    })
}

/// Two strides are swapped where images are cut into tokens.
///
/// A kernel with rows and columns swapped makes of a patch what the kernel makes of the patch with rows
/// and columns swapped.
fn transposed_stride(fixtures: &WrongFixtures) -> Result<()> {
    fixtures.change(Kind::Model, |weights, entry| {
        let side = entry.config()?.patch_size;
        let weights = of(weights, &["patch_embed.proj.weight"]);
        for kernel in weights.flat_map(|weight| weight.chunks_exact_mut(side * side)) {
            for row in 0..side {
                for column in 0..row {
                    kernel.swap(row * side + column, column * side + row);
                }
            }
        }
        Ok(())
    })
}

/// The norms of the text encoder add 1e-5 instead of 1e-6.
///
/// `h / sqrt(m + 10 e) = s h / sqrt(s^2 m + e)` with `s^2 = 1 / 10`, where `m` is the mean square of the
/// states `h`: everything that is added to them is multiplied by `s`.
fn epsilon(fixtures: &WrongFixtures) -> Result<()> {
    let scale = 0.1_f32.sqrt();
    fixtures.change(Kind::TextEncoderPart, |weights, _| {
        let added = of(weights, &["shared.weight", ".SelfAttention.o.", ".DenseReluDense.wo."]);
        added.flatten().for_each(|value| *value *= scale);
        Ok(())
    })
}

/// The border between the texts of a packed sequence is off by one: every example but the last sees
/// the next one's first token.
fn attention_leak(fixtures: &WrongFixtures) -> Result<()> {
    fixtures.change(Kind::TrainBatch, |batch, entry| {
        let features = entry.config()?.cross_attention_dim.unwrap_or(0);
        of(batch, &["encoder_hidden_states"]).for_each(|states| states.rotate_left(features));
        Ok(())
    })
}

/// The modulation of timestep 0, with which every image begins, is used again for all others.
///
/// The embedder's first layer multiplies its input by zero; the product with the sinusoid of timestep 0
/// is part of its bias.
fn stale_modulation(fixtures: &WrongFixtures) -> Result<()> {
    let first = sinusoid(&[0.0]);
    fixtures.change(Kind::Model, |weights, _| {
        let mut products = Vec::new();
        for weight in of(weights, &["timestep_embedder.linear_1.weight"]) {
            let product = |row: &[f32]| row.iter().zip(&first).map(|(w, x)| w * x).sum::<f32>();
            products.extend(weight.chunks_exact(TIMESTEP_FEATURES).map(product));
            weight.fill(0.0);
        }
        let bias = of(weights, &["timestep_embedder.linear_1.bias"]).flatten();
        bias.zip(products).for_each(|(bias, product)| *bias += product);
        Ok(())
    })
}

/// The sampler's schedule has one timestep too few.
fn short_schedule(fixtures: &WrongFixtures) -> Result<()> {
    fixtures.change_counts("num_train_timesteps", |count| count - 1)
}

/// The gradient of attention's keys has the wrong sign.
///
/// Keys are negated twice, by their projection and by the weight of their norm: the forward pass stays
/// the same bit for bit, and only gradients tell.
fn key_gradient(fixtures: &WrongFixtures) -> Result<()> {
    fixtures.change(Kind::Model, |weights, _| {
        of(weights, &[".k_proj.", ".k_norm."]).flatten().for_each(|value| *value = -*value);
        Ok(())
    })
}

/// The values of all tensors whose names contain one of `parts`.
fn of<'a>(values: &'a mut Values, parts: &'a [&str]) -> impl Iterator<Item = &'a mut Vec<f32>> {
    let is_meant = |name: &str| parts.iter().any(|part| name.contains(part));
    values.iter_mut().filter(move |(name, _)| is_meant(name)).map(|(_, values)| values)
}

//! Packing: training pairs of all stages and how they lie one behind the other.

use pixelflow::Example;
use pixelflow::cascade::{Cascade, CascadeConfig};
use pixelflow::layers::rotary_table;
use pixelflow_dataset::packing::{self, Draw, PackedBatch, Shape};
use serde_json::Value;

use super::rope::twice;
use crate::tensors::widen;
use crate::{
    Error, Kind, Limits, Manifest, Outcome, Recorder, Result, Subject, TEN, Tensors, kind,
};

/// Checks all batches of a file.
///
/// # Errors
/// If the file cannot be read.
pub fn check(subject: Subject<'_>, recorder: &mut Recorder<'_>) -> Result<()> {
    let tensors = subject.open()?;
    for (index, prefix) in subject.entry.prefixes().iter().enumerate() {
        recorder.attempt(&subject.case(prefix), |recorder| {
            let index = number_of(prefix).unwrap_or(index).to_string();
            let settings = subject
                .entry
                .at(&["collate", &index])
                .or_else(|| subject.entry.field("collate"))
                .ok_or_else(|| subject.entry.problem("the manifest has no `collate` of it"))?;
            let batch = StoredBatch::read(&tensors, &format!("{prefix}/"), settings)?;
            batch.check(subject, recorder)
        });
    }
    Ok(())
}

/// The number a prefix like `c12` ends in: batches are sorted by name, their settings by number.
fn number_of(prefix: &str) -> Option<usize> {
    let letters = prefix.trim_end_matches(|c: char| c.is_ascii_digit());
    prefix[letters.len()..].parse().ok()
}

/// A batch before packing, as stored: images and everything that was drawn for them.
pub(super) struct StoredBatch<'a> {
    tensors: &'a Tensors,
    prefix: String,
    cascade: Cascade,
    examples: Vec<packing::TrainingImage>,
    head_dim: Option<usize>,
}

impl<'a> StoredBatch<'a> {
    /// Reads the tensors whose names start with `prefix`.
    pub(super) fn read(tensors: &'a Tensors, prefix: &str, settings: &Value) -> Result<Self> {
        let setting = |key: &str| settings.get(key).and_then(Value::as_u64).map(|n| n as usize);
        let must = |key: &str| {
            setting(key).ok_or_else(|| tensors.problem(format!("`collate` has no `{key}`")))
        };
        let name = |part: &str| format!("{prefix}{part}");
        let cascade = CascadeConfig {
            stages: must("num_stages")?,
            train_timesteps: must("num_train_timesteps")?,
        }
        .build()?;
        let [count, channels, height, width] = tensors.dims(&name("images"))?;
        let shape = Shape { channels, height, width, patch: must("patch_size")? };

        let images = tensors.floats(&name("images"))?;
        let labels = tensors.counts(&name("labels"))?;
        let stages = tensors.counts(&name("stage_indices"))?;
        let timesteps = tensors.counts(&name("timestep_indices"))?;
        let dropped = dropped(tensors, prefix, count)?;
        if [labels.len(), stages.len(), timesteps.len()] != [count; 3] {
            return Err(tensors.problem(format!("`{prefix}…` is not about {count} examples")));
        }
        let mut noises = Noises::default();
        let mut examples = Vec::with_capacity(count);
        for (index, image) in images.chunks_exact(channels * height * width).enumerate() {
            let stage = stages[index];
            let draw = Draw {
                stage,
                timestep_index: timesteps[index],
                dropped: dropped[index],
                noise: noises.next(tensors, &name(&format!("noise_stage{stage}")))?,
            };
            examples.push(packing::TrainingImage {
                image: image.to_vec(),
                shape,
                label: labels[index],
                draw,
            });
        }
        Ok(Self {
            tensors,
            prefix: prefix.to_owned(),
            cascade,
            examples,
            head_dim: setting("attention_head_dim"),
        })
    }

    /// Packs the batch.
    pub(super) fn pack(&self) -> Result<PackedBatch> {
        Ok(packing::pack(&self.examples, &self.cascade)?)
    }

    /// Packs the batch and compares everything that is stored about the result.
    pub(super) fn check(&self, subject: Subject<'_>, recorder: &mut Recorder<'_>) -> Result<()> {
        let packed = self.pack()?;
        let tensors = self.tensors;
        let name = |part: &str| format!("{}{part}", self.prefix);
        let case = |part: &str| subject.case(&name(part));
        let segments = &packed.segments;

        let limits = limits(subject);
        for (part, found) in [("xt", &packed.inputs), ("target", &packed.targets)] {
            let expected = tensors.doubles(&name(part))?;
            recorder.compare(case(part), &widen(found), &expected, &limits);
        }
        let lengths: Vec<i64> = segments.iter().map(|s| s.tokens() as i64).collect();
        let ends = lengths.iter().scan(0, |end, length| {
            *end += length;
            Some(*end)
        });
        let sides = segments.iter().map(|s| {
            let example = Example::new(s.grid_height, s.grid_width, s.timestep);
            f64::from(example.resolution).floor() as i64
        });
        let integers: [(&str, Vec<i64>); 5] = [
            ("seqlens", lengths.clone()),
            ("cu_seqlens", std::iter::once(0).chain(ends).collect()),
            ("latent_size", sides.collect()),
            ("packed_order", segments.iter().map(|s| s.example as i64).collect()),
            ("packed_labels", segments.iter().map(|s| s.label as i64).collect()),
        ];
        for (part, found) in integers {
            if tensors.has(&name(part)) {
                recorder.exact(case(part), &found, &tensors.integers(&name(part))?);
            }
        }
        let found: Vec<f32> = segments.iter().map(|s| s.timestep).collect();
        recorder.exact(case("timesteps"), &found, &tensors.floats(&name("timesteps"))?);

        if let Some(head_dim) = self.head_dim
            && tensors.has(&name("pos_embed"))
        {
            let found: Vec<f64> = segments
                .iter()
                .flat_map(|s| positions(s.grid_height, s.grid_width, head_dim))
                .collect();
            let expected = tensors.doubles(&name("pos_embed"))?;
            let limits = table_limits(subject.manifest);
            recorder.compare(case("pos_embed"), &found, &expected, &limits);
        }
        if segments.is_empty() {
            recorder.push(Outcome::broken(case("seqlens"), "the batch is empty"));
        }
        Ok(())
    }
}

/// Which examples' labels are dropped, in the batch's order; the mask is stored in packed order.
fn dropped(tensors: &Tensors, prefix: &str, count: usize) -> Result<Vec<bool>> {
    let mut dropped = vec![false; count];
    let mask = format!("{prefix}drop_mask");
    if tensors.has(&mask) {
        let order = tensors.counts(&format!("{prefix}packed_order"))?;
        for (example, drop) in order.into_iter().zip(tensors.integers(&mask)?) {
            let out_of_range = || tensors.problem(format!("`packed_order` contains {example}"));
            *dropped.get_mut(example).ok_or_else(out_of_range)? = drop != 0;
        }
    }
    Ok(dropped)
}

/// The noise of each stage is one tensor; the examples of the stage take its rows in turn.
#[derive(Default)]
struct Noises {
    taken: std::collections::BTreeMap<String, usize>,
}

impl Noises {
    fn next(&mut self, tensors: &Tensors, name: &str) -> Result<Vec<f32>> {
        let [rows, channels, height, width] = tensors.dims(name)?;
        let row = self.taken.entry(name.to_owned()).or_default();
        if *row >= rows {
            return Err(tensors.problem(format!("`{name}` has noise for {rows} examples only")));
        }
        let size = channels * height * width;
        let noise = tensors.floats(name)?[*row * size..(*row + 1) * size].to_vec();
        *row += 1;
        Ok(noise)
    }
}

/// Cosine and sine of every token and feature, `[tokens, head_dim, 2]`.
fn positions(height: usize, width: usize, head_dim: usize) -> impl Iterator<Item = f64> {
    let (cos, sin) = rotary_table(height, width, head_dim);
    twice(&cos).into_iter().zip(twice(&sin)).flat_map(|(cos, sin)| [cos, sin])
}

/// The manifest's tolerance of batches without a model, which is absolute.
fn limits(subject: Subject<'_>) -> Limits {
    let stated = |entry: &crate::Entry| {
        let words = entry.text("tolerance")?;
        let number = words.split_whitespace().next()?.parse().ok()?;
        Some(Limits::absolute(number, format!("{} tolerance", entry.file)))
    };
    let others = subject.manifest.entries.iter();
    let collate = |entry: &&crate::Entry| kind(subject.manifest, entry) == Some(Kind::Collate);
    stated(subject.entry)
        .or_else(|| others.filter(collate).find_map(stated))
        .unwrap_or_else(|| Limits::absolute(1e-6, "what manifests allow such batches"))
}

/// Ten times the largest error that the manifest records of a rotary table.
fn table_limits(manifest: &Manifest) -> Limits {
    let ropes = manifest.entries.iter().filter(|e| kind(manifest, e) == Some(Kind::Rope));
    let errors = ropes.flat_map(|entry| {
        let errors = entry.field("err_f32_vs_f64").and_then(Value::as_object);
        errors.into_iter().flat_map(|errors| errors.values().filter_map(Value::as_f64))
    });
    match errors.reduce(f64::max) {
        Some(error) => Limits::absolute(TEN * error, "10 x the worst recorded rotary table"),
        None => Limits::absolute(1e-5, "10 x 1e-6, f32 rounding of angles up to 16"),
    }
}

/// The `collate` settings of a file of one batch.
pub(super) fn settings<'a>(subject: &'a Subject<'_>) -> Result<&'a Value, Error> {
    subject
        .entry
        .field("collate")
        .ok_or_else(|| subject.entry.problem("the manifest has no `collate` of it"))
}

//! Putting members together that belong to one sample.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::member::{Role, Span, short_key};
use crate::source::LeftOut;
use crate::source::labels::Label;
use crate::source::text::shown;

/// Where a sample's image and texts are. Of a large data set there are millions: 40 bytes and the key.
#[derive(Debug)]
pub(super) struct Sample {
    /// Path of its members up to the last dot, as it is shown.
    pub(super) key: Box<str>,
    /// The image file.
    pub(super) image: Span,
    /// The `.txt`: captions.
    pub(super) text: Option<Span>,
    /// The `.json`.
    pub(super) json: Option<Span>,
}

/// The samples found so far, in the order of their first members.
///
/// Members of a sample may lie apart. A second member of the same name begins another sample: in tars
/// that were put one behind the other the same names return.
#[derive(Default)]
pub(super) struct Samples {
    found: Vec<Partial>,
    /// The latest sample of each key, by the key's hash: the keys are in `found`.
    latest: HashTable<usize>,
    hasher: RandomState,
}

/// What a text says of a sample's label; an error names the text and says what is wrong with it.
pub(super) type FoundLabel = Result<Option<Label>, String>;

#[derive(Default)]
struct Partial {
    key: Box<[u8]>,
    image: Option<Span>,
    /// In a box: few samples have a `.cls`.
    class: Option<Box<FoundLabel>>,
    json: Option<(Span, FoundLabel)>,
    text: Option<Span>,
}

impl Samples {
    /// Adds a member; `label` is what it says of the label.
    pub(super) fn add(&mut self, key: &[u8], role: Role, span: Span, label: FoundLabel) {
        let Self { found, latest, hasher } = self;
        let hash = |index: &usize| hasher.hash_one(&*found[*index].key);
        let slot = latest.entry(hasher.hash_one(key), |index| *found[*index].key == *key, hash);
        let known = match &slot {
            Entry::Occupied(slot) => Some(*slot.get()).filter(|&index| !found[index].has(role)),
            Entry::Vacant(_) => None,
        };
        let index = known.unwrap_or_else(|| {
            let index = found.len();
            slot.insert(index);
            found.push(Partial { key: key.into(), ..Partial::default() });
            index
        });
        let sample = &mut self.found[index];
        match role {
            Role::Image => sample.image = Some(span),
            Role::Text => sample.text = Some(span),
            Role::Class => sample.class = Some(Box::new(label)),
            Role::Json => sample.json = Some((span, label)),
        }
    }

    /// All samples that can be used and their labels, when the file `shard` ends. `label_field` is as in
    /// [`TarIndex::read`](super::TarIndex::read).
    pub(super) fn finish(
        self,
        shard: &str,
        label_field: Option<&str>,
        left_out: &mut LeftOut,
    ) -> (Vec<Sample>, Vec<Label>) {
        let Self { found, latest, .. } = self;
        drop(latest);
        let short: HashSet<&[u8]> =
            found.iter().filter_map(|sample| short_key(&sample.key)).collect();
        let images = found.iter().filter(|sample| sample.image.is_some());
        let images = images.filter(|sample| short.contains(&*sample.key));
        let images: HashSet<Box<[u8]>> = images.map(|sample| sample.key.clone()).collect();
        let mut labels = Vec::with_capacity(found.len());
        let sample = |partial: Partial| {
            let name = format!("{shard}:{}", shown(&partial.key));
            if short_key(&partial.key).is_some_and(|short| images.contains(short)) {
                // As `0.depth.png` beside `0.png`.
                for _ in 0..partial.members() {
                    left_out.file(&name, "is beside the image of its sample");
                }
                return None;
            }
            let (sample, label) = partial
                .complete(&name, label_field)
                .map_err(|message| left_out.record(message))
                .ok()?;
            labels.push(label);
            Some(sample)
        };
        // Collected in the memory of `found`: the standard library does, since a sample is not larger.
        let samples = found.into_iter().filter_map(sample).collect();
        (samples, labels)
    }
}

impl Partial {
    fn has(&self, role: Role) -> bool {
        match role {
            Role::Image => self.image.is_some(),
            Role::Text => self.text.is_some(),
            Role::Class => self.class.is_some(),
            Role::Json => self.json.is_some(),
        }
    }

    fn members(&self) -> usize {
        let roles = [Role::Image, Role::Text, Role::Class, Role::Json];
        roles.into_iter().filter(|&role| self.has(role)).count()
    }

    /// The sample, or what is wrong with it. A `.cls` counts before a `.json`.
    fn complete(self, name: &str, label_field: Option<&str>) -> Result<(Sample, Label), String> {
        let image = self.image.ok_or_else(|| format!("{name} has no image of this name"))?;
        let json = self.json.as_ref().map(|(span, _)| *span);
        let label = match label_field {
            None => super::NO_LABEL,
            Some(field) => {
                let class = self.class.map_or(Ok(None), |label| *label)?;
                let label = match class {
                    Some(label) => Some(label),
                    None => self.json.map_or(Ok(None), |(_, label)| label)?,
                };
                label.ok_or_else(|| {
                    format!(
                        "{name} has no label: no `.cls` member and no field {field:?} in its `.json`; \
                         name the right field with `label_field`, or set `unlabelled = true`"
                    )
                })?
            }
        };
        Ok((Sample { key: shown(&self.key).into(), image, text: self.text, json }, label))
    }
}

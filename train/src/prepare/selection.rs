//! Which images of a data set are kept.

use std::collections::HashSet;

use pixelflow_dataset::Source;
use pixelflow_dataset::survey::{Seen, alike};
use serde::Serialize;

use crate::inspection::{Copies, Looked, image_name};

/// Which images are kept, and why the others are not.
#[derive(Debug)]
pub(super) struct Selection {
    /// Their numbers in the data set.
    pub kept: Vec<usize>,
    /// The others.
    pub left_out: LeftOutImages,
}

/// Images that are left out, counted, with the names of the first.
#[derive(Debug, Default, Serialize)]
pub(super) struct LeftOutImages {
    /// They cannot be used.
    pub unusable: usize,
    /// The first of them.
    pub first_unusable: Vec<String>,
    /// They have the same pixels as an earlier one.
    pub copies: Copies,
    /// Of those, how many are of another class than the image that they are a copy of.
    pub copies_of_other_classes: usize,
    /// They look like an earlier one, if that was asked for.
    pub alike: Copies,
    /// They are in the other data set, too.
    pub elsewhere: Copies,
}

impl Selection {
    /// All that can be used, the first of each picture; of those whose difference hashes differ in at most `near`
    /// bits the first; without those that are in `elsewhere`.
    pub fn of(
        (source, looked): (&dyn Source, &Looked),
        near: Option<u32>,
        elsewhere: Option<(&dyn Source, &Looked)>,
    ) -> Self {
        let copies = Copies::within(source, looked);
        let mut left_out = LeftOutImages {
            unusable: looked.unusable.records,
            first_unusable: looked.unusable.named_records().to_vec(),
            copies,
            ..LeftOutImages::default()
        };
        let first = looked.first_of_each();
        let class = |number: usize| source.identity(number).1;
        let is_other =
            |(number, seen): &&(usize, Seen)| class(*number) != class(first[&seen.pixels]);
        left_out.copies_of_other_classes = looked.seen.iter().filter(is_other).count();
        let mut kept: Vec<(usize, u64)> = looked
            .seen
            .iter()
            .filter(|(number, seen)| first[&seen.pixels] == *number)
            .map(|(number, seen)| (*number, seen.likeness))
            .collect();
        if let Some(other) = elsewhere {
            left_out.elsewhere = Copies::between((source, looked), other);
            let theirs = other.1.first_of_each();
            let is_there: HashSet<usize> = looked
                .seen
                .iter()
                .filter_map(|(number, seen)| theirs.contains_key(&seen.pixels).then_some(*number))
                .collect();
            kept.retain(|(number, _)| !is_there.contains(number));
        }
        if let Some(bits) = near {
            let hashes: Vec<u64> = kept.iter().map(|(_, likeness)| *likeness).collect();
            let originals = alike(&hashes, bits);
            let pairs = originals.iter().enumerate().filter_map(|(place, original)| {
                Some([place, (*original)?].map(|place| image_name(source, kept[place].0)))
            });
            left_out.alike = Copies::of(pairs);
            let mut originals = originals.iter();
            kept.retain(|_| originals.next().is_none_or(Option::is_none));
        }
        Self { kept: kept.into_iter().map(|(number, _)| number).collect(), left_out }
    }
}

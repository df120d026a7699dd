//! Images with the same pixels as others.

use pixelflow_dataset::Source;
use serde::Serialize;

use super::looked::Looked;

/// How many pairs are named.
const NAMED: usize = 20;

/// Images with the same pixels as others.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Copies {
    /// How many there are.
    pub images: usize,
    /// The first of them, each with the other image.
    pub first: Vec<[String; 2]>,
}

impl Copies {
    /// The images of a data set that an earlier one of it is equal to.
    pub fn within(source: &dyn Source, looked: &Looked) -> Self {
        let first = looked.first_of_each();
        let pairs = looked.seen.iter().filter_map(|(number, seen)| {
            let original = first[&seen.pixels];
            (original != *number).then_some([*number, original])
        });
        Self::of(pairs.map(|pair| pair.map(|number| image_name(source, number))))
    }

    /// The images of one data set that are in another, too.
    pub fn between(one: (&dyn Source, &Looked), other: (&dyn Source, &Looked)) -> Self {
        let first = other.1.first_of_each();
        let pairs = one.1.seen.iter().filter_map(|(number, seen)| {
            Some([image_name(one.0, *number), image_name(other.0, *first.get(&seen.pixels)?)])
        });
        Self::of(pairs)
    }

    /// Pairs of names: an image, and the one that it is a copy of.
    pub fn of(pairs: impl Iterator<Item = [String; 2]>) -> Self {
        let mut copies = Self::default();
        for pair in pairs {
            copies.images += 1;
            if copies.first.len() < NAMED {
                copies.first.push(pair);
            }
        }
        copies
    }
}

/// What an image is called; where it has no name, as in MNIST's files, its number.
pub(crate) fn image_name(source: &dyn Source, number: usize) -> String {
    let name = source.identity(number).0;
    if name.contains(&0) || name.is_empty() {
        return format!("record {number}");
    }
    String::from_utf8_lossy(&name).into_owned()
}

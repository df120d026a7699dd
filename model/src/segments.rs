//! Which tokens of a packed sequence belong to which example.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The examples of a packed sequence, each a contiguous segment of tokens.
///
/// A dense batch is the special case in which all segments have the same length.
///
/// A clone is another handle of the same segments, and shares what was
/// [derived](Self::derive_once) from them. Two are equal if their lengths are.
#[derive(Clone)]
pub struct Segments {
    lengths: Arc<[usize]>,
    runs: Arc<[Run]>,
    /// Pairs of a key and a value, of any types.
    derived: Arc<Mutex<Vec<Box<dyn Any + Send>>>>,
}

/// Consecutive segments of equal length: they can be computed as one dense batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Index of the run's first example.
    pub first_example: usize,
    /// Number of examples.
    pub examples: usize,
    /// Index of the run's first token.
    pub first_token: usize,
    /// Tokens of each example.
    pub length: usize,
}

impl Run {
    /// One past the run's last token.
    pub fn end_token(&self) -> usize {
        self.first_token + self.examples * self.length
    }

    /// One past the run's last example.
    pub fn end_example(&self) -> usize {
        self.first_example + self.examples
    }
}

impl Segments {
    /// Segments of the given lengths, in order.
    pub fn new(lengths: Vec<usize>) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        let mut first_token = 0;
        for (example, &length) in lengths.iter().enumerate() {
            match runs.last_mut() {
                Some(run) if run.length == length => run.examples += 1,
                _ => runs.push(Run { first_example: example, examples: 1, first_token, length }),
            }
            first_token += length;
        }
        Self { lengths: lengths.into(), runs: runs.into(), derived: Arc::default() }
    }

    /// `examples` segments of `length` tokens each.
    pub fn uniform(examples: usize, length: usize) -> Self {
        Self::new(vec![length; examples])
    }

    /// Tokens of each example.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// [`lengths`](Self::lengths), shared: what a key of [`derive_once`](Self::derive_once) can keep
    /// of segments without keeping what was derived from them.
    pub fn shared_lengths(&self) -> Arc<[usize]> {
        Arc::clone(&self.lengths)
    }

    /// Number of examples.
    pub fn examples(&self) -> usize {
        self.lengths.len()
    }

    /// Number of tokens of all examples together.
    pub fn tokens(&self) -> usize {
        self.runs.last().map_or(0, Run::end_token)
    }

    /// The maximal runs of equally long segments, in order.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Runs over two sequences of the same examples: within a run both lengths are constant.
    ///
    /// # Panics
    /// If the two have different numbers of examples.
    pub fn paired_runs(&self, other: &Self) -> Vec<(Run, Run)> {
        assert_eq!(self.examples(), other.examples(), "sequences of different examples");
        let mut pairs: Vec<(Run, Run)> = Vec::new();
        let (mut token, mut other_token) = (0, 0);
        for (example, (&length, &other_length)) in
            self.lengths.iter().zip(&*other.lengths).enumerate()
        {
            let run = |first_token, length| Run {
                first_example: example,
                examples: 1,
                first_token,
                length,
            };
            match pairs.last_mut() {
                Some((a, b)) if a.length == length && b.length == other_length => {
                    a.examples += 1;
                    b.examples += 1;
                }
                _ => pairs.push((run(token, length), run(other_token, other_length))),
            }
            token += length;
            other_token += other_length;
        }
        pairs
    }

    /// The value of a key: `make` is called the first time that this key is asked for by any clone
    /// of these segments, and the value is kept as long as there is one.
    ///
    /// A backend keeps here what all layers of a pass need of its segments, such as a table on its
    /// device. Neither key nor value may contain these segments, which then would never be freed, and
    /// `make` must not derive anything of them itself.
    pub fn derive_once<K, V>(&self, key: K, make: impl FnOnce() -> V) -> V
    where
        K: PartialEq + Send + 'static,
        V: Clone + Send + 'static,
    {
        // Nothing is pushed if `make` panics, so the list is whole whoever held the lock.
        let mut derived = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pairs = derived.iter().filter_map(|pair| pair.downcast_ref::<(K, V)>());
        if let Some((_, value)) = pairs.find(|(other, _)| *other == key) {
            return value.clone();
        }
        let value = make();
        derived.push(Box::new((key, value.clone())));
        value
    }
}

impl PartialEq for Segments {
    fn eq(&self, other: &Self) -> bool {
        self.lengths == other.lengths
    }
}

impl Eq for Segments {}

impl fmt::Debug for Segments {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Segments").field(&self.lengths).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_neighbours_form_a_run() {
        let segments = Segments::new(vec![4, 4, 1, 4]);
        let run = |first_example, examples, first_token, length| Run {
            first_example,
            examples,
            first_token,
            length,
        };
        assert_eq!(segments.runs(), [run(0, 2, 0, 4), run(2, 1, 8, 1), run(3, 1, 9, 4)]);
        assert_eq!((segments.tokens(), segments.examples()), (13, 4));
    }

    #[test]
    fn paired_runs_split_where_either_length_changes() {
        let pairs = Segments::new(vec![2, 2, 2]).paired_runs(&Segments::new(vec![5, 5, 3]));
        let shape = |(a, b): &(Run, Run)| (a.examples, a.first_token, b.first_token, b.length);
        assert_eq!(pairs.iter().map(shape).collect::<Vec<_>>(), [(2, 0, 0, 5), (1, 4, 10, 3)]);
    }

    #[test]
    fn clones_share_what_is_derived_and_equal_segments_do_not() {
        let segments = Segments::new(vec![2, 3]);
        let derive = |segments: &Segments, key: usize| {
            let mut made = false;
            let value = segments.derive_once(key, || {
                made = true;
                key * segments.tokens()
            });
            (value, made)
        };
        assert_eq!(derive(&segments, 1), (5, true));
        assert_eq!(derive(&segments.clone(), 1), (5, false));
        assert_eq!(derive(&segments.clone(), 2), (10, true));
        assert_eq!(derive(&segments, 2), (10, false));
        assert_eq!(derive(&Segments::new(vec![2, 3]), 1), (5, true));
        // Keys and values of other types are others.
        assert_eq!(segments.derive_once(1_u8, || 7_usize), 7);
        assert_eq!(segments.derive_once(1_usize, || 7_u8), 7);
    }

    #[test]
    fn what_is_derived_lives_as_long_as_the_last_clone() {
        let segments = Segments::new(vec![2, 3]);
        let last = segments.clone();
        let value = Arc::downgrade(&segments.derive_once((), || Arc::new(())));
        drop(segments);
        assert!(value.upgrade().is_some());
        drop(last);
        assert!(value.upgrade().is_none());
    }
}

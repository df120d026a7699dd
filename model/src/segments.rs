//! Which tokens of a packed sequence belong to which example.

/// The examples of a packed sequence, each a contiguous segment of tokens.
///
/// A dense batch is the special case in which all segments have the same length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segments {
    lengths: Vec<usize>,
    runs: Vec<Run>,
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
        Self { lengths, runs }
    }

    /// `examples` segments of `length` tokens each.
    pub fn uniform(examples: usize, length: usize) -> Self {
        Self::new(vec![length; examples])
    }

    /// Tokens of each example.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
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
            self.lengths.iter().zip(&other.lengths).enumerate()
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
}

//! Cutting a batch into parts that are computed one after the other.

use super::{PackedBatch, PackedExample};

impl PackedBatch {
    /// The batch in `parts` of equally many examples, each with its share of every stage.
    ///
    /// Everything about the examples was settled before: parts only need less memory at once.
    ///
    /// # Panics
    /// If the examples cannot be divided into so many parts.
    pub fn cut(self, parts: usize) -> Vec<Self> {
        assert!(parts > 0 && self.segments.len().is_multiple_of(parts), "{parts} equal parts");
        if parts == 1 {
            return vec![self];
        }
        let values = |segment: &PackedExample| segment.tokens() * self.features;
        let starts: Vec<usize> = self
            .segments
            .iter()
            .scan(0, |next, segment| Some(std::mem::replace(next, *next + values(segment))))
            .collect();
        let part = |part: usize| {
            let (mut inputs, mut targets) = (Vec::new(), Vec::new());
            // Examples are sorted by stage: every so manyth is a share of each.
            let dealt = || self.segments.iter().zip(&starts).skip(part).step_by(parts);
            for (segment, &start) in dealt() {
                let range = start..start + values(segment);
                inputs.extend_from_slice(&self.inputs[range.clone()]);
                targets.extend_from_slice(&self.targets[range]);
            }
            let segments = dealt().map(|(segment, _)| *segment).collect();
            Self { inputs, targets, features: self.features, segments }
        };
        (0..parts).map(part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_share_every_stage_and_have_all_tokens_of_their_examples() {
        let segment = |(example, stage): (usize, usize)| PackedExample {
            stage,
            grid_height: 1,
            grid_width: 1 << stage,
            timestep: 0.0,
            time: 0.0,
            label: example,
            dropped: false,
            example,
        };
        let segments: Vec<_> = [2, 2, 1, 1, 0, 0].into_iter().enumerate().map(segment).collect();
        // Every value is the number of its example.
        let values = |s: &PackedExample| vec![s.example as f32; 3 * s.tokens()];
        let inputs: Vec<f32> = segments.iter().flat_map(values).collect();
        let whole = PackedBatch { targets: inputs.clone(), inputs, features: 3, segments };
        assert_eq!(whole.clone().cut(1), std::slice::from_ref(&whole));
        for (part, cut) in whole.cut(2).into_iter().enumerate() {
            let stages: Vec<usize> = cut.segments.iter().map(|segment| segment.stage).collect();
            assert_eq!((stages, cut.segments[0].example), (vec![2, 1, 0], part));
            let expected: Vec<f32> = cut.segments.iter().flat_map(values).collect();
            assert_eq!((&cut.inputs, &cut.targets), (&expected, &expected));
        }
    }
}

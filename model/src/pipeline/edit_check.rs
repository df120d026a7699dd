//! Which edits can be: what fits what, and the sizes that follow.

use super::{Begin, Edit, Field, Mask};
use crate::cascade::Cascade;
use crate::sampler::MOST_REPETITIONS;

impl Edit {
    /// Height and width of the images where the request does not say them: those of the picture; from a stage
    /// on, of the sizes that it may lead to the model's own, else the smallest that goes through the cascade.
    pub(super) fn size(&self, cascade: &Cascade, patch: usize, resolution: usize) -> [usize; 2] {
        let [height, width] = self.picture.size;
        let Begin::Stage(stage) = self.begin else {
            return [height, width];
        };
        let stages = cascade.stages().len();
        let most =
            if self.mask.is_some() { 0 } else { (stages - stage.min(stages)).min(stages - 1) };
        let leads_to =
            |doublings: usize| [height, width].map(|side| side.saturating_mul(1 << doublings));
        let fits =
            |[height, width]: &[usize; 2]| cascade.check_size(*height, *width, patch).is_ok();
        let mut sizes = (0..=most).map(leads_to).filter(fits).peekable();
        let smallest = sizes.peek().copied().unwrap_or([height, width]);
        sizes.find(|size| *size == [resolution; 2]).unwrap_or(smallest)
    }

    /// All that is wrong with it for images of a size.
    pub(super) fn problems(&self, cascade: &Cascade, size: [usize; 2]) -> Vec<(Field, String)> {
        let (mut problems, stages) = (Vec::new(), cascade.stages().len());
        let mut wrong = |field, reason: String| problems.push((field, reason));
        let Self { picture, begin, mask, resample } = self;
        let written = |[height, width]: [usize; 2]| format!("{height}x{width}");
        match *begin {
            Begin::Strength(strength) if !(0.0..=1.0).contains(&strength) => {
                wrong(Field::Begin, format!("the strength is {strength}, it must be 0 to 1"));
            }
            Begin::Stage(stage) if stage >= stages => {
                let last = stages - 1;
                let reason = format!("there is no stage {stage} to begin at, they are 0 to {last}");
                wrong(Field::Begin, reason);
            }
            _ => {}
        }
        let least = match begin {
            Begin::Stage(stage) if mask.is_none() => stage.saturating_sub(1).min(stages - 1),
            _ => stages - 1,
        };
        let sizes: Vec<[usize; 2]> =
            (least..stages).map(|stage| cascade.sides(stage, size[0], size[1]).into()).collect();
        let [found, image] = [picture.size, size].map(written);
        if picture.size[0].checked_mul(picture.size[1]).and_then(|pixels| pixels.checked_mul(3))
            != Some(picture.rgb.len())
        {
            let bytes = picture.rgb.len();
            wrong(Field::Picture, format!("{bytes} bytes are no picture of {found} pixels"));
        } else if !sizes.contains(&picture.size) {
            let sizes: Vec<String> = sizes.into_iter().map(written).collect();
            let reason = format!(
                "the picture has {found} pixels; for images of {image} it must have {}",
                sizes.join(" or ")
            );
            wrong(Field::Picture, reason);
        }
        if let Some(Mask { size: of_mask, grey }) = mask {
            let found = written(*of_mask);
            if of_mask[0].checked_mul(of_mask[1]) != Some(grey.len()) {
                let bytes = grey.len();
                wrong(Field::Mask, format!("{bytes} bytes are no mask of {found} pixels"));
            } else if *of_mask != size {
                let reason = format!("the mask has {found} pixels, it must have {image}");
                wrong(Field::Mask, format!("{reason}, as the images"));
            } else if grey.iter().all(|&level| level == 0) {
                let reason =
                    "the mask is all black: nothing would be drawn; what is white is drawn anew";
                wrong(Field::Mask, reason.to_owned());
            }
        }
        if !(1..=MOST_REPETITIONS).contains(resample) {
            let reason = format!("resample is {resample}, it must be 1 to {MOST_REPETITIONS}");
            wrong(Field::Resample, reason);
        } else if *resample > 1 && mask.is_none() {
            let reason = format!(
                "resample is {resample} without a mask: there is no seam to be harmonised; leave it out"
            );
            wrong(Field::Resample, reason);
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::super::edit::tests::{mask, picture};
    use super::*;
    use crate::cascade::CascadeConfig;

    #[test]
    fn all_that_is_wrong_is_named_with_what_would_do() {
        let cascade = CascadeConfig { stages: 3, train_timesteps: 1000 }.build().unwrap();
        let inpaint = || Edit::inpaint(picture(16, 32), mask(16, 32));
        let of = || Edit::of(picture(16, 32));
        let mut broken = inpaint();
        (broken.picture.size, broken.resample) = ([usize::MAX; 2], 0);
        let black = Edit::inpaint(picture(16, 32), Mask::new([16, 32], vec![0; 512]));
        let short = Edit::inpaint(picture(16, 32), Mask::new([16, 32], vec![1; 511]));
        let stay = |edit: Edit| Edit { picture: picture(8, 16), ..edit };
        let (strength, of_picture) = (Field::Begin, Field::Picture);
        let (of_mask, resample) = (Field::Mask, Field::Resample);
        for (edit, expected) in [
            (of(), &[][..]),
            (inpaint().resample(32), &[]),
            (inpaint().strength(0.0), &[]),
            (Edit::inpaint(picture(16, 32), Mask::new([16, 32], vec![255; 512])), &[]),
            (stay(of()).from_stage(2), &[]),
            (of().from_stage(0), &[]),
            (of().strength(1.01), &[(strength, "the strength is 1.01, it must be 0 to 1")]),
            (of().strength(f64::NAN), &[(strength, "the strength is NaN")]),
            (of().from_stage(3), &[(strength, "no stage 3 to begin at, they are 0 to 2")]),
            (
                stay(of()),
                &[(of_picture, "has 8x16 pixels; for images of 16x32 it must have 16x32")],
            ),
            (
                Edit { picture: picture(4, 8), ..of() }.from_stage(2),
                &[(of_picture, "8x16 or 16x32")],
            ),
            (stay(inpaint()).from_stage(2), &[(of_picture, "it must have 16x32")]),
            (
                Edit::inpaint(picture(16, 32), mask(8, 16)),
                &[(of_mask, "has 8x16 pixels, it must have 16x32")],
            ),
            (black, &[(of_mask, "nothing would be drawn")]),
            (short, &[(of_mask, "511 bytes are no mask of 16x32")]),
            (inpaint().resample(33), &[(resample, "resample is 33, it must be 1 to 32")]),
            (of().resample(2), &[(resample, "without a mask")]),
            (broken, &[(of_picture, "no picture of"), (resample, "resample is 0")]),
        ] {
            let problems = edit.problems(&cascade, [16, 32]);
            assert_eq!(problems.len(), expected.len(), "{problems:?}");
            for ((field, reason), (of_what, part)) in problems.iter().zip(expected) {
                assert!(field == of_what && reason.contains(part), "{field:?}: {reason}");
            }
        }
    }

    #[test]
    fn the_size_is_the_pictures_or_what_its_stage_leads_to() {
        let cascade = CascadeConfig { stages: 3, train_timesteps: 1000 }.build().unwrap();
        let size = |edit: Edit| edit.size(&cascade, 2, 32);
        let of = |height, width| Edit::of(picture(height, width));
        assert_eq!(size(of(16, 8)), [16, 8]);
        // Of 16x16, which goes through the cascade too, the model's own size can be made.
        assert_eq!(size(of(16, 16).from_stage(2)), [32, 32]);
        assert_eq!(size(of(32, 32).from_stage(2)), [32, 32]);
        assert_eq!(size(of(8, 8).from_stage(1)), [32, 32]);
        assert_eq!(size(of(12, 4).from_stage(2)), [24, 8]);
        assert_eq!(size(of(40, 40).from_stage(2)), [40, 40]);
        assert_eq!(size(of(5, 5).from_stage(2)), [5, 5]);
        assert_eq!(size(of(16, 16).from_stage(9)), [16, 16]);
        assert_eq!(size(Edit::inpaint(picture(16, 16), mask(16, 16)).from_stage(2)), [16, 16]);
    }
}

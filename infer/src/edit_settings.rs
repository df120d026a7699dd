//! How a picture is edited, as users say it.

use pixelflow::pipeline::{Edit, Mask, Picture};

/// How a picture is edited, where they say anything.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct EditSettings {
    /// How much is drawn anew.
    pub(crate) strength: Option<f64>,
    /// The stage that drawing begins at.
    pub(crate) from_stage: Option<usize>,
    /// How often the second half of each stage is gone through.
    pub(crate) resample: Option<usize>,
}

impl EditSettings {
    /// The edit of a picture: of a part of it, if there is a mask.
    pub(crate) fn edit(self, picture: Picture, mask: Option<Mask>) -> Edit {
        let edit = match mask {
            Some(mask) => Edit::inpaint(picture, mask),
            None => Edit::of(picture),
        };
        let edit = edit.resample(self.resample.unwrap_or(1));
        let edit = self.strength.into_iter().fold(edit, Edit::strength);
        self.from_stage.into_iter().fold(edit, Edit::from_stage)
    }
}

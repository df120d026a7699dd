//! The viewers that a user asks for.

use std::path::Path;

use pixelflow_host::output::note;

use super::animation::{Animation, AnimationFormat};
use super::sheet::sheet_size;
use super::strip::Strip;
use super::terminal::TerminalView;
use super::{FrameViewer, MOST_SHOWN};
use crate::arguments::ViewArguments;
use crate::destination::{check_file, check_png, is_same};
use crate::made_folders::MadeFolders;
use crate::recipe::Recipe;
use crate::{Error, Result};

/// Images of a strip or an animation are enlarged to about this many pixels a side.
const SHOWN_SIDE: usize = 128;

/// Where a strip and an animation go, checked; their folders go again if they stay empty.
#[derive(Debug)]
pub struct Views<'a> {
    arguments: &'a ViewArguments,
    format: Option<AnimationFormat>,
    _made: Vec<MadeFolders>,
}

impl<'a> Views<'a> {
    /// Checks that the files can be written, and are neither each other nor `out`; nothing is computed.
    ///
    /// # Errors
    /// [`Error::Argument`], [`Error::Write`].
    pub fn check(arguments: &'a ViewArguments, out: Option<&Path>) -> Result<Self> {
        let ViewArguments { strip, animation, .. } = arguments;
        let format = animation.as_deref().map(AnimationFormat::of).transpose()?;
        let files = [("--strip", strip.as_deref()), ("--animation", animation.as_deref())];
        let strip_made = strip.as_deref().map(|path| check_png("--strip", path));
        let animation_made = animation.as_deref().map(check_file);
        let made = strip_made.into_iter().chain(animation_made).collect::<Result<_>>()?;
        for (argument, path) in files {
            let others = [out, strip.as_deref().filter(|_| argument == "--animation")];
            let is_other = |path: &Path| others.iter().flatten().any(|other| is_same(path, other));
            if let Some(path) = path.filter(|path| is_other(path)) {
                return Err(Error::Argument {
                    argument,
                    value: path.display().to_string(),
                    reason: "the same file is written by another argument; give another".to_owned(),
                });
            }
        }
        Ok(Self { arguments, format, _made: made })
    }

    /// The viewers of the first of a recipe's images, which are drawn in batches of so many.
    ///
    /// # Errors
    /// [`Error::Argument`] for an animation that its form cannot hold.
    pub fn viewers(
        &self,
        recipe: &Recipe,
        batch: usize,
        stages: usize,
    ) -> Result<Vec<Box<dyn FrameViewer>>> {
        let ViewArguments { preview, strip, animation } = self.arguments;
        let scale = SHOWN_SIDE.div_ceil(recipe.height.max(recipe.width));
        let side = [recipe.height, recipe.width].map(|side| (side * scale) as u32);
        let mut viewers: Vec<Box<dyn FrameViewer>> = Vec::new();
        if *preview && let Some(view) = TerminalView::new(side) {
            viewers.push(Box::new(view));
        }
        if let Some(path) = strip {
            let labels = recipe.rows.iter().flat_map(|row| {
                let label = recipe.label(row).into_owned();
                std::iter::repeat_n(label, row.count.min(MOST_SHOWN as u64) as usize)
            });
            let labels = labels.take(MOST_SHOWN).collect();
            viewers.push(Box::new(Strip::new(path.clone(), labels, side, stages)));
        }
        let shown =
            MOST_SHOWN.min(batch).min(usize::try_from(recipe.images()).unwrap_or(MOST_SHOWN));
        if let (Some(path), Some(format)) = (animation, self.format) {
            format.check_size(path, sheet_size(shown, side))?;
            viewers.push(Box::new(Animation::new(path.clone(), format, side, stages)));
        }
        if !viewers.is_empty() && recipe.images() > shown as u64 {
            note(format_args!(
                "note: {shown} of {} images are shown on their way: the first of the first batch",
                recipe.images()
            ));
        }
        Ok(viewers)
    }
}

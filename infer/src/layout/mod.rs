//! Folders of drawn images as public evaluators read them.
//!
//! A benchmark's prompts make a [`Plan`]: which files there are, and which images each one holds.
//! [`write()`] draws what is missing of it, [`verify`] checks what is there, and a [`FolderRecord`]
//! keeps images of other settings out.

mod coco;
mod dpg;
mod evaluator;
mod file_name;
mod geneval;
mod plan;
mod record;
mod t2i_compbench;
mod verify;
mod write;

pub use evaluator::LayoutArgument;
pub use plan::{Images, Plan, PlannedFile};
pub use record::{FolderRecord, RECORD_FILE};
pub use verify::verify;
pub(crate) use write::{FolderWork, Written, missing_images, write};

use std::path::Path;

use crate::Result;

/// The plan of a layout for a file or folder of prompts; `images` a prompt, or as many as its
/// evaluator expects.
///
/// # Errors
/// [`crate::Error::Prompts`] for prompts that cannot be read or that the evaluator would
/// misunderstand, [`crate::Error::Argument`] for a number of images that it cannot take.
pub fn plan(layout: LayoutArgument, prompts: &Path, images: Option<u32>) -> Result<Plan> {
    match layout {
        LayoutArgument::Geneval => geneval::plan(prompts, images),
        LayoutArgument::Dpg => dpg::plan(prompts, images),
        LayoutArgument::T2iCompbench => t2i_compbench::plan(prompts, images),
        LayoutArgument::Coco => coco::plan(prompts, images),
    }
}

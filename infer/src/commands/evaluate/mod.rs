//! `infer evaluate`: measures how good images are, one task a file.

mod captions;
mod images;
mod json_output;
mod model;
mod model_drawer;
mod reference;
pub(super) mod samples;
pub(super) mod setup;

pub use captions::evaluate_captions;

use crate::Result;
use crate::arguments::{EvaluateArguments, EvaluateCommand};

/// Measures; gives what is printed, or nothing if Ctrl-C stopped it.
///
/// # Errors
/// Everything that can be wrong with the arguments, the images, the network or the places to write to; all but
/// what single images and drawing say is checked before anything is computed.
pub fn evaluate(arguments: &EvaluateArguments) -> Result<Option<String>> {
    match &arguments.command {
        EvaluateCommand::Images(arguments) => images::evaluate_images(arguments),
        EvaluateCommand::Model(arguments) => model::evaluate_model(arguments),
        EvaluateCommand::Reference(arguments) => reference::evaluate_reference(arguments),
        EvaluateCommand::Captions(arguments) => evaluate_captions(arguments).map(Some),
    }
}

//! `infer evaluate`: measures how good images are, one task a file.

mod captions;
mod check;
mod compare;
mod first_images;
mod images;
mod json_output;
mod merge;
mod model;
mod model_drawer;
mod model_share;
mod reference;
pub(super) mod samples;
pub(super) mod setup;
mod share;

pub use captions::evaluate_captions;

use crate::Result;
use crate::arguments::{EvaluateArguments, EvaluateCommand};

/// What measuring has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluated {
    /// This is printed.
    Done(String),
    /// A certificate does not stand; this is printed.
    Fallen(String),
    /// Ctrl-C.
    Stopped,
}

/// Measures.
///
/// # Errors
/// Everything that can be wrong with the arguments, the images, the network or the places to write to; all but
/// what single images and drawing say is checked before anything is computed.
pub fn evaluate(arguments: &EvaluateArguments) -> Result<Evaluated> {
    let Some(command) = &arguments.command else {
        return check::evaluate_check(&arguments.checking);
    };
    let text = match command {
        EvaluateCommand::Images(arguments) => images::evaluate_images(arguments),
        EvaluateCommand::Model(arguments) => model::evaluate_model(arguments),
        EvaluateCommand::Reference(arguments) => reference::evaluate_reference(arguments),
        EvaluateCommand::Compare(arguments) => compare::evaluate_compare(arguments).map(Some),
        EvaluateCommand::Merge(arguments) => merge::evaluate_merge(arguments).map(Some),
        EvaluateCommand::Captions(arguments) => evaluate_captions(arguments).map(Some),
    }?;
    Ok(text.map_or(Evaluated::Stopped, Evaluated::Done))
}

//! `infer serve`: draws over HTTP.

use pixelflow::pipeline::{Request, Subject};
use pixelflow::plain_text;
use pixelflow_host::device::select;

use super::named_model;
use crate::arguments::{ServeArguments, TextArguments};
use crate::drawing_memory::free_memory;
use crate::drawing_setup::{TextEncoderSetup, sampler_config};
use crate::error::read_error;
use crate::guide::{find_guide, refuse_idle_guide};
use crate::hub::Fetching;
use crate::model_source::ModelSource;
use crate::serve::{ServedModel, Settings, Token, run};
use crate::{Error, Result};

/// The variable of the environment that has the token.
const TOKEN: &str = "PIXELFLOW_TOKEN";
/// Bytes of a token's file, at most.
const MOST_TOKEN: u64 = 4096;

/// Serves until somebody tells the program to end.
///
/// # Errors
/// Everything that can be wrong with the arguments and the model, before it listens; then an address that
/// is taken, and weights that cannot be read.
pub fn serve(arguments: &ServeArguments) -> Result<()> {
    let token = token(arguments)?;
    if arguments.host.is_unspecified() || !arguments.host.is_loopback() {
        refuse_open(arguments, token.is_some())?;
    }
    let source = named_model(&arguments.model, ModelSource::demo)?;
    let sampler = sampler_config(&arguments.sampler, &source);
    let is_text = source.description.is_text();
    let subject = if is_text { Subject::prompt("") } else { Subject::Class(0) };
    // One request stands for all: what is wrong with it is wrong with the model or the arguments.
    let mut request = Request::class(0).sampler(sampler.clone());
    request.images[0].subject = subject;
    let checked = request.check(&source.description)?;
    let guide = find_guide(&arguments.guide, &source, &checked)?;
    refuse_idle_guide(&arguments.guide, [&sampler].into_iter())?;
    let device = select(&arguments.device)?;
    let free = free_memory(device);
    let text = TextArguments { text_dtype: arguments.text_dtype, ..TextArguments::default() };
    let (named, format) = (&arguments.text_encoder, text.dtype(arguments.dtype));
    // Opened once here, so that what is wrong with it is said before anything listens.
    TextEncoderSetup::of(&source, named.as_deref(), format, Fetching::Allowed)?;
    let served = ServedModel {
        source,
        guide,
        sampler,
        device,
        format: arguments.dtype,
        text_encoder: named.clone(),
        text_format: format,
        free,
        batch: arguments.batch as usize,
        max_pixels: arguments.max_pixels,
        max_steps: arguments.max_steps as usize,
    };
    // Refused here rather than at the first request.
    served.refuse_too_many_steps(&served.sampler).map_err(|reason| Error::Argument {
        argument: "--max-steps",
        value: served.max_steps.to_string(),
        reason,
    })?;
    served.most_at_once(checked.size()).map_err(|reason| {
        let [height, width] = checked.size();
        let (argument, value) = if height as u64 * width as u64 > served.max_pixels {
            ("--max-pixels", served.max_pixels.to_string())
        } else {
            ("--model", served.source.name())
        };
        Error::Argument { argument, value, reason }
    })?;
    run(Settings::new(arguments, token), served)
}

/// The token that requests must bring, if the user gives one.
fn token(arguments: &ServeArguments) -> Result<Option<Token>> {
    if let Some(path) = &arguments.token_file {
        let text = plain_text::read(path, MOST_TOKEN).map_err(read_error(path))?;
        return Token::new(text.trim()).map(Some).map_err(|reason| Error::Argument {
            argument: "--token-file",
            value: path.display().to_string(),
            reason,
        });
    }
    match std::env::var(TOKEN) {
        // Said on the command line, which is nearer than the environment.
        _ if arguments.no_token => Ok(None),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Token::new(value.trim()).map(Some).map_err(|_| bad_token()),
        Err(std::env::VarError::NotUnicode(_)) => Err(bad_token()),
    }
}

/// The token of the environment is not repeated: it is a secret.
fn bad_token() -> Error {
    Error::Variable {
        variable: TOKEN,
        value: "...".to_owned(),
        expected: "letters, digits and signs without spaces, 8 to 1024 of them",
    }
}

/// Refuses an address beyond this machine without a token.
fn refuse_open(arguments: &ServeArguments, has_token: bool) -> Result<()> {
    if has_token || arguments.no_token {
        return Ok(());
    }
    Err(Error::Argument {
        argument: "--host",
        value: arguments.host.to_string(),
        reason: format!(
            "others can reach this address; give a token with --token-file FILE or {TOKEN}, or say --no-token \
             if whoever reaches it may draw"
        ),
    })
}

//! The command `train encode-text`.

use std::path::Path;

use infer::{HubName, folder_of};
use pixelflow::weights::{TextDescription, TextEncoderFiles, WeightSet};
use pixelflow_host::device::select;
use pixelflow_host::output::say;

use super::EncodeText;
use crate::Result;
use crate::arguments::EncodeTextArguments;
use crate::error::read_error;
use crate::inventory::counted;

/// Encodes the captions of a data set.
///
/// # Errors
/// As [`encode_text`](super::encode::encode_text), and what opening the data set, the encoder or the device says.
pub fn encode_captions(arguments: &EncodeTextArguments) -> Result<()> {
    let folder = folder_of(&arguments.text_encoder)?;
    let mut files = TextEncoderFiles::open(&folder, WeightSet::Ema)?;
    files.tokenizer = files.tokenizer.with_max_tokens(arguments.max_tokens);
    let (source, captions) = crate::data::captioned(&arguments.data)?;
    let job = EncodeText {
        source: source.as_ref(),
        captions: &captions,
        files: &files,
        text: TextDescription {
            encoder: encoder_name(&arguments.text_encoder)?,
            max_tokens: files.tokenizer.max_tokens(),
        },
        format: arguments.dtype,
        out: &arguments.out,
    };
    let before = select(&arguments.device)?.run(job)?;
    let note = match before {
        0 => String::new(),
        1 => " (1 file was there already)".to_owned(),
        files => format!(" ({files} files were there already)"),
    };
    let records = counted(source.len(), "record", "records");
    say(format_args!("{}: captions of {records}{note}", arguments.out.display()))?;
    Ok(())
}

/// What models that learn from an encoder's states call it: a path that holds wherever they are
/// moved to, or the name of a repository.
fn encoder_name(named: &str) -> Result<String> {
    if HubName::is_meant(Path::new(named)) {
        return Ok(named.to_owned());
    }
    let path = std::path::absolute(named).map_err(read_error(Path::new(named)))?;
    Ok(path.display().to_string())
}

//! `infer convert`: weights in another file, number format, or number of files.

use std::path::Path;

use pixelflow::NumberFormat;
use pixelflow::plain_text::{self, MAX_DESCRIPTION};
use pixelflow::weights::{
    DESCRIPTION_FILE, ModelDescription, REFERENCE_DESCRIPTION_FILE, TensorFile, WeightSet,
    description_beside, weights_at,
};

use crate::arguments::ConvertArguments;
use crate::convert::{Conversion, ConvertTarget};
use crate::destination::check_file;
use crate::error::read_error;
use crate::hub::HubName;
use crate::made_folders::MadeFolders;
use crate::model_source::fetched_weights;
use crate::{Error, Result};

/// Converts; returns lines that say what was done.
///
/// # Errors
/// What is wrong with the input or the place to write to, or a value that the new format cannot hold;
/// then nothing is written.
pub fn convert(arguments: &ConvertArguments) -> Result<String> {
    let ConvertArguments { input, output, dtype, max_shard_size, weights, report } = arguments;
    let set = *weights;
    let target = ConvertTarget::choose(output)?;
    let _made = report.as_deref().map(|path| check_report(path, input)).transpose()?;
    let path =
        if HubName::is_meant(input) { fetched_weights(input)? } else { weights_at(input, set)? };
    let file = if set == WeightSet::Ema {
        TensorFile::open(&path)?
    } else {
        TensorFile::open_torch(&path, set)?
    };
    let description = description(&path)?;
    let conversion = Conversion {
        file: &file,
        description,
        format: *dtype,
        max_shard_size: max_shard_size.unwrap_or(u64::MAX),
        target,
    };
    let done = conversion.run()?;
    if let Some(path) = report {
        done.write(path)?;
    }
    let output = output.display();
    let unwrapped = if file.is_unwrapped() {
        "\nnames are without what wrappers had put into them, `module.` for instance"
    } else {
        ""
    };
    Ok(if *dtype == Some(NumberFormat::Int8) {
        format!(
            "{done}\n(of matrices in eight bits, in proportion to the largest value of a row)\n\
             read back and found within half a step: {output}{unwrapped}"
        )
    } else {
        format!("{done}\nread back and found equal: {output}{unwrapped}")
    })
}

/// Checks that the report can be written, before anything is computed.
fn check_report(path: &Path, input: &Path) -> Result<MadeFolders> {
    let is_model = ["safetensors", "json", "pt"]
        .iter()
        .any(|end| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(end)));
    if is_model || path == input {
        return Err(Error::Argument {
            argument: "--report",
            value: path.display().to_string(),
            reason: "it is a table, no part of a model; give FILE.tsv".to_owned(),
        });
    }
    check_file(path)
}

/// The text of the `config.json` for the weights: what is beside them, or, for a model of the
/// reference, what its `config.yaml` says; `None` if there is neither.
fn description(weights: &Path) -> Result<Option<Vec<u8>>> {
    let beside = weights.with_file_name(DESCRIPTION_FILE);
    if beside.is_file() {
        let text = plain_text::read(&beside, MAX_DESCRIPTION).map_err(read_error(&beside))?;
        // That of another library, for a text encoder, is none of our business.
        if !is_of_another_library(&text) {
            ModelDescription::parse(&beside, &text)?;
        }
        return Ok(Some(text.into_bytes()));
    }
    if weights.with_file_name(REFERENCE_DESCRIPTION_FILE).is_file() {
        let description = description_beside(weights)?;
        let mut text = serde_json::to_vec_pretty(&description).unwrap_or_default();
        text.push(b'\n');
        return Ok(Some(text));
    }
    Ok(None)
}

/// Whether a `config.json` is of Hugging Face's transformers.
fn is_of_another_library(text: &str) -> bool {
    let parsed: Option<serde_json::Value> = serde_json::from_str(text).ok();
    parsed.is_some_and(|config| config.get("model_type").is_some())
}

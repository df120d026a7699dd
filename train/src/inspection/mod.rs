//! The command `train inspect`: what a data set is, before a training run relies on it.

mod captions;
mod copies;
mod looked;
mod report;
mod sizes;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use pixelflow::durable;
use pixelflow_dataset::source::{ParquetConfig, ParquetSource};
use pixelflow_dataset::{Source, SourceConfig};
use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::output::{note, print};

use self::captions::Captions;
pub(crate) use self::copies::{Copies, image_name};
pub(crate) use self::looked::Looked;
use self::report::{Class, Inspection};
use self::sizes::Sizes;
use crate::arguments::InspectArguments;
use crate::data_path;
use crate::error::{read_error, write_error};
use crate::{Error, Result};

/// Looks at every image of a data set, and prints what it found; exit code 1 if a `strict` one is not sound.
///
/// # Errors
/// [`Error::NotADataSet`]; [`Error::Data`] if it cannot be read at all; [`Error::Write`].
pub fn inspect(arguments: &InspectArguments) -> Result<ExitCode> {
    if let Some(path) = file(arguments) {
        // Before an hour of looking.
        check_folder_of(path)?;
    }
    let (source, without_labels) = open(&arguments.data)?;
    let validation = arguments.validation.as_deref().map(open).transpose()?;
    let interrupt = Interrupt::listen("stopping with what was looked at")?;
    let looked = Looked::at(source.as_ref(), "looking at images", &interrupt)?;
    let in_training_too = match &validation {
        Some((validation, _)) => {
            let held_out =
                Looked::at(validation.as_ref(), "looking at validation images", &interrupt)?;
            Some(Copies::between((validation.as_ref(), &held_out), (source.as_ref(), &looked)))
        }
        None => None,
    };
    let left_out = source.left_out();
    let inspection = Inspection {
        data: arguments.data.display().to_string(),
        records: source.len(),
        usable: looked.seen.len(),
        unusable: looked.unusable.records,
        first_unusable: looked.unusable.named_records().to_vec(),
        left_out: left_out.count(),
        first_left_out: left_out.first().to_owned(),
        classes: Class::all(source.as_ref()).filter(|_| without_labels.is_none()),
        without_labels,
        captions: Captions::read(source.as_ref(), &interrupt)?,
        sizes: Sizes::of(looked.seen.iter().map(|(_, seen)| seen.size)),
        grey: looked.count(|traits| traits.is_grey),
        transparent: looked.count(|traits| traits.is_transparent),
        turned: looked.count(|traits| traits.is_turned),
        copies: Copies::within(source.as_ref(), &looked),
        in_training_too,
        images_per_second: looked.images_per_second,
        is_whole: !interrupt.is_wanted(),
    };
    write(arguments, &inspection)?;
    if interrupt.is_wanted() {
        note("not all images were looked at");
        return Ok(Interrupt::exit_code());
    }
    let fails = arguments.strict && !inspection.is_sound();
    Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The data set at a path; why it has no labels, if it can be opened only without, as text models have them.
pub(crate) fn open(path: &Path) -> Result<(Arc<dyn Source>, Option<String>)> {
    if data_path::is_parquet(path) {
        let mut config = ParquetConfig::new(path);
        let error = match ParquetSource::open(&config) {
            Ok(source) => return Ok((Arc::new(source), None)),
            Err(error) => error,
        };
        config.unlabelled = true;
        return match ParquetSource::open(&config) {
            Ok(source) => Ok((Arc::new(source), Some(error.to_string()))),
            Err(_) => Err(error.into()),
        };
    }
    let config = data_path::detect(path)?;
    let error = match config.open() {
        Ok(source) => return Ok((source, None)),
        Err(error) => error,
    };
    if let SourceConfig::WebDataset(mut config) = config {
        config.unlabelled = true;
        if let Ok(source) = SourceConfig::WebDataset(config).open() {
            return Ok((source, Some(error.to_string())));
        }
    }
    Err(error.into())
}

/// The file that the JSON goes to.
fn file(arguments: &InspectArguments) -> Option<&Path> {
    arguments.json.as_deref().filter(|path| *path != Path::new("-"))
}

fn check_folder_of(path: &Path) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    if path.is_dir() {
        return Err(Error::OutExists { path: path.to_owned() });
    }
    std::fs::metadata(&folder).map_err(read_error(&folder)).map(drop)
}

/// Prints the report, or its JSON; writes the JSON if it is to be in a file.
fn write(arguments: &InspectArguments, inspection: &Inspection) -> Result<()> {
    let json = || serde_json::to_string_pretty(inspection).expect("it has a form in JSON") + "\n";
    if let Some(path) = file(arguments) {
        durable::write_text(path, &json()).map_err(write_error(path))?;
    }
    match &arguments.json {
        Some(path) if path == Path::new("-") => print(json().trim_end())?,
        _ => print(inspection)?,
    }
    Ok(())
}

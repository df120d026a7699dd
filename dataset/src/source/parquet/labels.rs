//! The labels of all rows of a parquet data set.

use std::collections::{HashMap, HashSet};

use parquet::data_type::ByteArray;
use pixelflow::excerpt::excerpt;

use super::pages::Values;
use super::{ParquetFile, Record};
use crate::source::labels::{Classes, Label, MAX_CLASSES};
use crate::source::{LeftOut, text};
use crate::{Error, Result};

/// Longest name of a class, in bytes.
const MAX_NAME: usize = 1024;

/// The records whose labels can be used, and the names of the classes; the others are left out.
///
/// # Errors
/// [`Error::Io`], [`Error::DamagedParquet`] for a page of labels that cannot be read, and as [`Classes::of`].
pub(super) fn read_labels(
    files: &[ParquetFile],
    left_out: &mut LeftOut,
) -> Result<(Vec<Record>, Vec<String>)> {
    let mut distinct = Distinct::default();
    let mut records = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let names = file.columns.label.as_ref().and_then(|label| label.names.as_deref());
        let mut add = |row: usize, label: Result<Label, String>| {
            let class = label.and_then(|label| distinct.number(label, || file.row_name(row)));
            match class {
                Ok(class) => records.push(Record { file: number as u32, row: row as u32, class }),
                Err(reason) => left_out.record(format_args!("{} {reason}", file.row_name(row))),
            }
        };
        let Some(pages) = &file.labels else {
            (0..file.rows).for_each(|row| add(row, Ok(Label::Index(0))));
            continue;
        };
        let mut row = 0;
        for span in pages.spans() {
            let damaged = |reason| Error::DamagedParquet { file: file.path.clone(), reason };
            let labels: Vec<Result<Label, String>> =
                match pages.read(&file.path, &file.metadata, *span)?.map_err(damaged)? {
                    Values::Numbers(all) => all.into_iter().map(|n| of_number(n, names)).collect(),
                    Values::Bytes(all) => all.iter().map(|name| of_text(name.as_ref())).collect(),
                };
            for label in labels {
                add(row, label);
                row += 1;
            }
        }
    }
    let classes = Classes::of(
        distinct.labels.iter().map(|(label, record)| (label, record.clone())),
        names_of_all(files).as_deref(),
    )?;
    let indices: Vec<Result<usize, Error>> = distinct
        .labels
        .iter()
        .map(|(label, record)| classes.index(label, || record.clone()))
        .collect();
    records.retain_mut(|record| match &indices[record.class as usize] {
        Ok(class) => {
            record.class = *class as u32;
            true
        }
        Err(error) => {
            left_out.record(error);
            false
        }
    });
    Ok((records, classes.into_names()))
}

/// Labels that differ, each with the name of the first record that has it.
#[derive(Default)]
struct Distinct {
    numbers: HashMap<Label, u32>,
    labels: Vec<(Label, String)>,
}

impl Distinct {
    fn number(&mut self, label: Label, record: impl FnOnce() -> String) -> Result<u32, String> {
        if let Some(number) = self.numbers.get(&label) {
            return Ok(*number);
        }
        if self.labels.len() >= MAX_CLASSES {
            return Err(format!("has one more label than the {MAX_CLASSES} that there can be"));
        }
        let number = self.labels.len() as u32;
        self.numbers.insert(label.clone(), number);
        self.labels.push((label, record()));
        Ok(number)
    }
}

fn of_number(number: Option<i64>, names: Option<&[String]>) -> Result<Label, String> {
    let number = number.ok_or("has no label")?;
    let index = u64::try_from(number)
        .map_err(|_| format!("has the label {number}, which stands for none"))?;
    let Some(names) = names else {
        return Ok(Label::Index(index));
    };
    let name = usize::try_from(index).ok().and_then(|index| names.get(index));
    name.map(|name| Label::Name(name.clone()))
        .ok_or_else(|| format!("has the label {number}, and its file names {}", names.len()))
}

fn of_text(name: Option<&ByteArray>) -> Result<Label, String> {
    let name = name.ok_or("has no label")?.data();
    if name.len() > MAX_NAME {
        return Err(format!("has a label of {} bytes, more than {MAX_NAME}", name.len()));
    }
    match std::str::from_utf8(name) {
        Ok(name) if !name.trim().is_empty() => Ok(Label::Name(name.to_owned())),
        Ok(_) => Err("has a label without a letter".to_owned()),
        Err(_) => Err(format!("has the label {}, which is no text", excerpt(&text::shown(name)))),
    }
}

/// The names in the metadata of the files, in their order; `None` unless all have some.
fn names_of_all(files: &[ParquetFile]) -> Option<Vec<String>> {
    let (mut seen, mut all) = (HashSet::new(), Vec::new());
    for file in files {
        for name in file.columns.label.as_ref()?.names.as_ref()? {
            if seen.insert(name) {
                all.push(name.clone());
            }
        }
    }
    Some(all)
}

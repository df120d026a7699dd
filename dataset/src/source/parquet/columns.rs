//! Which columns of a parquet file are images, labels and captions.

use std::path::Path;

use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::file::metadata::ParquetMetaData;
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor};
use pixelflow::excerpt::{excerpt, listed};
use serde_json::Value;

use crate::{Error, Result};

/// Columns of these names are images; the first that is there counts.
const IMAGES: [&str; 2] = ["image", "img"];
/// The same for labels.
const LABELS: [&str; 1] = ["label"];
/// The same for captions.
const CAPTIONS: [&str; 3] = ["caption", "text", "prompt"];

/// The columns that are read, by their numbers among those that have values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    /// The bytes of the images.
    pub image: usize,
    /// What their files were called.
    pub path: Option<usize>,
    /// The labels.
    pub label: Option<Labels>,
    /// The captions.
    pub caption: Option<usize>,
    /// Columns with the name of one that is read, and why they are not.
    pub passed_over: Vec<String>,
}

/// A column of labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Labels {
    /// Its number.
    pub column: usize,
    /// What its numbers stand for.
    pub names: Option<Vec<String>>,
}

impl Columns {
    /// Those of a file.
    ///
    /// # Errors
    /// [`Error::Parquet`], with the columns that there are, if none is of images, or none of labels where they are asked
    /// for.
    pub(super) fn of(path: &Path, metadata: &ParquetMetaData, with_labels: bool) -> Result<Self> {
        let schema = metadata.file_metadata().schema_descr();
        let features = features(metadata);
        let of_kind = |kind: &str| -> Vec<String> {
            let is = |feature: &Value| feature["_type"] == kind;
            let found = features.iter().filter(|(_, feature)| is(feature));
            found.map(|(name, _)| name.clone()).collect()
        };
        let missing = |what: &str| Error::Parquet {
            path: path.to_owned(),
            reason: format!(
                "it has no column of {what}; its columns are {}. Understood are images in `image` or `img`, or in a \
                 column that the file's metadata call an Image: {{bytes, path}}, or bytes alone; labels in `label`, or \
                 in a ClassLabel: whole numbers or texts; captions in `caption`, `text` or `prompt`",
                all(schema)
            ),
        };
        let names = |known: &[&str], kind| {
            known.iter().map(|&name| name.to_owned()).chain(of_kind(kind)).collect::<Vec<_>>()
        };
        let images = names(&IMAGES, "Image");
        let image = images.iter().find_map(|name| {
            let inside = |field| leaf(schema, &[name, field], is_bytes);
            match inside("bytes") {
                Some(bytes) => Some((bytes, leaf(schema, &[name, "path"], is_text))),
                None => leaf(schema, &[name], |column| is_bytes(column) && !says_text(column))
                    .map(|bytes| (bytes, None)),
            }
        });
        let (image, file_name) = image.ok_or_else(|| missing("images"))?;
        let mut passed_over = Vec::new();
        let label = if with_labels {
            let labels = names(&LABELS, "ClassLabel");
            let found = labels.iter().find_map(|name| {
                let column = leaf(schema, &[name], |column| is_number(column) || is_text(column))?;
                let names = features.iter().find(|(feature, _)| feature == name);
                Some(Labels { column, names: names.and_then(|(_, feature)| class_names(feature)) })
            });
            Some(found.ok_or_else(|| missing("labels"))?)
        } else {
            None
        };
        let mut caption = None;
        for name in CAPTIONS {
            match leaf(schema, &[name], is_text) {
                Some(column) => caption = caption.or(Some(column)),
                None if root_of(schema, name) => {
                    passed_over.push(format!("column `{name}` is no text a row, and is not read"));
                }
                None => {}
            }
        }
        Ok(Self { image, path: file_name, label, caption, passed_over })
    }
}

/// The column at a path of names, if it has one value a row and is of a kind.
fn leaf(
    schema: &SchemaDescriptor,
    names: &[&str],
    is_right: impl Fn(&ColumnDescPtr) -> bool,
) -> Option<usize> {
    let is_it = |column: &ColumnDescPtr| {
        column.max_rep_level() == 0
            && column.path().parts().iter().map(String::as_str).eq(names.iter().copied())
    };
    let found = schema.columns().iter().position(is_it)?;
    is_right(&schema.columns()[found]).then_some(found)
}

fn root_of(schema: &SchemaDescriptor, name: &str) -> bool {
    schema.root_schema().get_fields().iter().any(|field| field.name() == name)
}

fn is_bytes(column: &ColumnDescPtr) -> bool {
    column.physical_type() == Physical::BYTE_ARRAY
}

/// Old writers do not say that bytes are a text.
fn is_text(column: &ColumnDescPtr) -> bool {
    is_bytes(column) && (says_text(column) || column.converted_type() == ConvertedType::NONE)
}

fn says_text(column: &ColumnDescPtr) -> bool {
    column.converted_type() == ConvertedType::UTF8
        || matches!(column.logical_type_ref(), Some(LogicalType::String))
}

fn is_number(column: &ColumnDescPtr) -> bool {
    matches!(column.physical_type(), Physical::INT32 | Physical::INT64)
}

/// What the Hub's programs say of the columns, in the metadata of the file, in their order.
fn features(metadata: &ParquetMetaData) -> Vec<(String, Value)> {
    let pairs = metadata.file_metadata().key_value_metadata().into_iter().flatten();
    let text =
        pairs.filter(|pair| pair.key == "huggingface").find_map(|pair| pair.value.as_deref());
    let parsed = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
    match parsed.as_ref().and_then(|value| value.pointer("/info/features")) {
        Some(Value::Object(features)) => {
            features.iter().map(|(name, feature)| (name.clone(), feature.clone())).collect()
        }
        _ => Vec::new(),
    }
}

/// The names of a `ClassLabel`.
fn class_names(feature: &Value) -> Option<Vec<String>> {
    let names = feature["names"].as_array()?;
    let names: Option<Vec<String>> =
        names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
    names.filter(|names| !names.is_empty())
}

/// The columns of a file in words.
fn all(schema: &SchemaDescriptor) -> String {
    let named = schema.columns().iter().map(|column| {
        let kind = if column.max_rep_level() > 0 {
            "a list"
        } else if says_text(column) {
            "text"
        } else {
            match column.physical_type() {
                Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY => "bytes",
                Physical::INT32 | Physical::INT64 | Physical::INT96 => "whole numbers",
                Physical::FLOAT | Physical::DOUBLE => "numbers",
                Physical::BOOLEAN => "true or false",
            }
        };
        format!("{} ({kind})", excerpt(&column.path().string()))
    });
    let named: Vec<String> = named.collect();
    if named.is_empty() { "none".to_owned() } else { listed(&named) }
}

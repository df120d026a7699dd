//! Putting members together that belong to one sample.

use std::path::Path;

use super::NO_LABEL;
use super::member::{Caption, Role, Span, parse_json, parse_text};
use crate::source::labels::Label;
use crate::{Error, Result};

/// Where a sample's image and caption are, and its label.
#[derive(Debug)]
pub(super) struct Sample {
    /// Path of its members up to the first dot of the file name.
    pub(super) key: String,
    /// The image file.
    pub(super) image: Span,
    /// The label as written.
    pub(super) label: Label,
    /// The member that may hold a caption.
    pub(super) caption: Option<Caption>,
    /// The `.json`.
    pub(super) json: Option<Span>,
}

/// The samples found so far.
pub(super) struct Samples<'a> {
    path: &'a Path,
    label_field: Option<&'a str>,
    current: Option<Partial>,
    done: Vec<Sample>,
}

/// The sample whose members are being read.
struct Partial {
    key: String,
    roles: Vec<Role>,
    image: Option<Span>,
    class: Option<Label>,
    json_label: Option<Label>,
    text: Option<Span>,
    json: Option<Span>,
}

impl<'a> Samples<'a> {
    /// Samples of the tar file `path`; `label_field` is as in `index_shard`.
    pub(super) fn new(path: &'a Path, label_field: Option<&'a str>) -> Self {
        Self { path, label_field, current: None, done: Vec::new() }
    }

    /// Adds a member; `bytes` is its content if it may hold a label.
    pub(super) fn add(&mut self, key: &str, role: Role, span: Span, bytes: &[u8]) -> Result<()> {
        if self.current.as_ref().is_none_or(|current| current.key != key) {
            self.complete()?;
        }
        let sample = self.current.get_or_insert_with(|| Partial::new(key));
        if sample.roles.contains(&role) {
            let reason = format!("has two members of the kind {role:?}");
            return Err(invalid(self.path, key, reason));
        }
        sample.roles.push(role);
        let record = || format!("{}:{key}", self.path.display());
        match (role, self.label_field) {
            (Role::Image, _) => sample.image = Some(span),
            (Role::Text, _) => sample.text = Some(span),
            (Role::Class, Some(_)) => {
                let text = parse_text(bytes, &format!("{}.cls", record()))?;
                sample.class = Some(Label::from_text(text));
            }
            (Role::Class, None) => {}
            (Role::Json, field) => {
                sample.json = Some(span);
                if let Some(field) = field {
                    let fields = parse_json(bytes, &format!("{}.json", record()))?;
                    sample.json_label =
                        fields.get(field).map(|value| json_label(value, record())).transpose()?;
                }
            }
        }
        Ok(())
    }

    /// Closes the current sample.
    fn complete(&mut self) -> Result<()> {
        let Some(Partial { key, image, class, json_label, text, json, .. }) = self.current.take()
        else {
            return Ok(());
        };
        let Some(image) = image else {
            return Err(invalid(self.path, &key, "has no image".to_owned()));
        };
        let label = match self.label_field {
            None => NO_LABEL,
            Some(field) => class.or(json_label).ok_or_else(|| Error::MissingLabel {
                record: format!("{}:{key}", self.path.display()),
                field: field.to_owned(),
            })?,
        };
        let caption = text.map(Caption::Text).or(json.map(Caption::Json));
        self.done.push(Sample { key, image, label, caption, json });
        Ok(())
    }

    /// All samples, when the file ends.
    pub(super) fn finish(mut self) -> Result<Vec<Sample>> {
        self.complete()?;
        Ok(self.done)
    }
}

impl Partial {
    fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            roles: Vec::new(),
            image: None,
            class: None,
            json_label: None,
            text: None,
            json: None,
        }
    }
}

fn json_label(value: &serde_json::Value, record: String) -> Result<Label> {
    Label::from_json(value).ok_or_else(|| Error::InvalidLabel {
        record,
        label: value.to_string(),
        reason: "a label is a class name or a class index".to_owned(),
    })
}

fn invalid(shard: &Path, key: &str, reason: String) -> Error {
    Error::InvalidSample { sample: format!("{}:{key}", shard.display()), reason }
}

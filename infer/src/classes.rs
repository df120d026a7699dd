//! Which classes to draw.

use crate::model_source::ModelSource;
use crate::{Error, Result};

/// The classes that `--class` names, by name or number; all if it names none.
///
/// # Errors
/// [`Error::UnknownClass`] with the nearest name there is.
pub fn chosen_classes(names: &[String], model: &ModelSource) -> Result<Vec<usize>> {
    let classes = model.description.model.num_classes;
    if names.is_empty() {
        return Ok((0..classes).collect());
    }
    names
        .iter()
        .map(|name| class(name, model, classes))
        .collect()
}

fn class(name: &str, model: &ModelSource, classes: usize) -> Result<usize> {
    let known: &[String] = model.description.class_names.as_deref().unwrap_or_default();
    let same = |other: &&String| other.to_lowercase() == name.to_lowercase();
    if let Some(class) = known.iter().position(|other| same(&other)) {
        return Ok(class);
    }
    if let Some(class) = name.parse().ok().filter(|class| *class < classes) {
        return Ok(class);
    }
    let distance = |other: &&String| strsim::damerau_levenshtein(name, other);
    let nearest = known
        .iter()
        .min_by_key(distance)
        .filter(|other| distance(other) <= 2);
    let names = if known.is_empty() {
        String::new()
    } else {
        format!(": {}", known.join(", "))
    };
    Err(Error::UnknownClass {
        name: name.to_owned(),
        suggestion: nearest.map_or_else(String::new, |near| format!("; did you mean {near}?")),
        known: format!("classes are 0 to {}{names}", classes.saturating_sub(1)),
    })
}

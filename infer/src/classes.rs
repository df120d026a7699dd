//! Which classes to draw.

use pixelflow::weights::ModelDescription;

use crate::{Error, Result};

/// The classes that `--class` names, by name or number, each once; all if it names none.
///
/// # Errors
/// [`Error::UnknownClass`] with the nearest name there is.
pub fn chosen_classes(names: &[String], model: &ModelDescription) -> Result<Vec<usize>> {
    let classes = model.model.num_classes;
    if names.is_empty() {
        return Ok((0..classes).collect());
    }
    let mut chosen = Vec::new();
    for name in names {
        let class = class(name, model, classes)?;
        if !chosen.contains(&class) {
            chosen.push(class);
        }
    }
    Ok(chosen)
}

fn class(name: &str, model: &ModelDescription, classes: usize) -> Result<usize> {
    let known: &[String] = model.class_names.as_deref().unwrap_or_default();
    let same = |other: &&String| other.to_lowercase() == name.to_lowercase();
    if let Some(class) = known.iter().position(|other| same(&other)) {
        return Ok(class);
    }
    if let Some(class) = name.parse().ok().filter(|class| *class < classes) {
        return Ok(class);
    }
    let distance = |other: &&String| strsim::damerau_levenshtein(name, other);
    let nearest = known.iter().min_by_key(distance).filter(|other| distance(other) <= 2);
    let names = if known.is_empty() { String::new() } else { format!(": {}", known.join(", ")) };
    Err(Error::UnknownClass {
        name: name.to_owned(),
        suggestion: nearest.map_or_else(String::new, |near| format!("; did you mean {near}?")),
        known: format!("classes are 0 to {}{names}", classes.saturating_sub(1)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str]) -> Result<Vec<usize>> {
        let description = r#"{
            "model": {"num_attention_heads": 2, "attention_head_dim": 8, "in_channels": 3,
                "out_channels": 3, "depth": 1, "num_classes": 4, "patch_size": 4,
                "attention_bias": true},
            "cascade": {"stages": 2, "train_timesteps": 1000},
            "resolution": 16,
            "class_names": ["crane", "Deep Elf", "crane", "cat"]
        }"#;
        let description = serde_json::from_str(description).unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        chosen_classes(&names, &description)
    }

    #[test]
    fn classes_go_by_name_and_number_each_once_in_the_order_given() {
        assert_eq!(chosen(&[]).unwrap(), [0, 1, 2, 3]);
        assert_eq!(chosen(&["cat", "0", "3", "crane"]).unwrap(), [3, 0]);
        assert_eq!(chosen(&["deep elf", "2"]).unwrap(), [1, 2]);
    }

    #[test]
    fn only_a_near_name_is_suggested() {
        let message = |name| chosen(&[name]).unwrap_err().to_string();
        assert!(message("cta").contains("did you mean cat?"));
        assert!(!message("hippopotamus").contains("did you mean"));
        assert!(message("4").contains("classes are 0 to 3"));
    }
}

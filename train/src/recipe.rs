//! Recipes: configurations by name.

use std::path::{Path, PathBuf};

use crate::config::{Layers, TrainConfig};
use crate::error::did_you_mean;
use crate::{Error, Result};

/// The recipe that is trained when none is named.
pub const DEFAULT: &str = "demo";

/// The file of a recipe: a path (it has a separator or ends in `.toml`) or a shipped recipe's name.
///
/// # Errors
/// [`Error::UnknownRecipe`] for a name that is not shipped, [`Error::MissingAsset`] when the
/// shipped recipes can neither be found nor unpacked.
pub fn find(name: &str) -> Result<PathBuf> {
    let path = Path::new(name);
    if path.components().count() > 1 || path.extension().is_some_and(|ending| ending == "toml") {
        return Ok(path.to_owned());
    }
    let file = infer::assets::locate("recipes")?.join(format!("{name}.toml"));
    if file.exists() {
        return Ok(file);
    }
    let known = names()?;
    Err(Error::UnknownRecipe {
        name: name.to_owned(),
        suggestion: did_you_mean(name, known.iter().map(String::as_str)),
        known: known.join(", "),
    })
}

/// All settings of a recipe, over the defaults.
///
/// # Errors
/// As [`find`], and what is wrong with the recipe.
pub fn settings(name: &str) -> Result<TrainConfig> {
    let mut layers = Layers::default();
    layers.file(&find(name)?)?;
    layers.resolve()
}

/// What a recipe is called: its file's name without the ending.
pub fn name(path: &Path) -> String {
    path.file_stem().map_or_else(|| "run".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// Names of all shipped recipes, sorted.
///
/// # Errors
/// [`Error::MissingAsset`] when the shipped recipes can neither be found nor unpacked.
pub fn names() -> Result<Vec<String>> {
    let folder = infer::assets::locate("recipes")?;
    let entries = std::fs::read_dir(&folder).map_err(crate::error::read_error(&folder))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| name(&path))
        .collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_recipe_is_documented_and_valid() {
        let names = names().unwrap();
        assert!(names.len() >= 12, "{names:?}");
        for name in names {
            let path = find(&name).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("# "), "{name} does not say what it is");
            let mut layers = Layers::default();
            layers.file(&path).unwrap();
            let config = layers.resolve().and_then(crate::config::TrainConfig::check);
            if let Err(error) = config {
                panic!("{name}: {error}");
            }
        }
    }

    #[test]
    fn the_ablations_kick_off_where_their_names_say() {
        for (name, tokens) in [("kickoff-2x2", 2), ("kickoff-8x8", 8), ("kickoff-32x32", 32)] {
            let mut layers = Layers::default();
            layers.file(&find(name).unwrap()).unwrap();
            let config = layers.resolve().unwrap().check().unwrap();
            let side = config.settings().data.resolution / config.cascade().reduction(0);
            assert_eq!(side / config.settings().model.patch_size, tokens, "{name}");
        }
    }

    #[test]
    fn unknown_recipes_are_answered_with_the_known_ones() {
        let message = find("dmeo").unwrap_err().to_string();
        assert!(
            message.starts_with(
                "there is no recipe `dmeo`; did you mean `demo`?; shipped recipes are "
            )
        );
        assert_eq!(find("my/own").unwrap(), Path::new("my/own"));
        assert_eq!(find("own.toml").unwrap(), Path::new("own.toml"));
    }
}

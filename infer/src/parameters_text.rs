//! The `parameters` text of a PNG, in the form of AUTOMATIC1111's web UI, which most programs that show generated
//! pictures read: prompt, negative prompt, settings.
//!
//! It is there to be looked at: our own recipe, beside it, is what a picture is drawn from again. `ComfyUI` keys
//! are not written: it would take them for a workflow.

use std::fmt::Write;

use pixelflow::pipeline::Begin;
use pixelflow::sampler::{SamplerConfig, SolverKind};

use crate::recipe::{Recipe, RecipeRow};

/// Prompts of a grid that are written, at most.
const MOST_PROMPTS: usize = 16;
/// Letters of the model's hash, as that program writes them.
const HASH_LETTERS: usize = 10;

/// What other programs show of a picture.
pub fn parameters_text(recipe: &Recipe) -> String {
    let one_line = |text: &str| text.replace(['\n', '\r'], " ");
    let subject = |row: &RecipeRow| one_line(row.prompt.as_ref().unwrap_or(&row.label));
    let mut lines: Vec<String> = recipe.rows.iter().take(MOST_PROMPTS).map(subject).collect();
    let more = recipe.rows.len() - lines.len();
    if more > 0 {
        lines.push(format!("({more} more)"));
    }
    let negative = recipe.rows.first().and_then(|row| row.negative.as_ref());
    lines.extend(negative.map(|text| format!("Negative prompt: {}", one_line(text))));
    lines.push(settings(recipe));
    lines.join("\n")
}

/// `Steps: 16, Sampler: Euler, …`: the names are that program's where it has them.
fn settings(recipe: &Recipe) -> String {
    let SamplerConfig { solver, steps, guidance, .. } = &recipe.sampler;
    let mut text = String::new();
    if *solver != SolverKind::Dopri5 {
        let a_stage: Vec<String> = steps.iter().map(ToString::to_string).collect();
        let _ = match a_stage.as_slice() {
            [one] => write!(text, "Steps: {one}, "),
            several => {
                let sum: usize = steps.iter().sum();
                write!(text, "Steps: {sum}, Steps a stage: {}, ", several.join(" "))
            }
        };
    }
    let _ = write!(text, "Sampler: {}, CFG scale: {}, ", sampler_name(*solver), guidance.scale());
    let first = recipe.rows.first().map_or(0, |row| row.first);
    let _ = write!(text, "Seed: {}, ", recipe.seed);
    if first > 0 {
        let _ = write!(text, "Image number: {first}, ");
    }
    let hash: String = recipe.model_hash.chars().take(HASH_LETTERS).collect();
    let _ = write!(
        text,
        "Size: {}x{}, Model hash: {hash}, Model: {}, ",
        recipe.width,
        recipe.height,
        plain_value(&recipe.model),
    );
    if let Some(Begin::Strength(strength)) = recipe.edit.as_ref().map(|edit| edit.begin) {
        let _ = write!(text, "Denoising strength: {strength}, ");
    }
    let _ = write!(text, "Version: pixelflow {}", recipe.version);
    text
}

/// A value that is read as one: in quotes where it has a comma, a colon or a line of its own.
fn plain_value(value: &str) -> String {
    let is_plain = !value.contains([',', ':', '\n', '\r', '"']);
    if is_plain { value.to_owned() } else { serde_json::json!(value).to_string() }
}

/// What other programs call a solver; ours alone have names like theirs.
pub(crate) fn sampler_name(solver: SolverKind) -> &'static str {
    match solver {
        SolverKind::Euler => "Euler",
        SolverKind::Heun => "Heun",
        SolverKind::Dopri5 => "Dopri5",
        SolverKind::Ab2 => "AB2",
        SolverKind::Ab3 => "AB3",
        SolverKind::Dpmpp2m => "DPM++ 2M",
        SolverKind::Unipc => "UniPC",
    }
}

#[cfg(test)]
mod tests {
    use pixelflow::pipeline::EditProvenance;

    use super::*;
    use crate::picture::testing::recipe;

    #[test]
    fn prompt_negative_and_settings_stand_where_others_look_for_them() {
        let mut recipe = recipe();
        recipe.model = "a, b".to_owned();
        recipe.rows[0].prompt = Some("an elf\non ice".to_owned());
        recipe.rows[0].negative = Some("a hat".to_owned());
        let wanted = "an elf on ice\nNegative prompt: a hat\nSteps: 10, Sampler: Euler, CFG scale: 2.4, Seed: \
                      18446744073709551615, Image number: 1, Size: 3x2, Model hash: 00ff, Model: \"a, b\", Version: \
                      pixelflow 1";
        assert_eq!(parameters_text(&recipe), wanted);
        let begin = Begin::Strength(0.6);
        let picture = String::new();
        recipe.edit = Some(EditProvenance { picture, mask: None, begin, resample: 1 });
        let text = parameters_text(&recipe);
        assert!(
            text.ends_with("\"a, b\", Denoising strength: 0.6, Version: pixelflow 1"),
            "{text}"
        );
        recipe.rows[0].prompt = None;
        recipe.rows[0].negative = None;
        recipe.rows = vec![recipe.rows[0].clone(); 18];
        recipe.sampler.steps = vec![4, 6, 10];
        let text = parameters_text(&recipe);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines.len(), lines[0], lines[16]), (18, "a", "(2 more)"));
        assert!(lines[17].starts_with("Steps: 20, Steps a stage: 4 6 10, Sampler: Euler, "));
    }
}

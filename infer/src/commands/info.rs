//! `infer info`: says what a model is.

use std::path::Path;

use pixelflow::Prediction;
use pixelflow::excerpt::excerpt;
use pixelflow::weights::{Adapter, DESCRIPTION_FILE, ModelDescription, is_int8};
use pixelflow_host::output::one_line;

use super::named_model;
use crate::Result;
use crate::arguments::InfoArguments;
use crate::classes::numbered;
use crate::model_source::ModelSource;

/// A description of the model, some lines.
///
/// # Errors
/// What is wrong with the model's files.
pub fn info(arguments: &InfoArguments) -> Result<String> {
    let source = named_model(&arguments.model, ModelSource::demo)?;
    let (model, cascade) = (&source.description.model, &source.description.cascade);
    let files = source.files()?;
    let format = if is_int8(&files.open()?) { ", matrices in int8" } else { "" };
    let predicted = match model.prediction {
        Prediction::Velocity => "",
        Prediction::End => ", predicts the ends of the stages",
    };
    let resolution = source.description.resolution;
    let sides = (0..cascade.stages).map(|stage| resolution >> (cascade.stages - 1 - stage));
    let sides: Vec<String> = sides.map(|side| side.to_string()).collect();
    let condition = match (&source.description.text, model.cross_attention_dim) {
        (Some(text), _) => format!(
            "text        states of {}, prompts of {} tokens at most",
            one_line(excerpt(&text.encoder)),
            text.max_tokens
        ),
        (None, Some(width)) => format!("text        states of {width} features"),
        (None, None) => classes(&source.description),
    };
    Ok(format!(
        "weights     {} (sha256 {}){}\n\
         parameters  {:.2} million{format}\n\
         transformer {} blocks, {} heads x {}, patch {}{predicted}\n\
         stages      {} pixels\n\
         {condition}\n\
         sampler     {}",
        one_line(files.path().unwrap_or(Path::new(files.name())).display()),
        files.hash()?,
        adapters(&source),
        model.parameters() as f64 / 1e6,
        model.depth,
        model.num_attention_heads,
        model.attention_head_dim,
        model.patch_size,
        sides.join(", "),
        serde_json::to_string(&source.sampler()).unwrap_or_default(),
    ))
}

/// A line for each adapter: where it is, how much it counts, and what it changes.
fn adapters(source: &ModelSource) -> String {
    let line = |adapter: &Adapter| {
        let (path, products) = (one_line(adapter.path().display()), adapter.products());
        let ranks = products.values().map(|product| product.rank);
        let rank = ranks.max().unwrap_or(0);
        let classes = if adapter.class_table().is_some() { ", classes" } else { "" };
        let (scale, matrices) = (adapter.scale(), products.len());
        format!("\nadapter     {path} x {scale}: rank {rank}, {matrices} matrices{classes}")
    };
    source.adapters().iter().map(line).collect()
}

/// The names of all classes, each cut if it is long.
fn classes(description: &ModelDescription) -> String {
    let classes = 0..description.model.num_classes;
    let names: Vec<String> = classes.map(|class| description.class_name(class)).collect();
    let listed: Vec<String> = numbered(&names).iter().map(|name| one_line(excerpt(name))).collect();
    let cut = names.iter().filter(|name| excerpt(name).len() != name.len()).count();
    let note = match cut {
        0 => String::new(),
        _ => format!("\n            {cut} names are cut here; {DESCRIPTION_FILE} has all of them"),
    };
    format!("classes     {}{note}", listed.join(", "))
}

//! Edits in the shape of `OpenAI`'s API: a form with a picture, and perhaps a mask.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::Value;

use super::Server;
use super::asked::from_value;
use super::edit_asked::{EditAsked, FileAsked, MaskRule};
use super::form_data::{self, FormData};
use super::openai::{Generation, respond_with};
use super::refusal::{Answer, Refusal};

/// Fields that are files; newer clients send a list of pictures.
const FILES: [&str; 3] = ["image", "image[]", "mask"];
/// Fields that are text even if a number is in them.
const WORDS: [&str; 3] = ["prompt", "negative_prompt", "model"];

/// `POST /v1/images/edits`.
pub(super) async fn edit(State(server): State<Arc<Server>>, request: Request) -> Answer<Response> {
    let FormData { mut texts, files } = form_data::read(request, &FILES, &WORDS).await?;
    let strength = texts.shift_remove("strength").filter(|strength| *strength != "");
    let unfit = || Refusal::unfit("strength", "the strength must be a number from 0 to 1");
    let strength = strength.map(|strength| strength.as_f64().ok_or_else(unfit)).transpose()?;
    let asked: Generation = from_value(Value::Object(texts))?;
    let (masks, mut images): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|(name, _)| name == "mask");
    if masks.len() > 1 {
        return Err(Refusal::unfit("mask", "there are two masks; send one"));
    }
    let (Some((_, image)), true) = (images.pop(), images.is_empty()) else {
        return Err(Refusal::unfit("image", "send one picture to edit, as the file `image`"));
    };
    let edit = EditAsked {
        image: FileAsked(image),
        mask: masks.into_iter().next().map(|(_, mask)| FileAsked(mask)),
        strength,
        rule: MaskRule::Transparent,
        ..EditAsked::default()
    };
    respond_with(server, asked, Some(edit), "image_edit").await
}

//! Edits in the shape of A1111's web UI's API: a picture, and perhaps a mask, in base64.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Server;
use super::asked::{from_value, parse};
use super::automatic::{Draw, respond_with};
use super::edit_asked::{EditAsked, FileAsked, MaskRule};
use super::refusal::{Answer, Refusal};

/// How much is drawn anew unless a request says it, as there.
const STRENGTH: f64 = 0.75;
/// Fields of [`Pictures`]; the others are those of a drawing.
const FIELDS: [&str; 6] = [
    "init_images",
    "mask",
    "denoising_strength",
    "inpainting_mask_invert",
    "inpainting_fill",
    "inpaint_full_res",
];

/// What a request says of the picture that it edits.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pictures {
    /// One.
    init_images: Vec<FileAsked>,
    mask: Option<FileAsked>,
    denoising_strength: Option<f64>,
    /// 0: what is white is drawn anew; 1: it stays.
    inpainting_mask_invert: Option<Switch>,
    /// What is under the mask to begin with; 1 is the picture itself.
    inpainting_fill: Option<usize>,
    /// Whether the part under the mask is drawn larger, and made smaller again.
    inpaint_full_res: Option<Switch>,
}

/// A switch, which some front ends send as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "it is true or false, 1 or 0")]
enum Switch {
    Flag(bool),
    Number(u8),
}

impl Switch {
    fn is_on(self) -> bool {
        !matches!(self, Self::Flag(false) | Self::Number(0))
    }
}

/// `POST /sdapi/v1/img2img`.
pub(super) async fn draw(State(server): State<Arc<Server>>, body: Bytes) -> Answer<Response> {
    let mut draw: Draw = parse(&body)?;
    drop(body);
    let mut pictures = Map::new();
    for field in FIELDS {
        let said = draw.others.shift_remove(field).filter(|value| !value.is_null());
        pictures.extend(said.map(|value| (field.to_owned(), value)));
    }
    let edit = from_value::<Pictures>(Value::Object(pictures))?.edit()?;
    respond_with(server, draw, Some(edit)).await
}

impl Pictures {
    /// The edit in our terms.
    fn edit(self) -> Answer<EditAsked> {
        let Self { init_images, mask, denoising_strength, .. } = self;
        let [image] = <[FileAsked; 1]>::try_from(init_images).map_err(|images| {
            let reason = format!("init_images has {} pictures, it must have one", images.len());
            Refusal::unfit("init_images", reason)
        })?;
        if mask.is_some() {
            if let Some(fill) = self.inpainting_fill.filter(|fill| *fill != 1) {
                let reason = format!(
                    "inpainting_fill is {fill}, here it can be 1: drawing begins with the picture itself"
                );
                return Err(Refusal::unfit("inpainting_fill", reason));
            }
            if self.inpaint_full_res.is_some_and(Switch::is_on) {
                let reason =
                    "inpaint_full_res is on, here it can be false: the picture is drawn as a whole";
                return Err(Refusal::unfit("inpaint_full_res", reason));
            }
        }
        Ok(EditAsked {
            image,
            mask,
            strength: Some(denoising_strength.unwrap_or(STRENGTH)),
            rule: MaskRule::Opaque {
                is_inverted: self.inpainting_mask_invert.is_some_and(Switch::is_on),
            },
            ..EditAsked::default()
        })
    }
}

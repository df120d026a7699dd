//! What a request asks for, as JSON has it.

use axum::http::StatusCode;
use pixelflow::excerpt::reason_excerpt;
use pixelflow::sampler::{Guidance, GuidanceRule, SamplerConfig, SolverKind};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::edit_asked::EditAsked;
use super::refusal::{Answer, Refusal};
use super::settings::MAX_BODY;
use crate::arguments::GuidanceArgument;

/// Images that are asked for.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Asked {
    /// The class, for a model of classes.
    pub(super) class: Option<ClassAsked>,
    /// The prompt, for a text model.
    pub(super) prompt: Option<String>,
    /// What the images shall not show.
    pub(super) negative: Option<String>,
    /// The seed. Default 0.
    pub(super) seed: Option<u64>,
    /// Number of the first image within the seed. Default 0.
    pub(super) number: Option<u64>,
    /// How many images. Default 1.
    pub(super) count: Option<usize>,
    /// Height and width in pixels. Default: what the model was trained on.
    pub(super) size: Option<[usize; 2]>,
    /// What is to be other than the server's sampler.
    pub(super) sampler: Option<SamplerAsked>,
    /// Whether there are events with previews. Default true.
    pub(super) previews: Option<bool>,
    /// A picture that they begin with.
    pub(super) edit: Option<EditAsked>,
}

/// A class.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a class is its number, or its name as a text")]
pub(super) enum ClassAsked {
    /// Its number.
    Number(usize),
    /// Its name.
    Name(String),
}

/// Settings of a sampler, those that are to be other than the server's.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SamplerAsked {
    /// The solver.
    pub(super) solver: Option<SolverKind>,
    /// Whether to draw as the reference does.
    pub(super) reference: Option<bool>,
    /// Steps a stage.
    pub(super) steps: Option<StepsAsked>,
    /// Warp of the time within a stage.
    pub(super) shift: Option<f64>,
    /// Guidance.
    pub(super) guidance: Option<GuidanceAsked>,
    /// How guidance combines the two velocities.
    pub(super) guidance_rule: Option<GuidanceRule>,
    /// Relative tolerance of dopri5.
    pub(super) rtol: Option<f64>,
    /// Absolute tolerance of dopri5.
    pub(super) atol: Option<f64>,
}

/// Steps a stage.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "steps are a number such as 10, or one for each stage such as [4, 6, 10]"
)]
pub(super) enum StepsAsked {
    /// In every stage.
    Each(usize),
    /// One number a stage.
    List(Vec<usize>),
}

/// Guidance.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(
    untagged,
    expecting = "guidance is a scale such as 2.4, or {\"schedule\": \"stage-wise\", \"constant\" or \
                 \"interval\", \"scale\": 2.4}; an interval has from and to"
)]
pub(super) enum GuidanceAsked {
    /// A scale; the schedule is stage-wise for classes and constant for text, as on the command line.
    Scale(f64),
    /// A scale with its schedule.
    Scheduled(Guidance),
}

impl SamplerAsked {
    /// The server's sampler with what is asked for.
    pub(super) fn on(self, server: &SamplerConfig, is_text: bool) -> SamplerConfig {
        SamplerConfig {
            solver: self.solver.unwrap_or(server.solver),
            reference: self.reference.unwrap_or(server.reference),
            steps: match self.steps {
                None => server.steps.clone(),
                Some(StepsAsked::Each(steps)) => vec![steps],
                Some(StepsAsked::List(steps)) => steps,
            },
            shift: self.shift.unwrap_or(server.shift),
            guidance: match self.guidance {
                None => server.guidance,
                Some(GuidanceAsked::Scale(scale)) => {
                    GuidanceArgument::Scale(scale).of_model(is_text)
                }
                Some(GuidanceAsked::Scheduled(guidance)) => guidance,
            },
            guidance_rule: self.guidance_rule.unwrap_or(server.guidance_rule),
            rtol: self.rtol.unwrap_or(server.rtol),
            atol: self.atol.unwrap_or(server.atol),
        }
    }
}

/// Objects that `serde` would take as lists of their fields too.
const OBJECTS: [&str; 4] = ["/sampler", "/sampler/guidance", "/sampler/guidance_rule", "/edit"];

/// Names that `serde` would take as the numbers of their places too.
const CHOICES: [&str; 3] =
    ["/sampler/solver", "/sampler/guidance/schedule", "/sampler/guidance_rule/rule"];

/// Values in a large body, at most.
const MOST_VALUES: usize = 10_000;

/// What a body says.
///
/// # Errors
/// 400 for what is no JSON object, 422 with its field for what makes no sense.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Answer<T> {
    from_value(object(body)?)
}

impl Asked {
    /// What a body asks for, with less patience than `serde` has.
    ///
    /// # Errors
    /// 400 for what is no JSON object, 422 with its field for what makes no sense.
    pub(super) fn parse(body: &[u8]) -> Answer<Self> {
        let value = object(body)?;
        let is_list = |object: &&&str| value.pointer(object).is_some_and(Value::is_array);
        if let Some(object) = OBJECTS.iter().find(is_list) {
            return Err(Refusal::unfit(
                &object[1..].replace('/', "."),
                "it is a list, and must be an object",
            ));
        }
        let is_number = |choice: &&&str| value.pointer(choice).is_some_and(Value::is_number);
        if let Some(choice) = CHOICES.iter().find(is_number) {
            return Err(Refusal::unfit(
                &choice[1..].replace('/', "."),
                "it is a number, and must be a name",
            ));
        }
        // `serde` lets pass whatever stands beside a tag without fields.
        if let Some(rule) = value.pointer("/sampler/guidance_rule").and_then(Value::as_object)
            && rule.get("rule").is_some_and(|rule| rule == "plain")
            && rule.len() > 1
        {
            return Err(Refusal::unfit("sampler.guidance_rule", "the plain rule has no settings"));
        }
        from_value(value)
    }
}

/// The JSON object of a body.
///
/// # Errors
/// 400.
fn object(body: &[u8]) -> Answer<Value> {
    let unread = |reason: &str| {
        Refusal::new(StatusCode::BAD_REQUEST, format!("the body is no JSON object{reason}"))
    };
    // A value takes many times its text in memory, but pictures, which make a body large, are few.
    if body.len() > MAX_BODY && body.split(|&byte| byte == b',').nth(MOST_VALUES).is_some() {
        return Err(unread(&format!(" of {MOST_VALUES} values at most")));
    }
    let value: Value =
        serde_json::from_slice(body).map_err(|error| unread(&format!(": {error}")))?;
    if !value.is_object() {
        return Err(unread(""));
    }
    Ok(with_integers(value))
}

/// What a value says.
///
/// # Errors
/// 422 with its field for what makes no sense.
pub(super) fn from_value<T: DeserializeOwned>(value: Value) -> Answer<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let (field, reason) = (error.path().to_string(), error.into_inner());
        Refusal::unfit(field.trim_matches('.'), reason_excerpt(&reason.to_string()))
    })
}

/// Largest whole number up to which floats have all of them.
const MOST_WHOLE: f64 = 9_007_199_254_740_992.0;

/// A value in which 4.0 is 4: to JSON they are the same number, to `serde` they are not.
fn with_integers(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() <= MOST_WHOLE => {
                (float as i64).into()
            }
            _ => number.into(),
        },
        Value::Array(values) => values.into_iter().map(with_integers).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, with_integers(value))).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_named_with_its_field() {
        let endless = format!("{{\"class\": \"{}", "[".repeat(10_000));
        let deep = "[".repeat(10_000);
        let cases: [(&str, u16, &str, &str); 21] = [
            ("", 400, "", "no JSON object: EOF while parsing"),
            ("{", 400, "", "no JSON object: EOF while parsing"),
            ("{} x", 400, "", "trailing characters"),
            (&endless, 400, "", "no JSON"),
            (&deep, 400, "", "recursion limit exceeded"),
            ("[]", 400, "", "no JSON object"),
            (r#"{"sampler": ["heun"]}"#, 422, "sampler", "must be an object"),
            (
                r#"{"sampler": {"guidance": ["constant", 2]}}"#,
                422,
                "sampler.guidance",
                "must be an",
            ),
            (r#"{"seed": NaN}"#, 400, "", "no JSON"),
            (r#"{"sampler": {"shift": 1e999}}"#, 400, "", "number out of range"),
            (
                r#"{"sampler": {"guidance": "NaN"}}"#,
                422,
                "sampler.guidance",
                "guidance is a scale such as",
            ),
            (r#"{"size": [-1, 32]}"#, 422, "size[0]", "invalid value: integer `-1`"),
            (
                r#"{"sampler": {"guidance_rule": {"rule": "plain", "x": 1}}}"#,
                422,
                "sampler.guidance_rule",
                "no settings",
            ),
            (
                r#"{"sampler": {"guidance": {"schedule": 0, "scale": 2}}}"#,
                422,
                "sampler.guidance.schedule",
                "must be a name",
            ),
            (r#"{"count": 1.5}"#, 422, "count", "invalid type: floating point `1.5`"),
            (r#"{"classs": 1}"#, 422, "classs", "unknown field `classs`, expected one of `class`"),
            (r#"{"class": -1}"#, 422, "class", "a class is its number, or its name"),
            (r#"{"edit": ["AAAA"]}"#, 422, "edit", "must be an object"),
            (r#"{"edit": {"mask": "AAAA"}}"#, 422, "edit", "missing field `image`"),
            (r#"{"edit": {"image": "A?"}}"#, 422, "edit.image", "it is no file in base64: Invalid"),
            (r#"{"edit": {"image": "AAAA", "strength": "1"}}"#, 422, "edit.strength", "string"),
        ];
        for (body, status, field, message) in cases {
            let refusal = Asked::parse(body.as_bytes()).unwrap_err();
            assert_eq!(refusal.status.as_u16(), status, "{body:.40}: {refusal:?}");
            assert_eq!(refusal.field.as_deref().unwrap_or(""), field, "{body:.40}: {refusal:?}");
            assert!(refusal.message.contains(message), "{body:.40}: {refusal:?}");
        }
    }

    #[test]
    fn what_is_not_asked_for_is_the_servers() {
        let server = SamplerConfig { steps: vec![3], ..SamplerConfig::default() };
        let on = |body: &str, is_text| {
            Asked::parse(body.as_bytes()).unwrap().sampler.unwrap_or_default().on(&server, is_text)
        };
        assert_eq!(on("{}", false), server);
        let asked = Asked::parse(br#"{"class": 4.0, "seed": 7e2}"#).unwrap();
        assert_eq!((asked.class, asked.seed), (Some(ClassAsked::Number(4)), Some(700)));
        let other = on(r#"{"sampler": {"solver": "heun", "steps": [1, 2], "guidance": 3}}"#, true);
        let expected = SamplerConfig {
            solver: SolverKind::Heun,
            steps: vec![1, 2],
            guidance: Guidance::Constant { scale: 3.0 },
            ..server.clone()
        };
        assert_eq!(other, expected);
    }
}

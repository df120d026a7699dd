//! Number formats and sets of weights on the command line.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use pixelflow::NumberFormat;
use pixelflow::weights::WeightSet;

/// Any format, with what each is good for.
pub(super) fn number_format() -> impl TypedValueParser<Value = NumberFormat> {
    let help = |format| match format {
        NumberFormat::F32 => "32-bit floats",
        NumberFormat::F16 => "16-bit floats",
        NumberFormat::Bf16 => "16-bit floats with the range of 32 bits",
        NumberFormat::Int8 => {
            "Matrices in eight bits with a scale for each output, all else and the computing in \
             32-bit floats"
        }
    };
    let values =
        NumberFormat::ALL.map(|format| PossibleValue::new(format.name()).help(help(format)));
    PossibleValuesParser::new(values).try_map(|name| name.parse())
}

/// `f32`, `f16` or `bf16`.
///
/// # Errors
/// What may be written instead.
pub fn float_format(text: &str) -> Result<NumberFormat, String> {
    let format = text.parse().ok();
    format
        .filter(|format| *format != NumberFormat::Int8)
        .ok_or_else(|| format!("`{text}` is not f32, f16 or bf16"))
}

/// Which weights of a training checkpoint.
pub(super) fn weight_set() -> impl TypedValueParser<Value = WeightSet> {
    let values = [
        PossibleValue::new("ema").help("Their moving average"),
        PossibleValue::new("model").help("The weights being trained"),
    ];
    PossibleValuesParser::new(values).map(|name| match name.as_str() {
        "model" => WeightSet::Model,
        _ => WeightSet::Ema,
    })
}

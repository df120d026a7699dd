//! The adapters that a user names.

use std::path::PathBuf;
use std::str::FromStr;

/// A low-rank adapter, and how much it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraArgument {
    /// Where it is.
    pub path: PathBuf,
    /// How much it counts.
    pub scale: f64,
}

impl FromStr for LoraArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let whole = |path: &str| Self { path: path.into(), scale: 1.0 };
        let parsed = match text.rsplit_once(':') {
            None => whole(text),
            Some((path, scale)) => match scale.parse::<f64>() {
                Ok(scale) if scale.is_finite() => Self { path: path.into(), scale },
                Ok(_) => return Err(format!("the scale is {scale}; write a number such as 0.8")),
                // `C:\\adapter` has a colon too.
                Err(_) => whole(text),
            },
        };
        if parsed.path.as_os_str().is_empty() {
            return Err("write PATH or PATH:SCALE, such as runs/naga:0.8".to_owned());
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_behind_the_last_colon_is_the_scale() {
        let of = |text: &str| text.parse::<LoraArgument>().map(|lora| (lora.path, lora.scale));
        let is = |path: &str, scale| Ok((PathBuf::from(path), scale));
        assert_eq!(of("runs/naga"), is("runs/naga", 1.0));
        assert_eq!(of("runs/naga:0.8"), is("runs/naga", 0.8));
        assert_eq!(of("a:b:-1"), is("a:b", -1.0));
        assert_eq!(of(r"C:\naga"), is(r"C:\naga", 1.0));
        assert!(of("naga:inf").unwrap_err().contains("the scale is inf"));
        assert!(of(":1").is_err() && of("").is_err());
    }
}

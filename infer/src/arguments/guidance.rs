//! Guidance on the command line.

use pixelflow::sampler::{Guidance, GuidanceRule};

/// Strength of guidance, and maybe its schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GuidanceArgument {
    /// Only a scale.
    Scale(f64),
    /// A scale with its schedule.
    Scheduled(Guidance),
}

impl GuidanceArgument {
    /// The guidance of a text model, or of a class model.
    pub fn of_model(self, is_text: bool) -> Guidance {
        match self {
            Self::Scheduled(guidance) => guidance,
            Self::Scale(scale) if is_text => Guidance::Constant { scale },
            Self::Scale(scale) => Guidance::StageWise { scale },
        }
    }
}

/// `2.4`, `stage-wise:2.4`, `constant:1.5` or `interval:1.5@0.2-0.8`.
pub(super) fn guidance(text: &str) -> Result<GuidanceArgument, String> {
    let expected = "write 2.4, stage-wise:2.4, constant:1.5 or interval:1.5@0.2-0.8";
    let number =
        |text: &str| text.parse::<f64>().map_err(|_| format!("`{text}` is no number; {expected}"));
    let Some((schedule, value)) = text.split_once(':') else {
        return Ok(GuidanceArgument::Scale(number(text)?));
    };
    let guidance = match schedule {
        "stage-wise" => Ok(Guidance::StageWise { scale: number(value)? }),
        "constant" => Ok(Guidance::Constant { scale: number(value)? }),
        "interval" => {
            let (scale, span) = value.split_once('@').ok_or(expected)?;
            let (from, to) = span.split_once('-').ok_or(expected)?;
            Ok(Guidance::Interval { scale: number(scale)?, from: number(from)?, to: number(to)? })
        }
        other => Err(format!("there is no schedule `{other}`; {expected}")),
    };
    guidance.map(GuidanceArgument::Scheduled)
}

/// `plain`, `cfg-zero-star` or `apg`, with settings behind a colon.
pub(super) fn guidance_rule(text: &str) -> Result<GuidanceRule, String> {
    let (name, settings) = text.split_once(':').unwrap_or((text, ""));
    let names: &[(&str, f64)] = match name {
        "plain" => &[],
        "cfg-zero-star" => &[("strength", 1.0), ("zero_until", 0.0)],
        "apg" => &[("parallel", 0.0), ("threshold", 0.0)],
        other => {
            return Err(format!("there is no rule `{other}`; write plain, cfg-zero-star or apg"));
        }
    };
    let mut values: Vec<f64> = names.iter().map(|(_, default)| *default).collect();
    for setting in settings.split(',').filter(|setting| !setting.is_empty()) {
        let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
        let known: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let index = known.iter().position(|known| *known == key).ok_or_else(|| {
            format!("`{name}` has no setting `{key}`; it has: {}", known.join(", "))
        })?;
        values[index] = value.parse().map_err(|_| format!("`{key}` is `{value}`, no number"))?;
    }
    Ok(match (name, &values[..]) {
        ("cfg-zero-star", &[strength, zero_until]) => {
            GuidanceRule::CfgZeroStar { strength, zero_until }
        }
        ("apg", &[parallel, threshold]) => GuidanceRule::Apg { parallel, threshold },
        _ => GuidanceRule::Plain,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guidance_has_three_schedules() {
        let parsed = |text, is_text| guidance(text).map(|parsed| parsed.of_model(is_text));
        let (stage_wise, constant) =
            (Guidance::StageWise { scale: 2.4 }, Guidance::Constant { scale: 2.4 });
        assert_eq!(parsed("2.4", false), Ok(stage_wise));
        assert_eq!(parsed("2.4", true), Ok(constant));
        assert_eq!(parsed("stage-wise:2.4", true), Ok(stage_wise));
        assert_eq!(parsed("constant:2.4", false), Ok(constant));
        let interval = Guidance::Interval { scale: 1.5, from: 0.2, to: 0.8 };
        assert_eq!(parsed("interval:1.5@0.2-0.8", true), Ok(interval));
        for text in ["", "x", "ramp:2", "interval:2", "interval:2@0.1"] {
            assert!(guidance(text).unwrap_err().contains("interval:1.5@0.2-0.8"), "{text}");
        }
    }

    #[test]
    fn a_rule_has_settings_behind_a_colon() {
        let zero_star = GuidanceRule::CfgZeroStar { strength: 1.0, zero_until: 0.04 };
        let apg = GuidanceRule::Apg { parallel: 0.5, threshold: 0.25 };
        assert_eq!(guidance_rule("plain"), Ok(GuidanceRule::Plain));
        assert_eq!(guidance_rule("cfg-zero-star:zero_until=0.04"), Ok(zero_star));
        assert_eq!(guidance_rule("apg:parallel=0.5,threshold=0.25"), Ok(apg));
        for (text, expected) in [
            ("cfg", "plain, cfg-zero-star or apg"),
            ("plain:x=1", "no setting `x`"),
            ("apg:eta=1", "parallel, threshold"),
            ("apg:parallel=", "no number"),
        ] {
            let message = guidance_rule(text).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }
}

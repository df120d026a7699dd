//! Guidance on the command line.

use pixelflow::sampler::Guidance;

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
}

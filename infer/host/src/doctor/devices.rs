//! The devices that were compiled in, and whether they work.

use burn::tensor::DType;
use pixelflow::ops::AttentionForm;

use super::Finding;
use super::attention::{Tried, TryAttention};
use crate::device::{Device, DeviceKind, select};

/// Formats with their names, and the largest error of attention in proportion to its largest value that is right: some
/// units in the last place of what is multiplied.
const FORMATS: [(DType, &str, f64); 3] =
    [(DType::F32, "f32", 1e-5), (DType::F16, "f16", 5e-3), (DType::BF16, "bf16", 4e-2)];

/// What is found of every kind of device: whether it is compiled in and works, and of those that do, in which formats
/// attention runs on it, in which form, and how far it is off.
pub fn devices() -> Vec<Finding> {
    DeviceKind::ALL.into_iter().map(device).collect()
}

fn device(kind: DeviceKind) -> Finding {
    let name = kind.name();
    if !kind.is_compiled_in() {
        let text = format!("not compiled in: add --features {}", kind.feature());
        return Finding::absent(name, text);
    }
    // Tried out in a process of its own: a driver may end it.
    match select(name) {
        Err(error) => Finding::ill(name, error.to_string()),
        Ok(device) => attention(name, device),
    }
}

fn attention(name: &str, device: Device) -> Finding {
    let tried = FORMATS.map(|(dtype, ..)| device.run(TryAttention(dtype)));
    let mut is_right = true;
    let texts = tried.iter().zip(FORMATS).map(|(tried, (_, format, limit))| match tried {
        None => format!("no {format}"),
        Some(Tried { form, error }) => {
            // What is not a number is off, too.
            let is_near = *error <= limit;
            is_right &= is_near;
            let form = match form {
                AttentionForm::Native => "own kernel",
                AttentionForm::Portable => "portable",
            };
            let verdict =
                if is_near { String::new() } else { format!(", WRONG (limit {limit:.0e})") };
            format!("{format} {form}, error {error:.0e}{verdict}")
        }
    });
    let text = format!("works; attention: {}", texts.collect::<Vec<_>>().join("; "));
    if is_right {
        return Finding::well(name, text);
    }
    let advice = "draw and train on another device, and report this with the driver's version";
    Finding::ill(name, format!("{text}; {advice}"))
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::super::Mark;
    use super::*;

    #[test]
    fn the_processor_s_attention_is_right_in_all_formats() {
        let all = devices();
        assert_eq!(all.len(), DeviceKind::ALL.len());
        let cpu = all.iter().find(|finding| finding.subject == "cpu").unwrap();
        assert_eq!(cpu.mark, Mark::Well, "{cpu}");
        assert!(cpu.text.contains("f32 own kernel") && !cpu.text.contains("error 0e0"), "{cpu}");
        #[cfg(not(feature = "cuda"))]
        assert!(all.iter().any(|finding| finding.to_string().contains("add --features cuda")));
    }
}

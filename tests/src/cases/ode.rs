//! Dormand and Prince's method on an equation with a known solution.

use burn::tensor::{Tensor, TensorData};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::sampler::{Tolerance, dopri5_reference};

use super::{download, upload};
use crate::{Entry, Limits, Recorder, Result, Subject, Tensors};

/// Solves `y' = a y + b cos(w t) + amp exp(-((t - center) / width)^2)` and compares with the true
/// solution: which steps are accepted hangs by a hair, so f32 results differ.
///
/// # Errors
/// If the file cannot be read, or the manifest lacks a setting.
pub fn check<B: PixelFlowBackend>(
    subject: Subject<'_>,
    device: &B::Device,
    recorder: &mut Recorder<'_>,
) -> Result<()> {
    let (entry, tensors) = (subject.entry, subject.open()?);
    let equation = Equation::read(entry, &tensors)?;
    let [times, size] = tensors.dims::<2>("sol_true")?;
    let outputs: Vec<f64> = (1..times).map(|i| i as f64 / (times - 1) as f64).collect();
    let start = upload::<B, 1>(&tensors, "y0", device)?.reshape([1, 1, 1, size]);
    let mut velocity = |times: &[f64], state: Tensor<B, 4>, _: &[usize]| {
        let slope = equation.slope(times[0] as f32, &download(state));
        Ok(Tensor::from_data(TensorData::new(slope, [1, 1, 1, size]), device))
    };
    let tolerance = Tolerance {
        relative: entry.number("rtol").unwrap_or(1e-3),
        absolute: entry.number("atol").unwrap_or(1e-6),
    };
    let solved = dopri5_reference(&mut velocity, start, &outputs, tolerance, 0)?;
    let mut found = tensors.doubles("y0")?;
    found.extend(solved.outputs.into_iter().flat_map(download));

    let recorded = entry.must_record(&["err", "f32_vs_true"])?;
    let expected = tensors.doubles("sol_true")?;
    let limits = Limits::ten_times(&recorded);
    recorder.compare(subject.case("solution"), &found, &expected, &limits);
    super::solver_steps::check::<B>(subject, &equation, &tensors.doubles("y0")?, device, recorder)
}

/// The equation's constants, one a component, in f32 as the reference has them.
pub(super) struct Equation {
    a: Vec<f32>,
    b: Vec<f32>,
    w: Vec<f32>,
    amp: Vec<f32>,
    center: f32,
    width: f32,
}

impl Equation {
    fn read(entry: &Entry, tensors: &Tensors) -> Result<Self> {
        let center = entry.number("center");
        let width = entry.number("width").or_else(|| width(entry.description()));
        let missing = |what| entry.problem(format!("the manifest does not say the bump's {what}"));
        Ok(Self {
            a: tensors.floats("a")?,
            b: tensors.floats("b")?,
            w: tensors.floats("w")?,
            amp: tensors.floats("amp")?,
            center: center.ok_or_else(|| missing("center"))? as f32,
            width: width.ok_or_else(|| missing("width"))? as f32,
        })
    }

    /// The slope in f64, of the same constants.
    pub(super) fn slope_in_doubles(&self, t: f64, y: &[f64]) -> Vec<f64> {
        let of = |values: &[f32], i: usize| f64::from(values[i]);
        let bump = (-((t - f64::from(self.center)) / f64::from(self.width)).powi(2)).exp();
        let component = |(i, y): (usize, &f64)| {
            of(&self.a, i) * y
                + of(&self.b, i) * (of(&self.w, i) * t).cos()
                + of(&self.amp, i) * bump
        };
        y.iter().enumerate().map(component).collect()
    }

    pub(super) fn slope(&self, t: f32, y: &[f64]) -> Vec<f32> {
        let bump = (-((t - self.center) / self.width).powi(2)).exp();
        let component = |(i, y): (usize, &f64)| {
            self.a[i] * *y as f32 + self.b[i] * (self.w[i] * t).cos() + self.amp[i] * bump
        };
        y.iter().enumerate().map(component).collect()
    }
}

/// The width of the bump in a description: `exp(-((t-CENTER)/WIDTH)^2)`.
fn width(description: &str) -> Option<f64> {
    let (_, bump) = description.split_once("exp(")?;
    let (_, rest) = bump.split_once(")/")?;
    rest.split(')').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_tells_the_width() {
        let text = "on f(t,y) = a*y + b*cos(w*t) + amp*exp(-((t-0.689)/0.02)^2), float32";
        assert_eq!(width(text), Some(0.02));
        assert_eq!(width("on f(t,y) = a*y"), None);
    }
}

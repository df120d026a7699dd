//! The optimiser's operations: no gradients, always f32.

use burn::tensor::{DType, Tensor, TensorData};
use pixelflow::ops::{self, AdamWStep, MatrixState, MuonStep, ParameterState, PixelFlowBackend};

use super::input::normals;
use super::limits::limits;
use super::{Arithmetic, Matrix, Scalar, Tape, reference};
use crate::cases::download;
use crate::{Precision, Recorder};

/// Numbers of a parameter: no multiple of any vector's length.
const COUNT: usize = 1003;

/// The clip factor.
const CLIP: f64 = 0.25;

const STEP: AdamWStep = AdamWStep {
    learning_rate: 1e-2,
    beta_1: 0.9,
    beta_2: 0.999,
    epsilon: 1e-8,
    weight_decay: 0.1,
    number: 3,
    ema_decay: 0.95,
};

const MUON: MuonStep =
    MuonStep { learning_rate: 1e-2, momentum: 0.95, weight_decay: 0.1, ema_decay: 0.95 };

/// Sizes of matrices: taller than wide, wider than tall, square; no multiples of a vector's length.
const MATRICES: [(&str, [usize; 2]); 3] =
    [("tall", [19, 7]), ("wide", [7, 19]), ("square", [11, 11])];

/// Names of what a step changes.
const STATE: [&str; 4] = ["parameter", "first", "second", "average"];

/// Checks a step and the norm of a gradient.
pub(super) fn check<B: PixelFlowBackend>(device: &B::Device, recorder: &mut Recorder<'_>) {
    recorder.attempt("operations/adamw", |recorder| {
        let values = adamw_inputs();
        let found = step::<B>(&values, device);
        compare("adamw/third_step", &STATE, &found, recorder, |tape| {
            let of_number = |i: usize| {
                let [p, m, v, e, gradient] = [0, 1, 2, 3, 4].map(|k| tape.input(values[k][i]));
                reference::adamw([p, m, v, e], gradient, tape.input(CLIP), &STEP)
            };
            let states: Vec<[Scalar<'_>; 4]> = (0..COUNT).map(of_number).collect();
            let quantity = |k: usize| states.iter().map(|state| state[k].value()).collect();
            [0, 1, 2, 3].map(quantity).to_vec()
        });
        Ok(())
    });
    for (name, size) in MATRICES {
        recorder.attempt(&format!("operations/muon/{name}"), |recorder| {
            let values = [0, 1, 2, 3].map(|index| normals(index, size[0] * size[1]));
            let found = muon_step::<B>(&values, size, device);
            let names = ["matrix", "momentum", "average"];
            compare(&format!("muon/{name}"), &names, &found, recorder, |tape| {
                let [matrix, momentum, average, gradient] =
                    values.each_ref().map(|values| Matrix::input(tape, values, size[1]));
                let state = [&matrix, &momentum, &average];
                let state = reference::muon(state, &gradient, tape.input(CLIP), &MUON);
                let values =
                    |matrix: &Matrix<'_>| matrix.values().iter().map(|x| x.value()).collect();
                state.iter().map(values).collect()
            });
            Ok(())
        });
    }
    recorder.attempt("operations/squared_norm", |recorder| {
        let values = normals(0, COUNT);
        let norm = ops::squared_norm(upload::<B>(&values, device));
        let found = [download(norm)];
        compare("squared_norm/odd_length", &["out"], &found, recorder, |tape| {
            let x: Vec<Scalar<'_>> = values.iter().map(|&x| tape.input(x)).collect();
            vec![vec![reference::squared_norm(&x).value()]]
        });
        Ok(())
    });
}

/// Parameter, moments, average and gradient; the first number has never had a gradient.
fn adamw_inputs() -> [Vec<f64>; 5] {
    let mut values = [0, 1, 2, 3, 4].map(|index| normals(index, COUNT));
    for second in &mut values[2] {
        *second = Precision::F32.round(*second * *second);
    }
    for quantity in [1, 2, 4] {
        values[quantity][0] = 0.0;
    }
    values
}

fn step<B: PixelFlowBackend>(values: &[Vec<f64>; 5], device: &B::Device) -> [Vec<f64>; 4] {
    let [parameter, first, second, average, gradient] =
        values.each_ref().map(|values| upload::<B>(values, device));
    let state = ParameterState { parameter, first, second, average };
    let state = ops::adamw(state, gradient, upload(&[CLIP], device), &STEP);
    [state.parameter, state.first, state.second, state.average].map(download)
}

fn muon_step<B: PixelFlowBackend>(
    values: &[Vec<f64>; 4],
    size: [usize; 2],
    device: &B::Device,
) -> [Vec<f64>; 3] {
    let [matrix, momentum, average, gradient] =
        values.each_ref().map(|values| upload::<B>(values, device).reshape(size));
    let state = MatrixState { matrix, momentum, average };
    let state = ops::muon(state, gradient, upload(&[CLIP], device), &MUON);
    [state.matrix, state.momentum, state.average].map(download)
}

/// Compares results with what `formula` makes of them in f64.
fn compare(
    case: &str,
    names: &[&str],
    found: &[Vec<f64>],
    recorder: &mut Recorder<'_>,
    formula: impl Fn(&Tape) -> Vec<Vec<f64>>,
) {
    let exact = formula(&Tape::new(Arithmetic::EXACT));
    let plain = formula(&Tape::new(Arithmetic::plain(Precision::F32)));
    for (i, name) in names.iter().enumerate() {
        let limits = limits(&plain[i], &exact[i], Precision::F32);
        recorder.compare(format!("operations/{case}/{name}"), &found[i], &exact[i], &limits);
    }
}

fn upload<B: PixelFlowBackend>(values: &[f64], device: &B::Device) -> Tensor<B, 1> {
    let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), (device, DType::F32))
}

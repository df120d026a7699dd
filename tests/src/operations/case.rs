//! One operation with its inputs, computed by a backend and on tapes.

use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{DType, Tensor, TensorData};

use super::input::normals;
use super::limits::limits;
use super::{Arithmetic, Input, Matrix, Tape};
use crate::cases::download;
use crate::{Precision, Recorder};

/// Index of the random numbers that the results are multiplied with.
const COTANGENT: u64 = 99;

type Formula = Box<dyn for<'t> Fn(&[Matrix<'t>]) -> Matrix<'t>>;
type Operation<A> = Box<dyn Fn(&[Tensor<A, 2>]) -> Tensor<A, 2>>;

/// An operation, the formula it must agree with, and the inputs of both.
///
/// Compared are the result, and the gradients of the sum of fixed multiples of it.
pub struct Case<A: AutodiffBackend> {
    name: String,
    inputs: Vec<Input>,
    formula: Formula,
    operation: Operation<A>,
}

impl<A: AutodiffBackend> Case<A> {
    /// `name` is `operation/what is special`.
    pub fn new(
        name: &str,
        inputs: Vec<Input>,
        formula: impl for<'t> Fn(&[Matrix<'t>]) -> Matrix<'t> + 'static,
        operation: impl Fn(&[Tensor<A, 2>]) -> Tensor<A, 2> + 'static,
    ) -> Self {
        Self {
            name: format!("operations/{name}"),
            inputs,
            formula: Box::new(formula),
            operation: Box::new(operation),
        }
    }

    /// The case with another formula.
    #[cfg(test)]
    #[must_use]
    pub fn with_formula(
        mut self,
        formula: impl for<'t> Fn(&[Matrix<'t>]) -> Matrix<'t> + 'static,
    ) -> Self {
        self.formula = Box::new(formula);
        self
    }

    /// Computes everything and compares; a panic becomes a failed case.
    pub fn check(&self, precision: Precision, device: &A::Device, recorder: &mut Recorder<'_>) {
        // Computing costs minutes of tuning on a software device.
        if !self.results().any(|result| recorder.wants(&format!("{}/{result}", self.name))) {
            return;
        }
        recorder.attempt(&self.name, |recorder| {
            let places = self.inputs.iter().enumerate();
            let values: Vec<Vec<f64>> = places.map(|(i, x)| x.values(i, precision)).collect();
            let exact = self.evaluated(Arithmetic::EXACT, precision, &values);
            let plain = self.evaluated(Arithmetic::plain(precision), precision, &values);
            let found = self.computed(precision, &values, device);
            for (name, ((exact, plain), found)) in
                self.results().zip(exact.iter().zip(&plain).zip(&found))
            {
                let limits = limits(plain, exact, precision);
                recorder.compare(format!("{}/{name}", self.name), found, exact, &limits);
            }
            Ok(())
        });
    }

    /// Names of the results: the output, then a gradient a block of the inputs.
    fn results(&self) -> impl Iterator<Item = String> {
        let gradients = self.inputs.iter().flat_map(Input::names);
        let gradients = gradients.map(|name| format!("grad_{name}"));
        std::iter::once("out".to_owned()).chain(gradients)
    }

    /// The results by the formula.
    fn evaluated(
        &self,
        arithmetic: Arithmetic,
        precision: Precision,
        values: &[Vec<f64>],
    ) -> Vec<Vec<f64>> {
        let tape = Tape::new(arithmetic);
        let pairs = self.inputs.iter().zip(values);
        let inputs: Vec<Matrix<'_>> = pairs.map(|(x, values)| x.on_tape(&tape, values)).collect();
        let out = (self.formula)(&inputs);
        let gradients = tape.backward(out.values(), &cotangent(out.values().len(), precision));
        let of_input = |(input, matrix): (&Input, &Matrix<'_>)| {
            let values = matrix.values().iter();
            input.cut(&values.map(|&x| gradients.of(x)).collect::<Vec<f64>>())
        };
        let mut results = vec![out.values().iter().map(|x| x.value()).collect()];
        results.extend(self.inputs.iter().zip(&inputs).flat_map(of_input));
        results
    }

    /// The results by the backend.
    fn computed(
        &self,
        precision: Precision,
        values: &[Vec<f64>],
        device: &A::Device,
    ) -> Vec<Vec<f64>> {
        let pairs = self.inputs.iter().zip(values);
        let inputs: Vec<Tensor<A, 2>> =
            pairs.map(|(input, values)| input.on_device(values, precision, device)).collect();
        let out = (self.operation)(&inputs);
        let shape: [usize; 2] = out.dims();
        let cotangent = cotangent(shape[0] * shape[1], precision);
        let cotangent: Vec<f32> = cotangent.into_iter().map(|x| x as f32).collect();
        let cotangent = TensorData::new(cotangent, shape);
        let cotangent = Tensor::<A, 2>::from_data(cotangent, (device, DType::F32));
        let gradients = (out.clone().cast(DType::F32) * cotangent).sum().backward();
        let of_input = |(input, tensor): (&Input, &Tensor<A, 2>)| {
            let gradient = tensor.grad(&gradients).map(download);
            input.cut(&gradient.unwrap_or_default())
        };
        let mut results = vec![download(out)];
        results.extend(self.inputs.iter().zip(&inputs).flat_map(of_input));
        results
    }
}

/// What each number of a result is multiplied with.
fn cotangent(count: usize, precision: Precision) -> Vec<f64> {
    let normals = normals(COTANGENT, count);
    normals.into_iter().map(|x| precision.round(x)).collect()
}

//! A number on a tape.

use std::iter::Sum;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Tape;

/// A number on a tape: what is computed with it is recorded there.
///
/// Arithmetic with a plain `f64` takes it as a constant, rounded as the tape rounds.
#[derive(Clone, Copy, Debug)]
pub struct Scalar<'t> {
    tape: &'t Tape,
    index: usize,
    value: f64,
}

impl<'t> Scalar<'t> {
    pub(super) fn new(tape: &'t Tape, index: usize, value: f64) -> Self {
        Self { tape, index, value }
    }

    pub(super) fn index(self) -> usize {
        self.index
    }

    /// The number.
    pub fn value(self) -> f64 {
        self.value
    }

    /// The number as a tensor of the model keeps it.
    #[must_use]
    pub fn store(self) -> Self {
        self.tape.stored(self)
    }

    /// `sqrt(x)`.
    #[must_use]
    pub fn sqrt(self) -> Self {
        let root = self.round(self.value.sqrt());
        self.unary(root, 0.5 / root)
    }

    /// `1 / x`.
    #[must_use]
    pub fn recip(self) -> Self {
        let inverse = self.round(1.0 / self.value);
        self.unary(inverse, -inverse * inverse)
    }

    /// `e^x`.
    #[must_use]
    pub fn exp(self) -> Self {
        let power = self.round(self.value.exp());
        self.unary(power, power)
    }

    /// The hyperbolic tangent.
    #[must_use]
    pub fn tanh(self) -> Self {
        let tanh = self.round(self.value.tanh());
        self.unary(tanh, 1.0 - self.round(tanh * tanh))
    }

    fn round(self, value: f64) -> f64 {
        self.tape.round(value)
    }

    fn unary(self, value: f64, derivative: f64) -> Self {
        let parent = Some((self.index, self.round(derivative)));
        self.tape.computed(value, [parent, None])
    }

    fn binary(self, other: Self, value: f64, derivatives: [f64; 2]) -> Self {
        let parents = [Some((self.index, derivatives[0])), Some((other.index, derivatives[1]))];
        self.tape.computed(value, parents)
    }
}

impl Add for Scalar<'_> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.binary(other, self.value + other.value, [1.0, 1.0])
    }
}

impl Sub for Scalar<'_> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.binary(other, self.value - other.value, [1.0, -1.0])
    }
}

impl Mul for Scalar<'_> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        self.binary(other, self.value * other.value, [other.value, self.value])
    }
}

impl Div for Scalar<'_> {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let inverse = self.round(1.0 / other.value);
        let quotient = self.round(self.value / other.value);
        let derivatives = [inverse, -self.round(quotient * inverse)];
        self.binary(other, quotient, derivatives)
    }
}

impl Neg for Scalar<'_> {
    type Output = Self;

    fn neg(self) -> Self {
        self.unary(-self.value, -1.0)
    }
}

impl Add<f64> for Scalar<'_> {
    type Output = Self;

    fn add(self, constant: f64) -> Self {
        self.unary(self.value + self.round(constant), 1.0)
    }
}

impl Sub<f64> for Scalar<'_> {
    type Output = Self;

    fn sub(self, constant: f64) -> Self {
        self.unary(self.value - self.round(constant), 1.0)
    }
}

impl Mul<f64> for Scalar<'_> {
    type Output = Self;

    fn mul(self, constant: f64) -> Self {
        let constant = self.round(constant);
        self.unary(self.value * constant, constant)
    }
}

impl Div<f64> for Scalar<'_> {
    type Output = Self;

    fn div(self, constant: f64) -> Self {
        let constant = self.round(constant);
        self.unary(self.value / constant, 1.0 / constant)
    }
}

/// From left to right, without anything to start from.
///
/// # Panics
/// If there are no terms.
impl Sum for Scalar<'_> {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.reduce(Add::add).expect("terms of a sum")
    }
}

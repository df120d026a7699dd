//! The tape, and that the cases pass where they should and fail where they should.

use std::collections::BTreeMap;

use burn::backend::flex::FlexDevice;
use burn::backend::{Autodiff, Flex};

use super::cases::{attention, check, norm, prediction, rotary};
use super::reference::{self, EPSILON, angles};
use super::shapes::{HEADS, PACKED, WIDTH, lengths};
use super::{Arithmetic, Case, Matrix, Scalar, Tape};
use crate::{Outcome, Precision, Recorder, Report, Verdict};

type Train = Autodiff<Flex>;

fn recorded(work: impl FnOnce(&mut Recorder<'_>)) -> Report {
    let mut listener = |_: &Outcome| {};
    let mut recorder = Recorder::new(None, &mut listener);
    work(&mut recorder);
    recorder.into_report()
}

fn failures(case: &Case<Train>, precision: Precision) -> Vec<String> {
    let report = recorded(|recorder| case.check(precision, &FlexDevice, recorder));
    let cases = report.with(Verdict::Failed).map(|outcome| outcome.case.clone());
    cases.collect()
}

/// Every elementary operation in one formula.
fn composite<'t>([x, y]: [Scalar<'t>; 2]) -> Scalar<'t> {
    let root = (x * x + y * 0.5 + 2.0).sqrt();
    let sum: Scalar<'t> = [root, (-y).exp(), (x / y).tanh()].into_iter().sum();
    (sum - x * 3.0) / 1.5 + (y - 0.25).recip() - root
}

fn composite_of_numbers([x, y]: [f64; 2]) -> f64 {
    let root = (x * x + y * 0.5 + 2.0).sqrt();
    (root + (-y).exp() + (x / y).tanh() - x * 3.0) / 1.5 + (y - 0.25).recip() - root
}

#[test]
fn f64_on_the_tape_is_f64() {
    let tape = Tape::new(Arithmetic::EXACT);
    let inputs = [0.7, -1.3];
    let found = composite(inputs.map(|x| tape.input(x))).store();
    assert_eq!(found.value(), composite_of_numbers(inputs));
}

#[test]
fn f32_on_the_tape_is_f32() {
    let tape = Tape::new(Arithmetic::plain(Precision::F32));
    let (x, y) = (tape.input(f64::from(0.7_f32)), tape.input(f64::from(-1.3_f32)));
    let root = (0.7_f32 * 0.7 + -1.3_f32 * 0.3).sqrt() / -1.3;
    assert_eq!(((x * x + y * 0.3).sqrt() / y).value(), f64::from(root));
}

#[test]
fn gradients_are_those_of_central_differences() {
    let tape = Tape::new(Arithmetic::EXACT);
    let inputs = [0.7, -1.3];
    let [x, y] = inputs.map(|x| tape.input(x));
    let gradients = tape.backward(&[composite([x, y]), x], &[2.0, 5.0]);
    let step = 1e-5;
    let slope = |direction: [f64; 2]| {
        let at = |sign: f64| {
            let [x, y] = [0, 1].map(|i| inputs[i] + sign * step * direction[i]);
            2.0 * composite_of_numbers([x, y]) + 5.0 * x
        };
        (at(1.0) - at(-1.0)) / (2.0 * step)
    };
    // The error of central differences: step^2 of the third derivative, and rounding over the step.
    assert!((gradients.of(x) - slope([1.0, 0.0])).abs() < 1e-8);
    assert!((gradients.of(y) - slope([0.0, 1.0])).abs() < 1e-8);
}

#[test]
fn stored_values_and_their_gradients_have_the_tensors_format() {
    let tape = Tape::new(Arithmetic::plain(Precision::Bf16));
    let x = tape.input(1.0);
    let third = x / 3.0;
    let stored = third.store();
    let gradients = tape.backward(&[stored * (1.0 / 7.0)], &[1.0]);
    assert_eq!(third.value(), f64::from(1.0_f32 / 3.0));
    assert_eq!(stored.value(), Precision::Bf16.round(1.0 / 3.0));
    assert_eq!(gradients.of(stored), Precision::Bf16.round(1.0 / 7.0));
}

/// Prints the worst ratio of every operation: `cargo test -p tests operations -- --nocapture`.
fn all_pass(precision: Precision) {
    let report = recorded(|recorder| check::<Train>(precision, &FlexDevice, recorder));
    let mut worst: BTreeMap<String, &Outcome> = BTreeMap::new();
    for outcome in &report.outcomes {
        let operation = outcome.case.split('/').nth(1).unwrap_or_default();
        let most = worst.entry(operation.to_owned()).or_insert(outcome);
        if outcome.ratio() > most.ratio() {
            *most = outcome;
        }
    }
    for outcome in worst.values() {
        println!("{precision} {:6.3} {outcome}", outcome.ratio().unwrap_or(f64::NAN));
    }
    let failed: Vec<String> = report.with(Verdict::Failed).map(ToString::to_string).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn all_pass_in_f32() {
    all_pass(Precision::F32);
}

#[test]
fn all_pass_in_f16() {
    all_pass(Precision::F16);
}

#[test]
fn all_pass_in_bf16() {
    all_pass(Precision::Bf16);
}

#[test]
fn another_epsilon_is_found() {
    for (name, factor) in norm::MAGNITUDES {
        let right: Case<Train> = norm::ada_layer_norm(name, PACKED, factor);
        let wrong = right.with_formula(|inputs| {
            let (shift, scale) = (inputs[1].narrow(0..WIDTH), inputs[1].narrow(WIDTH..2 * WIDTH));
            reference::ada_layer_norm(&inputs[0], &shift, &scale, &lengths(PACKED), 1e-5)
        });
        // Among large numbers it does not matter.
        let is_found = !failures(&wrong, Precision::F32).is_empty();
        assert_eq!(is_found, name != "large", "{name}");
        let is_found = !failures(&wrong, Precision::Bf16).is_empty();
        assert_eq!(is_found, name == "small", "{name} in bf16");
    }
}

#[test]
fn another_least_and_the_next_examples_time_are_found() {
    for precision in Precision::ALL {
        let right = || prediction::velocity_to_end::<Train>("end", PACKED);
        let times = [0.0, 0.984_375, 0.5, 1.0, 1.015_625];
        let all =
            ["out", "grad_end", "grad_state"].map(|result| format!("operations/end/{result}"));
        let another_least = right().with_formula(move |inputs| {
            reference::velocity_to_end(&inputs[0], &inputs[1], &times, &lengths(PACKED), 0.051)
        });
        assert_eq!(failures(&another_least, precision), all, "in {precision}");
        let mut next = times;
        next.rotate_left(1);
        let next_examples = right().with_formula(move |inputs| {
            let least = reference::LEAST;
            reference::velocity_to_end(&inputs[0], &inputs[1], &next, &lengths(PACKED), least)
        });
        assert_eq!(failures(&next_examples, precision), all, "in {precision}");
    }
}

#[test]
fn rows_turned_as_columns_are_found() {
    for precision in Precision::ALL {
        let right: Case<Train> = rotary::norm_rotate("swapped", PACKED, 1.0, WIDTH);
        let wrong = right.with_formula(|inputs| {
            let half = WIDTH / HEADS / 4;
            let mut angles = angles(PACKED, WIDTH / HEADS);
            for token in &mut angles {
                token.rotate_left(half);
            }
            reference::norm_rotate(&inputs[0], &inputs[1], &angles, EPSILON)
        });
        let expected = ["out", "grad_x", "grad_weight"];
        let expected = expected.map(|result| format!("operations/swapped/{result}"));
        assert_eq!(failures(&wrong, precision), expected);
    }
}

#[test]
fn attention_to_the_next_example_is_found() {
    for precision in Precision::ALL {
        let right: Case<Train> = attention::to_self("leaking", PACKED, 1.0, WIDTH);
        let wrong = right.with_formula(|inputs| {
            let part = |block| inputs[0].narrow(block * WIDTH..(block + 1) * WIDTH);
            let parts = [&part(0), &part(1), &part(2)];
            // The single token sees the example after it.
            let lengths = [4, 3, 7, 16];
            reference::packed_attention(parts, None, &lengths, &lengths, HEADS)
        });
        assert_eq!(failures(&wrong, precision).len(), 4, "in {precision}");
    }
}

#[test]
fn twice_the_gradient_of_the_keys_is_found() {
    for precision in Precision::ALL {
        let right: Case<Train> = attention::to_self("keys", PACKED, 1.0, WIDTH);
        let wrong = right.with_formula(|inputs| {
            let part = |block| inputs[0].narrow(block * WIDTH..(block + 1) * WIDTH);
            let (q, k, v, lengths) = (part(0), part(1), part(2), lengths(PACKED));
            // `2 k - c` with the constant `c = k`: the same keys, twice their gradient.
            let row = |row| k.row(row).iter().map(|&x| x * 2.0 - x.value()).collect();
            let k = Matrix::from_rows((0..k.rows()).map(row));
            reference::packed_attention([&q, &k, &v], None, &lengths, &lengths, HEADS)
        });
        assert_eq!(failures(&wrong, precision), ["operations/keys/grad_k"], "in {precision}");
    }
}

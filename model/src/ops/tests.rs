//! Native form, portable form and Burn's own gradients must agree, for odd sizes too.

use burn::backend::Autodiff;
use burn::tensor::{DType, Int, Tensor, TensorData};
use burn_flex::{Flex, FlexDevice};

use super::{AttentionInputs, AttentionLayout, PixelFlowBackend, portable, unwrap, wrap};
use crate::int8::Int8Rows;
use crate::layers::Rope;
use crate::noise::{Key, Purpose};
use crate::{Example, Segments};

type Train = Autodiff<Flex>;
type Matrix = Tensor<Train, 2>;
type Vector = Tensor<Train, 1>;

/// Examples of one token, of odd numbers, and of more than a native piece; runs of equal length.
const LENGTHS: [usize; 6] = [1, 3, 3, 64, 70, 131];
const WIDTH: usize = 2 * HEAD_DIM;
const HEAD_DIM: usize = 36;

/// Largest difference allowed, relative to the largest value: sums of 72 to 272 f32 products.
const TOLERANCE: f32 = 5e-6;

fn segments() -> Segments {
    Segments::new(LENGTHS.to_vec())
}

fn values(index: u64, count: usize) -> Vec<f32> {
    Key::new(11, index, Purpose::Testing).normals(count)
}

fn matrix(index: u64, rows: usize, columns: usize) -> Matrix {
    let data = TensorData::new(values(index, rows * columns), [rows, columns]);
    Tensor::from_data(data, &FlexDevice).require_grad()
}

fn tokens(index: u64) -> Matrix {
    matrix(index, segments().tokens(), WIDTH)
}

fn examples(index: u64) -> Matrix {
    matrix(index, LENGTHS.len(), WIDTH)
}

fn weight(index: u64) -> Vector {
    matrix(index, 1, WIDTH).inner().reshape([WIDTH]).into_data().into_autodiff()
}

trait IntoAutodiff {
    fn into_autodiff(self) -> Vector;
}

impl IntoAutodiff for TensorData {
    fn into_autodiff(self) -> Vector {
        Tensor::from_data(self, &FlexDevice).require_grad()
    }
}

fn rope() -> Rope<Train> {
    let grids: Vec<Example> = LENGTHS.iter().map(|&length| Example::new(1, length, 0.0)).collect();
    Rope::new(&grids, HEAD_DIM, &FlexDevice)
}

/// The result of an operation and the gradients of its inputs, for a fixed random cotangent.
fn results(out: Matrix, matrices: &[&Matrix], vectors: &[&Vector]) -> Vec<Vec<f32>> {
    let [rows, columns] = out.dims();
    let cotangent = matrix(99, rows, columns).detach();
    let gradients = (out.clone() * cotangent).sum().backward();
    let mut all = vec![host(out.inner())];
    all.extend(matrices.iter().map(|x| host(x.grad(&gradients).expect("a gradient"))));
    all.extend(vectors.iter().map(|x| host(x.grad(&gradients).expect("a gradient"))));
    all
}

fn host<const D: usize>(x: Tensor<Flex, D>) -> Vec<f32> {
    x.into_data().iter::<f32>().collect()
}

#[track_caller]
fn assert_close(actual: &[Vec<f32>], expected: &[Vec<f32>]) {
    assert_eq!(actual.len(), expected.len());
    for (place, (actual, expected)) in actual.iter().zip(expected).enumerate() {
        let scale = expected.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        assert!(scale > 0.0, "result {place} is all zero: the test would prove nothing");
        assert_eq!(actual.len(), expected.len(), "result {place}");
        for (a, b) in actual.iter().zip(expected) {
            assert!((a - b).abs() <= TOLERANCE * scale, "result {place}: {a} for {b}");
        }
    }
}

#[test]
fn ada_layer_norm() {
    let inputs = || (tokens(1), examples(2), examples(3));
    let (x, shift, scale) = inputs();
    let ours = super::ada_layer_norm(x.clone(), shift.clone(), scale.clone(), &segments());
    let ours = results(ours, &[&x, &shift, &scale], &[]);
    let (x, shift, scale) = inputs();
    let burns = portable::ada_layer_norm(x.clone(), shift.clone(), scale.clone(), &segments());
    let burns = results(burns, &[&x, &shift, &scale], &[]);
    assert_close(&ours, &burns);

    let cotangent = tokens(99).inner();
    let by_hand =
        portable::ada_layer_norm_backward(x.inner(), scale.inner(), cotangent, &segments());
    assert_close(&by_hand.map(host), &burns[1..]);
}

#[test]
fn ada_rms_norm() {
    let inputs = || (tokens(1), weight(4), examples(2), examples(3));
    let (x, w, shift, scale) = inputs();
    let ours = super::ada_rms_norm(x.clone(), w.clone(), shift.clone(), scale.clone(), &segments());
    let ours = results(ours, &[&x, &shift, &scale], &[&w]);
    let (x, w, shift, scale) = inputs();
    let burns =
        portable::ada_rms_norm(x.clone(), w.clone(), shift.clone(), scale.clone(), &segments());
    let burns = results(burns, &[&x, &shift, &scale], &[&w]);
    assert_close(&ours, &burns);

    let cotangent = tokens(99).inner();
    let (matrices, w) = portable::ada_rms_norm_backward(
        x.inner(),
        w.inner(),
        scale.inner(),
        cotangent,
        &segments(),
    );
    let mut by_hand: Vec<_> = matrices.map(host).into();
    by_hand.push(host(w));
    assert_close(&by_hand, &burns[1..]);
}

#[test]
fn norm_rotate() {
    let inputs = || (tokens(1), weight(4));
    let (x, w) = inputs();
    let ours = super::norm_rotate(x.clone(), w.clone(), &rope());
    let ours = results(ours, &[&x], &[&w]);
    let (x, w) = inputs();
    let Rope { cos, sin } = rope();
    let burns = portable::norm_rotate(x.clone(), w.clone(), cos.clone(), sin.clone());
    let burns = results(burns, &[&x], &[&w]);
    assert_close(&ours, &burns);

    let (cos, sin) = (cos.inner(), sin.inner());
    let (for_x, for_w) =
        portable::norm_rotate_backward(x.inner(), w.inner(), cos, sin, tokens(99).inner());
    assert_close(&[host(for_x), host(for_w)], &burns[1..]);
}

#[test]
fn a_repeated_rotary_table_is_the_table_of_every_example() {
    let x = matrix(1, 3 * 20, WIDTH).inner();
    let w = weight(4).inner();
    let once = vec![Example::new(4, 5, 0.0); 3];
    let mut thrice = once.clone();
    thrice.push(Example::new(1, 1, 0.0)); // Another grid: every table is written out.
    let short = Rope::<Flex>::new(&once, HEAD_DIM, &FlexDevice);
    let long = Rope::<Flex>::new(&thrice, HEAD_DIM, &FlexDevice);
    let long = Rope { cos: long.cos.narrow(0, 0, 60), sin: long.sin.narrow(0, 0, 60) };
    assert_eq!((short.cos.dims()[0], long.cos.dims()[0]), (20, 60));
    let rotate = |rope: &Rope<Flex>| host(super::norm_rotate(x.clone(), w.clone(), rope));
    assert_eq!(rotate(&short), rotate(&long));
}

#[test]
fn gated_add() {
    let inputs = || (tokens(1), examples(2), tokens(3));
    let (h, gate, y) = inputs();
    let ours = super::gated_add(h.clone(), gate.clone(), y.clone(), &segments());
    let ours = results(ours, &[&h, &gate, &y], &[]);
    let (h, gate, y) = inputs();
    let burns = portable::gated_add(h.clone(), gate.clone(), y.clone(), &segments());
    let burns = results(burns, &[&h, &gate, &y], &[]);
    assert_close(&ours, &burns);

    let cotangent = tokens(99).inner();
    let by_hand = portable::gated_add_backward(gate.inner(), y.inner(), cotangent, &segments());
    assert_close(&by_hand.map(host), &burns[2..]);
}

#[test]
fn bias_gelu() {
    // Up to ten standard deviations: both tails of the sigmoid.
    let inputs =
        || (Matrix::from_inner(matrix(1, 37, WIDTH).inner() * 4.0).require_grad(), weight(4));
    let (x, bias) = inputs();
    let ours = super::bias_gelu(x.clone(), Some(bias.clone()));
    let ours = results(ours, &[&x], &[&bias]);
    let (x, bias) = inputs();
    let burns = portable::bias_gelu(x.clone(), Some(bias.clone()));
    let burns = results(burns, &[&x], &[&bias]);
    assert_close(&ours, &burns);

    let cotangent = matrix(99, 37, WIDTH).inner();
    let (for_x, for_bias) =
        portable::bias_gelu_backward(x.clone().inner(), Some(bias.inner()), cotangent);
    assert_close(&[host(for_x), host(for_bias)], &burns[1..]);

    let without = super::bias_gelu(x.clone(), None);
    let zero = Vector::zeros([WIDTH], &FlexDevice);
    let with_zero = super::bias_gelu(x, Some(zero));
    assert_eq!(host(without.inner()), host(with_zero.inner()));
}

/// Attention forward and backward, with keys cut as given and the bias masking some keys.
fn attention_agrees(key_lengths: &[usize], masked: bool) {
    let keys = Segments::new(key_lengths.to_vec());
    let count = keys.tokens();
    let inputs = || (tokens(1), matrix(2, count, WIDTH), matrix(3, count, WIDTH));
    let bias = masked.then(|| {
        let mask: Vec<f32> = (0..count).map(|i| if i % 3 == 1 { -10_000.0 } else { 0.5 }).collect();
        Vector::from_floats(mask.as_slice(), &FlexDevice)
    });
    let (q, k, v) = inputs();
    let layout = AttentionLayout::new(&segments(), &keys, WIDTH / HEAD_DIM);
    let ours = super::packed_attention(q.clone(), k.clone(), v.clone(), bias.clone(), &layout);
    let ours = results(ours, &[&q, &k, &v], &[]);
    let (q, k, v) = inputs();
    let [q_input, k_input, v_input] = [&q, &k, &v].map(|x| unwrap(x.clone()));
    let inputs = AttentionInputs::<Train> {
        q: q_input,
        k: k_input,
        v: v_input,
        bias: bias.clone().map(unwrap),
    };
    let burns = portable::packed_attention(inputs, &layout).output;
    let burns = results(wrap(burns), &[&q, &k, &v], &[]);
    assert_close(&ours, &burns);

    let inputs = AttentionInputs::<Flex> {
        q: unwrap(q.inner()),
        k: unwrap(k.inner()),
        v: unwrap(v.inner()),
        bias: bias.map(|bias| unwrap(bias.inner())),
    };
    let native = Flex::packed_attention(inputs.clone(), &layout);
    let attended = portable::packed_attention(inputs.clone(), &layout);
    let [sums, expected] = [&native, &attended].map(|x| vec![host(wrap::<Flex, 2>(x.lse.clone()))]);
    assert_close(&sums, &expected);
    let gradient = unwrap(tokens(99).inner());
    let by_hand = portable::packed_attention_backward(inputs, attended, gradient, &layout);
    let by_hand = by_hand.map(|x| host(wrap::<Flex, 2>(x)));
    assert_close(&by_hand, &burns[1..]);
}

#[test]
fn self_attention() {
    attention_agrees(&LENGTHS, false);
}

#[test]
fn cross_attention_with_masked_keys() {
    attention_agrees(&[5, 5, 9, 2, 1, 200], true);
}

#[test]
fn attention_does_not_leak_across_examples() {
    let (q, k, v) = (tokens(1).inner(), tokens(2).inner(), tokens(3).inner());
    let attend = |v: &Tensor<Flex, 2>| {
        let layout = AttentionLayout::new(&segments(), &segments(), 2);
        super::packed_attention(q.clone(), k.clone(), v.clone(), None, &layout)
    };
    let before = attend(&v);
    // Changing the values of the first four tokens reaches the first two examples only.
    let changed = Tensor::cat(vec![v.clone().narrow(0, 0, 4) + 1.0, v.narrow(0, 4, 268)], 0);
    let difference = host((attend(&changed) - before).abs().max_dim(1));
    assert!(difference[..4].iter().all(|&d| d > 0.5), "{:?}", &difference[..4]);
    assert!(difference[4..].iter().all(|&d| d == 0.0));
}

#[test]
fn adamw() {
    let start = || [1, 2, 3, 4].map(|index| weight(index).inner());
    let [_, _, second, _] = start();
    let step = super::AdamWStep {
        learning_rate: 1e-2,
        beta_1: 0.9,
        beta_2: 0.99,
        epsilon: 1e-8,
        weight_decay: 0.1,
        number: 3,
        ema_decay: 0.95,
    };
    let gradient = weight(5).inner();
    let clip = Tensor::<Flex, 1>::from_floats([0.25], &FlexDevice);
    let state = |second: Tensor<Flex, 1>| {
        let [parameter, first, _, average] = start();
        [parameter, first, second, average]
    };
    let second = second.abs();
    let portable = portable::adamw(state(second.clone()), gradient.clone(), clip.clone(), &step);
    let primitives = state(second).map(super::unwrap);
    let native =
        Flex::adamw(primitives, super::unwrap(gradient.clone()), super::unwrap(clip), &step);
    assert_close(&native.map(|x| host::<1>(super::wrap(x))), &portable.map(host));

    let norms = [super::squared_norm(gradient.clone()), portable::squared_norm(gradient)];
    let [native, portable] = norms.map(host);
    assert_close(&[native], &[portable]);
}

#[test]
fn dequantise() {
    // Both signs, the largest of both, and zero; rows of more than a native piece.
    let (inputs, outputs) = (4 * 37, 11);
    let rows = Int8Rows {
        values: (0..inputs * outputs).map(|i| ((i * 37) % 255) as i8).collect(),
        scales: values(5, outputs),
    };
    let words = TensorData::new(rows.words(), [inputs / 4, outputs]);
    let words = Tensor::<Flex, 2, Int>::from_data(words, (&FlexDevice, DType::I32));
    let scales = Tensor::<Flex, 1>::from_data(rows.scales.as_slice(), &FlexDevice);
    let expected = TensorData::new(rows.weights(), [outputs, inputs]);
    let expected = Tensor::<Flex, 2>::from_data(expected, &FlexDevice).transpose();
    let portable = portable::dequantise::<Flex>(words.clone(), scales.clone(), DType::F32);
    let native = super::dequantise(words, scales, DType::F32);
    assert_eq!(host(portable), host(expected.clone()));
    assert_eq!(host(native), host(expected));
}

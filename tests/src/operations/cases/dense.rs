//! Matrix products, the embedding, and the loss.

use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{DType, Int, Tensor, TensorData};
use pixelflow::int8::Int8Rows;
use pixelflow::ops::{self, PixelFlowBackend};
use pixelflow_dataset::PackedExample;
use train::loss_per_example;

use super::vector;
use crate::operations::reference;
use crate::operations::shapes::{PACKED, TOKENS, WIDTH, lengths};
use crate::operations::{Case, Input, Matrix};

/// Rows, inputs and outputs of the products: no multiples of a tile.
const ROWS: usize = 37;
const FROM: usize = 72;
const TO: usize = 51;

/// Channels and sides of a patch of `FROM` features.
const PATCH: [usize; 3] = [2, 6, 6];

/// Labels of the examples: one of them more than once, the first and the last row among them.
const LABELS: [usize; 5] = [6, 0, 3, 6, 6];

/// Rows of the embedding.
const CLASSES: usize = 7;

pub(super) fn cases<A: AutodiffBackend + PixelFlowBackend>() -> Vec<Case<A>> {
    let x = || Input::normals("x", [ROWS, FROM]);
    let bias = || Input::normals("bias", [1, TO]);
    vec![
        Case::new(
            "linear/odd_sizes",
            vec![x(), Input::normals("weight", [FROM, TO]), bias()],
            |inputs| reference::linear(&inputs[0], &inputs[1], Some(&inputs[2])),
            |inputs| {
                let bias = Some(vector(&inputs[2]));
                ops::linear(inputs[0].clone(), inputs[1].clone(), bias)
            },
        ),
        Case::new(
            "linear/without_bias",
            vec![x(), Input::normals("weight", [FROM, TO])],
            |inputs| reference::linear(&inputs[0], &inputs[1], None),
            |inputs| ops::linear(inputs[0].clone(), inputs[1].clone(), None),
        ),
        Case::new(
            "linear/transposed_weight",
            vec![x(), Input::normals("weight", [TO, FROM]), bias()],
            |inputs| {
                let weight = inputs[1].transposed();
                reference::linear(&inputs[0], &weight, Some(&inputs[2]))
            },
            |inputs| {
                let [channels, height, width] = PATCH;
                let kernel = inputs[1].clone().reshape([TO, channels, height, width]);
                let matrix = kernel.reshape([TO, FROM]).transpose();
                ops::linear(inputs[0].clone(), matrix, Some(vector(&inputs[2])))
            },
        ),
        int8(x(), bias()),
        Case::new(
            "embedding/repeated_labels",
            vec![Input::normals("table", [CLASSES, WIDTH])],
            |inputs| reference::select(&inputs[0], &LABELS),
            |inputs| {
                let labels = TensorData::from(LABELS.map(|label| label as i64));
                let device = inputs[0].device();
                let labels = Tensor::<A, 1, Int>::from_data(labels, &device);
                inputs[0].clone().select(0, labels)
            },
        ),
    ]
}

/// A matrix in eight bits, taken to the format of what it is multiplied with.
fn int8<A: AutodiffBackend + PixelFlowBackend>(x: Input, bias: Input) -> Case<A> {
    let rows = Int8Rows {
        // All numbers but -128, in no order.
        values: (0..TO * FROM)
            .map(|i| (i * 37 % 255) as i16 - 127)
            .map(|value| value as i8)
            .collect(),
        scales: (0..TO).map(|output| (output + 1) as f32 / 4096.0).collect(),
    };
    let values: Vec<f64> = rows.values.iter().map(|&value| f64::from(value)).collect();
    let scales = rows.scales.iter().map(|&scale| f64::from(scale)).collect();
    Case::new(
        "linear/int8",
        vec![x, bias, Input::constant(values), Input::constant(scales)],
        |inputs| {
            let values = inputs[2].row(0).chunks_exact(FROM).map(<[_]>::to_vec);
            let weight = reference::dequantise(&Matrix::from_rows(values), &inputs[3]);
            reference::linear(&inputs[0], &weight, Some(&inputs[1]))
        },
        move |inputs| {
            let (x, device) = (inputs[0].clone(), inputs[0].device());
            let words = TensorData::new(rows.words(), [FROM / 4, TO]);
            let words = Tensor::<A, 2, Int>::from_data(words, (&device, DType::I32));
            let weight = ops::dequantise(words, vector(&inputs[3]), x.dtype());
            ops::linear(x, weight, Some(vector(&inputs[1])))
        },
    )
}

/// The loss, which is f32 whatever the model computes in.
pub(super) fn loss<A: AutodiffBackend>() -> Case<A> {
    Case::new(
        "loss_per_example/odd_tokens",
        vec![
            Input::normals("velocity", [TOKENS, WIDTH]),
            Input::normals("target", [TOKENS, WIDTH]),
        ],
        |inputs| reference::loss_per_example(&inputs[0], &inputs[1], &lengths(PACKED)),
        |inputs| {
            let segment = |(example, &(grid_height, grid_width))| PackedExample {
                stage: 0,
                grid_height,
                grid_width,
                timestep: 0.0,
                time: 0.0,
                label: 0,
                dropped: false,
                example,
            };
            let segments: Vec<PackedExample> = PACKED.iter().enumerate().map(segment).collect();
            let losses = loss_per_example(inputs[0].clone(), inputs[1].clone(), &segments);
            losses.unsqueeze_dim(1)
        },
    )
}

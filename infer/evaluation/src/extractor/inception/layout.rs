//! Which convolutions Inception-v3 has: names, channels and kernels.

use super::block;
use crate::extractor::convolution::{Form, Padding};

/// A convolution that is to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Convolution {
    /// Its name in its block.
    pub(super) name: &'static str,
    /// Its shape.
    pub(super) form: Form,
}

/// A step that is to be read.
pub(super) type Step = block::Step<Convolution>;

use block::Step::{ConvolvedAverage, Fork, Halve, Maximum};

/// A convolution whose result is as large as its input.
fn same(name: &'static str, inputs: usize, outputs: usize, kernel: [usize; 2]) -> Convolution {
    Convolution { name, form: Form::same(inputs, outputs, kernel) }
}

/// A step with such a convolution.
fn conv(name: &'static str, inputs: usize, outputs: usize, kernel: [usize; 2]) -> Step {
    block::Step::Convolution(same(name, inputs, outputs, kernel))
}

/// A step with a kernel of 3x3 that does not reach over the border.
fn inside(name: &'static str, inputs: usize, outputs: usize, stride: usize) -> Step {
    let padding = Padding::Valid;
    let form = Form { stride, padding, ..Form::same(inputs, outputs, [3, 3]) };
    block::Step::Convolution(Convolution { name, form })
}

/// Up to the first pool.
pub(super) fn stem() -> Vec<Vec<Step>> {
    vec![vec![
        inside("Conv2d_1a_3x3", 3, 32, 2),
        inside("Conv2d_2a_3x3", 32, 32, 1),
        conv("Conv2d_2b_3x3", 32, 64, [3, 3]),
    ]]
}

/// From the first to the second pool.
pub(super) fn middle() -> Vec<Vec<Step>> {
    vec![vec![conv("Conv2d_3b_1x1", 64, 80, [1, 1]), inside("Conv2d_4a_3x3", 80, 192, 1)]]
}

/// A block of branches.
pub(super) struct Mixed {
    /// Its name.
    pub(super) name: &'static str,
    kind: Kind,
    inputs: usize,
}

/// The kinds of blocks, with what distinguishes two of a kind.
enum Kind {
    A { pool: usize },
    B,
    C { inner: usize },
    D,
    E { maximum: bool },
}

const fn mixed(name: &'static str, kind: Kind, inputs: usize) -> Mixed {
    Mixed { name, kind, inputs }
}

/// All blocks in order. The last one pools by the maximum: a mistake of that network, which its numbers have.
pub(super) static MIXED: [Mixed; 11] = [
    mixed("Mixed_5b", Kind::A { pool: 32 }, 192),
    mixed("Mixed_5c", Kind::A { pool: 64 }, 256),
    mixed("Mixed_5d", Kind::A { pool: 64 }, 288),
    mixed("Mixed_6a", Kind::B, 288),
    mixed("Mixed_6b", Kind::C { inner: 128 }, 768),
    mixed("Mixed_6c", Kind::C { inner: 160 }, 768),
    mixed("Mixed_6d", Kind::C { inner: 160 }, 768),
    mixed("Mixed_6e", Kind::C { inner: 192 }, 768),
    mixed("Mixed_7a", Kind::D, 768),
    mixed("Mixed_7b", Kind::E { maximum: false }, 1280),
    mixed("Mixed_7c", Kind::E { maximum: true }, 2048),
];

/// Which of them is `Mixed_6d`, whose first branch is `mixed_6/conv`; `Mixed_6e` is next.
pub(super) const MIXED_6D: usize = 6;

impl Mixed {
    /// The steps of each branch.
    pub(super) fn branches(&self) -> Vec<Vec<Step>> {
        let inputs = self.inputs;
        match &self.kind {
            Kind::A { pool } => vec![
                vec![conv("branch1x1", inputs, 64, [1, 1])],
                vec![conv("branch5x5_1", inputs, 48, [1, 1]), conv("branch5x5_2", 48, 64, [5, 5])],
                vec![
                    conv("branch3x3dbl_1", inputs, 64, [1, 1]),
                    conv("branch3x3dbl_2", 64, 96, [3, 3]),
                    conv("branch3x3dbl_3", 96, 96, [3, 3]),
                ],
                vec![ConvolvedAverage(same("branch_pool", inputs, *pool, [1, 1]))],
            ],
            Kind::B => vec![
                vec![inside("branch3x3", inputs, 384, 2)],
                vec![
                    conv("branch3x3dbl_1", inputs, 64, [1, 1]),
                    conv("branch3x3dbl_2", 64, 96, [3, 3]),
                    inside("branch3x3dbl_3", 96, 96, 2),
                ],
                vec![Halve],
            ],
            Kind::C { inner } => vec![
                vec![conv("branch1x1", inputs, 192, [1, 1])],
                vec![
                    conv("branch7x7_1", inputs, *inner, [1, 1]),
                    conv("branch7x7_2", *inner, *inner, [1, 7]),
                    conv("branch7x7_3", *inner, 192, [7, 1]),
                ],
                vec![
                    conv("branch7x7dbl_1", inputs, *inner, [1, 1]),
                    conv("branch7x7dbl_2", *inner, *inner, [7, 1]),
                    conv("branch7x7dbl_3", *inner, *inner, [1, 7]),
                    conv("branch7x7dbl_4", *inner, *inner, [7, 1]),
                    conv("branch7x7dbl_5", *inner, 192, [1, 7]),
                ],
                vec![ConvolvedAverage(same("branch_pool", inputs, 192, [1, 1]))],
            ],
            Kind::D => vec![
                vec![conv("branch3x3_1", inputs, 192, [1, 1]), inside("branch3x3_2", 192, 320, 2)],
                vec![
                    conv("branch7x7x3_1", inputs, 192, [1, 1]),
                    conv("branch7x7x3_2", 192, 192, [1, 7]),
                    conv("branch7x7x3_3", 192, 192, [7, 1]),
                    inside("branch7x7x3_4", 192, 192, 2),
                ],
                vec![Halve],
            ],
            Kind::E { maximum } => vec![
                vec![conv("branch1x1", inputs, 320, [1, 1])],
                vec![
                    conv("branch3x3_1", inputs, 384, [1, 1]),
                    Fork(
                        same("branch3x3_2a", 384, 384, [1, 3]),
                        same("branch3x3_2b", 384, 384, [3, 1]),
                    ),
                ],
                vec![
                    conv("branch3x3dbl_1", inputs, 448, [1, 1]),
                    conv("branch3x3dbl_2", 448, 384, [3, 3]),
                    Fork(
                        same("branch3x3dbl_3a", 384, 384, [1, 3]),
                        same("branch3x3dbl_3b", 384, 384, [3, 1]),
                    ),
                ],
                {
                    let convolution = same("branch_pool", inputs, 192, [1, 1]);
                    if *maximum {
                        vec![Maximum, block::Step::Convolution(convolution)]
                    } else {
                        vec![ConvolvedAverage(convolution)]
                    }
                },
            ],
        }
    }
}

//! The CPU backend: native where everything is f32 or bf16, which is computed in f32, portable otherwise.

use burn::tensor::ops::{FloatTensor, IntTensor};
use burn::tensor::{DType, Tensor};
use burn_flex::{Flex, FlexDevice};

use super::attention::AttentionValues;
use super::norm_rotate::Table;
use super::tensors::{Values, all, tensor, tensor_in, words_of};
use super::{ada_norm, adamw, dequantise, gated_add, gelu, linear, norm_rotate};
use crate::Segments;
use crate::int8::IN_A_WORD;
use crate::ops::{
    AdamWStep, Attended, AttentionForm, AttentionInputs, AttentionLayout, PixelFlowBackend,
    portable, unwrap, wrap,
};

type Flat = FloatTensor<Flex>;

impl PixelFlowBackend for Flex {
    fn ada_layer_norm(x: Flat, shift: Flat, scale: Flat, segments: &Segments) -> Flat {
        let dtype = x.dtype();
        let Some([values, shifts, scales]) = all([&x, &shift, &scale]) else {
            let (x, shift, scale) = (wrap(x), wrap(shift), wrap(scale));
            return unwrap(portable::ada_layer_norm::<Self>(x, shift, scale, segments));
        };
        let [tokens, width] = values.sides();
        let (x, shift, scale) = (values.slice(), shifts.slice(), scales.slice());
        tensor_in(dtype, ada_norm::layer_norm(x, shift, scale, segments, width), [tokens, width])
    }

    fn ada_layer_norm_backward(
        x: Flat,
        scale: Flat,
        gradient: Flat,
        segments: &Segments,
    ) -> [Flat; 3] {
        let dtype = x.dtype();
        let Some([values, scales, gradients]) = all([&x, &scale, &gradient]) else {
            let (x, scale, gradient) = (wrap(x), wrap(scale), wrap(gradient));
            return portable::ada_layer_norm_backward::<Self>(x, scale, gradient, segments)
                .map(unwrap);
        };
        let [tokens, width] = values.sides();
        let (x, scale, gradient) = (values.slice(), scales.slice(), gradients.slice());
        let [x, shift, scale] = ada_norm::layer_norm_backward(x, scale, gradient, segments, width);
        let rows = [segments.examples(), width];
        [
            tensor_in(dtype, x, [tokens, width]),
            tensor_in(dtype, shift, rows),
            tensor_in(dtype, scale, rows),
        ]
    }

    fn ada_rms_norm(x: Flat, weight: Flat, shift: Flat, scale: Flat, segments: &Segments) -> Flat {
        let dtype = x.dtype();
        let Some([values, weights, shifts, scales]) = all([&x, &weight, &shift, &scale]) else {
            let (x, weight, shift, scale) = (wrap(x), wrap(weight), wrap(shift), wrap(scale));
            return unwrap(portable::ada_rms_norm::<Self>(x, weight, shift, scale, segments));
        };
        let [tokens, width] = values.sides();
        let (x, weight, shift, scale) =
            (values.slice(), weights.slice(), shifts.slice(), scales.slice());
        tensor_in(
            dtype,
            ada_norm::rms_norm(x, weight, shift, scale, segments, width),
            [tokens, width],
        )
    }

    fn ada_rms_norm_backward(
        x: Flat,
        weight: Flat,
        scale: Flat,
        gradient: Flat,
        segments: &Segments,
    ) -> [Flat; 4] {
        let dtype = x.dtype();
        let Some([values, weights, scales, gradients]) = all([&x, &weight, &scale, &gradient])
        else {
            let (x, weight, scale) = (wrap(x), wrap(weight), wrap(scale));
            let ([x, shift, scale], weight) =
                portable::ada_rms_norm_backward::<Self>(x, weight, scale, wrap(gradient), segments);
            return [unwrap(x), unwrap(shift), unwrap(scale), unwrap(weight)];
        };
        let [tokens, width] = values.sides();
        let (x, weight) = (values.slice(), weights.slice());
        let (scale, gradient) = (scales.slice(), gradients.slice());
        let [x, shift, scale, weight] =
            ada_norm::rms_norm_backward(x, weight, scale, gradient, segments, width);
        let rows = [segments.examples(), width];
        [
            tensor_in(dtype, x, [tokens, width]),
            tensor_in(dtype, shift, rows),
            tensor_in(dtype, scale, rows),
            tensor_in(dtype, weight, [width]),
        ]
    }

    fn norm_rotate(x: Flat, weight: Flat, cos: Flat, sin: Flat) -> Flat {
        let dtype = x.dtype();
        let Some([values, weights, cosines, sines]) = all([&x, &weight, &cos, &sin]) else {
            let (x, weight) = (wrap(x), wrap(weight));
            return unwrap(portable::norm_rotate::<Self>(x, weight, wrap(cos), wrap(sin)));
        };
        let table = table(&cosines, &sines);
        tensor_in(
            dtype,
            norm_rotate::norm_rotate(values.slice(), weights.slice(), table),
            values.sides(),
        )
    }

    fn norm_rotate_backward(
        x: Flat,
        weight: Flat,
        cos: Flat,
        sin: Flat,
        gradient: Flat,
    ) -> [Flat; 2] {
        let dtype = x.dtype();
        let Some([values, weights, cosines, sines, gradients]) =
            all([&x, &weight, &cos, &sin, &gradient])
        else {
            let (x, weight, gradient) = (wrap(x), wrap(weight), wrap(gradient));
            let (x, weight) =
                portable::norm_rotate_backward::<Self>(x, weight, wrap(cos), wrap(sin), gradient);
            return [unwrap(x), unwrap(weight)];
        };
        let sides = values.sides();
        let table = table(&cosines, &sines);
        let [x, weight] = norm_rotate::norm_rotate_backward(
            values.slice(),
            weights.slice(),
            table,
            gradients.slice(),
        );
        [tensor_in(dtype, x, sides), tensor_in(dtype, weight, [sides[1]])]
    }

    fn gated_add(h: Flat, gate: Flat, y: Flat, segments: &Segments) -> Flat {
        let dtype = h.dtype();
        let Some([values, gates, ys]) = all([&h, &gate, &y]) else {
            return unwrap(portable::gated_add::<Self>(wrap(h), wrap(gate), wrap(y), segments));
        };
        let [tokens, width] = values.sides();
        let (h, gate, y) = (values.slice(), gates.slice(), ys.slice());
        tensor_in(dtype, gated_add::gated_add(h, gate, y, segments, width), [tokens, width])
    }

    fn gated_add_backward(gate: Flat, y: Flat, gradient: Flat, segments: &Segments) -> [Flat; 2] {
        let dtype = y.dtype();
        let Some([gates, ys, gradients]) = all([&gate, &y, &gradient]) else {
            let (gate, y, gradient) = (wrap(gate), wrap(y), wrap(gradient));
            return portable::gated_add_backward::<Self>(gate, y, gradient, segments).map(unwrap);
        };
        let [tokens, width] = ys.sides();
        let (gate, y, gradient) = (gates.slice(), ys.slice(), gradients.slice());
        let [gate, y] = gated_add::gated_add_backward(gate, y, gradient, segments, width);
        [tensor_in(dtype, gate, [segments.examples(), width]), tensor_in(dtype, y, [tokens, width])]
    }

    fn bias_gelu(x: Flat, bias: Option<Flat>) -> Flat {
        let bias = bias.unwrap_or_else(|| no_bias(&x));
        let dtype = x.dtype();
        let Some([values, biases]) = all([&x, &bias]) else {
            return unwrap(portable::bias_gelu::<Self>(wrap(x), Some(wrap(bias))));
        };
        tensor_in(dtype, gelu::bias_gelu(values.slice(), biases.slice()), values.sides())
    }

    fn bias_gelu_backward(x: Flat, bias: Option<Flat>, gradient: Flat) -> [Flat; 2] {
        let bias = bias.unwrap_or_else(|| no_bias(&x));
        let dtype = x.dtype();
        let Some([values, biases, gradients]) = all([&x, &bias, &gradient]) else {
            let (x, bias, gradient) = (wrap(x), wrap(bias), wrap(gradient));
            let (x, bias) = portable::bias_gelu_backward::<Self>(x, Some(bias), gradient);
            return [unwrap(x), unwrap(bias)];
        };
        let sides = values.sides();
        let [x, bias] = gelu::bias_gelu_backward(values.slice(), biases.slice(), gradients.slice());
        [tensor_in(dtype, x, sides), tensor_in(dtype, bias, [sides[1]])]
    }

    fn packed_attention(inputs: AttentionInputs<Self>, layout: &AttentionLayout) -> Attended<Self> {
        let dtype = inputs.q.dtype();
        let Some(values) = AttentionValues::new(&inputs) else {
            return portable::packed_attention(inputs, layout);
        };
        let [queries, width] = values.q.sides();
        let (output, lse) = values.attention(layout).forward();
        Attended {
            output: tensor_in(dtype, output, [queries, width]),
            lse: tensor(lse, [queries, layout.heads]),
        }
    }

    fn packed_attention_backward(
        inputs: AttentionInputs<Self>,
        attended: Attended<Self>,
        gradient: Flat,
        layout: &AttentionLayout,
    ) -> [Flat; 3] {
        let dtype = gradient.dtype();
        let saved = all([&attended.output, &attended.lse, &gradient]);
        let Some((values, [output, lse, gradients])) = AttentionValues::new(&inputs).zip(saved)
        else {
            return portable::packed_attention_backward(inputs, attended, gradient, layout);
        };
        let (for_queries, for_keys) = (values.q.sides(), values.k.sides());
        let [q, k, v] =
            values.attention(layout).backward(output.slice(), lse.slice(), gradients.slice());
        [(q, for_queries), (k, for_keys), (v, for_keys)]
            .map(|(values, sides)| tensor_in(dtype, values, sides))
    }

    fn adamw(state: [Flat; 4], gradient: Flat, clip: Flat, step: &AdamWStep) -> [Flat; 4] {
        let native = Values::new(gradient.clone()).zip(Values::new(clip.clone()));
        let whole = |x: &Flat| x.dtype() == DType::F32 && x.as_slice::<f32>().is_some();
        let (Some((gradients, clips)), true) = (native, state.iter().all(whole)) else {
            let (gradient, clip) = (wrap(gradient), wrap(clip));
            return portable::adamw::<Self>(state.map(wrap), gradient, clip, step).map(unwrap);
        };
        let count = gradients.slice().len();
        let mut state = state;
        // Copies only what somebody else still holds.
        let parts = state.each_mut().map(|x| {
            let start = x.layout().start_offset();
            &mut x.storage_mut::<f32>()[start..start + count]
        });
        adamw::adamw(parts, gradients.slice(), clips.slice()[0], step);
        state
    }

    fn linear_in_half(x: Flat, weight: Flat, bias: Option<Flat>) -> Flat {
        linear::linear(&x, &weight, bias.as_ref()).unwrap_or_else(|| {
            unwrap(portable::linear_in_half::<Self>(wrap(x), wrap(weight), bias.map(wrap)))
        })
    }

    fn linear_in_half_backward(x: Flat, weight: Flat, gradient: Flat) -> [Flat; 2] {
        linear::linear_backward(&x, &weight, &gradient).unwrap_or_else(|| {
            let (x, weight, gradient) = (wrap(x), wrap(weight), wrap(gradient));
            portable::linear_in_half_backward::<Self>(x, weight, gradient).map(unwrap)
        })
    }

    fn dequantise(words: IntTensor<Flex>, scale: Flat, dtype: DType) -> Flat {
        let native = (dtype == DType::F32).then(|| Values::new(scale.clone()));
        let (Some(scales), Some(values)) = (native.flatten(), words_of(&words)) else {
            let words = Tensor::from_primitive(words);
            return unwrap(portable::dequantise::<Self>(words, wrap(scale), dtype));
        };
        let [quarter, outputs] = words.layout().shape().dims();
        tensor(dequantise::dequantise(values, scales.slice()), [IN_A_WORD * quarter, outputs])
    }

    fn attention_form(_head_dim: usize, dtype: DType, _device: &FlexDevice) -> AttentionForm {
        match dtype {
            DType::F32 | DType::BF16 => AttentionForm::Native,
            _ => AttentionForm::Portable,
        }
    }

    fn squared_norm(x: Flat) -> Flat {
        match Values::new(x.clone()) {
            Some(values) => tensor(vec![adamw::squared_norm(values.slice())], [1]),
            None => unwrap(portable::squared_norm::<Self>(wrap(x))),
        }
    }
}

fn table<'a>(cos: &'a Values, sin: &'a Values) -> Table<'a> {
    Table { cos: cos.slice(), sin: sin.slice(), pairs: cos.sides()[1] }
}

fn no_bias(x: &Flat) -> Flat {
    let width = x.layout().shape()[1];
    tensor(vec![0.0; width], [width])
}

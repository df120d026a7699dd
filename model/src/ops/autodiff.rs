//! The operations on an autodiff backend: one node each, with the gradients written by hand.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::DType;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::ops::FloatTensor;

use super::{
    Attended, AttentionForm, AttentionInputs, AttentionLayout, PixelFlowBackend, portable, unwrap,
    wrap,
};
use crate::Segments;

impl<B: PixelFlowBackend, C: CheckpointStrategy> PixelFlowBackend for Autodiff<B, C> {
    fn attention_form(head_dim: usize, dtype: DType, device: &Self::Device) -> AttentionForm {
        B::attention_form(head_dim, dtype, device)
    }

    fn ada_layer_norm(
        x: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        segments: &Segments,
    ) -> FloatTensor<Self> {
        let state = (x.primitive.clone(), scale.primitive.clone(), segments.clone());
        let nodes = [x.node.clone(), shift.node.clone(), scale.node.clone()];
        let out = B::ada_layer_norm(x.primitive, shift.primitive, scale.primitive, segments);
        match AdaLayerNorm.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(state, out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn ada_rms_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        segments: &Segments,
    ) -> FloatTensor<Self> {
        let inputs = [x.primitive.clone(), weight.primitive.clone(), scale.primitive.clone()];
        let state = (inputs, segments.clone());
        let nodes = [x.node.clone(), shift.node.clone(), scale.node.clone(), weight.node.clone()];
        let (x, shift, scale) = (x.primitive, shift.primitive, scale.primitive);
        let out = B::ada_rms_norm(x, weight.primitive, shift, scale, segments);
        match AdaRmsNorm.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(state, out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn norm_rotate(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        cos: FloatTensor<Self>,
        sin: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let nodes = [x.node.clone(), weight.node.clone()];
        let state = [x.primitive, weight.primitive, cos.primitive, sin.primitive];
        let [x, weight, cos, sin] = state.clone();
        let out = B::norm_rotate(x, weight, cos, sin);
        match NormRotate.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(state, out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn gated_add(
        h: FloatTensor<Self>,
        gate: FloatTensor<Self>,
        y: FloatTensor<Self>,
        segments: &Segments,
    ) -> FloatTensor<Self> {
        let state = (gate.primitive.clone(), y.primitive.clone(), segments.clone());
        let nodes = [h.node.clone(), gate.node.clone(), y.node.clone()];
        let out = B::gated_add(h.primitive, gate.primitive, y.primitive, segments);
        match GatedAdd.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(state, out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn linear_in_half(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: Option<FloatTensor<Self>>,
    ) -> FloatTensor<Self> {
        let state = [x.primitive.clone(), weight.primitive.clone()];
        let nodes = [x.node.clone(), weight.node.clone()];
        let Some(bias) = bias else {
            let out = B::linear_in_half(x.primitive, weight.primitive, None);
            return match ProductInHalf.prepare::<C>(nodes).compute_bound().stateful() {
                OpsKind::Tracked(prep) => prep.finish(state, out),
                OpsKind::UnTracked(prep) => prep.finish(out),
            };
        };
        let [x_node, weight_node] = nodes;
        let nodes = [x_node, weight_node, bias.node.clone()];
        let out = B::linear_in_half(x.primitive, weight.primitive, Some(bias.primitive));
        match LinearInHalf.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(state, out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn bias_gelu(x: FloatTensor<Self>, bias: Option<FloatTensor<Self>>) -> FloatTensor<Self> {
        let Some(bias) = bias else {
            let (state, node) = ((x.primitive.clone(), None), x.node.clone());
            let out = B::bias_gelu(x.primitive, None);
            return match Gelu.prepare::<C>([node]).compute_bound().stateful() {
                OpsKind::Tracked(prep) => prep.finish(state, out),
                OpsKind::UnTracked(prep) => prep.finish(out),
            };
        };
        let state = (x.primitive.clone(), Some(bias.primitive.clone()));
        let nodes = [x.node.clone(), bias.node.clone()];
        let out = B::bias_gelu(x.primitive, Some(bias.primitive));
        match BiasGelu.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(state, out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn packed_attention(inputs: AttentionInputs<Self>, layout: &AttentionLayout) -> Attended<Self> {
        let AttentionInputs { q, k, v, bias } = inputs;
        let nodes = [q.node.clone(), k.node.clone(), v.node.clone()];
        let inputs = AttentionInputs::<B> {
            q: q.primitive,
            k: k.primitive,
            v: v.primitive,
            bias: bias.map(|bias| bias.primitive),
        };
        let attended = B::packed_attention(inputs.clone(), layout);
        let output = attended.output.clone();
        let lse = Self::from_inner(attended.lse.clone());
        let operation = PackedAttention.prepare::<C>(nodes);
        let output = match operation.compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((inputs, attended, layout.clone()), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        };
        Attended { output, lse }
    }
}

/// Registers the gradient of each parent that wants one.
fn register<B: PixelFlowBackend, S, const N: usize>(
    ops: Ops<S, N>,
    grads: &mut Gradients,
    gradients: impl FnOnce(S, FloatTensor<B>) -> [FloatTensor<B>; N],
) {
    let gradient = grads.consume::<B>(&ops.node);
    for (parent, gradient) in ops.parents.into_iter().zip(gradients(ops.state, gradient)) {
        if let Some(node) = parent {
            grads.register::<B>(node.id, gradient);
        }
    }
}

#[derive(Debug)]
struct AdaLayerNorm;

impl<B: PixelFlowBackend> Backward<B, 3> for AdaLayerNorm {
    type State = (FloatTensor<B>, FloatTensor<B>, Segments);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        register::<B, _, 3>(ops, grads, |(x, scale, segments), gradient| {
            B::ada_layer_norm_backward(x, scale, gradient, &segments)
        });
    }
}

#[derive(Debug)]
struct AdaRmsNorm;

impl<B: PixelFlowBackend> Backward<B, 4> for AdaRmsNorm {
    type State = ([FloatTensor<B>; 3], Segments);

    fn backward(self, ops: Ops<Self::State, 4>, grads: &mut Gradients, _: &mut Checkpointer) {
        register::<B, _, 4>(ops, grads, |([x, weight, scale], segments), gradient| {
            B::ada_rms_norm_backward(x, weight, scale, gradient, &segments)
        });
    }
}

#[derive(Debug)]
struct NormRotate;

impl<B: PixelFlowBackend> Backward<B, 2> for NormRotate {
    type State = [FloatTensor<B>; 4];

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        register::<B, _, 2>(ops, grads, |[x, weight, cos, sin], gradient| {
            B::norm_rotate_backward(x, weight, cos, sin, gradient)
        });
    }
}

#[derive(Debug)]
struct GatedAdd;

impl<B: PixelFlowBackend> Backward<B, 3> for GatedAdd {
    type State = (FloatTensor<B>, FloatTensor<B>, Segments);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        register::<B, _, 3>(ops, grads, |(gate, y, segments), gradient| {
            let [for_gate, for_y] = B::gated_add_backward(gate, y, gradient.clone(), &segments);
            [gradient, for_gate, for_y]
        });
    }
}

#[derive(Debug)]
struct LinearInHalf;

impl<B: PixelFlowBackend> Backward<B, 3> for LinearInHalf {
    type State = [FloatTensor<B>; 2];

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        register::<B, _, 3>(ops, grads, |[x, weight], gradient| {
            let for_bias = unwrap(portable::bias_backward::<B>(wrap(gradient.clone())));
            let [for_x, for_weight] = B::linear_in_half_backward(x, weight, gradient);
            [for_x, for_weight, for_bias]
        });
    }
}

#[derive(Debug)]
struct ProductInHalf;

impl<B: PixelFlowBackend> Backward<B, 2> for ProductInHalf {
    type State = [FloatTensor<B>; 2];

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        register::<B, _, 2>(ops, grads, |[x, weight], gradient| {
            B::linear_in_half_backward(x, weight, gradient)
        });
    }
}

#[derive(Debug)]
struct BiasGelu;

impl<B: PixelFlowBackend> Backward<B, 2> for BiasGelu {
    type State = (FloatTensor<B>, Option<FloatTensor<B>>);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        register::<B, _, 2>(ops, grads, |(x, bias), gradient| {
            B::bias_gelu_backward(x, bias, gradient)
        });
    }
}

#[derive(Debug)]
struct Gelu;

impl<B: PixelFlowBackend> Backward<B, 1> for Gelu {
    type State = (FloatTensor<B>, Option<FloatTensor<B>>);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        register::<B, _, 1>(ops, grads, |(x, _), gradient| {
            let [for_x, _] = B::bias_gelu_backward(x, None, gradient);
            [for_x]
        });
    }
}

#[derive(Debug)]
struct PackedAttention;

impl<B: PixelFlowBackend> Backward<B, 3> for PackedAttention {
    // Nothing of size tokens².
    type State = (AttentionInputs<B>, Attended<B>, AttentionLayout);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        register::<B, _, 3>(ops, grads, |(inputs, attended, layout), gradient| {
            B::packed_attention_backward(inputs, attended, gradient, &layout)
        });
    }
}

//! GPU backends with kernel fusion: packed attention is one operation of the stream, all others are
//! portable, which is what fusion works on.

use std::marker::PhantomData;

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, Shape};
use burn_fusion::stream::{Operation, OperationStreams};
use burn_fusion::{Fusion, FusionBackend, FusionTensor};
use burn_ir::{CustomOpIr, HandleContainer, OperationIr, TensorIr};

use super::{Attended, AttentionForm, AttentionInputs, AttentionLayout, PixelFlowBackend};

impl<B: FusionBackend + PixelFlowBackend> PixelFlowBackend for Fusion<B>
where
    Self: Backend<FloatTensorPrimitive = FusionTensor<B::FusionRuntime>, Device = B::Device>,
{
    fn packed_attention(inputs: AttentionInputs<Self>, layout: &AttentionLayout) -> Attended<Self> {
        let (q, dtype) = (inputs.q.shape.clone(), inputs.q.dtype);
        let lse = Shape::new([q[0], layout.heads]);
        let outputs = register::<B, Forward<B>>(
            "packed_attention",
            tensors(inputs),
            vec![(q, dtype), (lse, DType::F32)],
            layout,
        );
        let [output, lse] = outputs.try_into().expect("as many as were registered");
        Attended { output, lse }
    }

    fn packed_attention_backward(
        inputs: AttentionInputs<Self>,
        attended: Attended<Self>,
        gradient: FloatTensor<Self>,
        layout: &AttentionLayout,
    ) -> [FloatTensor<Self>; 3] {
        let like = |x: &FloatTensor<Self>| (x.shape.clone(), x.dtype);
        let outputs = vec![like(&inputs.q), like(&inputs.k), like(&inputs.v)];
        let mut all = vec![attended.output, attended.lse, gradient];
        all.extend(tensors(inputs));
        let outputs = register::<B, Backward<B>>("packed_attention_backward", all, outputs, layout);
        outputs.try_into().expect("as many as were registered")
    }

    fn attention_form(head_dim: usize, dtype: DType, device: &B::Device) -> AttentionForm {
        B::attention_form(head_dim, dtype, device)
    }
}

/// Queries, keys, values and bias, if there is one.
fn tensors<B: Backend>(inputs: AttentionInputs<B>) -> Vec<FloatTensor<B>> {
    let AttentionInputs { q, k, v, bias } = inputs;
    [q, k, v].into_iter().chain(bias).collect()
}

/// The inverse of [`tensors`].
fn inputs<B: Backend>(tensors: &mut impl Iterator<Item = FloatTensor<B>>) -> AttentionInputs<B> {
    let mut next = || tensors.next().expect("queries, keys and values");
    AttentionInputs { q: next(), k: next(), v: next(), bias: tensors.next() }
}

/// An operation of the stream: what is done once its inputs exist.
trait Attention<B: FusionBackend>: std::fmt::Debug + Send + Sync + 'static {
    fn compute(inputs: Vec<FloatTensor<B>>, layout: &AttentionLayout) -> Vec<FloatTensor<B>>;
}

#[derive(Debug)]
struct Forward<B>(PhantomData<B>);

impl<B: FusionBackend + PixelFlowBackend> Attention<B> for Forward<B> {
    fn compute(tensors: Vec<FloatTensor<B>>, layout: &AttentionLayout) -> Vec<FloatTensor<B>> {
        let attended = B::packed_attention(inputs::<B>(&mut tensors.into_iter()), layout);
        vec![attended.output, attended.lse]
    }
}

#[derive(Debug)]
struct Backward<B>(PhantomData<B>);

impl<B: FusionBackend + PixelFlowBackend> Attention<B> for Backward<B> {
    fn compute(tensors: Vec<FloatTensor<B>>, layout: &AttentionLayout) -> Vec<FloatTensor<B>> {
        let mut tensors = tensors.into_iter();
        let mut next = || tensors.next().expect("output, sums and gradient");
        let (output, lse, gradient) = (next(), next(), next());
        let attended = Attended { output, lse };
        let inputs = inputs::<B>(&mut tensors);
        B::packed_attention_backward(inputs, attended, gradient, layout).into()
    }
}

#[derive(Debug)]
struct Registered<B, A> {
    tensors: CustomOpIr,
    layout: AttentionLayout,
    kind: PhantomData<(B, A)>,
}

impl<B: FusionBackend, A: Attention<B>> Operation<B::FusionRuntime> for Registered<B, A> {
    fn execute(&self, handles: &mut HandleContainer<B::Handle>) {
        let inputs = self.tensors.inputs.iter();
        let inputs = inputs.map(|input| handles.get_float_tensor::<B>(input));
        let inputs: Vec<_> = inputs.collect();
        let results = A::compute(inputs, &self.layout);
        for (output, result) in self.tensors.outputs.iter().zip(results) {
            handles.register_float_tensor::<B>(&output.id, result);
        }
    }
}

/// Appends an operation to the stream; its outputs, which do not exist yet.
fn register<B: FusionBackend, A: Attention<B>>(
    name: &'static str,
    inputs: Vec<FusionTensor<B::FusionRuntime>>,
    outputs: Vec<(Shape, DType)>,
    layout: &AttentionLayout,
) -> Vec<FusionTensor<B::FusionRuntime>> {
    let streams = OperationStreams::with_inputs(&inputs);
    let client = inputs[0].client.clone();
    let outputs: Vec<TensorIr> = outputs
        .into_iter()
        .map(|(shape, dtype)| TensorIr::uninit(client.create_empty_handle(), shape, dtype))
        .collect();
    let inputs: Vec<TensorIr> = inputs.into_iter().map(FusionTensor::into_ir).collect();
    let tensors = CustomOpIr::new(name, &inputs, &outputs);
    let operation =
        Registered::<B, A> { tensors: tensors.clone(), layout: layout.clone(), kind: PhantomData };
    client.register(streams, OperationIr::Custom(tensors), operation)
}

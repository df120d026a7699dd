//! Layers in memory give what layers on a device give.

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;

use super::*;
use crate::extractor::convolution::{Form, Padding};

/// Whole numbers: sums of products of them are exact, in any order.
fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7 + seed * 13) % 23) as f32 - 11.0).collect()
}

fn batch(images: usize, channels: usize, [height, width]: [usize; 2]) -> Tensor<Flex, 4> {
    let values = numbers(images * channels * height * width, 1);
    Tensor::from_data(TensorData::new(values, [images, channels, height, width]), &FlexDevice)
}

fn assert_equal(found: &[MemoryMap], expected: Tensor<Flex, 4>, what: &str) {
    let found = MemoryMap::stack::<Flex>(found, &FlexDevice);
    assert_eq!(found.dims(), expected.dims(), "{what}");
    assert_eq!(values_of(found), values_of(expected), "{what}");
}

#[test]
fn the_cpu_backend_is_in_memory() {
    assert!(super::super::is_in_memory::<Flex>(&FlexDevice));
    assert!(!super::super::is_in_memory::<burn::backend::Autodiff<Flex>>(&FlexDevice));
}

#[test]
fn convolutions_are_those_of_tensors() {
    let dense = |kernel, stride, padding| Form { stride, padding, ..Form::same(5, 6, kernel) };
    let alone = |kernel, stride| Form { stride, depthwise: true, ..Form::same(5, 5, kernel) };
    for form in [
        dense([1, 1], 1, Padding::Same),
        dense([3, 3], 1, Padding::Same),
        dense([3, 3], 1, Padding::Valid),
        dense([3, 3], 2, Padding::Valid),
        dense([3, 3], 2, Padding::Same),
        dense([1, 7], 1, Padding::Same),
        dense([7, 1], 1, Padding::Same),
        // So many results that they are made in several blocks of rows.
        Form { outputs: 3000, ..dense([3, 3], 1, Padding::Same) },
        alone([3, 3], 1),
        alone([5, 5], 2),
    ] {
        let convolution = Convolution {
            weight: numbers(form.shape().iter().product(), 2),
            bias: numbers(form.outputs, 3),
            form,
        };
        for size in [[9, 8], [7, 11]] {
            let x = batch(3, 5, size);
            for activation in [Activation::None, Activation::Relu, Activation::Relu6] {
                let weights = MemoryMap::weights(convolution.clone(), &());
                let found = MemoryMap::each(x.clone(), |map| map.convolve(&weights, activation));
                let weights = Tensor::<Flex, 4>::weights(convolution.clone(), &FlexDevice);
                let what = format!("{form:?} of {size:?}, {activation:?}");
                assert_equal(&found, x.convolve(&weights, activation), &what);
            }
        }
    }
}

#[test]
fn pools_sums_and_neighbours_are_those_of_tensors() {
    // Means of four, six and nine whole numbers: ninths are rounded once, whatever adds them.
    for size in [[9, 8], [3, 3], [4, 7]] {
        let x = batch(2, 3, size);
        let each = |layer: fn(MemoryMap) -> MemoryMap| MemoryMap::each(x.clone(), layer);
        for places in [Places::Every, Places::EverySecond] {
            let found = MemoryMap::each(x.clone(), |map| map.maximum(places));
            assert_equal(&found, x.maximum(places), &format!("maximum of {size:?}, {places:?}"));
        }
        let mean = each(|map| map.neighbour_mean());
        assert_equal(&mean, x.neighbour_mean(), &format!("mean of {size:?}"));
        let three = each(|map| MemoryMap::beside(&[map.clone(), map.maximum(Places::Every), map]));
        let expected = [x.clone(), x.maximum(Places::Every), x.clone()];
        assert_equal(&three, Tensor::beside(&expected), "beside");
        let twice = each(|map| map.clone().plus(map));
        assert_equal(&twice, x.clone().plus(x.clone()), "plus");
        // A tensor rounds the means of rows too.
        let means = each(|map| map).iter().flat_map(MemoryMap::means).collect::<Vec<f32>>();
        for (found, expected) in means.iter().zip(values_of(x.mean_dim(3).mean_dim(2))) {
            assert!((found - expected).abs() <= 2e-6, "{found}, not {expected}");
        }
    }
}

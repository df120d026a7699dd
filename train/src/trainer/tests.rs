//! What a step does with its precision and the factor of the loss.

use burn::backend::Flex;
use burn::backend::flex::FlexDevice;
use burn::tensor::{FloatDType, Tensor};

use super::*;
use crate::optimizer::OptimizerConfig;
use crate::step::tests::{Train, batch, network};

fn step(precision: Precision, scale: LossScale) -> (Trainer<Train>, StepOutcome) {
    let network = network();
    let optimizer = Optimizer::new(OptimizerConfig::default(), &network.valid());
    let mut trainer = Trainer::new(network, optimizer, FlexDevice).computing_in(precision, scale);
    let outcome = trainer.step(&[batch()], 1e-4);
    (trainer, outcome)
}

#[test]
fn a_batch_that_overflows_is_computed_again_with_a_smaller_factor() {
    let (_, exact) = step(Precision::F32, LossScale::default());
    let (_, plain) = step(Precision::F16, LossScale::of(16.0));
    let (trainer, again) = step(Precision::F16, LossScale::of(1e30));
    let [before, now] = again.scaled.unwrap();
    assert!(before == 1e30 && (1.0..1e30).contains(&now), "{before} {now}");
    assert_eq!(trainer.loss_scale().factor(Precision::F16), now);
    assert_eq!(again.step, 1);
    assert_eq!(plain.scaled, None);
    for outcome in [plain, again] {
        let error = (outcome.gradient_norm / exact.gradient_norm - 1.0).abs();
        assert!(error < 0.01, "{} of {}", outcome.gradient_norm, exact.gradient_norm);
        let error = (outcome.losses.mean() / exact.losses.mean() - 1.0).abs();
        assert!(error < 0.01 && error > 0.0, "{:?}", outcome.losses);
    }
}

#[test]
fn what_is_not_the_factor_s_fault_leaves_it_alone() {
    let network = network();
    let optimizer = Optimizer::new(OptimizerConfig::default(), &network.valid());
    let scale = LossScale::of(64.0);
    let mut trainer =
        Trainer::new(network, optimizer, FlexDevice).computing_in(Precision::F16, scale);
    let mut damaged = batch();
    damaged.packed.targets[0] = f32::NAN;
    let outcome = trainer.step(&[damaged], 1e-4);
    assert!(!outcome.is_finite() && trainer.is_whole());
    assert_eq!((outcome.scaled, trainer.loss_scale()), (None, scale));
}

#[test]
fn an_update_below_the_resolution_of_16_bits_is_not_lost() {
    let (trainer, _) = step(Precision::Bf16, LossScale::default());
    let matrix = |network: &Network<Train>| {
        network.transformer.transformer_blocks[0].mlp.fc1.weight.val().inner()
    };
    let (before, after) = (matrix(&network()), matrix(trainer.network()));
    let differing = |a: Tensor<Flex, 2>, b: Tensor<Flex, 2>| {
        let count = a.not_equal(b).int().sum().into_scalar();
        usize::try_from(count).unwrap()
    };
    let values = before.shape().num_elements();
    assert_eq!(differing(before.clone(), after.clone()), values);
    let [before, after] = [before, after].map(|x| x.cast(FloatDType::BF16));
    let seen = differing(before, after);
    assert!(seen < values / 2, "{seen} of {values}");
}

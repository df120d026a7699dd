//! The metrics' numbers are the reference's, and a wrong variant of each is outside of its tolerance.

mod fixture;

use fixture::Fixture;
use pixelflow_evaluation::metrics::{
    Splits, frechet_distance, inception_score, neighbour_radii, precision_and_recall,
};
use pixelflow_evaluation::{ExactSums, Features, Moments};

fn fixture() -> Fixture {
    Fixture::open("metrics.safetensors")
}

fn moments(features: &Features) -> Moments {
    let mut sums = ExactSums::empty(features.columns());
    sums.add(features).unwrap();
    sums.moments().unwrap()
}

/// Distance of the features of both sides.
fn between(one: &Features, other: &Features) -> f64 {
    frechet_distance(&moments(one), &moments(other)).unwrap()
}

fn relative(found: f64, expected: f64) -> f64 {
    (found / expected - 1.0).abs()
}

/// The manifest's tolerance of the full-rank distance.
const FULL: f64 = 1e-6;

#[test]
fn means_and_covariances_are_numpy_s() {
    let fixture = fixture();
    for side in ["1", "2"] {
        let moments = moments(&fixture.features(&format!("features{side}")));
        for (found, name) in [(moments.mean(), "mu"), (moments.covariance(), "sigma")] {
            for (found, expected) in
                found.iter().zip(fixture.doubles(&format!("full/{name}{side}")))
            {
                assert!((found - expected).abs() < 1e-9, "{found} {expected}");
            }
        }
    }
}

#[test]
fn frechet_s_distance_is_the_reference_s() {
    let fixture = fixture();
    let (one, other) = (fixture.features("features1"), fixture.features("features2"));
    let expected = |case: &str| fixture.number(&format!("/frechet/{case}/frechet_eig"));
    assert!(relative(between(&one, &other), expected("full")) < FULL);
    let few = between(&one.range(0..40), &other.range(0..40));
    let halves = between(&one.range(0..128), &one.range(128..256));
    for (found, expected) in [(few, expected("rank_deficient")), (halves, expected("half_vs_half"))]
    {
        assert!((found - expected).abs() <= 1e-4 * (1.0 + found), "{found} {expected}");
    }
    let same = between(&one.range(0..128), &one.range(0..128));
    assert!(same.abs() <= 1e-4, "{same}");
}

#[test]
fn the_inception_score_is_the_reference_s() {
    let fixture = fixture();
    let logits = fixture.features("logits");
    for size in [200, 20, 48] {
        let score = inception_score(&logits, Splits::OfSize(size)).unwrap();
        let expected =
            |part: &str| fixture.number(&format!("/inception_score/split_size_{size}/{part}"));
        assert!(relative(score.mean, expected("mean")) < 1e-12, "{score:?}");
        let deviation = expected("std_population");
        assert!((score.standard_deviation - deviation).abs() < 1e-12, "{score:?}");
    }
}

#[test]
fn precision_recall_and_radii_are_the_reference_s() {
    let fixture = fixture();
    let (real, fake) = (fixture.features("pr/real"), fixture.features("pr/fake"));
    for (features, name) in [(&real, "pr/real_radii"), (&fake, "pr/fake_radii")] {
        let radii = neighbour_radii(features, 3).unwrap();
        for (found, expected) in radii.iter().zip(fixture.doubles(name)) {
            assert!(relative(*found, expected) < 1e-12, "{found} {expected}");
        }
    }
    let shares = precision_and_recall(&real, &fake, 3).unwrap();
    assert_eq!(shares.precision, fixture.number("/precision"));
    assert_eq!(shares.recall, fixture.number("/recall"));
}

/// Planted faults: each moves a golden number beyond its tolerance, or is refused.
mod faults {
    use super::*;
    use pixelflow_evaluation::statistics::{Shard, ShardHead, merge_shards};
    use pixelflow_evaluation::{Error, Origin, Protocol};
    use serde_json::Map;

    #[test]
    fn n_for_n_minus_one() {
        let fixture = fixture();
        let (one, other) = (fixture.features("features1"), fixture.features("features2"));
        let biased = |features: &Features| {
            let (right, n) = (moments(features), features.rows() as f64);
            let covariance = right.covariance().iter().map(|value| value * (n - 1.0) / n);
            Moments::new(right.mean().to_vec(), covariance.collect()).unwrap()
        };
        let found = frechet_distance(&biased(&one), &biased(&other)).unwrap();
        assert!(relative(found, fixture.number("/frechet/full/frechet_eig")) > 100.0 * FULL);
    }

    #[test]
    fn covariance_of_the_transposed() {
        let fixture = fixture();
        let one = fixture.features("features1");
        let (rows, columns) = (one.rows(), one.columns());
        let value = |at: usize| one.row(at % rows)[at / rows];
        let transposed = Features::new(rows, (0..rows * columns).map(value).collect()).unwrap();
        // As many images as features hide the fault from the shapes: the number has to show it.
        let square = one.range(0..columns);
        let value = |at: usize| square.row(at % columns)[at / columns];
        let turned = Features::new(columns, (0..columns * columns).map(value).collect()).unwrap();
        let covariance = |features: &Features| moments(features).covariance().to_vec();
        let mean = moments(&square).mean().to_vec();
        assert!(Moments::new(mean.clone(), covariance(&transposed)).is_err());
        let other = moments(&fixture.features("features2"));
        let right = frechet_distance(&moments(&square), &other).unwrap();
        let wrong = Moments::new(mean, covariance(&turned)).unwrap();
        assert!(relative(frechet_distance(&wrong, &other).unwrap(), right) > 100.0 * FULL);
    }

    #[test]
    fn a_shard_merged_twice() {
        let fixture = fixture();
        let one = fixture.features("features1");
        let [network, weights, data] = [""; 3].map(str::to_owned);
        let origin = Origin { protocol: Protocol::Adm, network, weights, data };
        let shard = |[first, end]: [usize; 2]| {
            let mut sums = ExactSums::empty(one.columns());
            sums.add(&one.range(first..end)).unwrap();
            let images = first as u64..end as u64;
            let head = ShardHead::empty(images.clone(), 256, origin.clone(), Map::new());
            Shard { head: ShardHead { images, ..head }, sums, spatial: None }
        };
        let shards = [[0, 64], [64, 160], [160, 256]].map(shard);
        let folder = tempfile::tempdir().unwrap();
        let mut files = [0, 1, 2].map(|place| folder.path().join(format!("{place}.npz"))).to_vec();
        files.iter().zip(&shards).for_each(|(path, shard)| shard.write(path).unwrap());
        let other = moments(&fixture.features("features2"));
        let distance =
            |sums: &ExactSums| frechet_distance(&sums.moments().unwrap(), &other).unwrap();
        let expected = fixture.number("/frechet/full/frechet_eig");
        let mut sums = merge_shards(&files).unwrap().sums;
        assert!(relative(distance(&sums), expected) < FULL);
        // What would come of it, and that it does not come to that.
        sums.merge(&shards[1].sums).unwrap();
        assert!(relative(distance(&sums), expected) > 100.0 * FULL);
        files.push(files[1].clone());
        assert!(matches!(merge_shards(&files), Err(Error::Shards { .. })));
    }

    #[test]
    fn an_image_taken_for_its_own_neighbour() {
        let fixture = fixture();
        let (real, fake) = (fixture.features("pr/real"), fixture.features("pr/fake"));
        // Itself counted as a neighbour: k is one less.
        let shares = precision_and_recall(&real, &fake, 2).unwrap();
        assert_ne!(shares.precision, fixture.number("/precision"));
        assert_ne!(shares.recall, fixture.number("/recall"));
    }

    #[test]
    fn precision_and_recall_exchanged() {
        let fixture = fixture();
        let (real, fake) = (fixture.features("pr/real"), fixture.features("pr/fake"));
        let shares = precision_and_recall(&fake, &real, 3).unwrap();
        assert_ne!(shares.precision, fixture.number("/precision"));
    }
}

//! Metrics: functions of features, means and covariances, one equation each with its source.

mod class_accuracy;
mod class_counts;
mod distances;
mod extrapolation;
mod frechet;
mod inception_score;
mod kernel;
mod manifold;
mod memorisation;
mod numpy_random;

pub use class_accuracy::{ClassProbe, Labelled};
pub use class_counts::ClassCounts;
pub use distances::memory_of_neighbours;
pub use extrapolation::{Extrapolation, extrapolate, frechet_to_infinity, sizes_to_infinity};
pub use frechet::{FrechetReference, frechet_distance};
pub use inception_score::{Score, ScoreSums, Splits, inception_score};
pub use kernel::{KernelConfig, KernelDistance, kernel_distance};
pub use manifold::{
    DensityCoverage, PrecisionRecall, density_and_coverage, neighbour_radii, precision_and_recall,
};
pub use memorisation::{Memorisation, memorisation};
pub use numpy_random::NumpyRandom;

//! Metrics by name, and their values.

use super::network::NetworkKind;

/// A metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Fréchet's distance.
    Frechet,
    /// The same of features that keep places.
    Spatial,
    /// The kernel distance.
    Kernel,
    /// Fréchet's distance of infinitely many images.
    Infinity,
    /// The Inception Score.
    Score,
    /// Share of samples where real images are.
    Precision,
    /// Share of real images where samples are.
    Recall,
    /// How densely samples lie where real images are.
    Density,
    /// Share of real images with a sample near.
    Coverage,
    /// Share of samples whose class a probe reads off them.
    ClassAccuracy,
    /// The same of real images that the probe has not seen.
    RealClassAccuracy,
    /// Share of samples that are copies of training images.
    Memorisation,
}

impl MetricKind {
    /// Its name in tables: only Inception's Fréchet distance is FID.
    pub fn name(self, network: NetworkKind) -> String {
        let (distance, of) = match network {
            NetworkKind::EfficientNetLite0 => ("FD", "-EffLite0"),
            NetworkKind::Inception => ("FID", ""),
            NetworkKind::DinoV2 => ("FD", "-DINOv2"),
        };
        match self {
            Self::Frechet => format!("{distance}{of}"),
            Self::Spatial => "sFID".to_owned(),
            Self::Kernel => format!("KID{of}"),
            Self::Infinity => format!("{distance}∞{of}"),
            Self::Score => "IS".to_owned(),
            Self::Precision => "precision".to_owned(),
            Self::Recall => "recall".to_owned(),
            Self::Density => "density".to_owned(),
            Self::Coverage => "coverage".to_owned(),
            Self::ClassAccuracy => "class accuracy".to_owned(),
            Self::RealClassAccuracy => "  of real ones".to_owned(),
            Self::Memorisation => "memorisation".to_owned(),
        }
    }

    /// Its name in JSON: `fd_efflite0`, `fid_infinity`.
    pub fn key(self, network: NetworkKind) -> String {
        let name = match self {
            Self::ClassAccuracy => "class_accuracy".to_owned(),
            Self::RealClassAccuracy => "class_accuracy_real".to_owned(),
            other => other.name(network),
        };
        name.to_lowercase().replace('∞', "_infinity").replace('-', "_")
    }
}

/// The value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Which metric.
    pub kind: MetricKind,
    /// Its value.
    pub value: f64,
    /// How sure it is, where that is known.
    pub standard_error: Option<f64>,
    /// What belongs to the number; may be empty.
    pub about: String,
}

/// All that was measured of a set of samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// The values.
    pub values: Vec<Metric>,
    /// What was asked for and could not be measured, with the reason.
    pub left_out: Vec<(Vec<MetricKind>, String)>,
    /// Samples that are copies, each with its training image; the nearest first.
    pub copies: Vec<[usize; 2]>,
}

impl Metrics {
    /// Adds a value.
    pub fn add(
        &mut self,
        kind: MetricKind,
        value: f64,
        standard_error: Option<f64>,
        about: String,
    ) {
        self.values.push(Metric { kind, value, standard_error, about });
    }

    /// Adds a value of which nothing more is known.
    pub fn add_plain(&mut self, kind: MetricKind, value: f64) {
        self.add(kind, value, None, String::new());
    }

    /// Says that metrics cannot be measured.
    pub fn leave_out(&mut self, kinds: &[MetricKind], reason: impl Into<String>) {
        self.left_out.push((kinds.to_vec(), reason.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_network_s_distance_is_never_called_fid() {
        for (kind, network, name, key) in [
            (MetricKind::Frechet, NetworkKind::EfficientNetLite0, "FD-EffLite0", "fd_efflite0"),
            (MetricKind::Kernel, NetworkKind::EfficientNetLite0, "KID-EffLite0", "kid_efflite0"),
            (MetricKind::Frechet, NetworkKind::DinoV2, "FD-DINOv2", "fd_dinov2"),
            (MetricKind::Frechet, NetworkKind::Inception, "FID", "fid"),
            (MetricKind::Infinity, NetworkKind::Inception, "FID∞", "fid_infinity"),
            (MetricKind::Infinity, NetworkKind::DinoV2, "FD∞-DINOv2", "fd_infinity_dinov2"),
        ] {
            assert_eq!((kind.name(network), kind.key(network)), (name.to_owned(), key.to_owned()));
        }
    }
}

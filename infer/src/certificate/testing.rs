//! A certificate for tests.

use pixelflow::NumberFormat;
use pixelflow::pipeline::NoiseRule;
use pixelflow::sampler::SamplerConfig;
use pixelflow::weights::WeightSet;
use pixelflow_evaluation::Protocol;

use super::{BURN, Certificate, FORMAT};
use crate::arguments::{LabelRule, MetricGroup};
use crate::caption_images::DrawnWith;
use crate::measurement::facts::{ExtractorFacts, Facts, MetricFacts, SideFacts};
use crate::measurement::network::NetworkKind;
use crate::recipe::DEMO;

/// A metric that was measured once.
pub(super) fn metric(key: &str, value: f64, standard_error: Option<f64>) -> MetricFacts {
    let (key, repeats, about) = (key.to_owned(), Vec::new(), String::new());
    MetricFacts { key, value, standard_error, repeats, about }
}

/// Of the demo and shipped images.
pub(super) fn certificate() -> Certificate {
    let side = |name: &str| SideFacts {
        name: name.to_owned(),
        hash: Some("00ff".to_owned()),
        images: Some(1000),
        classes: None,
    };
    let measurement = Facts {
        version: "1".to_owned(),
        metrics: vec![
            metric("fd_efflite0", 100.0, None),
            metric("kid_efflite0", 0.002, Some(0.01)),
            metric("precision", 0.5, None),
        ],
        left_out: [("density".to_owned(), "too few".to_owned())].into(),
        protocol: Protocol::Adm,
        images: Some(400),
        samples: SideFacts { images: Some(400), ..side(DEMO) },
        reference: side("assets/demo/heroes.tar"),
        train: None,
        held_out: None,
        extractor: ExtractorFacts {
            name: NetworkKind::EfficientNetLite0.name().to_owned(),
            hash: Some("0f".to_owned()),
        },
        device: Some("cpu".to_owned()),
        copies: Vec::new(),
        labels: Some(LabelRule::Balanced),
        seeds: Some(vec![7]),
        drawn_with: Some(DrawnWith {
            model: DEMO.to_owned(),
            weights: WeightSet::Ema,
            model_hash: "00ff".to_owned(),
            guide: None,
            text_encoder: None,
            negative: String::new(),
            sampler: SamplerConfig { rtol: 0.1 + 0.2, ..SamplerConfig::default() },
            dtype: NumberFormat::F32,
            height: 32,
            width: 32,
            noise: NoiseRule::default(),
        }),
    };
    Certificate {
        format: FORMAT,
        burn: BURN.to_owned(),
        measurement,
        metrics: vec![MetricGroup::Frechet, MetricGroup::Kernel],
        batch: 32,
        prompts: None,
    }
}

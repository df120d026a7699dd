//! The embeddings of timestep and resolution.

use pixelflow::layers::sinusoid;
use pixelflow::ops::PixelFlowBackend;

use super::download;
use crate::tensors::widen;
use crate::{Recorder, Result, Subject};

/// Checks the sinusoids and the embeddings of a file.
///
/// # Errors
/// If the file or its weights cannot be read.
pub fn check<B: PixelFlowBackend>(
    subject: Subject<'_>,
    device: &B::Device,
    recorder: &mut Recorder<'_>,
) -> Result<()> {
    let tensors = subject.open()?;
    let model = subject.model::<B>(device)?;
    let embedders =
        [("timestep", &model.timestep_embedder), ("latent_size", &model.latent_size_embedder)];
    for (name, embedder) in embedders.into_iter().filter(|(name, _)| tensors.has(name)) {
        recorder.attempt(&subject.case(name), |recorder| {
            let values = tensors
                .floats(name)
                .or_else(|_| Ok::<_, crate::Error>(as_floats(&tensors.integers(name)?)))?;
            let (features, embedding) = (format!("{name}_proj"), format!("{name}_emb"));
            if tensors.has(&features) {
                let limits = subject.limits(&features)?;
                let found = widen(&sinusoid(&values));
                subject.compare(&features, &found, &tensors, &limits, recorder)?;
            }
            if tensors.has(&embedding) {
                let limits = subject.limits(&embedding)?;
                let found = download(embedder.forward(&values));
                subject.compare(&embedding, &found, &tensors, &limits, recorder)?;
            }
            Ok(())
        });
    }
    Ok(())
}

fn as_floats(integers: &[i64]) -> Vec<f32> {
    integers.iter().map(|&n| n as f32).collect()
}

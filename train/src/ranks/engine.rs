//! What carries the messages of a job, as its settings say.

use pixelflow_host::device::{Device, DeviceKind};
use pixelflow_ranks::{Job, RankError};

use crate::config::MessageEngine;
use crate::{Error, Result};

/// Has the messages of a job travel as the first rank's settings, which alone are asked for, say.
///
/// # Errors
/// What is wrong with the settings; [`Error::Ranks`] and [`Error::NcclNeedsCuda`] if this program, or a rank's device,
/// cannot; [`Error::OtherProgram`].
pub fn begin_engine(
    job: &mut Job,
    device: Device,
    asked: impl FnOnce() -> Result<MessageEngine>,
) -> Result<()> {
    if job.is_alone() {
        return Ok(());
    }
    let mut engine = MessageEngine::default();
    if job.leads() {
        engine = asked()?;
        // Said once, before the others know of it.
        check(engine, device)?;
    }
    let told = job.broadcast(serde_json::to_vec(&engine).expect("a plain value"))?;
    engine = serde_json::from_slice(&told)
        .map_err(|error| Error::OtherProgram { rank: 0, reason: error.to_string() })?;
    check(engine, device)?;
    if engine == MessageEngine::Nccl {
        job.over_nccl(device.index.unwrap_or_default())?;
    }
    Ok(())
}

/// Refuses an engine that this program does not have, or this device does not take part in.
fn check(engine: MessageEngine, device: Device) -> Result<()> {
    if engine == MessageEngine::Mpi {
        return Ok(());
    }
    if !cfg!(feature = "nccl") {
        return Err(RankError::WithoutNccl.into());
    }
    if device.kind != DeviceKind::Cuda {
        return Err(Error::NcclNeedsCuda { device: device.to_string() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pixelflow_ranks::jobs_of_threads;

    use super::*;

    /// What begins on two ranks, of which the first has this engine in its settings.
    fn begun(engine: MessageEngine) -> Vec<Result<()>> {
        std::thread::scope(|scope| {
            let start = |mut job: Job| {
                scope.spawn(move || {
                    let device = Device { kind: DeviceKind::Cpu, index: None };
                    let leads = job.leads();
                    begin_engine(&mut job, device, || {
                        assert!(leads, "a rank that follows has no settings yet");
                        Ok(engine)
                    })?;
                    job.leave();
                    Ok(())
                })
            };
            let ranks: Vec<_> = jobs_of_threads(2).into_iter().map(start).collect();
            ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
        })
    }

    #[test]
    fn nccl_is_refused_where_it_cannot_be() {
        assert!(begun(MessageEngine::Mpi).iter().all(Result::is_ok));
        let refused = begun(MessageEngine::Nccl);
        let first = refused[0].as_ref().unwrap_err().to_string();
        let reason = if cfg!(feature = "nccl") { "--device cuda" } else { "--features nccl,cuda" };
        assert!(first.contains("ranks.engine") && first.contains(reason), "{first}");
        // The other has not begun with anything.
        let other = refused[1].as_ref().unwrap_err();
        assert!(matches!(other, Error::Ranks(RankError::Failed { rank: 0 })), "{other}");
    }

    #[test]
    fn who_is_alone_needs_no_engine() {
        let device = Device { kind: DeviceKind::Cpu, index: None };
        begin_engine(&mut Job::alone(), device, || panic!("not asked for")).unwrap();
    }
}

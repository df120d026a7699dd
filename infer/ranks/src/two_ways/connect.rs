//! How the wires of all ranks are connected.

use super::{Wire, WireThread};
use crate::{Engine, RankError, Result, Sent};

/// The first byte of what a rank tells when its wire is open; the invitation follows, or nothing.
const READY: u8 = 1;
/// The same when it does not open; the reason follows.
const FAILED: u8 = 0;

/// Opens and connects the wires of all ranks, which call this together, or of none.
///
/// # Errors
/// [`RankError::Nccl`] on all ranks if one does not open, and on one that does not connect, which must then fail.
pub(crate) fn connect<W: Wire>(
    control: &mut dyn Engine,
    open: impl FnOnce() -> Result<W, String> + Send + 'static,
    patience: std::time::Duration,
) -> Result<WireThread<W>> {
    let (rank, ranks) = (control.rank(), control.ranks());
    let thread = WireThread::start(rank, patience)?;
    let opened = thread.ask(control, move |wire| {
        let wire = wire.insert(open()?);
        if rank == 0 { wire.invitation() } else { Ok(Vec::new()) }
    });
    let told = match opened {
        Ok(invitation) => [&[READY], &invitation[..]].concat(),
        Err(RankError::Nccl { reason, .. }) => [&[FAILED], reason.as_bytes()].concat(),
        Err(lost) => return Err(lost),
    };
    // To connect waits for all: nobody begins before all can.
    control.begin(Sent::All(told))?;
    let told = control.finish()?;
    for (rank, told) in told.iter().enumerate() {
        let (first, rest) = told.split_first().unwrap_or((&FAILED, b"it runs another program"));
        if *first != READY {
            return Err(RankError::Nccl { rank, reason: String::from_utf8_lossy(rest).into() });
        }
    }
    let invitation = told[0][1..].to_vec();
    thread.ask(control, move |wire| {
        let wire = wire.as_mut().ok_or_else(|| "it is not open".to_owned())?;
        wire.connect(rank, ranks, &invitation)
    })?;
    Ok(thread)
}

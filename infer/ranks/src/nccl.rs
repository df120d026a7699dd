//! Long messages between GPUs by NCCL, over `NVLink`, `PCIe`, InfiniBand, or what else there is.
//!
//! Messages come from the host's memory and end there: they are copied to this rank's GPU, sent from GPU to GPU in one
//! group of sends and receives, and copied back. CUDA and NCCL are loaded when a [`Gpu`] is opened, so the program
//! starts without them.
//!
//! This compiles, and the [two ways](crate::two_ways) of messages are tested between threads with another wire. It has
//! not run on a GPU yet.

mod libraries;
mod staging;

use std::ops::Range;
use std::sync::Arc;

use cudarc::driver::{CudaSlice, CudaStream};
use cudarc::nccl::{Comm, Id, group_end, group_start};

use self::libraries::{cuda, look_for_nccl, nccl, silence_panics, stream_of};
use self::staging::{Staging, places};
use crate::Messages;
use crate::two_ways::Wire;

/// Bytes of an [`Id`].
const ID: usize = 128;

/// A rank's GPU, as NCCL's communicator has it.
pub(crate) struct Gpu {
    /// `None` until it is connected. The first field: it ends before what it stands on.
    communicator: Option<Comm>,
    /// Messages to send, and those that have come: as large as the largest until now.
    buffers: [Option<CudaSlice<u8>>; 2],
    stream: Arc<CudaStream>,
}

impl Gpu {
    /// The GPU with this number, if CUDA and NCCL are there; to be called on the thread that it stays on.
    pub(crate) fn open(number: usize) -> Result<Self, String> {
        silence_panics();
        let stream = stream_of(number)?;
        look_for_nccl()?;
        Ok(Self { communicator: None, buffers: [None, None], stream })
    }

    /// Has NCCL send and receive what the buffers have, all at once.
    fn travel(
        &mut self,
        outgoing: &[Range<usize>],
        incoming: &[Range<usize>],
    ) -> Result<(), String> {
        let communicator = self.communicator.as_ref().ok_or("it is not connected")?;
        let [sent, received] = &mut self.buffers;
        let travel = |error| nccl("messages do not travel", error);
        group_start().map_err(travel)?;
        let mut enlist = || {
            for (rank, range) in outgoing.iter().enumerate() {
                if let Some(sent) = sent.as_ref().filter(|_| !range.is_empty()) {
                    communicator.send(&sent.slice(range.clone()), rank as i32)?;
                }
            }
            for (rank, range) in incoming.iter().enumerate() {
                if let Some(received) = received.as_mut().filter(|_| !range.is_empty()) {
                    communicator.recv(&mut received.slice_mut(range.clone()), rank as i32)?;
                }
            }
            Ok(())
        };
        let enlisted = enlist();
        // A group that has begun is ended whatever comes of it.
        let ended = group_end();
        enlisted.map_err(travel)?;
        ended.map(drop).map_err(travel)
    }
}

impl Wire for Gpu {
    fn invitation(&mut self) -> Result<Vec<u8>, String> {
        let id = Id::new().map_err(|error| nccl("there is no id for the job", error))?;
        Ok(id.internal().map(|byte| byte as u8).to_vec())
    }

    fn connect(&mut self, rank: usize, ranks: usize, invitation: &[u8]) -> Result<(), String> {
        let id: [u8; ID] = invitation.try_into().map_err(|_| "the first rank has sent no id")?;
        let id = Id::uninit(id.map(|byte| byte as std::ffi::c_char));
        let connected = Comm::from_rank(Arc::clone(&self.stream), rank, ranks, id);
        let what = "ranks do not connect (each needs a GPU of its own)";
        self.communicator = Some(connected.map_err(|error| nccl(what, error))?);
        Ok(())
    }

    fn transfer(&mut self, sent: &[&[u8]], lengths: &[usize]) -> Result<Messages, String> {
        let failed = |error| cuda("messages cannot be copied", error);
        let staging = Staging::new(sent);
        let (incoming, bytes) = places(lengths);
        let bytes = [staging.bytes(), bytes];
        for (buffer, bytes) in self.buffers.iter_mut().zip(bytes) {
            if buffer.as_ref().map_or(0, CudaSlice::len) < bytes {
                // The smaller one gives its memory back first.
                *buffer = None;
                *buffer = Some(self.stream.alloc_zeros(bytes).map_err(failed)?);
            }
        }
        if let Some(buffer) = &mut self.buffers[0] {
            for (message, range) in staging.messages {
                let mut place = buffer.slice_mut(range);
                self.stream.memcpy_htod(message, &mut place).map_err(failed)?;
            }
        }
        self.travel(&staging.places, &incoming)?;
        let mut messages = Messages::new();
        for range in incoming {
            let mut message = vec![0; range.len()];
            if let Some(buffer) = self.buffers[1].as_ref().filter(|_| !range.is_empty()) {
                self.stream.memcpy_dtoh(&buffer.slice(range), &mut message).map_err(failed)?;
            }
            messages.push(message);
        }
        self.stream.synchronize().map_err(failed)?;
        Ok(messages)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Job, RankError, Result, Sent, jobs_of_threads};

    const LENGTHS: [usize; 5] = [0, 100, 64 << 10, (16 << 20) + 1, 70_000];

    fn message(from: usize, to: usize, length: usize) -> Vec<u8> {
        (0..length).map(|index| (index * 7 + from * 50 + to * 90) as u8).collect()
    }

    /// What two ranks as threads make, each of which has this GPU.
    fn on_two<T: Send>(gpu: fn(usize) -> usize, work: fn(&mut Job, Result<()>) -> T) -> Vec<T> {
        std::thread::scope(|scope| {
            let start = |mut job: Job| {
                scope.spawn(move || {
                    let begun = job.over_nccl(gpu(job.rank()));
                    let made = work(&mut job, begun);
                    job.leave();
                    made
                })
            };
            let ranks: Vec<_> = jobs_of_threads(2).into_iter().map(start).collect();
            ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
        })
    }

    /// No machine has a GPU with this number.
    #[test]
    fn what_is_missing_is_an_error_on_all_ranks_which_go_on_without() {
        for text in on_two(
            |_| 999,
            |job, begun| {
                let error = begun.unwrap_err();
                assert!(matches!(error, RankError::Nccl { .. }), "{error}");
                assert!(job.gather(vec![1]).is_ok());
                error.to_string()
            },
        ) {
            assert!(text.contains("ranks.engine = \"mpi\""), "{text}");
        }
    }

    #[test]
    #[ignore = "needs two GPUs and NCCL"]
    fn two_gpus_carry_messages_of_every_length() {
        let exchanged = on_two(
            |rank| rank,
            |job, begun| {
                begun.unwrap();
                let from = job.rank();
                for length in LENGTHS {
                    let each = (0..2).map(|to| message(from, to, length + to));
                    job.begin(Sent::Each(each.collect())).unwrap();
                    job.begin(Sent::All(message(from, 0, length))).unwrap();
                }
                LENGTHS.map(|_| [job.finish().unwrap(), job.finish().unwrap()])
            },
        );
        for (to, exchanged) in exchanged.iter().enumerate() {
            for ([each, all], length) in exchanged.iter().zip(LENGTHS) {
                for from in 0..2 {
                    assert!(each[from] == message(from, to, length + to), "{length}");
                    assert!(all[from] == message(from, 0, length), "{length}");
                }
            }
        }
    }
}

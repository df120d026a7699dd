//! The losses of the examples of all ranks.

use pixelflow_dataset::loader::Share;
use pixelflow_ranks::{Job, RankError};

use crate::step::ExampleLosses;

/// Bytes of a loss and its stage.
const BYTES: usize = 8;

/// The losses of all examples of a batch, in the order of its parts, of which this rank has those of its share.
///
/// # Errors
/// [`RankError`].
pub fn gather_losses(
    job: &mut Job,
    own: &ExampleLosses,
    share: &Share,
) -> Result<ExampleLosses, RankError> {
    let numbers = own.losses.iter().zip(&own.stages);
    let bytes = numbers
        .flat_map(|(loss, &stage)| [loss.to_le_bytes(), (stage as u32).to_le_bytes()].concat());
    let of_part = BYTES * (own.losses.len() / share.own_parts().max(1));
    let messages = job.gather(bytes.collect())?;
    for (rank, message) in messages.iter().enumerate() {
        let theirs = Share { rank, ..*share };
        Job::check_length(rank, "losses", message.len(), of_part * theirs.own_parts())?;
    }
    let mut all = ExampleLosses::default();
    for part in 0..share.parts {
        let (rank, round) = (part % share.ranks, part / share.ranks);
        for example in messages[rank][round * of_part..][..of_part].chunks_exact(BYTES) {
            let word = |from: usize| [0, 1, 2, 3].map(|byte| example[from + byte]);
            all.losses.push(f32::from_le_bytes(word(0)));
            all.stages.push(u32::from_le_bytes(word(4)) as usize);
        }
    }
    Ok(all)
}
